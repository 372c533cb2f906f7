"""Verification: counts, order, nearest misses, waiting, quiet, and what is not proved."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest

from mockodp.differences import differences
from mockodp.errors import QueryError
from mockodp.journal import Arrivals, GroupCommit, SqliteJournal
from mockodp.verification import Outcome, read_seconds, read_verification, verify
from tests.mockodp.control_api import an_api
from tests.mockodp.records import a_record

T = TypeVar("T")
ADA = {"type": "order", "action": "purchase", "total": "27.5", "user_identifiers": {"email": "ada@example.test"}}
BOB = {"type": "product", "action": "detail", "user_identifiers": {"email": "bob@example.test"}}


class Desk:
    """A journal with its writer, and verifications over it, inside one event loop."""

    def __init__(self, keep_records: int = 1_000) -> None:
        self.journal = SqliteJournal(keep_records=keep_records)
        self.arrivals = Arrivals()
        self.writer = GroupCommit(self.journal, self.arrivals)
        self.looks = 0

    async def ask(self, question: Callable[[], T]) -> T:
        self.looks += 1
        return question()

    async def arrives(self, *items: dict[str, Any], account: str = "shop", **members: Any) -> None:
        await self.writer.commit(a_record(account, *items, **members))

    async def verify(self, **wanted: Any) -> Outcome:
        document = read_verification({"account": "shop", **wanted})
        return await verify(self.ask, self.journal, self.arrivals, document)


def run(scene: Callable[[Desk], Coroutine[Any, Any, T]], keep_records: int = 1_000) -> T:
    async def play() -> T:
        desk = Desk(keep_records)
        try:
            return await scene(desk)
        finally:
            desk.journal.close()

    return asyncio.run(play())


def after_arrival_of(*items: dict[str, Any], **wanted: Any) -> Outcome:
    """The outcome over a journal that holds *items*, one record each."""

    async def scene(desk: Desk) -> Outcome:
        for item in items:
            await desk.arrives(item)
        return await desk.verify(**wanted)

    return run(scene)


@pytest.mark.parametrize(
    ("wanted", "verdict"),
    [
        ({"match": {"type": "order"}}, "pass"),
        ({"type": "order", "action": "purchase"}, "pass"),
        ({"match": {"user_identifiers": {"email": "ada@example.test"}}}, "pass"),
        ({"schema": {"required": ["total"]}}, "pass"),
        ({"schema": {"required": ["total"]}, "match": {"type": "product"}}, "fail"),
        ({"match": {"type": "refund"}}, "fail"),
        ({"match": {}, "count": 2}, "pass"),
        ({"count": 2}, "pass"),
        ({"count": 1}, "fail"),
        ({"count": {"at_least": 2}}, "pass"),
        ({"count": {"at_least": 3}}, "fail"),
        ({"count": {"at_most": 2}}, "pass"),
        ({"count": {"at_most": 1}}, "fail"),
        ({"count": {"at_least": 1, "at_most": 2}}, "pass"),
        ({"type": "order", "count": "none"}, "fail"),
        ({"type": "refund", "count": "none"}, "pass"),
        ({"type": "order", "region": "eu"}, "fail"),
        ({"type": "order", "region": "us", "endpoint": "batch_custom_event"}, "pass"),
        ({"type": "order", "endpoint": "batch_email_event"}, "fail"),
        ({"expectations": [{"type": "order"}, {"type": "product"}], "ordered": True}, "pass"),
        ({"expectations": [{"type": "product"}, {"type": "order"}], "ordered": True}, "fail"),
        ({"expectations": [{"type": "product"}, {"type": "order"}]}, "pass"),
    ],
)
def test_what_was_expected_is_compared_with_what_came(wanted: dict[str, Any], verdict: str) -> None:
    assert after_arrival_of(ADA, BOB, **wanted).verdict == verdict


def test_an_expectation_over_an_empty_account_fails() -> None:
    outcome = after_arrival_of(type="order")
    assert (outcome.verdict, outcome.considered) == ("fail", 0)
    assert outcome.message == "Expected exactly 1, found 0. There is no account 'shop'; known: none yet."


def test_refused_requests_do_not_count() -> None:
    async def scene(desk: Desk) -> Outcome:
        await desk.arrives(ADA, status=415, refusal={"code": "x", "message": "Content type is 'a/b'."}, items=1)
        return await desk.verify(type="order")

    outcome = run(scene)
    assert (outcome.verdict, outcome.considered) == ("fail", 0)
    assert "found 0. A request was refused with 415: Content type is 'a/b'. (" in outcome.message


def test_too_many_names_what_was_found_and_no_misses() -> None:
    outcome = after_arrival_of(ADA, ADA, BOB, type="order")
    (shown,) = outcome.shown()["expectations"]
    assert outcome.message == f"Expected exactly 1, found 2: {', '.join(shown['items'])}."
    assert "nearest" not in shown


def test_an_array_of_another_length_is_nearer_than_none_and_says_so() -> None:
    other, near = {"type": "product"}, {"products": [{"product_id": "a"}, {"product_id": "b"}]}
    outcome = after_arrival_of(other, near, match={"products": [{"product_id": "b"}]})
    nearest = outcome.shown()["expectations"][0]["nearest"]
    assert [miss["item"] for miss in nearest] == [near, other]
    assert nearest[0]["differences"][0]["message"].startswith("expected 1 item, had 2: ")


def test_a_failure_names_all_mismatches_of_the_nearest_items_first() -> None:
    outcome = after_arrival_of(BOB, ADA, match={**ADA, "action": "refund", "total": 27.5, "order_id": "O-1"})
    nearest = outcome.shown()["expectations"][0]["nearest"]
    assert [miss["item"] for miss in nearest] == [ADA, BOB]
    assert nearest[0]["differences"] == [
        {"pointer": "/action", "expected": "refund", "actual": "purchase"},
        {"pointer": "/total", "expected": 27.5, "actual": "27.5"},
        {"pointer": "/order_id", "expected": "O-1"},
    ]


def test_an_object_that_is_not_there_lacks_all_its_members() -> None:
    other = {"type": "product", "action": "detail"}
    near = {**ADA, "user_identifiers": {"email": "ada@example.test", "userId": "u2", "anonymousId": "a2"}}
    match = {"user_identifiers": {"email": "ada@example.test", "userId": "u1", "anonymousId": "a1"}}
    outcome = after_arrival_of(other, near, match=match)
    assert [miss["item"] for miss in outcome.shown()["expectations"][0]["nearest"]] == [near, other]


def test_a_schema_says_its_rule_instead_of_a_value() -> None:
    outcome = after_arrival_of(ADA, schema={"required": ["currency"]})
    (miss,) = outcome.shown()["expectations"][0]["nearest"]
    assert miss["differences"] == [{"pointer": "", "message": '"currency" is a required property', "actual": ADA}]


def test_a_broken_order_names_both_items() -> None:
    outcome = after_arrival_of(ADA, BOB, expectations=[{"type": "product"}, {"type": "order"}], ordered=True)
    assert "Expectation 1 was met by" in outcome.message
    assert "of expectation 0" in outcome.message


def test_waiting_is_woken_by_arrival_and_looks_no_more_often_than_something_came() -> None:
    async def scene(desk: Desk) -> tuple[Outcome, int]:
        waiting = asyncio.create_task(desk.verify(type="order", within="3000s"))
        await asyncio.sleep(0)
        await desk.arrives(BOB)
        await desk.arrives(BOB, account="somebody-else")
        await desk.arrives(ADA)
        return await waiting, desk.looks

    outcome, looks = run(scene)
    assert outcome.verdict == "pass"
    assert looks <= 3


def test_waiting_ends_with_the_time_and_the_nearest_miss() -> None:
    async def scene(desk: Desk) -> Outcome:
        await desk.arrives(BOB)
        return await desk.verify(type="order", within="20ms")

    outcome = run(scene)
    assert outcome.verdict == "fail"
    assert outcome.tallies[0].misses


def test_none_holds_only_when_the_time_is_over() -> None:
    async def scene(desk: Desk) -> Outcome:
        waiting = asyncio.create_task(desk.verify(type="order", count="none", within="3000s"))
        await asyncio.sleep(0)
        await desk.arrives(ADA)
        return await waiting

    assert run(scene).verdict == "fail"


def test_quiet_catches_a_late_extra_and_names_it() -> None:
    async def scene(desk: Desk) -> tuple[Outcome, str]:
        await desk.arrives(ADA)
        waiting = asyncio.create_task(desk.verify(type="order", quiet="3000s"))
        await asyncio.sleep(0)
        await desk.arrives(BOB)
        outcome = await waiting
        return outcome, f"{desk.journal.last_id():016x}.0"

    outcome, late = run(scene)
    assert outcome.verdict == "fail"
    assert outcome.extra == (late,)
    assert late in outcome.message


def test_quiet_passes_when_only_another_account_is_loud() -> None:
    async def scene(desk: Desk) -> Outcome:
        await desk.arrives(ADA)
        waiting = asyncio.create_task(desk.verify(type="order", quiet="30ms"))
        await asyncio.sleep(0)
        await desk.arrives(BOB, account="somebody-else")
        return await waiting

    assert run(scene).verdict == "pass"


@pytest.mark.parametrize("wanted", [{"type": "order"}, {"type": "order", "count": "none"}, {"type": "nothing"}])
def test_over_lost_records_nothing_is_proved(wanted: dict[str, Any]) -> None:
    async def scene(desk: Desk) -> Outcome:
        for _ in range(3):
            await desk.arrives(BOB)
        if wanted.get("count") != "none":
            await desk.arrives(ADA)
        return await desk.verify(**wanted)

    outcome = run(scene, keep_records=2)
    assert outcome.verdict == "unknown"
    assert outcome.dropped == (1 if wanted.get("count") == "none" else 2)
    assert "were dropped, so nothing is proved" in outcome.message


def test_too_many_is_a_failure_also_over_lost_records() -> None:
    async def scene(desk: Desk) -> Outcome:
        for _ in range(3):
            await desk.arrives(ADA)
        return await desk.verify(type="order", count=1)

    assert run(scene, keep_records=2).verdict == "fail"


def test_after_looks_only_at_later_records_and_so_past_the_lost_ones() -> None:
    async def scene(desk: Desk) -> Outcome:
        for _ in range(3):
            await desk.arrives(ADA)
        start = f"{desk.journal.last_id():016x}"
        await desk.arrives(ADA)
        return await desk.verify(type="order", after=start)

    outcome = run(scene, keep_records=2)
    assert (outcome.verdict, outcome.considered) == ("pass", 1)


def test_what_arrives_while_it_looks_is_not_both_found_and_in_excess(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(desk: Desk) -> Outcome:
        await desk.arrives(BOB)
        late = a_record("shop", ADA)
        scan = desk.journal.scan

        def scan_and_arrive(*args: Any, **kwargs: Any) -> Any:
            seen = scan(*args, **kwargs)
            monkeypatch.undo()
            desk.journal.append([desk.journal.pack(late)])
            desk.arrivals.announce(["shop"])
            return seen

        monkeypatch.setattr(desk.journal, "scan", scan_and_arrive)
        return await desk.verify(type="order", within="2s", quiet="20ms")

    assert run(scene).verdict == "pass"


def test_a_miss_that_came_elsewhere_says_so() -> None:
    outcome = after_arrival_of(ADA, type="order", endpoint="batch_email_event")
    (miss,) = outcome.shown()["expectations"][0]["nearest"]
    assert miss["differences"] == [
        {
            "pointer": "",
            "message": "expected at endpoint 'batch_email_event', came to 'batch_custom_event'",
            "actual": "batch_custom_event",
        }
    ]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"within": "2 fortnights"}, "'2 fortnights' is not a time"),
        ({"after": "yesterday"}, "'after' is 'yesterday', expected the id of a record"),
        ({"schema": {"type": "nonsense"}}, "is not a JSON Schema"),
        ({"count": {"at_least": 3, "at_most": 2}}, "no number is both"),
    ],
)
def test_what_makes_no_sense_is_refused_with_words(document: dict[str, Any], words: str) -> None:
    with pytest.raises(QueryError, match=words):
        read_verification({"account": "shop", **document})


@pytest.mark.parametrize(("text", "seconds"), [("200ms", 0.2), ("2s", 2.0), ("1.5s", 1.5), (250, 0.25)])
def test_times_are_read_with_their_unit(text: str | int, seconds: float) -> None:
    assert read_seconds(text) == seconds


@pytest.mark.parametrize(
    ("expected", "actual", "pointers"),
    [
        ({"a": 1}, {"a": 1.0, "b": 2}, []),
        ({"a": 1}, {"a": True}, ["/a"]),
        ({"a": None}, {}, ["/a"]),
        ({"a": None}, {"a": None}, []),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3, "c": 4}]}, ["/a/1/b"]),
        ({"a": [1]}, {"a": [1, 2]}, ["/a"]),
        ({"a": {}}, {"a": {"b": 1}}, []),
        ({"a": []}, {"a": [1]}, ["/a"]),
        ({"a": []}, {"a": []}, []),
        ({"x/y~z": {"q": 1}}, {"x/y~z": {"q": 2}}, ["/x~1y~0z/q"]),
        ({"a": {"b": 1}}, {"a": "b"}, ["/a"]),
    ],
)
def test_differences_name_every_place(expected: Any, actual: Any, pointers: list[str]) -> None:
    assert [difference.pointer for difference in differences(expected, actual)] == pointers


# -- contracts ----------------------------------------------------------------------------------------------------

KEPT = {
    "user_identifiers": {"email": "ada@example.test"}, "type": "order", "action": "purchase",
    "timestamp": "2026-01-02T03:04:05.678Z", "order_id": "O-1", "total": "27.5", "products": [{"product_id": "P-1"}],
}  # fmt: skip
BROKEN = {**KEPT, "order_id": "O-2", "total": 5}


@pytest.mark.parametrize(
    ("wanted", "verdict"),
    [
        ({"verdict": "fail", "count": "none"}, "fail"),
        ({"verdict": "fail"}, "pass"),
        ({"verdict": "pass"}, "pass"),
        ({"contract": "order_completed"}, "pass"),
        ({"contract": "product_viewed", "count": "none"}, "pass"),
        ({"contract": "order_completed", "match": {"order_id": "O-2"}}, "fail"),
    ],
)
def test_an_expectation_may_ask_for_a_verdict_or_a_contract(wanted: dict[str, Any], verdict: str) -> None:
    with an_api() as api:
        api.send(KEPT, BROKEN)
        outcome = api("POST", "/verify", json={"account": "shop", **wanted}).json()
        assert outcome["verdict"] == verdict


def test_a_miss_says_why_the_contract_is_broken() -> None:
    with an_api() as api:
        api.send(BROKEN)
        outcome = api("POST", "/verify", json={"account": "shop", "verdict": "pass"}).json()
        assert outcome["expectations"][0]["nearest"][0]["differences"] == [
            {"pointer": "/total", "message": "expected a text, was 5 [wrong-type]", "actual": "5"}
        ]
        refused = api.refused(400, "POST", "/verify", json={"account": "shop", "contract": "order_complete"})
        assert '"order_complete" is not known. Known: order_completed, ' in refused["message"]
