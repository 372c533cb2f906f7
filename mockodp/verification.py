"""
Did the mock get what was expected? One code for the HTTP API, the Python client and the command line.

An `Expectation` says which items count (a partial JSON value, a JSON Schema, endpoint, region), and how many of them
there must be. A `Verification` joins expectations, with an order between them, a time to wait for arrivals, and a
quiet time in which nothing else may come.

The verdict over lost records is ``unknown``, never ``pass``: what fell out of the journal may have been the proof.
"""

from __future__ import annotations

import asyncio
import heapq
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import jsonschema_rs
from mockodp_contracts import Severity, UnknownContract, Violation, catalog
from mockodp_contracts.judging import Judge

from mockodp.differences import Difference, differences
from mockodp.errors import QueryError
from mockodp.journal import AccountInfo, Arrivals, Journal, Query, RowFilter, is_last
from mockodp.journal.index import words_of
from mockodp.journal.search import scan
from mockodp.judgement import Word
from mockodp.records import Record, address, answered_range, id_number, id_text

Verdict = Literal["pass", "fail", "unknown"]
Ask = Callable[[Callable[[], Any]], Awaitable[Any]]
Woken = Callable[["asyncio.Future[None]", float], Awaitable[bool]]

NEAREST: Final = 3
_LOOKED_AT_FOR_MISSES: Final = 1_000
_FOREVER: Final = 10**9
_CHUNK: Final = 200
_ASKED: Final = 100
_COSTLY_SECONDS: Final = 0.005
_LONGEST_BREATH_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Count:
    """How many items there must be, from *least* to *most*."""

    least: int
    most: int

    def met_by(self, count: int) -> bool:
        return self.least <= count <= self.most

    def __str__(self) -> str:
        if self.most == 0:
            return "none"
        if self.least == self.most:
            return f"exactly {self.least}"
        return (
            f"at least {self.least}"
            if self.most == _FOREVER
            else (f"at most {self.most}" if self.least == 0 else f"{self.least} to {self.most}")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """Which items count, and how many there must be."""

    match: Any = None
    schema: Mapping[str, Any] | bool | None = None
    contract: str | None = None
    """The contract that an item must pass, by its name."""
    verdict: Word | None = None
    """What the contract of the item's endpoint must say of it."""
    answered: tuple[int, int] | None = None
    """The least and the most of the status that went out, a fault or not; 0 is none."""
    endpoint: str | None = None
    region: str | None = None
    count: Count = Count(1, 1)

    def judge(self) -> Callable[[Record, Any], list[Difference]]:
        """A function that says where an item of a record falls short."""
        validator = _validator(self.schema) if self.schema is not None else None
        contract = _judge(self.contract) if self.contract is not None else None

        def short(record: Record, item: Any) -> list[Difference]:
            found = differences(self.match, item) if self.match is not None else []
            if validator is not None:
                found += [_of_schema(error) for error in validator.iter_errors(item)]
            if contract is not None:
                found += [_of_violation(error) for error in contract(item).of(Severity.ERROR)]
            if self.verdict is not None:
                found += _of_verdict(self.verdict, record, item)
            return found + _of_answer(self.answered, record)

        return short


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What is to be verified for one account."""

    account: str
    expectations: tuple[Expectation, ...]
    ordered: bool = False
    within_s: float = 0.0
    quiet_s: float = 0.0
    after: int = 0


@dataclass(slots=True)
class Tally:
    """What was found for one expectation."""

    expectation: Expectation
    found: list[tuple[int, int]] = field(default_factory=list)
    misses: list[tuple[int, tuple[int, int], list[Difference], Any]] = field(default_factory=list)

    @property
    def met(self) -> bool:
        return self.expectation.count.met_by(len(self.found))

    @property
    def beyond_repair(self) -> bool:
        """More came than may come: no later arrival can mend it."""
        return len(self.found) > self.expectation.count.most

    def shown(self) -> dict[str, Any]:
        count = len(self.found)
        shown: dict[str, Any] = {
            "expected": str(self.expectation.count),
            "found": count,
            "met": self.met,
            "items": [address(*place) for place in self.found[:100]],
        }
        if not self.met and not self.beyond_repair:
            shown["nearest"] = [
                {"id": address(*place), "differences": [d.shown() for d in short], "item": item}
                for _, place, short, item in sorted(self.misses, key=lambda miss: (-miss[0], miss[1]))
            ]
        return shown


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to a verification: verdict, why, and what it rests on."""

    verdict: Verdict
    message: str
    considered: int
    dropped: int
    tallies: tuple[Tally, ...]
    through: int
    """Id of the newest record that was looked at."""
    extra: tuple[str, ...] = ()

    def shown(self) -> dict[str, Any]:
        """As the control API answers."""
        return {
            "verdict": self.verdict,
            "message": self.message,
            "considered": self.considered,
            "dropped": self.dropped,
            "expectations": [tally.shown() for tally in self.tallies],
            "extra": list(self.extra),
        }


async def verify(
    ask: Ask, journal: Journal, arrivals: Arrivals, wanted: Verification, woken: Woken | None = None
) -> Outcome:
    """
    The outcome, at the latest when the time to wait and the quiet time are over. Woken by arrival, never by a clock.

    Counts with an upper bound of their own ("none", "at most") are only known to hold when the time is over. *woken*
    waits for an arrival so many seconds; it may give up earlier.
    """
    woken = woken or _woken
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wanted.within_s
    while True:
        arrival = arrivals.next(wanted.account)
        started = loop.time()
        try:
            outcome: Outcome = await ask(lambda: look(journal, wanted))
            cost = loop.time() - started
            if _is_settled(outcome) or not await woken(arrival, deadline - loop.time()):
                break
        finally:
            arrivals.forget(wanted.account, arrival)
        await _breathe(cost, deadline - loop.time())
    if outcome.verdict == "pass" and wanted.quiet_s:
        return await _quiet(ask, journal, arrivals, wanted, outcome, woken=woken)
    return outcome


async def _breathe(cost: float, left: float) -> None:
    """After a costly look wait as long as it took, so that many arrivals share one look."""
    if cost > _COSTLY_SECONDS and left > 0:
        await asyncio.sleep(min(cost, left, _LONGEST_BREATH_SECONDS))


async def _quiet(
    ask: Ask, journal: Journal, arrivals: Arrivals, wanted: Verification, outcome: Outcome, *, woken: Woken
) -> Outcome:
    """The outcome after nothing came for the quiet time; a failure that names what came if something did."""
    arrival = arrivals.next(wanted.account)
    try:
        later = await ask(lambda: _later(journal, wanted, outcome.through))
        if not later:
            await woken(arrival, wanted.quiet_s)
            later = await ask(lambda: _later(journal, wanted, outcome.through))
    finally:
        arrivals.forget(wanted.account, arrival)
    if not later:
        return outcome
    extra = tuple(address(r.id, index) for r in later for index in range(r.items or 0)) or (id_text(later[0].id),)
    named = f"{', '.join(extra[:NEAREST])}{' and more' if len(extra) > NEAREST else ''}"
    return replace(
        outcome,
        verdict="fail",
        message=f"Expected {wanted.quiet_s * 1000:g} ms of quiet, but something else arrived: {named}.",
        extra=extra[:100],
    )


def _later(journal: Journal, wanted: Verification, through: int) -> list[Record]:
    return journal.scan(RowFilter(account=wanted.account), after=through, descending=False, limit=100)


def look(journal: Journal, wanted: Verification) -> Outcome:
    """The outcome as the journal stands now, up to the newest record of this moment."""
    newest = journal.scan(RowFilter(account=wanted.account), after=None, descending=True, limit=1)
    through = newest[0].id if newest else 0
    tallies = tuple(_tally(journal, wanted, expectation, through) for expectation in wanted.expectations)
    info = journal.account(wanted.account)
    dropped = info.dropped_records if info and info.dropped_through > wanted.after else 0
    problem = _problem(tallies, ordered=wanted.ordered)
    if problem:
        problem += _hint(journal, wanted, info) + _hint_of_faults(journal, tallies)
    verdict: Verdict = "fail" if problem else "pass"
    message = problem or "As expected."
    if dropped and not any(tally.beyond_repair for tally in tallies):
        verdict = "unknown"
        message = (
            f"{dropped} older records of account {wanted.account!r} were dropped, so nothing is proved. Of what is "
            f"left: {message}"
        )
    considered = journal.count(RowFilter(account=wanted.account, accepted=True), after=wanted.after)
    return Outcome(verdict, message, considered, dropped, tallies, through)


def _hint(journal: Journal, wanted: Verification, info: AccountInfo | None) -> str:
    """Why that may be, where the journal knows: no such account, or requests that were refused."""
    if info is None:
        known = [each.name for each in journal.accounts()][:10]
        return f" There is no account {wanted.account!r}; known: {', '.join(known) or 'none yet'}."
    refused = RowFilter(account=wanted.account, accepted=False)
    count = journal.count(refused, after=wanted.after)
    last = journal.scan(refused, after=None, descending=True, limit=1) if count else []
    if not last or last[0].refusal is None:
        return ""
    what = "A request was refused with" if count == 1 else f"{count} requests were refused, the last with"
    return f" {what} {last[0].status}: {last[0].refusal['message']} ({id_text(last[0].id)})"


def _hint_of_faults(journal: Journal, tallies: Sequence[Tally]) -> str:
    """That more came than may come since a fault let its sender believe that it had not."""
    surplus = next((tally for tally in tallies if tally.beyond_repair), None)
    if surplus is None or surplus.expectation.answered is not None:
        return ""
    records = (journal.get(record_id) for record_id in dict.fromkeys(place[0] for place in surplus.found[:_ASKED]))
    answers = [record.answered or "none" for record in records if record and record.answered != record.status]
    if not answers:
        return ""
    what = "One of the requests was" if len(answers) == 1 else f"{len(answers)} of the requests were"
    seen = ", ".join(map(str, dict.fromkeys(answers)))
    return f" {what} answered otherwise by a fault ({seen}): answered '2xx' counts only those that were not."


def _tally(journal: Journal, wanted: Verification, expectation: Expectation, through: int) -> Tally:
    """Count the items that meet *expectation* and keep the nearest of those that do not."""
    tally = Tally(expectation)
    short_of = expectation.judge()
    rows = RowFilter(account=wanted.account, region=expectation.region, endpoint=expectation.endpoint, accepted=True)
    words = words_of(expectation.match) if expectation.match is not None else set()
    for record, index, item in _items(journal, rows, wanted.after, words):
        if record.id > through:
            break
        short = short_of(record, item)
        if short:
            _keep_near(tally, (record.id, index), short, item)
        else:
            tally.found.append((record.id, index))
    if not tally.met and not tally.misses:
        _look_for_misses(journal, wanted, tally, short_of)
    return tally


def _items(journal: Journal, rows: RowFilter, after: int, words: set[str]) -> Iterator[tuple[Record, int, Any]]:
    cursor: int | None = after or None
    while True:
        records = journal.scan(rows, after=cursor, descending=False, limit=_CHUNK, tokens=words)
        for record in records:
            for index, item in enumerate(record.parsed_items()):
                yield record, index, item
        if is_last(records, _CHUNK):
            return
        cursor = records[-1].id


def _look_for_misses(
    journal: Journal, wanted: Verification, tally: Tally, short_of: Callable[[Record, Any], list[Difference]]
) -> None:
    """What was looked at had no near miss: there may be one among the latest items of other words or elsewhere."""
    rows = RowFilter(account=wanted.account, accepted=True)
    looked_at = 0
    for record in scan(journal, Query(rows=rows, descending=True), None):
        if looked_at >= _LOOKED_AT_FOR_MISSES or record.id <= wanted.after:
            return
        elsewhere = _elsewhere(record, tally.expectation)
        for index, item in enumerate(record.parsed_items()):
            short = elsewhere + short_of(record, item)
            if short:
                _keep_near(tally, (record.id, index), short, item)
            looked_at += 1


def _elsewhere(record: Record, expectation: Expectation) -> list[Difference]:
    """Where the record came to another place than expected."""
    wanted = {"endpoint": (expectation.endpoint, record.endpoint), "region": (expectation.region, record.region)}
    return [
        Difference("", None, came, f"expected at {name} {place!r}, came to {came!r}")
        for name, (place, came) in wanted.items()
        if place is not None and place != came
    ]


def _keep_near(tally: Tally, place: tuple[int, int], short: list[Difference], item: Any) -> None:
    distance = sum(difference.weight for difference in short)
    heapq.heappush(tally.misses, (-distance, place, short, item))
    if len(tally.misses) > NEAREST:
        heapq.heappop(tally.misses)


def _problem(tallies: Sequence[Tally], *, ordered: bool) -> str | None:
    """What is wrong, in one sentence; None if nothing is."""
    unmet = [
        f"expected {tally.expectation.count} of expectation {number}, found {len(tally.found)}"
        if len(tallies) > 1 else f"expected {tally.expectation.count}, found {len(tally.found)}"
        for number, tally in enumerate(tallies) if not tally.met
    ]  # fmt: skip
    if unmet:
        many = [tally for tally in tallies if tally.beyond_repair]
        named = f": {', '.join(address(*place) for place in many[0].found[:NEAREST])}" if many else ""
        return f"E{'; '.join(unmet)[1:]}{named}."
    return _out_of_order(tallies) if ordered else None


def _out_of_order(tallies: Sequence[Tally]) -> str | None:
    """Each expectation's first item must come after the first item of the one before it."""
    last, last_number = (0, -1), -1
    for number, tally in enumerate(tallies):
        later = [place for place in tally.found if place > last]
        if tally.found and not later:
            return (
                f"Expectation {number} was met by {address(*tally.found[-1])}, which came before "
                f"{address(*last)} of expectation {last_number}."
            )
        if later:
            last, last_number = later[0], number
    return None


def _is_settled(outcome: Outcome) -> bool:
    """Whether waiting longer cannot change the outcome, or need not."""
    if any(tally.beyond_repair for tally in outcome.tallies):
        return True
    if outcome.verdict != "pass":
        return outcome.verdict == "unknown"  # what was dropped does not come back
    return all(_is_reached(tally.expectation.count) for tally in outcome.tallies)


def _is_reached(count: Count) -> bool:
    """A count that is met as soon as its least is; others must hold until the time is over."""
    return count.most == _FOREVER or (count.least == count.most and count.most > 0)


async def _woken(arrival: asyncio.Future[None], seconds: float) -> bool:
    """Whether something arrived in time."""
    if seconds <= 0:
        return False
    done, _ = await asyncio.wait({arrival}, timeout=seconds)
    return bool(done)


def _validator(schema: Mapping[str, Any] | bool) -> Any:
    try:
        return jsonschema_rs.validator_for(schema if isinstance(schema, bool) else dict(schema), offline=True)
    except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        raise QueryError(f"The schema of an expectation is not a JSON Schema: {error}") from None


def _of_schema(error: Any) -> Difference:
    pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in error.instance_path)
    return Difference(pointer, None, error.instance, error.message)


