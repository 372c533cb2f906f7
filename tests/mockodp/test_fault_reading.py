"""A fault that makes no sense is refused, with every reason, its place, and what is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonschema_rs
import pytest

from mockodp.errors import QueryError
from mockodp.faults import PRESETS, Clocks, Fault, Wire, armoury, read_fault
from mockodp.faults.armoury import Armoury
from mockodp.faults.schema import FAULT
from mockodp.faults.shown import words
from mockodp.verification import item_test

OK = {"status": 503}


def fault(**told: Any) -> dict[str, Any]:
    return {"account": "shop", **told}


def refused(document: Any) -> list[tuple[str, str]]:
    """The place and the reason of everything that is wrong with a fault."""
    with pytest.raises(QueryError) as caught:
        Armoury(Clocks(), item_test).arm([document])
    assert all(set(reason) == {"field", "reason"} for reason in caught.value.reasons)
    return [(reason["field"], reason["reason"]) for reason in caught.value.reasons]


@pytest.mark.parametrize(
    ("document", "place", "part"),
    [
        (7, "", 'is not of type "object"'),
        ({"effect": OK}, "", '"account" is a required property'),
        (fault(effect=OK, colour=1), "", "Member 'colour' is not known here. Known: account, budget, effect, expires,"),
        (fault(effekt=OK), "", "Member 'effekt' is not known here. Did you mean 'effect'?"),
        (fault(effect={"statu": 503}), "/effect", "Did you mean 'status'? Known: body, delay, fail, fail_status,"),
        (fault(effect={}), "/effect", "has less than 1 property"),
        (fault(effect={"status": 199}), "/effect/status", "199 is less than the minimum of 200"),
        (fault(effect={"status": 600}), "/effect/status", "600 is greater than the maximum of 599"),
        (fault(effect={"status": "503"}), "/effect/status", 'is not of type "integer"'),
        (fault(effect={"wire": "rest"}), "/effect/wire", '"rest" is not known. Known: reset, lost_answer, stall,'),
        (fault(effect={"delay": "11"}), "/effect/delay", "'200ms', '11s' or '4h'"),
        (fault(effect={"delay": {"uniform": ["1s"]}}), "/effect/delay", '{"uniform": ["1s", "3s"]}'),
        (fault(effect={**OK, "headers": {"a b": "c"}}), "/effect/headers", "Expected: names of letters, digits"),
        (fault(effect={**OK, "headers": {"a": "b\r\nc: d"}}), "/effect/headers/a", "Expected: printable ASCII"),
        (fault(effect={**OK, "location": "/a b"}), "/effect/location", "Expected: a URL or a path"),
        (fault(effect={"status": 207, "fail": "second"}), "/effect/fail", "Expected: 'every second', or a list"),
        (fault(preset="429-strom"), "/preset", f"Known: {', '.join(PRESETS)}."),
        (fault(effect=OK, match={"probability": 2}), "/match/probability", "2 is greater than the maximum of 1"),
        (fault(effect=OK, match={"probability": 0}), "/match/probability", "0 is less than or equal to the minimum"),
        (fault(effect=OK, match={"nth": 0}), "/match/nth", "Expected: a whole number counted from 1, or a list"),
        (fault(effect=OK, match={"nth": []}), "/match/nth", "Expected: a whole number counted from 1, or a list"),
        (fault(effect=OK, match={"endpoint": "batch"}), "/match/endpoint", "Known: auth, batch_custom_event,"),
        (fault(effect=OK, match={"region": "us1"}), "/match/region", '"us1" is not known. Known: us, eu, au.'),
        (fault(effect=OK, match={"item": {}}), "/match/item", "has less than 1 property"),
        (fault(effect=OK, match={"item": {"contract": "ordr"}}), "/match/item/contract", "order"),
        (fault(effect=OK, match={"item": {"schema": {"type": "x"}}}), "/match/item", "schema"),
        (fault(effect=OK, account="a/b"), "/account", "An account's name, or '*' for every account."),
        (fault(effect=OK, name=""), "/name", "Expected: 1 to 80 letters"),
        (fault(effect=OK, budget={"requests": 1}), "/budget", '"per" is a required property'),
        (fault(effect=OK, expires={}), "/expires", "has less than 1 property"),
        (fault(sequence=[]), "/sequence", "has less than 1 item"),
        (fault(sequence=[{"effect": {"statu": 1}}]), "/sequence/0/effect", "Did you mean 'status'?"),
        (fault(sequence=[{"times": 1}]), "/sequence/0", '"effect" is a required property'),
    ],
)
def test_a_wrong_shape_is_told_with_its_place(document: Any, place: str, part: str) -> None:
    assert [(field, part in reason) for field, reason in refused(document)] == [(place, True)]


@pytest.mark.parametrize(
    ("told", "place", "part"),
    [
        ({}, "", "neither of effect and sequence"),
        ({"effect": OK, "sequence": [{"effect": OK}]}, "", "both of effect and sequence"),
        ({"effect": OK, "repeat": True}, "/repeat", "without a sequence"),
        ({"sequence": [{"effect": None}]}, "/sequence", "no effect in any"),
        ({"sequence": [{"effect": OK, "times": 1, "for": "1s"}]}, "/sequence/0", "both times and for"),
        ({"sequence": [{"effect": OK, "for": 0}], "repeat": True}, "/sequence/0/for", "1ms or more"),
        ({"effect": {"body": "x"}}, "/effect/body", "without a status"),
        ({"effect": {"wire": "reset", "status": 503}}, "/effect/status", "'reset' leaves no answer"),
        ({"effect": {"wire": "garbage", **OK}}, "/effect/status", "'garbage' leaves no answer"),
        ({"effect": {**OK, "fail": [0]}}, "/effect/fail", "goes with status 207, not 503"),
        ({"effect": {**OK, "fail_status": 400}}, "/effect/fail_status", "goes with status 207, not 503"),
        ({"effect": {"status": 207, "fail_status": 400}}, "/effect/fail_status", "without fail"),
        ({"effect": {"status": 207, "fail": [0], "body": 1}}, "/effect/body", "fail, which makes the body"),
        ({"effect": {"status": 207, "fail": [0]}, "match": {"endpoint": "auth"}}, "/effect/fail", "has none"),
        ({"effect": {"status": 301}}, "/effect/status", "a redirect (301) without a location"),
        ({"effect": {"status": 201, "location": "/x"}}, "/effect/location", "goes with a redirect"),
        ({"effect": {"status": 204, "body": 1}}, "/effect/body", "status 204, which has none"),
        ({"effect": {"status": 304, "wire": "half_body"}}, "/effect/wire", "status 304 has none"),
        ({"effect": {**OK, "headers": {"Content-Length": "1"}}}, "/effect/headers/Content-Length", "server's own"),
        (
            {"effect": {**OK, "retry_after": 1, "headers": {"Retry-After": "2"}}},
            "/effect/headers/Retry-After",
            "beside",
        ),
        ({"effect": {**OK, "wire_for": "1s"}}, "/effect/wire_for", "goes with wire drip, stall, stall_after_headers"),
        ({"effect": {"wire": "reset", "wire_for": "1s"}}, "/effect/wire_for", "not 'reset'"),
        ({"effect": {"delay": {"uniform": ["2s", "1s"]}}}, "/effect/delay/uniform", "begins after its end"),
        ({"effect": {"delay": {"percentiles": {"50": "2s", "99": "1s"}}}}, "/effect/delay/percentiles", "shorter"),
        ({"effect": {"wire": "tls_failure"}}, "/account", "expected '*'"),
        ({"account": "*", "effect": {"wire": "tls_failure", "delay": "1s"}}, "/effect/delay", "before the TLS"),
        ({"account": "*", "effect": {"wire": "tls_failure"}, "match": {"endpoint": "auth"}}, "/match/endpoint", "TLS"),
        ({"account": "*", "sequence": [{"effect": {"wire": "tls_failure"}}, {"effect": OK}]}, "/sequence", "mixes"),
        ({"effect": OK, "match": {"endpoint": "auth", "item": {"type": "x"}}}, "/match/item", "has no items"),
        ({"effect": OK, "match": {"nth": [3, 5], "every": 2}}, "/match/nth", "can meet nothing"),
        ({"effect": OK, "match": {"item": {"type": "a", "match": {"type": "b"}}}}, "/match/item/type", "meet nothing"),
        ({"effect": OK, "match": {"item": {"schema": False}}}, "/match/item/schema", "can meet nothing"),
        ({"effect": OK, "budget": {"requests": 1, "per": 0}}, "/budget/per", "is 0"),
        ({"effect": OK, "expires": {"after": "0s"}}, "/expires/after", "is 0"),
        ({"effect": {**OK, "headers": {"A": "1", "a": "2"}}}, "/effect/headers/a", "is given twice"),
        ({"effect": {**OK, "headers": {"X-Mockodp-Fault": "1"}}}, "/effect/headers/X-Mockodp-Fault", "the mock's own"),
        ({"effect": {**OK, "body": "", "wire": "half_body"}}, "/effect/wire", "that of this effect is empty"),
        (
            {"effect": {"delay": {"percentiles": {"50": "1s", "50.0": "2s"}}}},
            "/effect/delay/percentiles",
            "has the same percentile twice",
        ),
        (
            {"sequence": [{"effect": None, "times": 2}, {"effect": OK}], "match": {"nth": [3, 7]}},
            "/match/nth",
            "can strike nothing: sequence has no effect on the first 2 it chooses",
        ),
        (
            {"sequence": [{"effect": None, "for": "1h"}, {"effect": OK}], "expires": {"after": "60m"}},
            "/sequence",
            "has no effect before the fault expires after '60m'",
        ),
    ],
)
def test_what_contradicts_itself_or_can_meet_nothing_is_refused(told: dict[str, Any], place: str, part: str) -> None:
    assert jsonschema_rs.is_valid(FAULT, fault(**told)), "its shape is right"
    assert [(field, part in reason) for field, reason in refused(fault(**told))] == [(place, True)]


@pytest.mark.parametrize(
    "told",
    [
        {"sequence": [{"effect": None, "times": 2}, {"effect": OK}], "match": {"nth": [3, 7, 8]}},
        {"sequence": [{"effect": None, "for": "59m"}, {"effect": OK}], "expires": {"after": "1h"}},
        {"sequence": [{"effect": OK}, {"effect": None, "for": "5h"}], "expires": {"after": "1h"}},
        {"effect": {**OK, "body": "", "wire": "long_length"}},
    ],
)
def test_what_just_strikes_is_armed(told: dict[str, Any]) -> None:
    assert read_fault(fault(**told), "f1").said == fault(**told)


def test_a_whole_number_may_have_a_point_and_a_body_keeps_it() -> None:
    effect = {"status": 503.0, "retry_after": 2.0, "body": {"total": 2.0}}
    read = read_fault(fault(effect=effect, match={"nth": [2.0], "seed": 1.0}), "f1")
    (step,) = read.steps
    assert step.effect is not None
    assert repr((step.effect.status, step.effect.retry_after, step.effect.body)) == "(503, 2, {'total': 2.0})"
    assert repr((read.match.nth, read.match.seed)) == "((2,), 1)"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"match": {"every": 2}}, "status 503; only every 2nd"),
        ({"match": {"every": 13}}, "status 503; only every 13th"),
        ({"match": {"every": 123}}, "status 503; only every 123rd"),
        ({"budget": {"requests": 1, "per": "1s"}}, "status 503; over 1 request in 1s"),
    ],
)
def test_a_fault_is_told_in_words(told: dict[str, Any], said: str) -> None:
    assert words(read_fault(fault(effect=OK, **told), "f1")) == said


def test_there_is_an_end_to_arming(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(armoury, "MOST_ARMED", 3)
    faults = Armoury(Clocks(), item_test)
    first, *_ = faults.arm([fault(effect=OK)] * 2)
    with pytest.raises(QueryError, match=r"2 faults are armed and 2 would be too many: there may be 3. Take away"):
        faults.arm([fault(effect=OK)] * 2)
    assert len(faults.shown()) == 2
    faults.disarm([first.fault.id])
    assert len(faults.arm([fault(effect=OK)] * 2)) == 2


def test_everything_that_is_wrong_is_told_at_once() -> None:
    wrong = {"status": 503, "fail": [1], "location": "/x", "wire_for": "1s"}
    assert {place for place, _ in refused(fault(effect=wrong, repeat=True))} == {
        "/effect/fail", "/effect/location", "/effect/wire_for", "/repeat",
    }  # fmt: skip


def test_of_several_faults_all_are_armed_or_none() -> None:
    armoury = Armoury(Clocks(), item_test)
    with pytest.raises(QueryError) as caught:
        armoury.arm([fault(effect=OK), fault(preset="x"), fault(repeat=True)], lambda index, field: f"/{index}{field}")
    assert {reason["field"] for reason in caught.value.reasons} == {"/1/preset", "/2", "/2/repeat"}
    assert armoury.is_idle
    assert [armed.fault.name for armed in armoury.arm([fault(effect=OK, name="a"), fault(preset="half-batch")])] == [
        "a", "half-batch",
    ]  # fmt: skip


def read(**told: Any) -> Fault:
    return read_fault(fault(**told), "f7")


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_a_fault_that_anyone_could_write(name: str) -> None:
    preset = PRESETS[name]
    by_hand, by_name = read(**preset.fault), read(preset=name)
    assert (by_hand.name, by_name.name) == ("f7", name)
    assert (by_hand.match, by_hand.steps, by_hand.budget) == (by_name.match, by_name.steps, by_name.budget)
    assert by_name.said == {"account": "shop", "preset": name}
    assert len(preset.source) > 20


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"sequence": [{"effect": {"wire": "reset"}}]}, {"repeat": False, "most_requests": None}),
        ({"expires": {"requests": 3}}, {"repeat": True, "most_requests": 3}),
        ({"name": "storm"}, {"name": "storm", "repeat": True}),
        ({"repeat": False}, {"repeat": False}),
    ],
)
def test_members_beside_a_preset_replace_its_own(more: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    found = read(preset="429-storm", **more)
    assert {name: getattr(found, name) for name in expected} == expected


def test_an_effect_beside_a_preset_is_laid_over_its_own() -> None:
    (step,) = read(preset="slow-11s", effect={"wire_for": "3s"}).steps
    assert (step.effect and step.effect.wire, step.effect and step.effect.wire_s) == ("stall", 3)
    storm = read(preset="429-storm", effect={"retry_after": 7})
    assert [step.effect and (step.effect.status, step.effect.retry_after) for step in storm.steps] == [(429, 7), None]
    assert storm.repeat


def test_a_ready_sequence_is_not_replaced_by_one_effect() -> None:
    with pytest.raises(QueryError, match="/effect/status: cannot replace the sequence of preset 'flap-4h': write a"):
        read(preset="flap-4h", effect={"status": 500})


def test_what_a_preset_matches_is_narrowed_member_by_member() -> None:
    narrowed = read(preset="odp-rates", match={"region": "eu"}).match
    assert (narrowed.region, narrowed.endpoint) == ("eu", "batch_upsert_contact")
    assert read(preset="flap-4h", expires={"requests": 2}).lifetime_us == 4 * 3_600_000_000


@pytest.mark.parametrize(
    ("told", "seconds"), [("200ms", 0.2), ("1.5s", 1.5), ("2m", 120), ("1h", 3600), ("1d", 86_400), (250, 0.25)]
)
def test_a_duration_has_a_unit_or_is_in_milliseconds(told: Any, seconds: float) -> None:
    (step,) = read(effect={"wire": "stall", "wire_for": told}).steps
    assert step.effect is not None
    assert (step.effect.wire, step.effect.wire_s) == (Wire.STALL, seconds)
