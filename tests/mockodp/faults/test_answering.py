"""What a fault makes of an answer, and how long it holds one back: plain functions of what struck."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockodp.answers import Answer
from mockodp.faults import Effect, FaultPlan, Occasion, Strike, Wire, read_fault
from mockodp.faults.answering import faulted, leaves_record, phrase, seconds, sent, told, words
from mockodp.faults.model import Delay

GOOD = Answer(201, b"{}")
AT_US = 1_767_323_045_678_000


def a_strike(effect: dict[str, Any], **members: Any) -> Strike:
    """What falls on the first request of a fault."""
    plan = FaultPlan()
    plan.arm(read_fault({"account": "shop", "name": "bad", "effect": effect, **members}, "f1"))
    (strike,) = plan.strikes(Occasion(account="shop", region="us", endpoint=None, items=lambda: [{}, {}], now_us=0))
    return strike


def delay_of(said: Any) -> Delay:
    delay = a_strike({"delay": said}).effect.delay
    assert delay is not None
    return delay


@pytest.mark.parametrize(
    ("said", "by_draw"),
    [
        ("1.5s", {0.0: 1.5, 0.5: 1.5, 1.0: 1.5}),
        (250, {0.3: 0.25}),
        ({"uniform": ["100ms", "300ms"]}, {0.0: 0.1, 0.25: 0.15, 0.5: 0.2, 1.0: 0.3}),
        ({"median": "200ms", "sigma": 0.5}, {0.5: 0.2, 0.8413447460685429: 0.2 * 2.718281828459045**0.5}),
        ({"percentiles": {"50": "80ms", "90": "160ms", "99": "2s"}},
         {0.0: 0.08, 0.5: 0.08, 0.7: 0.12, 0.9: 0.16, 0.945: 1.08, 0.99: 2.0, 1.0: 2.0}),
        ({"percentiles": {"0": 0, "100": "1s"}}, {0.0: 0.0, 0.123: 0.123, 1.0: 1.0}),
        ({"percentiles": {"50": "1s"}}, {0.0: 1.0, 0.5: 1.0, 1.0: 1.0}),
    ],
)  # fmt: skip
def test_a_delay_is_drawn_from_its_distribution(said: Any, by_draw: dict[float, float]) -> None:
    delay = delay_of(said)
    assert {draw: seconds(delay, draw) for draw in by_draw} == pytest.approx(by_draw)


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_higher_draw_never_gives_a_shorter_delay(one: float, other: float) -> None:
    low, high = sorted((one, other))
    for said in ({"uniform": [5, 50]}, {"median": 20, "sigma": 5}, {"percentiles": {"10": 1, "50": 1, "99.9": 70}}):
        delay = delay_of(said)
        assert 0 <= seconds(delay, low) <= seconds(delay, high)


def test_an_effect_that_only_touches_the_wire_leaves_the_answer_alone() -> None:
    for effect in ({"wire": "half_body"}, {"delay": 5}):
        assert faulted(GOOD, a_strike(effect), items=1, status=201, at_us=AT_US) is GOOD


def test_retry_after_is_that_of_the_effect_before_that_of_the_bucket_and_a_header_before_both() -> None:
    def headers(effect: dict[str, Any], waits: int | None) -> dict[bytes, bytes]:
        strike = a_strike(effect)
        strike = Strike(strike.fault, strike.effect, strike.draw, waits)
        return dict(faulted(GOOD, strike, items=1, status=201, at_us=AT_US).headers)

    assert b"retry-after" not in headers({"status": 429}, None)
    assert headers({"status": 429}, 7)[b"retry-after"] == b"7"
    assert headers({"status": 429, "retry_after": 2}, 7)[b"retry-after"] == b"2"
    assert headers({"status": 429, "retry_after": 0}, None)[b"retry-after"] == b"0"
    spelled = headers({"status": 429, "headers": {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}}, 7)
    assert spelled[b"retry-after"] == b"Wed, 21 Oct 2026 07:28:00 GMT"


def test_207_answers_item_by_item_with_the_status_that_accepted_ones_have() -> None:
    strike = a_strike({"status": 207, "fail": [0, 7], "fail_status": 429})
    document = orjson.loads(faulted(GOOD, strike, items=3, status=202, at_us=AT_US).body)
    assert document == {
        "results": [
            {"index": 0, "status": 429, "message": "Too Many Requests"},
            {"index": 1, "status": 202},
            {"index": 2, "status": 202},
        ]
    }


def test_a_fault_that_is_not_to_be_named_answers_neutrally() -> None:
    strike = a_strike({"status": 503})
    named, neutral = (
        orjson.loads(faulted(GOOD, strike, items=1, status=201, at_us=AT_US, is_named=each).body)["detail"]["message"]
        for each in (True, False)
    )
    assert (named, neutral) == ("The fault 'bad' of the mock was asked to answer so.", "Service Unavailable.")


@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_status_without_a_body_gets_none(status: int) -> None:
    assert faulted(GOOD, a_strike({"status": status}), items=1, status=201, at_us=AT_US).body == b""


@pytest.mark.parametrize(("status", "phrased"), [(429, "Too Many Requests"), (529, "Overloaded"), (599, "Status 599")])
def test_every_status_has_a_phrase(status: int, phrased: str) -> None:
    assert phrase(status) == phrased


def test_a_strike_is_told_in_words() -> None:
    effect = {"status": 503, "delay": "1.25s", "wire": "stall_after_headers", "wire_for": "90s"}
    assert words(a_strike(effect)) == "status 503, delay 1.25 s, stall after headers 90 s"
    assert words(a_strike({"wire": "lost_answer"})) == "lost answer"


@pytest.mark.parametrize(
    ("wires", "seen", "answered", "kept"),
    [
        ([None], "201", 201, True),
        ([Wire.DRIP], "201", 201, True),
        ([None, Wire.RESET], "RST", None, False),
        ([None, Wire.LOST_ANSWER], "RST", None, True),
        ([Wire.GARBAGE, None], "???", None, True),
    ],
)
def test_all_faults_of_a_request_tell_of_the_same_answer(
    wires: list[Wire | None], seen: str, answered: int | None, kept: bool
) -> None:
    fault = a_strike({"delay": 1}).fault
    strikes = [Strike(fault, Effect(wire=wire) if wire else Effect(delay=delay_of(1)), 0.0) for wire in wires]
    assert sent(strikes, GOOD) == seen
    assert [each["answered"] for each in told(strikes, GOOD)] == [answered] * len(wires)
    assert leaves_record(strikes) is kept