def _judge(name: str) -> Judge:
    try:
        return catalog().judge(catalog().find(name).name)
    except UnknownContract as error:
        raise QueryError(f"The contract of an expectation is not known: {error}") from None


def _of_violation(violation: Violation) -> Difference:
    said = f"expected {violation.expected}, was {violation.came} [{violation.rule}]"
    return Difference(violation.pointer, None, violation.came, said)


def _of_verdict(wanted: Word, record: Record, item: Any) -> list[Difference]:
    """Why the contract of the endpoint says something else of *item* than *wanted*."""
    errors = catalog().judge(f"envelopes/{record.endpoint}")([item]).of(Severity.ERROR)
    if wanted == "fail":
        return [] if errors else [Difference("", None, "pass", "expected to break its contract, and keeps it")]
    return [_of_violation(replace(error, pointer=error.pointer.removeprefix("/0"))) for error in errors]


def _of_answer(wanted: tuple[int, int] | None, record: Record) -> list[Difference]:
    """Why something else than *wanted* went out."""
    came = record.answered
    if wanted is None or wanted[0] <= came <= wanted[1]:
        return []
    expected = str(wanted[0] or "none") if wanted[0] == wanted[1] else f"{wanted[0] // 100}xx"
    because = ", ".join(fault["name"] for fault in record.faults if "id" in fault)
    said = f"expected to be answered {expected}, was {came or 'none'}{f' by fault {because}' if because else ''}"
    return [Difference("", None, came or None, said)]


