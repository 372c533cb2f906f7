"""The faults of a running mock: arms them from documents, finds those that fall on a record, tells how they did."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

import orjson

from mockodp.errors import QueryError
from mockodp.faults.clock import Clocks
from mockodp.faults.model import EVERY_ACCOUNT, Fault
from mockodp.faults.plan import Armed, FaultPlan, Occasion, Strike
from mockodp.faults.reading import makes_no_sense, read_fault
from mockodp.faults.shown import fault_shown
from mockodp.records import Record

ItemTest = Callable[[Any], bool]
_WITHIN: Final = "data"
"""The member of an item in which a custom event keeps what its sender added."""
_MOST_ASKED: Final = 10_000
MOST_ARMED: Final = 10_000
"""More faults than any suite means: it forgets to take its own away."""
_MOST_COMPLAINT: Final = 1_000
ASKED_BY_EVENT: Final = "of the event"
"""The name of a fault that an item asked for without giving it one."""


class Struck(NamedTuple):
    """What falls on a request; *complaint* says why an item that asked for a fault got none."""

    strikes: list[Strike]
    complaint: str | None = None


class Armoury:
    """
    The faults of one mock, and the time in its accounts.

    *test_of* makes a test of single items from the predicate of a match; *keys_account* gives the account of a key.
    """

    def __init__(
        self,
        clocks: Clocks,
        test_of: Callable[[Mapping[str, Any]], ItemTest],
        *,
        member: str = "",
        keys_account: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        self.clocks = clocks
        self.plan = FaultPlan()
        self._test_of = test_of
        self._member = member
        self._keys_account = keys_account
        self._numbers = itertools.count(1)
        self._asked: dict[tuple[str, bytes], FaultPlan] = {}

    @property
    def is_idle(self) -> bool:
        """Whether no request has to be looked at."""
        return self.plan.is_empty and not self._member

    def arm(self, documents: Sequence[Any], place: Callable[[int, str], str] | None = None) -> list[Armed]:
        """
        Arm all of *documents*, or none: `QueryError` with every reason, or if there are too many already.

        *place* tells where a place in the document of an index is; without it a place is told as it is in its own.
        """
        ready: list[tuple[Fault, ItemTest | None]] = []
        reasons: list[Mapping[str, str]] = []
        for index, document in enumerate(documents):
            try:
                ready.append(self._ready(document, f"f{next(self._numbers)}"))
            except QueryError as error:
                reasons += [
                    {**each, "field": place(index, each["field"]) if place else each["field"]} for each in error.reasons
                ]
        if reasons:
            raise makes_no_sense(reasons)
        self._check_room(len(ready))
        return [self._armed(self.plan, fault, test, self.clocks.now_us(fault.account)) for fault, test in ready]

    def strikes(self, record: Record) -> Struck:
        """What falls on the request of *record*."""
        items = cache(record.parsed_items)
        occasion = Occasion(
            account=record.account,
            region=record.region,
            endpoint=record.endpoint,
            items=items,
            now_us=record.at_us,
        )
        found = self.plan.strikes(occasion)
        if not self._member or not all(strike.effect.is_delay_only for strike in found):
            return Struck(found)
        try:
            return Struck(found + self._asked_for(items(), occasion))
        except QueryError as error:
            return Struck(found, f"{self._member} of an item asks for a fault that makes no sense: {error}")

    def shown(self, account: str | None = None) -> list[dict[str, Any]]:
        """Every fault with what it did so far; those that may fall on *account*, with their counts there."""
        return [self.shown_one(armed, account) for armed in self.plan.armed(account)]

    def shown_one(self, armed: Armed, account: str | None = None) -> dict[str, Any]:
        """A fault with what it did so far, in *account* or everywhere."""
        return fault_shown(armed, self.clocks.now_us(account or armed.fault.account), account)

    def found(self, fault_id: str) -> dict[str, Any] | None:
        """The fault of that id as it is shown."""
        return next((self.shown_one(armed) for armed in self.plan.armed() if armed.fault.id == fault_id), None)

    def disarm(self, ids: Iterable[str]) -> list[dict[str, Any]]:
        """Take faults away; those that were there, with what they did."""
        return [self.shown_one(armed) for armed in self.plan.disarm(ids)]

    def disarm_all(self, account: str | None = None) -> list[dict[str, Any]]:
        """Take away the faults of *account* alone, with ``*`` those of every account; without it all there are."""
        return self.disarm([armed.fault.id for armed in self.plan.armed() if account in (None, armed.fault.account)])

    def set_time(self, account: str, now_us: int) -> None:
        """Make it *now_us* in *account*, where what lasts goes on from there."""
        before_us = self.clocks.now_us(account)
        self.clocks.set(account, now_us)
        self._jump(account, before_us)

    def reset_time(self, account: str) -> None:
        """Make it real time in *account*, where what lasts goes on from there."""
        if not self.clocks.is_real(account):
            before_us = self.clocks.now_us(account)
            self.clocks.reset(account)
            self._jump(account, before_us)

    def _jump(self, account: str, before_us: int) -> None:
        now_us = self.clocks.now_us(account)
        self.plan.jump(account, before_us, now_us)
        for (whose, _), plan in self._asked.items():
            if whose == account:
                plan.jump(account, before_us, now_us)

    def forget(self, account: str) -> list[dict[str, Any]]:
        """Take away what belongs to *account*: its faults, what it counted, what its items asked for, its clock."""
        gone = self.disarm_all(account)
        self.plan.forget(account)
        self._asked = {key: plan for key, plan in self._asked.items() if key[0] != account}
        self.clocks.reset(account)
        return gone

    def forget_all(self) -> list[dict[str, Any]]:
        """Take every fault away, and make it real time everywhere."""
        gone = self.disarm_all()
        self._asked.clear()
        self.clocks.reset_all()
        return gone

    def _check_room(self, more: int) -> None:
        count = len(self.plan.armed())
        if count + more > MOST_ARMED:
            reason = (
                f"{count} faults are armed and {more} would be too many: there may be {MOST_ARMED}. "
                "Take away those that are over, such as all of an account."
            )
            raise QueryError(reason, ({"field": "", "reason": reason},))

    def _armed(self, plan: FaultPlan, fault: Fault, test: ItemTest | None, now_us: int) -> Armed:
        return plan.arm(fault, test, now_us, self.clocks.moved() if fault.account == EVERY_ACCOUNT else None)

    def _ready(self, document: Any, fault_id: str) -> tuple[Fault, ItemTest | None]:
        """A fault and its test of items; `QueryError` with every reason."""
        fault = read_fault(document, fault_id)
        if (name := self._keys_account(fault.account)) is not None:
            raise makes_no_sense([{"field": "/account", "reason": f"is a key; its account is {name!r}."}])
        if fault.match.item is None:
            return fault, None
        try:
            return fault, self._test_of(fault.match.item)
        except QueryError as error:
            raise makes_no_sense([{"field": "/match/item", "reason": str(error)}]) from error

    def _asked_for(self, items: Sequence[Any], occasion: Occasion) -> list[Strike]:
        """
        What the first item asks for that gets something: the same wish of one account meets the same fault.

        Several items of a batch may have the same wish; the request is one, and counts once.
        """
        wishes = (wish for wish in map(self._wish_of, items) if wish is not None)
        for told, wish in {orjson.dumps(wish, option=orjson.OPT_SORT_KEYS): wish for wish in wishes}.items():
            key = (occasion.account, told)
            if key not in self._asked:
                self._asked[key] = self._plan_of(wish, occasion)
            if strikes := self._asked[key].strikes(occasion):
                return strikes
        return []

    def _plan_of(self, wish: Any, occasion: Occasion) -> FaultPlan:
        """A plan of the fault that is asked for, alone; room is made by forgetting the oldest wishes."""
        fault, test = self._ready(_wished(wish, occasion.account), f"f{next(self._numbers)}")
        while len(self._asked) >= _MOST_ASKED:
            del self._asked[next(iter(self._asked))]
        plan = FaultPlan()
        self._armed(plan, fault, test, occasion.now_us)
        return plan

    def _wish_of(self, item: Mapping[str, Any]) -> Any:
        """What an item asks for at its root, or within its data; None if nothing."""
        within = item.get(_WITHIN)
        places = (item, within) if isinstance(within, dict) else (item,)
        return next((place[self._member] for place in places if place.get(self._member) is not None), None)


def misunderstood(complaint: str) -> dict[str, Any]:
    """A wish of an item that made no sense, as the record of its request names it."""
    return {"name": ASKED_BY_EVENT, "effect": f"not understood: {complaint[:_MOST_COMPLAINT]}", "answered": None}


def _wished(wish: Any, account: str) -> dict[str, Any]:
    """The fault that an item may ask for: a preset by name, an effect, or all members of a fault but its account."""
    if isinstance(wish, dict) and "account" in wish:
        reason = "is that of the key which the event came with, and cannot be asked for."
        raise makes_no_sense([{"field": "/account", "reason": reason}])
    if isinstance(wish, dict) and not wish.keys() & {"preset", "effect", "sequence"}:
        return {"name": ASKED_BY_EVENT, "effect": wish, "account": account}
    if isinstance(wish, dict):
        named = {} if "preset" in wish else {"name": ASKED_BY_EVENT}
        return {**named, **wish, "account": account}
    return {"preset": wish, "account": account}
