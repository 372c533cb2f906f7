"""Every contract names what is broken in it; and a contract that lost something is found out by the mutants."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from mockodp_contracts import Catalog, Severity, catalog
from mockodp_contracts.mutation.mutants import KNOWN, LEAST, Score, main, mutants, report, score
from mockodp_contracts.mutation.operators import fitting, keeps, same, wrong
from mockodp_contracts.mutation.places import grown

from tests.contracts.altered import Change, with_rules, with_schema

CATALOG = catalog()


@cache
def _score(name: str) -> Score:
    return score(CATALOG, CATALOG[name])


@pytest.mark.parametrize("name", CATALOG.names)
def test_a_contract_names_its_mutants(name: str) -> None:
    found = _score(name)
    assert found.total > 0
    assert found.killed >= LEAST * found.total
    assert found.unexplained == ()


@pytest.mark.parametrize("name", CATALOG.names)
def test_a_mutant_breaks_each_thing_that_a_contract_asks_for(name: str) -> None:
    assert [location for location in _score(name).unbroken if (name, location) not in KNOWN] == []


def test_each_known_reason_is_still_needed() -> None:
    open_ = {(name, location) for name in {n for n, _ in KNOWN} for location in _score(name).unbroken}
    open_ |= {(name, mutant.location) for name in {n for n, _ in KNOWN} for mutant in _score(name).survivors}
    assert open_ == set(KNOWN)


@pytest.mark.parametrize("name", CATALOG.names)
def test_no_mutant_is_a_good_example_but_for_what_ordinary_traffic_breaks(name: str) -> None:
    good = [example.value for example in CATALOG[name].good]
    info = {rule.name for rule in CATALOG.rules.values() if rule.severity is Severity.INFO}
    made = [mutant for mutant in mutants(CATALOG, CATALOG[name]) if mutant.rule not in info]
    assert [mutant for mutant in made if any(same(mutant.document, value) for value in good)] == []


def test_no_mutant_is_made_twice() -> None:
    made = [(str(m.document), m.rule, m.pointer) for m in mutants(CATALOG, CATALOG["items/ecommerce_event"])]
    assert len(made) == len(set(made))


def test_each_operator_is_used() -> None:
    operators = {operator for name in CATALOG.names for operator in _score(name).operators}
    assert operators == {
        "bad name", "drop", "empty", "extra member", "forbidden", "malformed", "nothing fits", "null", "out of range",
        "oversize", "rename", "repeated", "retype", "rule", "swap", "too short", "unknown value", "wrong constant",
    }  # fmt: skip


def _without(*path: str) -> Change:
    def change(said: Any) -> None:
        for part in path[:-1]:
            said = said[part]
        del said[path[-1]]

    return change


def _set(*path: str | int, to: Any) -> Change:
    def change(said: Any) -> None:
        for part in path[:-1]:
            said = said[part]
        said[path[-1]] = to

    return change


ECOMMERCE = "items/ecommerce_event"
STATUS = ("properties", "answer", "properties", "status")
WEAKENED: dict[str, tuple[str, Callable[[], Catalog], str, str]] = {
    "required": (
        "presets/order_completed",
        lambda: with_schema("presets/order_completed", _set("required", to=["order_id", "total"])),
        "missing-member",
        "/products",
    ),
    "type": (
        ECOMMERCE,
        lambda: with_schema(ECOMMERCE, _without("properties", "order_id", "type")),
        "wrong-type",
        "/order_id",
    ),
    "type-allows-null": (
        ECOMMERCE,
        lambda: with_schema(ECOMMERCE, _set("properties", "order_id", "type", to=["string", "null"])),
        "wrong-type",
        "/order_id",
    ),
    "enum": (
        "rest/reachability_item",
        lambda: with_schema("rest/reachability_item", _without("properties", "reachable_update_type", "enum")),
        "unknown-value",
        "/reachable_update_type",
    ),
    "const": (
        "presets/order_completed",
        lambda: with_schema("presets/order_completed", _without("properties", "action")),
        "wrong-constant",
        "/action",
    ),
    "openness": (
        ECOMMERCE,
        lambda: with_schema(ECOMMERCE, _without("additionalProperties")),
        "unknown-member",
        "/mutant",
    ),
    "maximum-off-by-one": (
        "auth/exchange",
        lambda: with_schema("auth/exchange", _set(*STATUS, "maximum", to=600)),
        "out-of-range",
        "/answer/status",
    ),
    "pattern-not-anchored": (
        "rest/timestamp",
        lambda: with_schema("rest/timestamp", _set("allOf", 0, "pattern", to="^[0-9]{4}-[0-9]{2}-[0-9]{2}")),
        "malformed",
        "",
    ),
    "maxItems": (
        "envelopes/batch_custom_event",
        lambda: with_schema("envelopes/batch_custom_event", _set("allOf", 0, "maxItems", to=501)),
        "too-long",
        "",
    ),
    "contains": (
        "presets/order_completed",
        lambda: with_schema("presets/order_completed", _without("properties", "products", "contains")),
        "nothing-fits",
        "/products",
    ),
    "names": (
        "rest/identifiers",
        lambda: with_schema("rest/identifiers", _without("allOf")),
        "bad-name",
        "",
    ),
    "guard": (
        "rest/reachability_item",
        lambda: with_schema("rest/reachability_item", _without("allOf")),
        "missing-member",
        "/reachable_update_type",
    ),
    "rule": (ECOMMERCE, lambda: with_rules(_without("no-identifier")), "no-identifier", "/user_identifiers"),
    "rule-of-another-contract": (
        ECOMMERCE,
        lambda: with_rules(_set("total-not-numeric", "contracts", to=[])),
        "total-not-numeric",
        "/total",
    ),
    "rule-of-info": (
        "items/upsert_contact",
        lambda: with_rules(_without("gender-not-standard")),
        "gender-not-standard",
        "/gender",
    ),
    "check": (
        ECOMMERCE,
        lambda: with_rules(_set("identifiers-equal", "check", "members", to=["a", "b", "c"])),
        "identifiers-equal",
        "/user_identifiers",
    ),
    "check-of-time": (
        ECOMMERCE,
        lambda: with_rules(_without("timestamp-in-future")),
        "timestamp-in-future",
        "/timestamp",
    ),
    "rule-beneath": (
        ECOMMERCE,
        lambda: with_rules(lambda rules: rules["text-too-long"]["contracts"].remove("shared/product")),
        "text-too-long",
        "/products/0/product_id",
    ),
}


@pytest.mark.parametrize(("name", "weakened", "rule", "pointer"), WEAKENED.values(), ids=WEAKENED)
def test_what_a_weakened_contract_no_longer_names_survives(
    name: str, weakened: Callable[[], Catalog], rule: str, pointer: str
) -> None:
    found = score(CATALOG, CATALOG[name], judged_by=weakened())
    assert {(mutant.rule, mutant.pointer) for mutant in found.survivors} >= {(rule, pointer)}
    assert found.killed + len(found.survivors) == found.total


def test_what_is_named_but_not_as_bad_survives() -> None:
    lowered = with_rules(_set("no-identifier", "severity", to="warning"))
    found = score(CATALOG, CATALOG[ECOMMERCE], judged_by=lowered)
    assert {(mutant.rule, mutant.severity) for mutant in found.survivors} == {("no-identifier", Severity.ERROR)}


def test_a_contract_that_only_lost_one_thing_still_names_the_others() -> None:
    weakened = with_schema("auth/exchange", _set(*STATUS, "maximum", to=600))
    found = score(CATALOG, CATALOG["auth/exchange"], judged_by=weakened)
    survived = [(mutant.rule, mutant.pointer, mutant.document["answer"]["status"]) for mutant in found.survivors]
    assert sorted(set(survived)) == [
        ("out-of-range", "/answer/status", 599.5),
        ("out-of-range", "/answer/status", 600),
    ]


def test_a_contract_without_mutants_does_not_pass() -> None:
    empty = Score("items/none", 0, 0, (), (), {})
    assert not empty.passed
    assert next(report([empty])) == "items/none  no mutants  FAILED"


def test_a_contract_that_asks_for_nothing_has_no_mutants() -> None:
    def emptied(schema: Any) -> None:
        for name in [name for name in schema if not name.startswith(("$", "x-"))]:
            if name not in ("title", "description"):
                del schema[name]

    asks_nothing = with_schema("rest/segment_ids", emptied)
    assert not score(asks_nothing, asks_nothing["rest/segment_ids"]).passed


def test_what_no_mutant_breaks_does_not_pass() -> None:
    def impossible(schema: Any) -> None:
        schema["if"] = {"type": "string"}
        schema["then"] = {"type": "string", "title": "what its condition already says"}

    held_twice = with_schema("shared/address", impossible)
    found = score(held_twice, held_twice["shared/address"])
    assert found.unbroken == ("urn:mockodp:shared/address#/then/type",)
    assert not found.passed


def test_the_report_tells_what_survived_and_where() -> None:
    found = score(CATALOG, CATALOG["rest/timestamp"], judged_by=WEAKENED["pattern-not-anchored"][1]())
    told = list(report([found]))
    assert told[0].endswith("FAILED")
    assert "survived: rest/timestamp (document) [malformed] malformed: no reason is known" in told
    assert '          urn:mockodp:rest/timestamp#/allOf/0/pattern: "2026-01-02T03:04:05.678Z\\n"' in told


def test_the_command_counts_what_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rest/timestamp", "rest/module"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:2]] == ["rest/timestamp", "rest/module"]
    assert all(line.endswith("100.00 %") for line in lines[:2])


def test_the_command_refuses_a_name_that_is_no_contract(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rest/timestam"]) == 2
    assert "'rest/timestam' is not a contract. Near: rest/timestamp" in capsys.readouterr().err


SAID: dict[str, tuple[str, Any, list[Any]]] = {
    "type": ("type", "number", [1, 1.5, "1", None, True]),
    "const": ("const", 1, [1, 1.0, True, "1"]),
    "enum": ("enum", ["a", None, 0], ["a", "A", None, 0, False, 0.0]),
    "pattern": ("pattern", "^[a-z]+$", ["a", "a\n", "", "A", 1]),
    "minimum": ("minimum", 1, [0.5, 1, True, "0"]),
    "maximum": ("maximum", 1, [1, 1.5, None]),
    "exclusiveMinimum": ("exclusiveMinimum", 0, [0, 0.1, -1]),
}


@pytest.mark.parametrize(("keyword", "asked", "values"), SAID.values(), ids=SAID)
def test_what_keeps_a_keyword_is_what_json_schema_says(keyword: str, asked: Any, values: list[Any]) -> None:
    import jsonschema_rs

    validator = jsonschema_rs.Draft202012Validator({keyword: asked})
    assert [keeps(keyword, asked, value) for value in values] == [validator.is_valid(value) for value in values]


ASKED: dict[str, tuple[Any, Any]] = {
    "required": (["a", "b"], {"a": 1, "b": 2}),
    "type": (["string", "null"], "text"),
    "const": (True, True),
    "enum": (["order", None, 1], "order"),
    "additionalProperties": (False, {}),
    "minLength": (3, "text"),
    "minItems": (2, [1, 2, 3]),
    "minProperties": (2, {"a": 1, "b": 2, "c": 3}),
    "maxLength": (4, "text"),
    "maxItems": (2, [1, 2]),
    "maxProperties": (1, {"a": 1}),
    "minimum": (0, 5),
    "maximum": (12, 5),
    "exclusiveMinimum": (0, 5),
    "pattern": ("^[a-z]+-[0-9]{2}$", "abc-12"),
    "uniqueItems": (True, [1, 2]),
    "contains": ({"type": "object", "required": ["id"]}, [{"id": 1}, {"id": 2}]),
    "propertyNames": ({"pattern": "^[a-z]+$"}, {"a": 1}),
    "not": ({"const": None}, 36),
}


@pytest.mark.parametrize(("keyword", "asked", "good"), [(k, *v) for k, v in ASKED.items()], ids=ASKED)
def test_what_breaks_a_keyword_is_what_json_schema_refuses(keyword: str, asked: Any, good: Any) -> None:
    import jsonschema_rs

    validator = jsonschema_rs.Draft202012Validator({keyword: asked})
    assert validator.is_valid(good)
    made = list(wrong(keyword, asked, good))
    assert made
    assert [each for each in made if validator.is_valid(each.value)] == []


@pytest.mark.parametrize(
    "schema", [{"const": 3}, {"enum": ["a", "b"]}, {"pattern": "^.*_id$"}, {"type": "array"}, {"type": "string"}, {}]
)
def test_what_fits_a_condition_meets_it(schema: dict[str, Any]) -> None:
    import jsonschema_rs

    assert jsonschema_rs.Draft202012Validator(schema).is_valid(fitting(schema))


def test_a_place_that_lacks_is_made_up_with_what_leads_there() -> None:
    assert grown({"a": 1}, ("b", "*", "c"), {("b",)}) == ({"a": 1, "b": [{"c": None}]}, ("b", 0, "c"))
    assert grown({"a": 1}, ("a", "b"), ()) is None
    assert grown({}, ("*",), {()}) is None
