"""Values made up for a schema: those that are to meet it do, the others do not; texts are those of a pattern."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from mockodp_contracts.changes.corpus import payloads
from mockodp_contracts.changes.probes import fitted, of_schema, settled, texts, told_apart, unfitted
from mockodp_contracts.changes.versions import Versions
from mockodp_contracts.mutation.nursery import ARRIVAL

from tests.contracts import planted
from tests.contracts.planted import Edit, shape, side

SCHEMAS: list[dict[str, Any]] = [
    {"const": 7},
    {"enum": ["a", "b"]},
    {"type": "object", "properties": {"kind": {"const": "huge"}}, "required": ["kind"]},
    {"required": ["a", "b"], "type": "object"},
    {"anyOf": [{"const": 1}, {"const": 2}]},
    {"oneOf": [{"const": 1}, {"const": 2}]},
    {"allOf": [{"type": "string"}, {"minLength": 7}], "type": "string"},
    {"type": "array", "contains": {"const": 3}},
    {"pattern": "^[A-Z]{3}-[0-9]+$", "type": "string"},
    {"type": "string", "minLength": 12},
    {"type": "number", "minimum": 900},
    {"type": "number", "exclusiveMinimum": 900},
    {"type": ["null", "boolean"]},
    {"not": {"const": 5}, "type": "integer"},
]


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("value", [None, 5, "some text", [], {}, {"kind": "big", "a": 1}])
def test_a_fitted_value_meets_its_schema(schema: dict[str, Any], value: Any) -> None:
    assert jsonschema_rs.Draft202012Validator(schema).is_valid(fitted(schema, value))


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"const": "x"}, "x"),
        ({"enum": ["x", "a"]}, "x"),
        ({"required": ["a"]}, {"a": 1, "b": 2}),
        ({"properties": {"a": {"const": 1}}}, {"a": 1}),
        ({"properties": {"a": {"properties": {"b": {"const": "x"}}}}}, {"a": {"b": "x"}}),
        ({"not": {"const": 5}}, 6),
        ({"type": "object"}, {}),
    ],
)
def test_an_unfitted_value_does_not(schema: dict[str, Any], value: Any) -> None:
    assert not jsonschema_rs.Draft202012Validator(schema).is_valid(unfitted(schema, value))


def test_what_asks_for_nothing_changes_nothing() -> None:
    assert (fitted(True, 5), unfitted(True, 5), list(of_schema(False, 5))) == (5, 5, [])
    assert list(told_apart("title", "words", 5)) == []
    assert list(told_apart("prefixItems", [], [])) == []
    assert settled({"a": 1}, ("a",), {"const": 2}, 1, met=True) == {"a": 2}


@pytest.mark.parametrize(
    "pattern", ["^a{2,4}[^bx]$", r"^\d+\s\w.(?:one|two)?$", "^(?=q)q+(?<!r)$", "^[$]{3}", "[^\\s]"]
)
def test_texts_are_those_of_a_pattern(pattern: str) -> None:
    validator = jsonschema_rs.Draft202012Validator({"pattern": pattern})
    made = list(texts(pattern))
    assert any(map(validator.is_valid, made))
    assert len(made) == len(set(made))


def test_what_a_pattern_shuts_out_is_made_too() -> None:
    assert {"needle", "q", "z"} <= set(texts("^(?!needle)[^q]*[^z]{2}$"))
    assert "k" in set(texts("^[^k]$"))


@pytest.mark.parametrize("pattern", ["[", r"(a)\1", r"\p{L}", "[^x0-9A-Z_ é-]"])
def test_patterns_that_are_too_odd_have_few_texts(pattern: str) -> None:
    assert len(list(texts(pattern))) < 30


def tried(old: Edit, new: Edit) -> list[Any]:
    versions = Versions(side(old).catalog, side(new).catalog, ARRIVAL)
    return list(payloads(versions.catalogs, "own/request", versions.changes, ()))


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.update(minProperties=3, properties={**s["properties"], "tags": {"type": "array", "maxItems": 1}}),
        lambda s: s["properties"]["tags"].update(minItems=3, contains={"const": "seldom"}),
        lambda s: s["properties"]["kind"].update(enum=["small"]),
        lambda s: s.update(required=["id", "who"]),
    ],
)
def test_good_examples_are_mended_where_one_side_refuses_all(change: Edit) -> None:
    def edit(found: dict[str, Any]) -> None:
        schema = found["schemas/own/request.json"]
        change(schema)
        schema["properties"]["id"]["pattern"] = "^q*$"

    old, new = side().catalog, side(edit).catalog
    both = [
        payload for payload in tried(lambda _: None, edit)
        if all(side.judge("own/request")(payload).passed for side in (old, new))
    ]  # fmt: skip
    assert both


def test_what_cannot_be_mended_is_left() -> None:
    def edit(schema: dict[str, Any]) -> None:
        schema["required"] = ["id", "kind", "gone"]

    assert planted.GOOD[0]["value"] in tried(lambda _: None, shape("request", edit))
