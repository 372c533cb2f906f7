"""The files of the catalogue are whole and labelled, damaged ones refused by name, contracts found by theirs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, Final

import orjson
import pytest
from mockodp_contracts import BrokenContract, Catalog, Evidence, Label, UnknownContract, catalog
from mockodp_contracts.catalogue import DIRECTIONS, URN
from mockodp_contracts.constraints import Guard, constraints

from tests.contracts.altered import Altered, with_rules, with_schema

CATALOG = catalog()
ASKING: Final = {
    "type", "const", "enum", "required", "properties", "additionalProperties", "items", "contains", "minItems",
    "maxItems", "uniqueItems", "minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum",
    "minProperties", "maxProperties", "propertyNames", "allOf", "anyOf", "if", "then", "else", "$ref",
}  # fmt: skip
TELLING: Final = {
    "$schema", "$id", "x-version", "x-direction", "title", "description", "default", "x-evidence", "x-examples",
    "x-expected", "x-hint",
}  # fmt: skip
ONE: Final = ("additionalProperties", "items", "contains", "propertyNames", "if", "then", "else")


def _inner(schema: Any) -> Iterator[tuple[str, Any]]:
    """The schemas right under *schema*, each with its keyword."""
    yield from (("properties", inner) for inner in schema.get("properties", {}).values())
    yield from ((keyword, inner) for keyword in ("allOf", "anyOf") for inner in schema.get(keyword, ()))
    yield from ((keyword, schema[keyword]) for keyword in ONE if isinstance(schema.get(keyword), dict))


def _all_schemas(schema: Any, keyword: str = "") -> Iterator[tuple[str, Any]]:
    """*schema* and every schema in it, each with the keyword that holds it."""
    yield keyword, schema
    for name, inner in _inner(schema):
        yield from _all_schemas(inner, name)


SCHEMAS: Final = {
    **{name: CATALOG[name].schema for name in CATALOG.names},
    **{f"rules/{rule.name}": rule.schema for rule in CATALOG.rules.values() if rule.schema is not None},
}


@pytest.mark.parametrize("name", CATALOG.names)
def test_a_contract_says_what_it_is(name: str) -> None:
    contract = CATALOG[name]
    assert contract.schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert contract.schema["$id"] == URN + name
    assert re.fullmatch(r"(0|[1-9][0-9]*)[.](0|[1-9][0-9]*)[.](0|[1-9][0-9]*)", contract.version)
    assert contract.direction in DIRECTIONS
    assert contract.title
    assert contract.description.endswith(".")


@pytest.mark.parametrize(("name", "schema"), SCHEMAS.items(), ids=SCHEMAS)
def test_a_schema_uses_only_keywords_that_the_judge_and_the_mutants_know(name: str, schema: Any) -> None:
    allowed = ASKING | TELLING | ({"not"} if name.startswith("rules/") else set())
    for holder, inner in _all_schemas(schema):
        assert set(inner) <= allowed
        assert "anyOf" not in inner or holder == "if"
        assert set(inner) == {"pattern"} or holder != "propertyNames"
        assert set(inner) == {"required"} or holder != "anyOf"
        assert isinstance(inner.get("additionalProperties", {}), dict) or inner["additionalProperties"] is False


@pytest.mark.parametrize(("name", "schema"), SCHEMAS.items(), ids=SCHEMAS)
def test_every_reference_leads_to_a_contract_or_to_the_rule_itself(name: str, schema: Any) -> None:
    references = [inner["$ref"] for _, inner in _all_schemas(schema) if "$ref" in inner]
    assert [ref for ref in references if ref.removeprefix(URN) not in {*CATALOG.names, name}] == []


@pytest.mark.parametrize(("name", "schema"), SCHEMAS.items(), ids=SCHEMAS)
def test_patterns_are_ascii_and_say_where_a_text_begins_and_ends(name: str, schema: Any) -> None:
    for holder, inner in _all_schemas(schema):
        pattern = inner.get("pattern", "^$")
        assert pattern.isascii()
        assert not re.search(r"\\[dDwWsSbB]", pattern)
        if holder != "if" or pattern != "@":  # a condition may look for one sign
            assert pattern.startswith("^")
            assert pattern.endswith("$")


@pytest.mark.parametrize("name", [name for name in CATALOG.names if CATALOG[name].direction in ("answer", "event")])
def test_what_others_write_is_open_to_members_that_we_do_not_know(name: str) -> None:
    closed = [inner for _, inner in _all_schemas(CATALOG[name].schema) if inner.get("additionalProperties") is False]
    assert closed == []


def _is_whole(label: Label) -> bool:
    return label.grade in Evidence and len(label.source) > 10 and date.fromisoformat(label.checked) >= date(2026, 1, 1)


@pytest.mark.parametrize("name", CATALOG.names)
def test_every_label_of_a_contract_has_a_grade_a_source_and_a_date(name: str) -> None:
    labels = dict(CATALOG[name].labels())
    assert "" in labels
    assert [pointer for pointer, label in labels.items() if not _is_whole(label)] == []


@pytest.mark.parametrize("name", CATALOG.rules)
def test_every_rule_has_a_label_and_words(name: str) -> None:
    rule = CATALOG.rules[name]
    assert _is_whole(rule.label)
    assert rule.statement.endswith(".")
    assert rule.hint.endswith(".")
    assert rule.expected
    assert [contract for contract in rule.contracts if contract not in CATALOG.names] == []


@pytest.mark.parametrize("name", CATALOG.names)
def test_everything_a_contract_asks_for_has_a_label(name: str) -> None:
    for constraint in constraints(CATALOG, CATALOG[name]):
        if constraint.rule not in CATALOG.rules:
            assert _is_whole(CATALOG[constraint.contract].label_at(constraint.at))


@pytest.mark.parametrize("name", CATALOG.rules)
def test_a_rule_says_either_by_schema_or_by_check_what_holds(name: str) -> None:
    assert (CATALOG.rules[name].schema is None) is not (CATALOG.rules[name].check is None)


def test_the_nearest_label_above_a_keyword_counts() -> None:
    contract = CATALOG["presets/order_completed"]
    assert contract.label_at("/properties/products/contains").grade is Evidence.DOCS
    assert contract.label_at("/properties/action/const").grade is Evidence.CLIENT
    assert contract.label_at("/allOf/0/$ref").grade is Evidence.CLIENT


def test_rules_asked_at_their_place_are_the_same_for_both_kinds_of_items() -> None:
    """The judge asks them of each item of a batch, without a look at which contract the item is held to."""
    kinds = ("items/ecommerce_event", "items/custom_event")
    asked = [{rule.name for rule in CATALOG.rules_of(kind) if rule.at_its_place} for kind in kinds]
    assert asked[0] == asked[1] != set()


@pytest.mark.parametrize("name", CATALOG.names)
def test_what_a_contract_asks_for_stands_where_it_is_said_to(name: str) -> None:
    for constraint in constraints(CATALOG, CATALOG[name]):
        if constraint.rule not in CATALOG.rules:
            schema: Any = CATALOG[constraint.contract].schema
            for part in constraint.at.split("/")[1:-1]:
                schema = schema[int(part)] if isinstance(schema, list) else schema[part]
            assert schema[constraint.keyword] == constraint.value


def test_a_condition_is_told_with_what_hangs_on_it() -> None:
    found = constraints(CATALOG, CATALOG["envelopes/batch_custom_event"])
    data = next(c for c in found if c.contract == "items/custom_event" and c.keyword == "required")
    assert data.guards == (Guard(("*",), {"type": "object", "required": ["data"]}, True),)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("items/email_event", "items/email_event"),
        ("batch_custom_event", "envelopes/batch_custom_event"),
        ("order_completed", "presets/order_completed"),
        ("email_event", "items/email_event"),
        ("source/order_completed", "source/order_completed"),
        ("traits", "source/traits"),
    ],
)
def test_a_contract_is_found_by_its_last_part_and_what_is_sent_goes_first(name: str, found: str) -> None:
    assert CATALOG.find(name).name == found


def test_an_ambiguous_name_is_refused_with_those_it_may_be() -> None:
    twice = orjson.loads(Altered().read("items/email_event"))
    twice["$id"] = URN + "presets/email_event"
    ambiguous = Catalog(Altered({"presets/email_event": orjson.dumps(twice)}))
    with pytest.raises(UnknownContract) as refused:
        ambiguous.find("email_event")
    assert str(refused.value) == "'email_event' may be items/email_event or presets/email_event: give the whole name."


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("order_complete", "'order_complete' is not a contract. Near: presets/order_completed"),
        ("items/email_evnt", "'items/email_evnt' is not a contract. Near: items/email_event"),
        ("???", f"'???' is not a contract. 'mockodp contracts list' names all {len(CATALOG.names)}."),
        ("", f"'' is not a contract. 'mockodp contracts list' names all {len(CATALOG.names)}."),
    ],
)
def test_an_unknown_name_is_refused_with_near_ones(name: str, words: str) -> None:
    with pytest.raises(UnknownContract) as refused:
        CATALOG.find(name)
    told = str(refused.value)
    assert told.startswith(words)


@pytest.mark.parametrize("name", ["../rules", "items/../items/email_event", "/etc/passwd", "items/", "\x00"])
def test_a_name_that_is_a_path_elsewhere_is_no_contract(name: str) -> None:
    with pytest.raises(UnknownContract):
        CATALOG.find(name)


def _without(keyword: str) -> Callable[[Any], None]:
    return lambda schema: schema.pop(keyword)


def _with(**keywords: Any) -> Callable[[Any], None]:
    return lambda schema: schema.update({name.replace("__", "$").replace("_", "-"): v for name, v in keywords.items()})


NAME: Final = "rest/module"
HEAD: Final = f"Contract {NAME!r}: its head lacks something or has it wrong: "
LABEL: Final = {"grade": "docs", "source": "A page", "checked": "2026-11-23"}
DAMAGED: Final = {
    "no version": (_without("x-version"), f"{HEAD}'x-version'."),
    "no direction": (_without("x-direction"), f"{HEAD}'x-direction'."),
    "no title": (_without("title"), f"{HEAD}'title'."),
    "no description": (_without("description"), f"{HEAD}'description'."),
    "no label": (_without("x-evidence"), f"{HEAD}'x-evidence'."),
    "no source": (_with(x_evidence={"grade": "docs", "checked": "2026-11-23"}), f"{HEAD}'source'."),
    "no date": (_with(x_evidence={"grade": "docs", "source": "A page"}), f"{HEAD}'checked'."),
    "no such grade": (_with(x_evidence={**LABEL, "grade": "sure"}), f"{HEAD}'sure' is not a valid Evidence."),
    "no id": (
        _without("$id"),
        f"Contract {NAME!r}: $id is None, expected 'urn:mockodp:rest/module'; x-direction is 'request', "
        "expected one of: request, answer, event, report.",
    ),
    "another id": (
        _with(__id="urn:mockodp:rest/modul"),
        f"Contract {NAME!r}: $id is 'urn:mockodp:rest/modul', expected 'urn:mockodp:rest/module'; x-direction is "
        "'request', expected one of: request, answer, event, report.",
    ),
    "another direction": (
        _with(x_direction="sideways"),
        f"Contract {NAME!r}: $id is 'urn:mockodp:rest/module', expected 'urn:mockodp:rest/module'; x-direction is "
        "'sideways', expected one of: request, answer, event, report.",
    ),
}


@pytest.mark.parametrize(("change", "words"), DAMAGED.values(), ids=DAMAGED)
def test_a_contract_with_a_damaged_head_is_refused(change: Callable[[Any], None], words: str) -> None:
    with pytest.raises(BrokenContract) as refused:
        _ = with_schema(NAME, change)[NAME]
    assert str(refused.value) == words


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"NaN"])
def test_a_contract_that_is_not_json_is_refused(content: bytes) -> None:
    with pytest.raises(BrokenContract) as refused:
        _ = Catalog(Altered({NAME: content}))[NAME]
    assert str(refused.value).startswith(f"Contract {NAME!r} is not JSON: ")


@pytest.mark.parametrize(
    ("content", "kind"), [(b"[]", "list"), (b"null", "NoneType"), (b'"text"', "str"), (b"7", "int")]
)
def test_a_contract_that_is_no_object_is_refused(content: bytes, kind: str) -> None:
    with pytest.raises(BrokenContract) as refused:
        _ = Catalog(Altered({NAME: content}))[NAME]
    assert str(refused.value) == f"Contract {NAME!r} is {kind}, expected an object."


@pytest.mark.parametrize("change", [_with(type="text"), _with(pattern="(")])
def test_a_schema_that_is_none_is_refused_when_it_is_compiled(change: Callable[[Any], None]) -> None:
    with pytest.raises(BrokenContract, match=rf"^Contract {NAME!r} cannot be compiled: "):
        with_schema(NAME, change).judge(NAME)


def test_a_reference_that_leads_nowhere_is_refused_by_the_name_it_has() -> None:
    dangling = with_schema(NAME, lambda schema: schema.update(allOf=[{"$ref": f"{URN}rest/nowhere"}]))
    with pytest.raises(UnknownContract, match=r"^'rest/nowhere' is not a contract[.] "):
        dangling.judge(NAME)


BAD_RULES: Final = {
    "no label": (_without("evidence"), "Rule 'type-empty' lacks something or has it wrong: 'evidence'."),
    "no hint": (_without("hint"), "Rule 'type-empty' lacks something or has it wrong: 'hint'."),
    "no contracts": (_without("contracts"), "Rule 'type-empty' lacks something or has it wrong: 'contracts'."),
    "no such severity": (
        _with(severity="fatal"),
        "Rule 'type-empty' lacks something or has it wrong: 'fatal' is not a valid Severity.",
    ),
    "no examples": (_with(examples={"good": []}), "Rule 'type-empty' lacks something or has it wrong: 'bad'."),
}


@pytest.mark.parametrize(("change", "words"), BAD_RULES.values(), ids=BAD_RULES)
def test_a_rule_that_lacks_something_is_refused(change: Callable[[Any], None], words: str) -> None:
    with pytest.raises(BrokenContract) as refused:
        _ = with_rules(lambda rules: change(rules["type-empty"])).rules
    assert str(refused.value) == words


def test_a_rule_without_a_name_is_refused() -> None:
    with pytest.raises(BrokenContract) as refused:
        _ = with_rules(lambda rules: rules["type-empty"].pop("name")).rules
    assert str(refused.value) == "Rule None lacks something or has it wrong: 'name'."


def test_a_check_that_there_is_not_is_refused() -> None:
    unknown = with_rules(lambda rules: rules["identifiers-equal"].update(check={"name": "no_such"}))
    with pytest.raises(BrokenContract) as refused:
        unknown.judge("items/email_event")({"user_identifiers": {}})
    assert str(refused.value) == "'no_such' is not a check. Known: listed_together, members_differ, not_after_arrival."


def test_a_rule_of_info_may_not_be_asked_of_many_places() -> None:
    wide = with_rules(lambda rules: rules["gender-not-standard"].update(at="/names/*"))
    with pytest.raises(BrokenContract) as refused:
        wide.judge("items/upsert_contact")
    assert str(refused.value) == (
        "Rule 'gender-not-standard' is asked at its place, so 'at' may not hold '*': '/names/*'."
    )


def test_rules_that_are_not_json_are_refused() -> None:
    with pytest.raises(BrokenContract, match=r"^The rules are not JSON: "):
        _ = Catalog(Altered(rules=b"[{")).rules


def test_nothing_is_read_before_it_is_asked_for() -> None:
    asked: list[str] = []

    class Watched(Altered):
        def read(self, name: str) -> bytes:
            asked.append(name)
            return super().read(name)

    watched = Catalog(Watched())
    assert len(watched.names) == len(CATALOG.names)
    assert asked == []
    _ = watched[NAME], watched[NAME]
    assert asked == [NAME]


def test_a_contract_is_compiled_once() -> None:
    assert CATALOG.judge(NAME) is CATALOG.judge(NAME)


def test_the_files_are_written_in_one_way() -> None:
    for name in CATALOG.names:
        text = Altered().read(name).decode()
        assert text.endswith("}\n")
        assert list(json.loads(text))[:2] == ["$schema", "$id"]
