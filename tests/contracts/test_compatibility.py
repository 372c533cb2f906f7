"""What a change breaks in each direction: by name, severity, fingerprint, and the smallest payload that shows it."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mockodp_contracts import BrokenContract, Severity, catalog
from mockodp_contracts.changes.compatibility import Comparison, Corpus, Finding, compare
from mockodp_contracts.changes.corpus import Recorded, recorded
from mockodp_contracts.changes.minimal import shrunk
from mockodp_contracts.changes.rules import RULES_OF_CHANGE
from mockodp_contracts.changes.sources import Side
from mockodp_contracts.violation import ABSENT

from tests.contracts import planted
from tests.contracts.planted import Edit, forget, member, require, rule, shape, side

CASES: Final = int(os.environ.get("CASES", "25"))
DIRECTIONS = ("request", "event", "answer", "report")
WRITES_IN = ("request", "event")

ODD: Final = r"^(?!(.)(.)\1\2$)[a-z]*$"
"""A pattern for which nobody makes up a text that it refuses: ``abab``."""

# an edit, the place of the change, its name
TIGHTENINGS: list[tuple[Edit, str, str]] = [
    (require("id", "kind", "note"), "/note", "member-now-required"),
    (member("total", type="number"), "/total", "type-narrowed"),
    (member("kind", enum=["big"]), "/kind", "value-removed"),
    (member("kind", const="big"), "/kind", "value-removed"),
    (member("id", maxLength=3), "/id", "limit-tightened"),
    (member("tags", maxItems=1), "/tags", "limit-tightened"),
    (member("total", minimum=5), "/total", "limit-tightened"),
    (member("id", pattern="^[b-z]*$"), "/id", "pattern-tightened"),
    (lambda s: s.update(propertyNames={"pattern": "^[a-mo-z]"}), "", "pattern-tightened"),
    (lambda s: s.update(anyOf=[{"required": ["note"]}, {"required": ["total"]}]), "", "form-tightened"),
    (lambda s: s["properties"].update(note=False), "/note", "member-no-longer-allowed"),
]
LOOSENINGS: list[tuple[Edit, str, str]] = [
    (require("id"), "/kind", "member-no-longer-required"),
    (member("note", type=["string", "null"]), "/note", "type-widened"),
    (member("kind", enum=["big", "huge", "small"]), "/kind", "value-added"),
    (member("id", minLength=0), "/id", "limit-loosened"),
    (lambda s: s["properties"]["tags"].pop("maxItems"), "/tags", "limit-loosened"),
    (lambda s: s["properties"]["id"].pop("pattern"), "/id", "pattern-loosened"),
    (lambda s: s["properties"]["who"].pop("$ref"), "/who", "form-loosened"),
]


def compared(edit: Edit, old: Edit | None = None, **more: Any) -> Comparison:
    return compare(side(old), side(edit), **more)


def told(comparison: Comparison) -> dict[tuple[str, str, str], Severity]:
    """Every finding but those about version numbers."""
    return {
        (finding.contract, finding.place, finding.rule): finding.severity
        for finding in comparison.findings
        if not finding.rule.startswith("version-")
    }


def only(comparison: Comparison, name: str) -> Finding:
    found = [finding for finding in comparison.findings if finding.rule == name]
    assert len(found) == 1, told(comparison)
    return found[0]


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(("change", "place", "name"), TIGHTENINGS)
def test_refusing_what_was_taken_breaks_writers_and_no_readers(
    direction: str, change: Edit, place: str, name: str
) -> None:
    comparison = compared(shape(direction, change))
    severity = Severity.ERROR if direction in WRITES_IN else Severity.INFO
    assert told(comparison) == {(f"own/{direction}", place, name): severity}
    proof = only(comparison, name).proof
    assert proof is not None
    assert proof.old == ()
    assert len(proof.new) == 1


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(("change", "place", "name"), LOOSENINGS)
def test_taking_what_was_refused_breaks_readers_and_known_refusals(
    direction: str, change: Edit, place: str, name: str
) -> None:
    comparison = compared(shape(direction, change))
    assert told(comparison) == {(f"own/{direction}", place, name): Severity.ERROR}
    proof = only(comparison, name).proof
    assert proof is not None
    assert proof.new == ()
    assert len(proof.old) == 1


@pytest.mark.parametrize(
    ("grade", "severity"),
    [
        ("docs", Severity.ERROR),
        ("client", Severity.ERROR),
        ("observed", Severity.ERROR),
        ("inferred", Severity.WARNING),
        ("unknown", Severity.WARNING),
    ],
)
@pytest.mark.parametrize("direction", WRITES_IN)
def test_taking_what_was_refused_on_weak_evidence_is_a_warning(direction: str, grade: str, severity: Severity) -> None:
    def weak(schema: dict[str, Any]) -> None:
        schema["x-evidence"] = {**planted.EVIDENCE, "grade": grade}

    comparison = compared(shape(direction, require("id")), shape(direction, weak))
    assert told(comparison) == {(f"own/{direction}", "/kind", "member-no-longer-required"): severity}


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_new_member_is_fine_for_readers_and_a_break_of_a_closed_request(direction: str) -> None:
    comparison = compared(shape(direction, member("extra", type="string")))
    name = f"own/{direction}"
    if direction in WRITES_IN:
        assert told(comparison) == {(name, "/extra", "member-now-allowed"): Severity.ERROR}
        assert only(comparison, "member-now-allowed").was == "not allowed"
    else:
        assert told(comparison) == {(name, "/extra", "type-narrowed"): Severity.INFO}


@pytest.mark.parametrize("direction", ["answer", "report"])
def test_members_that_are_added_to_a_closed_answer_break_no_reader(direction: str) -> None:
    def close(schema: dict[str, Any]) -> None:
        schema["additionalProperties"] = False

    def add(schema: dict[str, Any]) -> None:
        close(schema)
        member("extra", type="string")(schema)

    comparison = compared(shape(direction, add), shape(direction, close))
    assert told(comparison) == {(f"own/{direction}", "/extra", "member-now-allowed"): Severity.INFO}
    comparison = compared(lambda _: None, shape(direction, close))
    assert told(comparison) == {(f"own/{direction}", "/*", "member-now-allowed"): Severity.INFO}


@pytest.mark.parametrize("direction", WRITES_IN)
def test_a_member_that_is_no_longer_named_is_refused(direction: str) -> None:
    comparison = compared(shape(direction, forget("note")))
    assert told(comparison) == {(f"own/{direction}", "/note", "member-no-longer-allowed"): Severity.ERROR}
    assert only(comparison, "member-no-longer-allowed").now == "not allowed"


def test_another_type_is_told_in_both_directions() -> None:
    comparison = compared(shape("request", member("note", type="integer")))
    assert told(comparison) == {
        ("own/request", "/note", "type-narrowed"): Severity.ERROR,
        ("own/request", "/note", "type-widened"): Severity.ERROR,
    }
    marks = {finding.fingerprint for finding in comparison.findings}
    assert len(marks) == len(comparison.findings) == 3


def test_a_change_of_a_shared_contract_is_told_once_with_all_that_it_reaches() -> None:
    comparison = compared(lambda found: found["schemas/shared/person.json"].update(required=["name", "age"]))
    finding = only(comparison, "member-now-required")
    assert (finding.contract, finding.place, finding.severity) == ("shared/person", "/age", Severity.ERROR)
    assert set(finding.seen_in) == {"shared/person", *(f"own/{direction}" for direction in DIRECTIONS)}
    assert comparison.equal == 0


def test_places_inside_of_arrays_and_of_absent_objects_are_probed() -> None:
    def inner(schema: dict[str, Any]) -> None:
        schema["properties"]["tags"]["items"]["enum"] = ["a", "b", "c"]
        schema["properties"]["deep"] = {"type": "object", "properties": {"down": {"const": 7}}}

    def outer(schema: dict[str, Any]) -> None:
        inner(schema)
        schema["properties"]["tags"]["items"]["enum"] = ["a", "b", "d"]
        schema["properties"]["deep"]["properties"]["down"]["const"] = 8

    assert told(compared(shape("report", outer), shape("report", inner))) == {
        ("own/report", "/tags/*", "value-removed"): Severity.INFO,
        ("own/report", "/tags/*", "value-added"): Severity.ERROR,
        ("own/report", "/deep/down", "value-removed"): Severity.INFO,
        ("own/report", "/deep/down", "value-added"): Severity.ERROR,
    }


def test_arrays_that_take_no_items_and_members_of_a_form() -> None:
    comparison = compared(shape("report", lambda schema: schema["properties"]["tags"].update(items=False)))
    assert told(comparison) == {("own/report", "/tags/*", "form-tightened"): Severity.INFO}

    def of_a_form(schema: dict[str, Any]) -> None:
        schema["additionalProperties"] = {"type": "string"}

    comparison = compared(shape("request", of_a_form))
    assert told(comparison)["own/request", "/*", "member-now-allowed"] is Severity.ERROR
    assert only(comparison, "member-now-allowed").now == "others of a form"


def test_a_contract_that_is_asked_instead_of_another_is_blamed_for_what_it_refuses() -> None:
    def add(found: dict[str, Any]) -> None:
        members = {"name": {"type": "string"}, "age": {"type": "number"}}
        other = {"type": "object", "properties": members, "required": ["age"]}
        good = [{"shows": "Ada", "value": {"name": "Ada", "age": 36}}]
        found["schemas/shared/other.json"] = planted.contract(
            "shared/other", "request", {**other, "required": ["age"]}, good
        )

    def swap(found: dict[str, Any]) -> None:
        add(found)
        found["schemas/own/request.json"]["properties"]["who"]["$ref"] = "urn:mockodp:shared/other"

    assert told(compared(swap, add)) == {
        ("own/request", "/who", "form-tightened"): Severity.ERROR,
        ("own/request", "/who", "form-loosened"): Severity.ERROR,
    }


def test_numbers_that_are_too_large_for_some_are_tried_too() -> None:
    sent = [Recorded(None, {"id": "a", "kind": "big", "total": 10**30})]
    comparison = compared(shape("request", member("total", maximum=10**20)), recorded=sent)
    assert told(comparison) == {("own/request", "/total", "limit-tightened"): Severity.ERROR}


def test_a_condition_that_is_asked_elsewhere_is_told_with_the_condition() -> None:
    def asked_of(kind: str) -> Edit:
        return shape(
            "request",
            lambda schema: schema.update(
                {"if": {"properties": {"kind": {"const": kind}}}, "then": {"required": ["note"]}}
            ),
        )

    comparison = compared(asked_of("big"), asked_of("small"))
    assert {rule for _, _, rule in told(comparison)} == {"member-now-required", "member-no-longer-required"}
    assert '"const":"big"' in only(comparison, "member-now-required").now


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (rule(contracts=[]), rule(), {"rule-added": Severity.ERROR}),
        (rule(), rule(contracts=["own/event"]), {"rule-removed": Severity.ERROR}),
        (rule(), rule(schema={"maxLength": 10}), {"rule-tightened": Severity.ERROR}),
        (rule(), rule(schema={"maxLength": 30}), {"rule-loosened": Severity.ERROR}),
        (rule(severity="warning"), rule(), {"rule-raised": Severity.ERROR}),
        (rule(), rule(severity="info"), {"rule-lowered": Severity.ERROR}),
        (rule(severity="warning"), rule(severity="info"), {"rule-lowered": Severity.INFO}),
        (rule(severity="info"), rule(severity="warning"), {"rule-raised": Severity.INFO}),
        (rule(severity="info"), rule(severity="info", schema={"maxLength": 9}), {"rule-changed": Severity.INFO}),
        (rule(severity="info", contracts=[]), rule(severity="info"), {"rule-added": Severity.INFO}),
        (rule(severity="info"), rule(severity="info", contracts=[]), {"rule-removed": Severity.INFO}),
        (rule(), rule(statement="Else.", hint="Else.", expected="else"), {}),
    ],
)  # fmt: skip
def test_rules_beyond_shape(old: Edit, new: Edit, found: dict[str, Severity]) -> None:
    comparison = compared(new, old)
    of_requests = {r: severity for (name, _, r), severity in told(comparison).items() if name == "own/request"}
    assert of_requests == found


def test_contracts_that_come_and_go() -> None:
    def gone(found: dict[str, Any]) -> None:
        del found["schemas/own/report.json"]

    assert told(compared(gone)) == {("own/report", "", "contract-removed"): Severity.ERROR}
    assert told(compared(lambda _: None, gone)) == {("own/report", "", "contract-added"): Severity.INFO}


def test_another_direction_is_a_break() -> None:
    comparison = compared(shape("request", lambda schema: schema.update({"x-direction": "report"})))
    assert told(comparison) == {("own/request", "", "direction-changed"): Severity.ERROR}


@pytest.mark.parametrize(
    ("version", "change", "found"),
    [
        ("1.0.0", require("id", "kind", "note"), "version-not-major"),
        ("1.9.0", require("id", "kind", "note"), "version-not-major"),
        ("2.0.0", require("id", "kind", "note"), None),
        ("1.0.0", member("note", description="Words."), None),
        ("0.9.0", member("note", minLength=0), "version-not-bumped"),
        ("1.0.1", member("note", minLength=0), None),
    ],
)
def test_version_numbers(version: str, change: Edit, found: str | None) -> None:
    def edit(schema: dict[str, Any]) -> None:
        change(schema)
        schema["x-version"] = version

    names = [f.rule for f in compared(shape("request", edit)).findings if f.rule.startswith("version-")]
    assert names == ([found] if found else [])


def test_a_version_that_is_none_is_told() -> None:
    def edit(schema: dict[str, Any]) -> None:
        schema.update({"x-version": "two", "required": ["id"]})

    comparison = compared(shape("request", edit))
    assert comparison.unknown == "Contract 'own/request': x-version is 'two', expected such as 1.2.0."
    assert comparison.compared == 4


@pytest.mark.parametrize(
    ("direction", "change", "severity"),
    [
        ("request", member("id", pattern=ODD), Severity.WARNING),
        ("event", member("id", pattern=ODD), Severity.WARNING),
        ("report", member("id", pattern=ODD), Severity.WARNING),  # it may be looser
        ("report", member("note", pattern=ODD.removesuffix("[a-z]*$")), Severity.INFO),  # it can only be tighter
        ("request", lambda s: s.update({"$defs": {"unused": {"type": "string"}}}), Severity.INFO),
        ("request", member("id", format="email"), Severity.INFO),
        ("request", member("tags", uniqueItems=False), Severity.INFO),
    ],
)
def test_what_no_payload_shows_is_doubtful_unless_it_asks_for_nothing(
    direction: str, change: Edit, severity: Severity
) -> None:
    assert only(compared(shape(direction, change)), "change-not-shown").severity is severity


CONDITION = {"properties": {"kind": {"const": "huge"}}, "required": ["kind"]}
OTHERWISE = {"if": {"not": {"required": ["total"]}}, "then": {"properties": {"note": {"maxLength": 9}}}}


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        (member("total"), member("total", multipleOf=0.5), "limit-tightened"),
        (member("total", multipleOf=0.5), member("total", multipleOf=0.75), "limit-tightened"),
        (member("id"), member("id", pattern="^(?!needle)[a-z]*$"), "pattern-tightened"),
        (member("id"), member("id", pattern="^(?!.*(?:oo|ee))[a-z]*$"), "pattern-tightened"),
        (member("note"), member("note", pattern=r"^(?:(?!\d{4}-).)*$"), "pattern-tightened"),
        (member("note"), member("note", pattern="^[^q]*$"), "pattern-tightened"),
        (member("note", pattern="^(a|bc)+?[^xyz]{2}$"), member("note"), "pattern-loosened"),
        (
            member("kind", enum=["big", "huge"]),
            lambda s: (
                member("kind", enum=["big", "huge"])(s),
                s.update({"if": CONDITION, "then": {"properties": {"total": {"maximum": 5000}}}}),
            ),
            "limit-tightened",
        ),
        (member("note"), lambda s: s.update(OTHERWISE), "limit-tightened"),
        (
            member("note"),
            lambda s: s.update(
                {"if": {"properties": {"note": {"pattern": "^[A-Z]{3}-"}}}, "else": {"properties": {"note": False}}}
            ),
            "member-no-longer-allowed",
        ),
        (member("note"), lambda s: s.update(propertyNames={"maxLength": 4}), "pattern-tightened"),
        (member("note"), lambda s: s.update({"not": {"properties": {"note": {"const": "odd"}}}}), "form-tightened"),
        (member("tags"), member("tags", contains={"const": "seldom"}), "form-tightened"),
        (member("tags"), member("tags", **{"not": {"contains": {"const": "seldom"}}}), "form-tightened"),
        (member("who"), member("who", dependentSchemas={"zip": {"required": ["town"]}}), "form-tightened"),
        (member("who"), member("who", patternProperties={"^x-[0-9]+$": {"type": "integer"}}), "form-tightened"),
        (member("tags"), member("tags", uniqueItems=True), "limit-tightened"),
        (member("tags"), member("tags", prefixItems=[{"maxLength": 70}]), "form-tightened"),
        (member("note"), member("note", oneOf=[{"maxLength": 900}, {"pattern": "^longer"}]), "form-tightened"),
    ],
)
def test_what_is_asked_seldom_is_probed(old: Edit, new: Edit, name: str) -> None:
    finding = only(compared(shape("request", new), shape("request", old)), name)
    assert finding.severity is Severity.ERROR
    assert finding.proof is not None


def none_fits(schema: dict[str, Any]) -> None:
    """No document can have a member that is not allowed."""
    schema["required"] = [*schema["required"], "gone"]


def another_note(schema: dict[str, Any]) -> None:
    schema["anyOf"] = [{"properties": {"note": {"const": "new"}}, "required": ["note"]}]


def another_id(schema: dict[str, Any]) -> None:
    schema["properties"]["id"]["pattern"] = "^q*$"


HIDDEN = [
    (mask, change, name)
    for mask in (none_fits, another_note, another_id)
    for change, place, name in LOOSENINGS
    if (mask, place) != (another_note, "/note") and (mask, name) != (another_id, "pattern-loosened")  # these are one
]


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(("mask", "change", "name"), HIDDEN)
def test_a_change_that_every_payload_breaks_hides_no_other(direction: str, mask: Edit, change: Edit, name: str) -> None:
    def both(schema: dict[str, Any]) -> None:
        change(schema)
        mask(schema)

    alone, together = compared(shape(direction, change)), compared(shape(direction, both))
    hidden = only(alone, name)
    found = [each for each in together.findings if each.fingerprint == hidden.fingerprint]
    assert [each.severity for each in found] == [Severity.ERROR], told(together)
    assert found[0].proof is not None
    assert found[0].proof.old
    assert bool(found[0].proof.new) <= (mask is none_fits)


@pytest.mark.parametrize(
    "words",
    [
        lambda schema: schema["properties"].update(kind={"anyOf": [{"const": "small"}, {"const": "big"}]}),
        lambda schema: schema["properties"].update(who={"type": "object", "required": ["name"],
                                                        "properties": {"name": {"type": "string"}}}),
        lambda schema: schema.update({"required": ["id"], "allOf": [{"required": ["kind"]}]}),
    ],
)  # fmt: skip
def test_what_is_only_put_in_another_way_breaks_nothing(words: Edit) -> None:
    def both(schema: dict[str, Any]) -> None:
        words(schema)
        none_fits(schema)

    for direction, edit in (("request", words), ("report", words)):
        assert Severity.ERROR not in told(compared(shape(direction, edit))).values()
    found = told(compared(shape("request", both)))
    assert [key for key, severity in found.items() if severity is Severity.ERROR] == [
        ("own/request", "/gone", "member-now-required")
    ]


def test_what_no_payload_shows_is_told_as_such() -> None:
    comparison = compared(shape("request", member("note", minLength=0)))
    assert told(comparison) == {("own/request", "/note", "change-not-shown"): Severity.INFO}


def test_words_for_people_are_no_change() -> None:
    def edit(schema: dict[str, Any]) -> None:
        schema.update(title="Else", description="Else.", required=["kind", "id"])
        schema["properties"]["note"].update({"title": "Else", "x-hint": "Else.", "type": ["string"]})

    comparison = compared(shape("request", edit))
    assert comparison.findings == ()
    assert (comparison.compared, comparison.equal, comparison.payloads) == (5, 5, 0)
    assert comparison.unknown == ""


def test_a_difference_that_no_change_explains_is_not_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mockodp_contracts.changes.versions.changes", lambda old, new: {})
    finding = only(compared(shape("request", require("id", "kind", "note"))), "unexplained")
    assert (finding.contract, finding.place, finding.severity) == ("own/request", "/note", Severity.ERROR)
    assert finding.proof is not None


def test_recorded_payloads_show_what_examples_do_not() -> None:
    change = shape("request", member("id", pattern=ODD))
    assert only(compared(change), "change-not-shown").severity is Severity.WARNING
    sent = {"id": "abab", "kind": "big", "note": "sent on Monday"}
    finding = only(compared(change, recorded=[Recorded(None, sent)]), "pattern-tightened")
    assert finding.proof is not None
    assert finding.proof.payload == {"id": "xxxx", "kind": "big"}
    assert told(compared(change, recorded=[Recorded("event", sent)])) == told(compared(change))


def test_records_and_items_of_the_mock_are_payloads() -> None:
    head = {"id": "0001", "endpoint": "request", "account": "shop", "received_at": "2026-01-02T03:04:05Z"}
    item = {"id": "a"}
    assert list(recorded({**head, "items": [item]})) == [Recorded("request", [item])]
    assert list(recorded({**head, "items": [], "body": {"text": '[{"id": 7}]'}})) == [Recorded("request", [{"id": 7}])]
    assert list(recorded([{**head, "items": [item]}] * 2)) == [Recorded("request", [item])] * 2
    assert list(recorded({"items": [{**head, "index": 0, "item": item}]})) == [Recorded("request", [item])]
    assert list(recorded({"records": [{**head, "items": [item]}]})) == [Recorded("request", [item])]
    assert list(recorded([item])) == [Recorded(None, [item])]


@pytest.mark.parametrize(
    ("said", "payload"),
    [
        ({"accepted": False, "items": [], "item_count": 1}, ABSENT),
        ({"accepted": False, "items": [], "item_count": 1, "body": {"text": '[{"id": 7}]'}}, [{"id": 7}]),
        ({"accepted": False, "items": [], "item_count": 0, "body": {"text": "[]"}}, []),
        ({"accepted": False, "items": [], "item_count": None, "body": {"text": '[{"id": 7}, 8]'}}, ABSENT),
        ({"accepted": False, "items": [], "item_count": None, "body": {"text": '{"id": 7}'}}, ABSENT),
        ({"accepted": False, "items": [], "item_count": None, "body": {"text": "{"}}, ABSENT),
        ({"accepted": False, "items": [], "item_count": None, "body": {"base64": "/w=="}}, ABSENT),
        ({"accepted": True, "items": [], "item_count": 0}, []),
        ({"accepted": True, "items": [{"id": "a"}], "item_count": 1}, [{"id": "a"}]),
        ({"accepted": True, "items": [{"id": "a"}], "item_count": 1, "body": {"base64": "/w=="}}, [{"id": "a"}]),
        ({"accepted": True, "items": [], "item_count": None, "body": {"text": "{}"}}, ABSENT),
        ({"items": [], "body": {"text": "{"}}, ABSENT),
    ],
)
def test_a_refused_record_is_no_empty_batch(said: dict[str, Any], payload: Any) -> None:
    head = {"id": "0001", "endpoint": "request", "account": "shop", "received_at": "2026-01-02T03:04:05Z"}
    assert list(recorded({**head, **said})) == [Recorded("request", payload)]


def test_what_of_the_corpus_is_not_used_is_counted() -> None:
    change = shape("request", require("id"))
    given = [
        Recorded("request", [{"id": "a"}]), Recorded("own/request", {"id": "a"}), Recorded("auth", {}),
        Recorded("request", ABSENT), Recorded(None, {"id": "a"}), Recorded(None, {"shape": "of nothing"}),
        Recorded(None, 7), Recorded(None, {"type": "track", "event": "Order Completed", "properties": {}}),
        Recorded(None, {"identifiers": {}, "type": "x"}),
    ]  # fmt: skip
    assert compared(change, recorded=given).corpus == Corpus(9, 1, 5)
    real = Side("real", catalog())
    assert compare(real, real, given).corpus == Corpus(9, 1, 6)
    assert compared(change).corpus == Corpus()


def test_nothing_to_compare_is_unknown() -> None:
    def empty(found: dict[str, Any]) -> None:
        for schema in found.values():
            if isinstance(schema, dict):
                schema["x-examples"] = {"good": [], "bad": []}

    def changed(found: dict[str, Any]) -> None:
        empty(found)
        require("id")(found["schemas/own/request.json"])

    comparison = compared(changed, empty)
    assert comparison.untried == ("own/request",)
    assert comparison.unknown == "There was no payload to try own/request on."
    none = Comparison("old", "new", 0, 0, 0, (), ())
    assert none.unknown == "There was no contract to compare."


@pytest.mark.parametrize(("change", "place", "name"), [*TIGHTENINGS, *LOOSENINGS])
def test_a_fingerprint_is_that_of_the_change(change: Edit, place: str, name: str) -> None:
    mark = only(compared(shape("request", change)), name).fingerprint

    def elsewhere(schema: dict[str, Any]) -> None:
        schema["properties"] = {"first": {"type": "string"}, **schema["properties"]}
        schema["allOf"] = [{"properties": {"kind": {"minLength": 1}}}]
        schema["x-version"] = "3.1.4"

    def both(schema: dict[str, Any]) -> None:
        elsewhere(schema)
        change(schema)
        schema["description"] = "Else."

    again = compared(shape("request", both), shape("request", elsewhere))
    assert only(again, name).fingerprint == mark
    other = compared(shape("event", change))
    assert only(other, name).fingerprint != mark


@pytest.mark.parametrize("direction", ["request", "report"])
@pytest.mark.parametrize(("change", "place", "name"), [*TIGHTENINGS, *LOOSENINGS])
def test_a_payload_cannot_lose_anything(direction: str, change: Edit, place: str, name: str) -> None:
    old, new = side(), side(shape(direction, change))
    proof = only(compare(old, new), name).proof
    assert proof is not None
    says = _said(old, new, proof.contract, proof.payload)
    assert len(set(says)) == 2
    for smaller in _without_one(proof.payload):
        assert _said(old, new, proof.contract, smaller) != says


def _said(old: Side, new: Side, name: str, payload: Any) -> tuple[frozenset[tuple[str, str]], ...]:
    verdicts = (each.catalog.judge(name)(payload) for each in (old, new))
    return tuple(frozenset((v.rule, v.pointer) for v in verdict.of(Severity.ERROR)) for verdict in verdicts)


def _without_one(value: Any) -> Iterator[Any]:
    """Every document that comes of *value* by leaving one member or item out."""
    parts = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for part in parts:
        less = copy.deepcopy(value)
        del less[part]
        yield less
        for inner in _without_one(value[part]):
            yield {**value, part: inner} if isinstance(value, dict) else [*value[:part], inner, *value[part + 1 :]]


def test_shrinking_shortens_texts_numbers_and_long_arrays() -> None:
    assert shrunk({"a": "x" * 99, "b": [1, 2, 3]}, lambda d: len(d.get("a", "")) > 50) == {"a": "x" * 51}
    assert shrunk([{"n": 7, "m": "abc"}, {"n": -12}], lambda d: len(d) > 0) == [{}]
    assert shrunk({"n": -1234.5}, lambda d: d.get("n", 0) < -10) == {"n": -11}
    assert shrunk(list(range(50)), lambda d: len(d) > 20) == [0] * 21
    long = [{"id": "abc", "more": number} for number in range(600)]
    assert shrunk(long, lambda d: len(d) > 500 and all("id" in each for each in d)) == [{"id": ""}] * 501
    assert shrunk({"b": True}, lambda d: "b" in d) == {"b": True}


def test_shrinking_ends_when_its_room_is_used_up() -> None:
    assert len(shrunk(list(range(5000)), lambda d: len(d) > 4000, 6000)) > 4000


def test_every_name_of_a_change_is_documented_and_regular() -> None:
    assert all(statement.endswith(".") for statement in RULES_OF_CHANGE.values())
    seen = {name for *_, name in (*TIGHTENINGS, *LOOSENINGS)}
    assert seen <= set(RULES_OF_CHANGE)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (member("id", maxLength=10), member("id", maxLength=1)),
        (require("id"), lambda s: (require("id")(s), member("kind", enum=["big"])(s))),
        (member("kind", enum=["big"]), member("kind", enum=["small"])),
        (member("extra", type="string"), member("extra", title="Anything")),
        (
            lambda s: s.update({"if": {"required": ["note"]}, "then": {"required": ["total"]}}),
            lambda s: s.update({"if": {"required": ["tags"]}, "then": {"required": ["total"]}}),
        ),
    ],
)
def test_another_change_at_the_same_place_has_another_fingerprint(first: Edit, second: Edit) -> None:
    marks = [{f.fingerprint for f in compared(shape("request", edit)).findings if f.proof} for edit in (first, second)]
    assert marks[0]
    assert not marks[1] <= marks[0]


def test_a_rule_that_is_tightened_more_has_another_fingerprint() -> None:
    marks = [
        {f.fingerprint for f in compared(rule(schema={"maxLength": most})).findings if f.rule == "rule-tightened"}
        for most in (9, 3)
    ]
    assert not marks[0] & marks[1]


def test_what_goes_wrong_in_one_contract_is_told_and_hides_no_other() -> None:
    def edit(found: dict[str, Any]) -> None:
        require("id", "kind", "note")(found["schemas/own/event.json"])
        member("id", pattern="[")(found["schemas/own/request.json"])
        found["schemas/own/report.json"]["properties"] = ["odd"]
        found["schemas/own/answer.json"]["x-evidence"] = "docs"

    comparison = compared(edit)
    assert told(comparison)["own/event", "/note", "member-now-required"] is Severity.ERROR
    assert comparison.unknown.startswith("Contract 'own/answer': its head lacks something")
    assert "Contract 'own/request' cannot be compiled" in comparison.unknown
    assert "Contract 'own/report' cannot be compared: " in comparison.unknown
    assert "\n" not in comparison.unknown


def test_an_unexpected_mistake_is_told_with_its_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Iterator[Any]:
        yield {"id": "abc", "kind": "big"}
        raise ZeroDivisionError

    monkeypatch.setattr("mockodp_contracts.changes.compatibility.payloads", broken)
    comparison = compared(shape("request", require("id", "kind", "note")))
    said = "Contract 'own/request' cannot be compared: ZeroDivisionError: no more is known."
    assert comparison.unknown == said
    assert only(comparison, "member-now-required").severity is Severity.ERROR


@pytest.mark.parametrize(
    "change",
    [
        member("id", pattern="^[$]*$"),
        lambda s: s.update(propertyNames={"maxLength": 9}),
        lambda s: s.update(dependentRequired={"note": ["total"]}),
        lambda s: s.update({"x-examples": [7]}),
        lambda s: s.update({"x-examples": {"good": [{"value": {}}]}}),
        lambda s: s.update({"allOf": 7}),
        member("id", minLength="much"),
        member("kind", enum=7),
        member("who", **{"$ref": "urn:mockodp:own/nosuch"}),
    ],
)
def test_odd_contracts_are_compared_or_told(change: Edit) -> None:
    """However odd a contract is: nothing is raised, and what is not known is said with its name."""

    def edit(found: dict[str, Any]) -> None:
        shape("request", change)(found)
        shape("event", require("id"))(found)

    comparison = compared(edit)
    assert told(comparison)["own/event", "/kind", "member-no-longer-required"] is Severity.ERROR
    assert comparison.unknown.count("Contract 'own/request'") <= 1
    if not any(finding.contract == "own/request" for finding in comparison.findings):
        assert comparison.unknown.startswith("Contract 'own/request'")


@pytest.mark.parametrize("rules", [[1], {}, 7, [{"name": "odd", "contracts": 7}], [{"name": "x", "evidence": "docs"}]])
def test_rules_that_are_none_are_told(rules: Any) -> None:
    with pytest.raises(BrokenContract, match=r"^(A rule|The rules|Rule )"):
        compared(lambda found: found.update({"rules.json": rules}))


_ALL_EDITS = [*(change for change, *_ in (*TIGHTENINGS, *LOOSENINGS)), forget("note"), member("extra", type="null")]
_EDITS = st.lists(st.sampled_from(_ALL_EDITS), min_size=1, max_size=3)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.text("ab", max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "x"]), inner, max_size=2),
    max_leaves=4,
)
_FRESH = st.fixed_dictionaries(
    {"id": st.text("abz", max_size=5), "kind": st.sampled_from(["big", "small", "huge"])},
    optional=dict.fromkeys(("total", "note", "tags", "who", "extra", "more"), _VALUES),
)


@settings(deadline=None, max_examples=CASES, derandomize=True, suppress_health_check=list(HealthCheck))
@given(edits=_EDITS, direction=st.sampled_from(DIRECTIONS), fresh=st.lists(_FRESH, min_size=20, max_size=40))
def test_what_is_found_agrees_with_a_fresh_set_of_payloads(
    edits: list[Edit], direction: str, fresh: list[dict[str, Any]]
) -> None:
    """A payload that the sides judge differently is never without a finding of that severity; and every proof holds."""

    def edit(schema: dict[str, Any]) -> None:
        for each in edits:
            try:
                each(schema)
            except (KeyError, AttributeError):
                continue  # another edit took away what this one is about

    name = f"own/{direction}"
    old, new = side(), side(shape(direction, edit))
    comparison = compare(old, new)
    rules = {f.rule: f for f in comparison.findings}
    for payload in fresh:
        before, after = _said(old, new, name, payload)
        if bool(before) == bool(after):
            continue
        tightened = bool(after)
        found = [f for f in comparison.findings if f.proof and bool(f.proof.old) != tightened]
        assert found, (payload, told(comparison))
        if tightened == (direction in WRITES_IN):
            assert any(f.severity is Severity.ERROR for f in found)
    assert "unexplained" not in rules
    for finding in comparison.findings:
        if finding.proof:
            one, two = _said(old, new, finding.proof.contract, finding.proof.payload)
            assert (bool(one), bool(two)) == (bool(finding.proof.old), bool(finding.proof.new))
            if one and two:  # what is loosened is hidden by what is tightened elsewhere
                assert not {place for _, place in one} & {place for _, place in two}
            else:
                assert one or two
            json.dumps(finding.proof.payload)
