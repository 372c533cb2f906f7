"""Answers compared, differences explained, cases made small: with packages that are functions, no Node."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

import pytest
from mockodp_harness.parity import comparison
from mockodp_harness.parity.cases import case
from mockodp_harness.parity.comparison import answered, compared, first_difference
from mockodp_harness.parity.running import asked, outcomes, run, small, told
from mockodp_harness.parity.shrinking import shrunk
from mockodp_harness.parity.trees import read, written


class Honest:
    """A package that answers as our engine does, but for what *spoils* an answer."""

    def __init__(self, spoils: Callable[[str, str], str] = lambda _case, answer: answer) -> None:
        self._spoils = spoils
        self._waiting: deque[str] = deque()

    def submit(self, case: str) -> None:
        self._waiting.append(case)

    def take(self) -> bytes:
        case = self._waiting.popleft()
        return self._spoils(case, answered(case)).encode() + b"\n"

    def ask(self, cases: Iterable[str]) -> list[bytes]:
        for each in cases:
            self.submit(each)
        return [self.take() for _ in range(len(self._waiting))]


CASES = [written(case(11, index)) for index in range(120)]


def test_two_that_are_equal_have_no_difference() -> None:
    summary = run(Honest(), CASES)
    assert (summary.differences, summary.shrunk, summary.kinds.total()) == (0, {}, 120)
    assert summary.fates["sent"] > 0
    assert summary.fates.keys() == {"sent", "refused", "not subscribed"}


def test_each_case_is_told_once_and_in_order() -> None:
    assert [outcome.case for outcome in outcomes(Honest(), CASES)] == CASES


def test_a_planted_fault_is_found_and_made_small() -> None:
    def spoils(case: str, answer: str) -> str:
        return answer.replace("Bearer ", "Bearer!") if "Shoes" in case else answer

    event = {"type": "track", "event": "Order Completed", "timestamp": "t", "userId": "u", "properties": {
        "name": "Nike Shoes", "total": 5, "products": [{"product_id": "a"}, {"product_id": "b"}],
    }}  # fmt: skip
    whole = written({"id": "1/1", "kind": "preset", "event": event, "response": {"status": 202}})
    summary = run(Honest(spoils), [whole])
    assert summary.differences == 1
    (outcome,) = summary.shrunk.values()
    assert len(outcome.case) < len(whole) * 0.6
    assert "Shoes" in outcome.case
    assert '"products"' not in outcome.case
    assert told(outcome) == (
        'They differ at /result/requests/0/headers/authorization: ours is "Bearer test-key", the package\'s is '
        '"Bearer!test-key"'
    )


def test_what_our_engine_must_not_raise_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> object:
        raise ZeroDivisionError("planted")

    text = written({"id": "x", "kind": "get", "payload": {}, "path": "a"})
    theirs = answered(text)
    monkeypatch.setattr(comparison, "answer", broken)
    outcome = compared(text, answered(text), theirs)
    assert not outcome.agrees
    assert "Stray" in outcome.ours
    assert "ZeroDivisionError: planted" in outcome.ours


def test_a_small_case_is_one_that_differs_in_the_same_way() -> None:
    def spoils(case: str, answer: str) -> str:
        return answer.replace('"ok":true', '"ok":false') if '"a"' in case and '"b"' in case else answer

    spoilt = Honest(lambda case, answer: '{"id":null,"ok":false,"error":{"name":"E","message":""},"requests":[]}'
                    if spoils(case, answer) != answer else answer)  # fmt: skip
    text = written({"id": "x", "kind": "flatten", "value": {"a": {"c": [1, 2, {"b": "long text"}]}, "d": 5}})
    outcome = small(spoilt, asked(spoilt, [text])[0])
    assert read(outcome.case)["value"] in ({"a": "b"}, {"b": "a"}, ["a", "b"], {"a": {"b": ""}})


def test_shrinking_ends_where_nothing_smaller_differs() -> None:
    tried: list[str] = []

    def never(cases: Iterable[str]) -> int | None:
        tried.extend(cases)
        return None

    tree = {"id": "x", "kind": "get", "payload": {"a": [1, "text"]}, "path": "a"}
    assert shrunk(tree, never) == tree
    assert tried
    assert all(read(each)["kind"] == "get" for each in tried)


def test_shrinking_is_bounded() -> None:
    tried: list[str] = []

    def never(cases: Iterable[str]) -> int | None:
        tried.extend(cases)
        return None

    shrunk({"id": "x", "kind": "get", "payload": [{"a": "text"}] * 500, "path": "a"}, never, tries=100)
    assert len(tried) < 200


@pytest.mark.parametrize(
    ("ours", "theirs", "where"),
    [
        ('{"a":1}', '{"a":1}', None),
        ('{"a":1}', '{"a":1.0}', "/a: ours is the number 1, the package's is the number 1.0"),
        ('{"a":1,"b":2}', '{"b":2,"a":1}', "/: the order of members: ours is ['a', 'b'], the package's is ['b', 'a']"),
        ('{"a":[1]}', '{"a":[1,null]}', "/a/1: ours is absent, the package's is null"),
        ('{"b":"[{\\"x\\":1}]"}', '{"b":"[{\\"x\\":[]}]"}', "/b/0/x: ours is the number 1, the package's is []"),
        ('{"a":"1"}', '{"a":1}', "/a: ours is \"1\", the package's is the number 1"),
        ('{"a":true}', '{"a":1}', "/a: ours is true, the package's is the number 1"),
    ],
)  # fmt: skip
def test_the_first_difference_is_told_by_its_place(ours: str, theirs: str, where: str | None) -> None:
    assert first_difference(read(ours), read(theirs)) == where


FAILING = {"type": "track", "event": "Email Sent", "timestamp": "t", "userId": "u"}


def test_of_several_failures_another_may_be_the_first() -> None:
    lacking = {"subscribe": 'type = "track"', "partnerAction": "customEvent", "mapping": {}}
    every = {"presets": True, "default_actions": ["upsertContact", "emailEvent"], "subscriptions": [lacking]}
    text = written({"id": "x", "kind": "event", "event": FAILING, **every})
    alone = written({"id": "x", "kind": "event", "event": FAILING, "subscriptions": [lacking]})
    ours, theirs = answered(text), answered(alone)
    assert read(ours)["error"] != read(theirs)["error"]
    outcome = compared(text, ours, theirs)
    assert (outcome.agrees, outcome.excepted) == (True, "another failure first")
    assert told(outcome).startswith("They differ as excepted (another failure first): /error/message")


def test_another_failure_that_no_subscription_has_is_a_difference() -> None:
    text = written({"id": "x", "kind": "preset", "event": FAILING})
    theirs = answered(text).replace("missing", "lacking")
    assert not compared(text, answered(text), theirs).agrees


def test_every_exception_says_why() -> None:
    names = [each.name for each in comparison.EXCEPTED]
    assert len(names) == len(set(names)) <= 4
    assert all(each.reason.endswith(".") for each in comparison.EXCEPTED)