# -- from JSON ---------------------------------------------------------------------------------------------------


def read_verification(document: Mapping[str, Any]) -> Verification:
    """A verification from its JSON, already checked against its schema; `QueryError` for what a schema cannot say."""
    listed = document.get("expectations")
    expectations = tuple(_read_expectation(one) for one in (listed if listed is not None else [document]))
    after = document.get("after")
    if after is not None and id_number(after) is None:
        raise QueryError(f"'after' is {after!r}, expected the id of a record, such as '019a3f0c2b400001'.")
    return Verification(
        account=document["account"],
        expectations=expectations,
        ordered=document.get("ordered", False),
        within_s=read_seconds(document.get("within", 0)),
        quiet_s=read_seconds(document.get("quiet", 0)),
        after=id_number(after) or 0 if after else 0,
    )


def read_seconds(value: float | str) -> float:
    """Seconds from ``"200ms"``, ``"2s"`` or a number of milliseconds."""
    if isinstance(value, str):
        found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s)", value.strip())
        if not found:
            raise QueryError(f"{value!r} is not a time. Expected a number and its unit, such as '200ms' or '2s'.")
        return float(found[1]) / (1000 if found[2] == "ms" else 1)
    return value / 1000


def _read_expectation(document: Mapping[str, Any]) -> Expectation:
    match = document.get("match")
    for name in ("type", "action"):
        if name in document:
            match = {**(match or {}), name: document[name]}
    expectation = Expectation(
        match=match,
        schema=document.get("schema"),
        contract=document.get("contract"),
        verdict=document.get("verdict"),
        answered=answered_range(document["answered"]) if "answered" in document else None,
        endpoint=document.get("endpoint"),
        region=document.get("region"),
        count=_read_count(document.get("count", 1)),
    )
    if expectation.schema is not None:
        _validator(expectation.schema)
    if expectation.contract is not None:
        _judge(expectation.contract)
    return expectation


def item_test(document: Mapping[str, Any]) -> Callable[[Any], bool]:
    """Whether an item meets a predicate: *match*, *schema*, *type*, *action*, *contract* of an expectation."""
    expectation = _read_expectation(document)
    short = expectation.judge()
    nothing = Record(0, "", "", None, "", "", 0, 0, 0, b"", b"", b"", None)
    return lambda item: not short(nothing, item)


def _read_count(value: float | str | Mapping[str, float]) -> Count:
    if isinstance(value, str):
        return Count(0, 0)  # "none", as the schema has it
    if not isinstance(value, Mapping):
        value = {"exactly": value}
    if "exactly" in value:
        return Count(int(value["exactly"]), int(value["exactly"]))
    least, most = int(value.get("at_least", 0)), int(value.get("at_most", _FOREVER))
    if least > most:
        raise QueryError(f"The count asks for at least {least} and at most {most}: no number is both.")
    return Count(least, most)
