"""From a mapping's result to a payload: schemas, empty values, coercion, messages; compiled as interpreted."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mockodp_harness.segment.payload import (
    DYNAMIC_SETTINGS,
    Mismatch,
    compiled,
    joined,
    remove_empty,
    schema_of,
    validate,
)
from mockodp_harness.segment.values import UNDEFINED, Function, parse, stringify

CASES: Final = int(os.environ.get("CASES", "40"))
CONFORMANCE: Final = os.environ.get("MOCKODP_CONFORMANCE")
KINDS: Final = ("schema", "remove_empty", "validate_schema")

TEXT: Final[dict[str, Any]] = {"type": "string", "label": "Text"}
IDENTIFIERS: Final[dict[str, Any]] = {
    "label": "User identifiers", "type": "object", "required": True,
    "properties": {"userId": TEXT, "email": {"label": "Email", "type": "string"}},
}  # fmt: skip
PRODUCTS: Final[dict[str, Any]] = {
    "label": "Product details", "type": "object", "multiple": True,
    "properties": {"product_id": {"label": "Product ID", "type": "string"},
                   "qty": {"label": "Quantity", "type": "number"}},
}  # fmt: skip
FIELDS: Final[dict[str, Any]] = {
    "user_identifiers": IDENTIFIERS,
    "event_type": {"label": "Type", "type": "string"},
    "event_action": {"label": "Action", "type": "string", "required": True},
    "products": PRODUCTS,
    "total": {"label": "Order Total", "type": "string"},
    "DOB": {"label": "Birthday", "type": "datetime"},
    "age": {"label": "Age", "type": "number"},
    "data": {"label": "Event Properties", "type": "object"},
    "timestamp": {"label": "Timestamp", "type": "string", "required": True},
    "enable_batching": {"label": "Enable Batching", "type": "boolean"},
    "batch_size": {"label": "Batch Size", "type": "integer"},
    "nothing": {"label": "Nothing", "type": "number", "allowNull": True},
    "tags": {"label": "Tags", "type": "string", "multiple": True},
    "region": {"label": "Region", "type": "string", "choices": ["US", {"label": "Europe", "value": "EU"}, "AU"]},
}
SCHEMA: Final = schema_of(FIELDS)
EVENT: Final[dict[str, Any]] = {
    "user_identifiers": {"userId": "u-1", "email": "ada@example.test"}, "event_type": "order",
    "event_action": "purchase", "products": [{"product_id": "P-1", "qty": 2}, {"product_id": "P-2", "qty": 0.5}],
    "total": 27.5, "timestamp": "2026-01-01T00:00:00.000Z", "enable_batching": True, "batch_size": 100,
}  # fmt: skip


def of_one(**rules: Any) -> dict[str, Any]:
    """The schema of a payload with one member ``a``."""
    return {"type": "object", "additionalProperties": False, "properties": {"a": rules}, "required": []}


def fresh(value: Any) -> Any:
    """A deep copy that keeps UNDEFINED what it is."""
    if isinstance(value, dict):
        return {name: fresh(member) for name, member in value.items()}
    return [fresh(item) for item in value] if isinstance(value, list) else value


def outcome(value: Any, **rules: Any) -> Any:
    """What ``a`` becomes, or the messages."""
    payload = {"a": value}
    told = joined(validate(payload, of_one(title="A", **rules)))
    return told or payload["a"]


# -- schemas ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "schema"),
    [
        ({"type": "text", "label": "L", "description": "D"},
         {"title": "L", "description": "D", "type": "string", "format": "text"}),
        ({"type": "datetime", "allowNull": True, "format": "date"},
         {"type": ["string", "number", "null"], "format": "date-like"}),
        ({"type": "string", "choices": ["a", {"label": "B", "value": "b"}], "allowNull": True, "default": "a"},
         {"type": ["string", "null"], "default": "a", "enum": ["a", "b", None]}),
        ({"type": "string", "multiple": True, "allowNull": True, "choices": ["a"], "format": "uri", "minimum": 2},
         {"type": "array", "format": "uri", "minLength": 2, "items": {"type": "string", "enum": ["a", None]}}),
        ({"type": "number", "minimum": 0, "maximum": 5}, {"type": "number", "maximum": 5}),
        ({"type": "integer", "minimum": 3}, {"type": "integer"}),
        ({"type": "object", "additionalProperties": True}, {"type": "object"}),
    ],
)  # fmt: skip
def test_a_field_has_its_schema(field: dict[str, Any], schema: dict[str, Any]) -> None:
    assert stringify(schema_of({"a": field})["properties"]["a"]) == stringify(schema)


def test_an_object_with_properties_is_a_plain_object_that_knows_no_others() -> None:
    inner = schema_of({"a": {"label": "A", "type": "object", "allowNull": True, "properties": {"b": TEXT}}})
    assert inner["properties"]["a"] == {
        "title": "A", "type": "object", "$schema": inner["$schema"], "additionalProperties": False,
        "properties": {"b": {"title": "Text", "type": "string"}}, "required": [],
    }  # fmt: skip


ON: Final = {"fieldKey": "q", "operator": "is", "value": 1}


def test_conditional_requirements_of_properties_stand_with_the_parent() -> None:
    inner = {"b": {**TEXT, "required": {"conditions": [ON]}}, "c": {**TEXT, "required": True},
             "d": {**TEXT, "required": {"conditions": [ON, ON], "match": "any"}}}  # fmt: skip
    schema = schema_of({"a": {"type": "object", "properties": inner, "required": {"conditions": [ON]}}})
    assert "required" not in schema["properties"]["a"], "the plain requirement is forgotten"
    assert [condition["then"] for condition in schema["allOf"]] == [
        {"required": ["a"], "properties": {"a": {"required": ["b"]}}}, {"required": ["a.d"]}, {"required": ["a"]},
    ]  # fmt: skip


def test_conditions_two_levels_deep_are_the_objects_own() -> None:
    deep = {"c": {"type": "object", "properties": {"e": {**TEXT, "required": {"conditions": [ON]}}}}}
    schema = schema_of({"b": {"type": "object", "properties": deep}})
    assert "allOf" not in schema
    assert schema["properties"]["b"]["allOf"][0]["then"] == {
        "required": ["c"],
        "properties": {"c": {"required": ["e"]}},
    }


def test_an_unknown_operator_is_refused() -> None:
    with pytest.raises(ValueError, match=r"/operator is 'has'\. Known: is, is_not\."):
        schema_of({"a": {**TEXT, "required": {"conditions": [{"fieldKey": "b", "operator": "has"}]}}})


# -- empty values -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "single", "batch"),
    [
        ({"event_type": "", "age": "", "nothing": None, "DOB": ""}, {"nothing": None},
         {"event_type": "", "nothing": None, "DOB": ""}),
        ({"total": None, "data": None, "products": None, "tags": ""}, {}, {}),
        ({"user_identifiers": {"userId": "", "email": None}}, {"user_identifiers": {"userId": ""}}, None),
        ({"data": {"a": None, "b": ""}}, {"data": {"a": None, "b": ""}}, None),
        ({"tags": ["", None, "a"], "products": ["", None, {"qty": None}]},
         {"tags": ["", "a"], "products": [{"qty": None}]}, None),
        ({"unknown": None}, {"unknown": None}, None),
        ({"unknown": ""}, {}, {"unknown": ""}),
        ({"total": UNDEFINED}, {}, None),
        (5, 5, None),
        ([""], [""], None),
        ("", UNDEFINED, None),
        (None, UNDEFINED, None),
    ],
)  # fmt: skip
def test_empty_values_are_removed(payload: Any, single: Any, batch: Any) -> None:
    before = fresh(payload)
    assert remove_empty(payload, SCHEMA) == single
    assert remove_empty(payload, SCHEMA, root=False) == (single if batch is None else batch)
    assert stringify(payload) == stringify(before)


# -- coercion -----------------------------------------------------------------------------------------------------

BAD: Final = "must be a"
INFINITE: Final = float("inf")


@pytest.mark.parametrize(
    ("value", "string", "number", "integer", "boolean"),
    [
        ("12", "12", 12, 12, BAD),
        (" 12 ", " 12 ", 12, 12, BAD),
        ("0x1F", "0x1F", 31, 31, BAD),
        ("1e3", "1e3", 1000, 1000, BAD),
        (" ", " ", 0, 0, BAD),
        ("", "", BAD, BAD, BAD),
        ("1.0", "1.0", 1, 1, BAD),
        ("1.5", "1.5", 1.5, BAD, BAD),
        ("two", "two", BAD, BAD, BAD),
        ("Infinity", "Infinity", INFINITE, INFINITE, BAD),
        (INFINITE, "Infinity", BAD, BAD, BAD),
        ("true", "true", BAD, BAD, True),
        ("false", "false", BAD, BAD, False),
        (1, "1", 1, 1, True),
        (0, "0", 0, 0, False),
        (1e21, "1e+21", 1e21, 1e21, BAD),
        (10.5, "10.5", 10.5, BAD, BAD),
        (True, "true", 1, 1, True),
        (False, "false", 0, 0, False),
        (None, "", 0, 0, False),
        (["5"], "5", 5, 5, BAD),
        ([None], "", 0, 0, False),
        ([["5"]], BAD, BAD, BAD, BAD),
        ([], BAD, BAD, BAD, BAD),
        ([1, 2], BAD, BAD, BAD, BAD),
        ({}, BAD, BAD, BAD, BAD),
    ],
)
def test_scalars_are_coerced(value: Any, string: Any, number: Any, integer: Any, boolean: Any) -> None:
    for kind, expected in (("string", string), ("number", number), ("integer", integer), ("boolean", boolean)):
        found = outcome(value, type=kind)
        if expected is BAD:
            assert str(found).startswith("A must be a")
        else:
            assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize(
    ("value", "types", "expected"),
    [
        (["x"], ["string", "number"], "A must be a string or number but it was a string."),
        (["1990"], ["string", "number"], 1990),
        ([5], ["string", "number"], "5"),
        (True, ["string", "number"], "true"),
        ([None], ["string", "null"], ""),
        ([""], ["string", "null"], None),
        ("", ["number", "null"], None),
        ([5], ["number", "null"], "A must be a number or null but it was a number."),
        ([{}], ["object", "null"], "A must be an object or null but it was an object."),
        (0, ["object", "null"], None),
        ([{}], ["object"], "A must be an object but it was an array."),
        ({}, ["string", "number", "boolean"], "A must be a string, number, or boolean but it was an object."),
        (Function("toString"), ["string"], "A must be a string but it was a function."),
        ([UNDEFINED], ["string"], "A must be a string but it was undefined."),
        ("x", ["array"], ["x"]),
        (None, ["array"], [None]),
        ([5, "x"], ["array"], [5, "x"]),
    ],
)
def test_type_lists_and_arrays_have_quirks(value: Any, types: list[str], expected: Any) -> None:
    assert outcome(value, type=types if len(types) > 1 else types[0]) == expected


@pytest.mark.parametrize(
    ("value", "rules", "expected"),
    [
        ("x", {"type": "string", "enum": ["US", "EU", "AU"], "minLength": 3, "format": "email"},
         'A must be one of: "US", "EU", or "AU". A must be 3 characters or more but it was 1 character. '
         "A must be a valid email address string but it was not."),
        (5, {"type": "number", "enum": [True, "5", [5], {"a": 5}]}, 'A must be one of: true, "5", [5], or {"a":5}.'),
        ({}, {"type": "string", "enum": ["US"]}, 'A must be a string but it was an object. A must be one of: "US".'),
        ([{}], {"type": "array", "enum": [[{}]]}, [{}]),
        ([{"a": 1}], {"type": "array", "enum": [[{"a": True}], [{"b": 1}], [{"a": 1}, 2]]},
         'A must be one of: [{"a":true}], [{"b":1}], or [{"a":1},2].'),
        ("😀", {"type": "string", "maxLength": 1}, "😀"),
        ("😀😀", {"type": "string", "maxLength": 1}, "A must be 1 character or fewer but it was 4 characters."),
        ("9", {"type": "number", "maximum": 4, "minimum": 9.5},
         "A must be equal to or less than 4. A must be equal to or greater than 9.5."),
        (1.5, {"type": "integer", "minimum": 3},
         "A must be an integer but it was a number. A must be equal to or greater than 3."),
        ("Infinity", {"type": "number", "maximum": 4}, INFINITE),
        (["true"], {"type": ["string", "number"], "format": "date-like"},
         "A must be a string or number but it was a string. A must be a valid date-like string but it was not."),
    ],
)  # fmt: skip
def test_rules_are_judged_in_order_on_the_coerced_value(value: Any, rules: dict[str, Any], expected: Any) -> None:
    assert outcome(value, **rules) == expected


@pytest.mark.parametrize(
    ("name", "fit", "unfit"),
    [
        ("date", ["2024-02-29", "0000-01-01", "2000-02-29"], ["2023-02-29", "1900-02-29", "2020-1-1", "2020-13-01"]),
        ("time", ["00:00:00", "23:59:60Z", "00:00:00.5+01:00"], ["24:00:00", "22:59:60Z", "00:00", "00:60:00Z"]),
        ("date-time", ["2020-01-01T00:00:00Z", "2020-01-01 00:00:00", "2020-01-01t00:00:00+05"],
         ["2020-01-01_00:00:00Z", "2020-02-30T00:00:00Z", "2020-01-01T24:00:00Z", "2020-01-01"]),
        ("duration", ["P1Y", "P1W", "PT1S"], ["P", "PT", "P1YT", "P1.5Y", "P1Y2W"]),
        ("email", ["x@y.z", "A.b+c@d-e.fg"], [".a@b.co", "x@y", "x@-a.co", "é@a.co", "a@b.co\n"]),
        ("hostname", ["a", "a.b.", "1.2", "a" * 63 + ".b"], ["a_b", "-a.b", "a" * 64 + ".b", "a." * 128 + "a"]),
        ("ipv4", ["1.2.3.4", "01.2.3.4"], ["256.1.1.1", "1.2.3", "1.2.3.4\n"]),
        ("ipv6", ["::", "::1", "::ffff:1.2.3.4"], ["1::2::3", ":::1", "fe80::1%eth0"]),
        ("json-pointer", ["", "/a~0b", "//a.b"], ["a", "/a~2"]),
        ("relative-json-pointer", ["1", "1#", "0/a"], ["01/a", "-1"]),
        ("uri", ["http://a", "mailto:a@b.co", "http:a", "http://[::1]:80/", "http://a.b:80x"],
         ["http:", "/a", "a", "http://a b", "http://é.com", "http://a/%2"]),
        ("uri-reference", ["", "a", "http:", "#a", "1#", "//a.b?c"], ["é", "http://a/[x]", "%zz"]),
        ("uuid", ["123e4567-e89b-12d3-a456-426614174000"], ["{123e4567-e89b-12d3-a456-426614174000}"]),
        ("password", ["", "anything"], []),
    ],
)  # fmt: skip
def test_formats_take_what_the_official_ones_take(name: str, fit: list[str], unfit: list[str]) -> None:
    for text in fit:
        assert outcome(text, type="string", format=name) == text
    for text in unfit:
        assert outcome(text, type="string", format=name).endswith("string but it was not.")


# -- payloads -----------------------------------------------------------------------------------------------------


def test_all_mismatches_are_told_in_the_schemas_order() -> None:
    payload = {
        "products": [{"product_id": [{}], "qty": "two"}, 5], "user_identifiers": 5, "event_action": {},
        "enable_batching": "yes", "batch_size": "1.5", "region": "XX",
    }  # fmt: skip
    assert joined(validate(payload, SCHEMA)) == (
        "The root value is missing the required field 'timestamp'. User identifiers must be an object but it was a "
        "number. Action must be a string but it was an object. Product ID must be a string but it was an object. "
        "Quantity must be a number but it was a string. The value at /products/1 must be an object but it was a "
        "number. Enable Batching must be a boolean but it was a string. Batch Size must be an integer but it was a "
        "string. "
        'Region must be one of: "US", "EU", or "AU".'
    )


def test_a_mismatch_says_where_it_is() -> None:
    item: dict[str, Any] = {
        "type": "object",
        "properties": {"x/~y": {"type": "string"}, "10": {"type": "string", "title": "ßa"}},
    }
    payload: dict[str, Any] = {"a": [{"x/~y": {}, "10": {}}]}
    found = validate(payload, of_one(type="array", items={**item, "required": ["q"]}))
    assert found == [
        Mismatch("$.a[0]", "/a/0", "The value at /a/0 is missing the required field 'q'."),
        Mismatch("$.a[0].x/~y", "/a/0/x~1~0y", "The value at /a/0/x~1~0y must be a string but it was an object."),
        Mismatch("$.a[0][10]", "/a/0/10", "SSa must be a string but it was an object."),
    ]
    assert str(found[2]) == found[2].message


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        (5, "a number"),
        ("x", "a string"),
        ([], "an array"),
        (True, "a boolean"),
        (None, "null"),
        (UNDEFINED, "undefined"),
    ],
)
def test_a_payload_must_be_an_object(payload: Any, found: str) -> None:
    mismatches = validate(payload, SCHEMA)
    assert mismatches == [Mismatch("$", "", f"The root value must be an object but it was {found}.")]


def test_a_payload_is_coerced_in_place_and_keeps_its_order() -> None:
    payload = {"total": 10.5, "zz": 1, "products": {"qty": "1", "zz": 1}, "timestamp": [1], "event_action": True,
               "user_identifiers": {"zz": 1}}  # fmt: skip
    assert validate(payload, SCHEMA) == []
    assert stringify(payload) == (
        '{"total":"10.5","products":[{"qty":1}],"timestamp":"1","event_action":"true","user_identifiers":{}}'
    )


def test_exempt_members_are_put_back_at_the_end() -> None:
    payload: dict[str, Any] = {"k": {"x": 1}, "z": UNDEFINED, "a": 1}
    assert validate(payload, of_one(type="string"), exempt=("k", "z", "absent")) == []
    assert list(payload.items()) == [("a", "1"), ("k", {"x": 1})]


def test_a_nested_array_takes_a_lone_scalar_and_no_object() -> None:
    inner = of_one(type="array", items={"type": "string"})
    schema = {"type": "object", "properties": {"o": inner}}
    payload: dict[str, Any] = {"o": {"a": 5}, "more": 1}
    assert validate(payload, schema) == []
    assert payload == {"o": {"a": ["5"]}, "more": 1}
    assert joined(validate({"o": {"a": {}}}, schema)) == "The value at /o/a must be an array but it was an object."


# -- conditional requirements -------------------------------------------------------------------------------------

UNMET: Final = "The root value is missing the required field 'b'. The root value must match \"then\" schema."


@pytest.mark.parametrize(
    ("conditions", "payload", "told"),
    [
        ([{"fieldKey": "a", "operator": "is", "value": "v"}], {"a": "v"}, UNMET),
        ([{"fieldKey": "a", "operator": "is", "value": "v"}], {"a": "v", "b": "x"}, ""),
        ([{"fieldKey": "a", "operator": "is", "value": "v"}], {"a": ["v"]}, ""),
        ([{"fieldKey": "a", "operator": "is_not", "value": "v"}], {"a": "w"}, UNMET),
        ([{"fieldKey": "a", "operator": "is_not", "value": "v"}], {}, ""),
        ([{"fieldKey": "a", "operator": "is"}], {}, UNMET),
        ([{"fieldKey": "a", "operator": "is"}], {"a": ""}, UNMET),
        ([{"fieldKey": "a", "operator": "is"}], {"a": "v"}, ""),
        ([{"fieldKey": "a", "operator": "is_not"}], {"a": "v"}, UNMET),
        ([{"fieldKey": "a", "operator": "is_not"}], {"a": None}, ""),
        ([{"fieldKey": "o.x", "operator": "is", "value": 1}], {"o": {"x": 1}}, UNMET),
        ([{"fieldKey": "o.x", "operator": "is", "value": 1}], {"o": {"x": True}}, ""),
        ([{"fieldKey": "o.x", "operator": "is_not", "value": 1}], {"o": {}}, ""),
        ([{"fieldKey": "o.x", "operator": "is"}], {"o": {"x": 1}}, UNMET),
        ([{"fieldKey": "a", "operator": "is"}, {"fieldKey": "o", "operator": "is_not"}], {"o": {}}, UNMET),
        ([{"fieldKey": "a", "operator": "is"}, {"fieldKey": "o", "operator": "is_not"}], {"a": "v", "o": {}}, ""),
    ],
)  # fmt: skip
def test_a_requirement_may_hang_on_another_field(
    conditions: list[dict[str, Any]], payload: dict[str, Any], told: str
) -> None:
    schema = schema_of({"a": TEXT, "o": {"type": "object"}, "b": {**TEXT, "required": {"conditions": conditions}}})
    assert joined(validate(fresh(payload), schema)) == told
    if payload.get("a") != "":  # which a single event loses before
        assert joined(compiled(schema, root=False)(payload).mismatches) == told


def test_looking_for_null_makes_null() -> None:
    required = {"conditions": [{"fieldKey": "a", "operator": "is"}]}
    schema = schema_of({"a": {"type": "object", "allowNull": True}, "b": {**TEXT, "required": required}})
    payload: dict[str, Any] = {"a": 0, "b": "x"}
    assert validate(payload, schema) == []
    assert payload == {"a": None, "b": "x"}
    assert joined(validate({"a": {}}, schema)) == ""


def test_a_condition_on_an_absent_member_holds_unless_it_is_required() -> None:
    schema = {
        **of_one(type="string"),
        "allOf": [{"if": {"properties": {"q": {"const": 1}}}, "then": {"required": ["b"]}}],
    }
    assert joined(validate({}, schema)) == UNMET


def test_an_inner_requirement_is_told_at_its_object() -> None:
    inner = {"c": {**TEXT, "required": {"conditions": [{"fieldKey": "a", "operator": "is", "value": "v"}]}}}
    schema = schema_of({"a": TEXT, "b": {"label": "B", "type": "object", "properties": inner}})
    assert joined(validate({"a": "v", "b": {}}, schema)) == (
        "The value at /b is missing the required field 'c'. The root value must match \"then\" schema."
    )


# -- compiled -----------------------------------------------------------------------------------------------------


def as_interpreted(payload: Any, schema: dict[str, Any], root: bool) -> tuple[Any, list[Mismatch]]:
    cleaned = remove_empty(fresh(payload), schema, root=root)
    return cleaned, validate(cleaned, schema, exempt=(DYNAMIC_SETTINGS,))


SCALARS: Final = st.one_of(
    st.sampled_from(["", " ", "x", "12", "1.5", "true", "Infinity", "1990-01-01", "13/01/1990", "US", "😀", "\ud800"]),
    st.sampled_from([0, 1, -1, 0.5, 1e21, -0.0, INFINITE, True, False, None, UNDEFINED]),
    st.text(max_size=3),
    st.integers(-(2**53), 2**53),
)
NAMES: Final = st.sampled_from([*FIELDS, "userId", "email", "product_id", "qty", "unknown", DYNAMIC_SETTINGS, "10"])
VALUES: Final = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=5,
)
LIKELY: Final = st.fixed_dictionaries(
    dict.fromkeys(("event_action", "timestamp"), st.one_of(st.just("x"), SCALARS))
    | {"user_identifiers": st.one_of(st.just({}), st.dictionaries(NAMES, SCALARS, max_size=3))},
    optional={
        "products": st.lists(st.dictionaries(st.sampled_from(["product_id", "qty", "zz"]), SCALARS), max_size=3),
        "tags": st.lists(SCALARS, max_size=3),
        **dict.fromkeys(("age", "DOB", "total", "nothing", "region", "batch_size", "enable_batching", "zz"), SCALARS),
        "data": st.dictionaries(st.text(max_size=2), SCALARS, max_size=3),
    },
)
LIMITED: Final = schema_of(
    {
        "event_action": {"type": "string", "minimum": 2, "maximum": 3},
        "age": {"type": "number", "maximum": 5, "allowNull": True, "choices": [1, "x"]},
        "total": {"type": "string", "format": "email"},
        "user_identifiers": {"type": "object", "additionalProperties": True, "properties": {"email": {"type": "text"}}},
        "data": {"type": "object", "choices": ["x"]},
        "tags": {"type": "datetime", "multiple": True},
        "zz": {"type": "object", "choices": ["x"], "properties": {}},
    }
)


DEEP: Final = schema_of(
    {
        "user_identifiers": {
            "type": "object",
            "additionalProperties": True,
            "properties": {"x": {"type": "object", "properties": {"e": {**TEXT, "required": {"conditions": [ON]}}}}},
        },
        "products": {
            "type": "object",
            "multiple": True,
            "properties": {"list": {**TEXT, "multiple": True}, "product_id": {**TEXT, "multiple": True}},
        },
    }
)


@settings(max_examples=CASES * 10, deadline=None, derandomize=True)
@given(st.one_of(LIKELY, LIKELY, st.dictionaries(NAMES, VALUES, max_size=6), VALUES), st.booleans())
def test_compiled_does_as_interpreted_and_nothing_raises(payload: Any, root: bool) -> None:
    before = stringify(payload)
    for schema in (SCHEMA, LIMITED):
        checked = compiled(schema, root=root)(payload)
        expected, mismatches = as_interpreted(payload, schema, root)
        assert (stringify(checked.payload), checked.mismatches) == (stringify(expected), mismatches)
    assert stringify(payload) == before


ODD: Final = [
    "", " ", "x", "12", "true", 0, 1, 1.5, -0.0, INFINITE, True, False, None, UNDEFINED, [], [None], [""], ["x"],
    [1, 2], [{}], [[]], [[{"email": 1}]], {}, {"email": None}, {"email": "", "userId": 5, "zz": 1},
    [{"qty": None}], [{"qty": ""}],
    [{"qty": "1", "zz": 1}], {"qty": 1}, {"x": {"e": [1]}, "list": [[1], None]},
]  # fmt: skip


@pytest.mark.parametrize("name", [*FIELDS, "unknown", DYNAMIC_SETTINGS])
@pytest.mark.parametrize("root", [True, False])
def test_compiled_does_as_interpreted_with_one_odd_value(name: str, root: bool) -> None:
    for schema in (SCHEMA, LIMITED, DEEP):
        check = compiled(schema, root=root)
        for value in ODD:
            for payload in ({**EVENT, name: value}, {name: value}, {**EVENT, "products": [{"product_id": value}]}):
                checked = check(fresh(payload))
                expected, mismatches = as_interpreted(payload, schema, root)
                assert (stringify(checked.payload), checked.mismatches) == (stringify(expected), mismatches)


def test_compiled_leaves_an_event_in_one_pass() -> None:
    check = compiled(SCHEMA)
    checked = check(EVENT)
    assert checked.mismatches == []
    assert checked.payload == {**EVENT, "total": "27.5"}
    assert check({**EVENT, DYNAMIC_SETTINGS: {"a": ""}}).payload[DYNAMIC_SETTINGS] == {"a": ""}


# -- conformance --------------------------------------------------------------------------------------------------


def _cases() -> Iterator[Any]:
    for path in sorted(Path(CONFORMANCE or "").glob("*.ndjson")) if CONFORMANCE else ():
        asked = path.read_text().splitlines()
        answered = path.with_suffix(".expected").read_text().splitlines()
        for case, answer in zip(map(parse, asked), map(parse, answered), strict=True):
            if case["kind"] in KINDS:
                yield pytest.param(case, answer["result"], id=f"{case['kind']}: {case['id']}")


@pytest.mark.skipif(not CONFORMANCE, reason="MOCKODP_CONFORMANCE names no folder of recorded answers")
@pytest.mark.parametrize(("case", "result"), list(_cases()))
def test_answers_are_those_of_the_official_code(case: dict[str, Any], result: Any) -> None:
    if case["kind"] == "schema":
        assert json.dumps(schema_of(case["fields"])) == json.dumps(result)
    elif case["kind"] == "remove_empty":
        assert stringify(remove_empty(case["payload"], case["schema"], root=case["root"])) == result["json"]
    else:
        mismatches = validate(case["payload"], case["schema"], exempt=case.get("exempt", ()))
        assert (not mismatches, stringify(case["payload"])) == (result["valid"], result["json"])
