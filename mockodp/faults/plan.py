"""
Which fault falls on which request: the faults that are armed, and what each of them has counted.

The order of arming decides. The first fault that strikes a request does so alone: those armed after it are not asked
about this request, so it counts for none of them, and uses up none of their steps or tokens. Only faults that do no
more than delay are always asked, and their delays add to whatever else happens.

Everything is counted per account, so the same requests of an account meet the same faults however many accounts there
are and however their requests mingle.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final

from mockodp.faults.model import EVERY_ACCOUNT, Budget, Effect, Fault, Step

Meets = Callable[[Any], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """A request as faults see it; *items* gives its items, *now_us* is the time in its account."""

    account: str
    region: str | None
    endpoint: str | None
    items: Callable[[], Sequence[Any]]
    now_us: int


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault that falls on a request: *effect* is what it does, *retry_after* the seconds until its bucket refills."""

    fault: Fault
    effect: Effect
    draw: float
    """A number from 0 to 1 that is the same whenever this request comes again: for whatever has to be drawn."""
    retry_after: int | None = None


@dataclass(slots=True)
class _Tally:
    """What a fault has counted in one account; *level* is what is in its bucket, see `_over_budget`."""

    step_us: int
    """When the step that is due began."""
    met: int = 0
    struck: int = 0
    position: int = 0
    in_step: int = 0
    level: int | None = None
    filled_us: int = 0


@dataclass(slots=True)
class Blocked:
    """How many requests a fault was not asked about, and the fault that struck the last of them."""

    behind: Fault
    count: int = 0


@dataclass(slots=True)
class Armed:
    """A fault, and how it did so far."""

    fault: Fault
    meets: Meets | None
    armed_us: int
    """When it was armed, on the clock of its account; for all accounts, in real time."""
    number: int = 0
    moved: dict[str, int] = field(default_factory=dict)
    """For all accounts: when that was in those whose clock is not real."""
    met: int = 0
    """How many requests its match met while it lasted, before *nth*, *every* and *probability* choose among them."""
    struck: int = 0
    """How many it did something to."""
    tallies: dict[str, _Tally] = field(default_factory=dict)
    blocked: dict[str, Blocked] = field(default_factory=dict)
    """By account: the requests that it would have been asked about, had none before it struck them."""

    def is_over(self, now_us: int) -> bool:
        """Whether it will never strike again, *now_us* in its account; for all accounts, where nothing met it yet."""
        tally = self.tallies.get(self.fault.account) or _Tally(self.armed_us)
        return _due(self, self.fault.account, tally, now_us) is None

    def begun_us(self, account: str) -> int:
        """When it was armed on the clock of *account*."""
        return self.moved.get(account, self.armed_us)

    def has_expired(self, account: str, now_us: int) -> bool:
        """Whether its time is over, *now_us* on the clock of *account*."""
        lifetime_us = self.fault.lifetime_us
        return lifetime_us is not None and now_us - self.begun_us(account) >= lifetime_us

    def jump(self, account: str, from_us: int, to_us: int) -> None:
        """
        Go on as if the clock of *account* had always been as far ahead as it is since it jumped.

        What met no request there yet begins at the new time, so that it makes no difference which came first, the
        fault or the clock; unless it is over, and so it stays.
        """
        tally, begun_us = self.tallies.get(account), self.begun_us(account)
        is_fresh = tally is None and not self.has_expired(account, from_us)
        begun_us = to_us if is_fresh else begun_us + to_us - from_us
        if self.fault.account == EVERY_ACCOUNT:
            self.moved[account] = begun_us
        else:
            self.armed_us = begun_us
        if tally is not None:
            tally.step_us += to_us - from_us
            tally.filled_us += to_us - from_us


class FaultPlan:
    """All faults of a mock, in the order in which they were armed."""

    def __init__(self) -> None:
        self._armed: dict[str, Armed] = {}
        self._of_account: dict[str, list[Armed]] = {}
        self._of_handshakes: list[Armed] = []
        self._count = 0
        self.is_empty = True
        """Whether nothing is armed that could fall on a request."""

    def arm(
        self, fault: Fault, meets: Meets | None = None, now_us: int = 0, moved: Mapping[str, int] | None = None
    ) -> Armed:
        """
        Let *fault* fall on what comes from now on; *meets* decides about single items.

        *now_us* is the time in its account; for all accounts it is real time, but for those in *moved*.
        """
        self._count += 1
        self._armed[fault.id] = armed = Armed(fault, meets, now_us, self._count, dict(moved or {}))
        self._put(armed)
        return armed

    def disarm(self, ids: Iterable[str]) -> list[Armed]:
        """Take faults away; those that were there."""
        gone = [self._armed.pop(each) for each in ids if each in self._armed]
        self._of_account, self._of_handshakes, self.is_empty = {}, [], True
        for armed in self._armed.values():
            self._put(armed)
        return gone

    def forget(self, account: str) -> None:
        """Begin anew for *account*, with the faults that are armed."""
        for armed in self._armed.values():
            armed.tallies.pop(account, None)
            armed.blocked.pop(account, None)
            armed.moved.pop(account, None)

    def jump(self, account: str, from_us: int, to_us: int) -> None:
        """The clock of *account* was set to another time: what lasts goes on from there."""
        for armed in self._asked(account):
            armed.jump(account, from_us, to_us)

    def armed(self, account: str | None = None) -> list[Armed]:
        """All faults, or those that may fall on requests of *account*."""
        known = (None, EVERY_ACCOUNT)
        return [each for each in self._armed.values() if account in known or each.fault.account in (account, *known)]

    def strikes(self, occasion: Occasion) -> list[Strike]:
        """What falls on a request: at most one fault, and delays."""
        found: list[Strike] = []
        striking: Fault | None = None
        for armed in self._asked(occasion.account):
            if striking is not None and not armed.fault.only_delays:
                _block(armed, striking, occasion)
                continue
            strike = _strike(armed, occasion)
            if strike is not None:
                found.append(strike)
                if not strike.effect.is_delay_only:
                    striking = striking or strike.fault
        return found

    def fails_handshake(self, region: str | None, now_us: int) -> Strike | None:
        """What lets a TLS handshake for *region* fail, if anything does; it is counted as a request of everybody."""
        occasion = Occasion(account=EVERY_ACCOUNT, region=region, endpoint=None, items=tuple, now_us=now_us)
        strikes = (_strike(armed, occasion) for armed in self._of_handshakes)
        return next((strike for strike in strikes if strike is not None), None)

    def _asked(self, account: str) -> Sequence[Armed]:
        own, everybodys = self._of_account.get(account, _NONE), self._of_account.get(EVERY_ACCOUNT, _NONE)
        return sorted([*own, *everybodys], key=_ORDER) if own and everybodys else own or everybodys

    def _put(self, armed: Armed) -> None:
        """Where it is looked for, so that a request costs nothing for the faults of other accounts."""
        if armed.fault.fails_handshakes:
            self._of_handshakes.append(armed)
        else:
            self._of_account.setdefault(armed.fault.account, []).append(armed)
            self.is_empty = False


_ORDER: Final = attrgetter("number")
_NONE: Final[Sequence[Armed]] = ()


def _strike(armed: Armed, occasion: Occasion) -> Strike | None:
    """What the fault does to this request, which is counted if its match meets it while the fault lasts."""
    if not _fits(armed, occasion):
        return None
    fault, account, now_us = armed.fault, occasion.account, occasion.now_us
    tally = armed.tallies.get(account)
    if tally is None:
        tally = armed.tallies[account] = _Tally(armed.begun_us(account))
    step = _due(armed, account, tally, now_us)
    if step is None:
        return None
    tally.met, armed.met = tally.met + 1, armed.met + 1
    chance, draw = _draws(fault, account, tally.met)
    if not _is_chosen(fault, tally.met, chance) or not _touches(step.effect, occasion):
        return None
    retry_after = None
    if fault.budget is not None:
        retry_after = _over_budget(fault.budget, tally, now_us)
        if retry_after is None:
            return None
    _use(fault, tally, now_us)
    if step.effect is None:
        return None
    tally.struck, armed.struck = tally.struck + 1, armed.struck + 1
    return Strike(fault, step.effect, draw, retry_after)


def _block(armed: Armed, striking: Fault, occasion: Occasion) -> None:
    """Count a request that another fault took, so that nobody looks for a mistake in the match of this one."""
    account = occasion.account
    if armed.has_expired(account, occasion.now_us) or not _fits(armed, occasion):
        return
    blocked = armed.blocked.setdefault(account, Blocked(striking))
    blocked.behind, blocked.count = striking, blocked.count + 1


def _touches(effect: Effect | None, occasion: Occasion) -> bool:
    """Whether there is anything for an effect to do: one that lets items fail needs one of them."""
    if effect is None or effect.fail is None:
        return True
    count = len(occasion.items())
    return count > 1 if isinstance(effect.fail, str) else any(index < count for index in effect.fail)


def _fits(armed: Armed, occasion: Occasion) -> bool:
    match = armed.fault.match
    return (
        match.region in (None, occasion.region)
        and match.endpoint in (None, occasion.endpoint)
        and (armed.meets is None or any(map(armed.meets, occasion.items())))
    )


def _due(armed: Armed, account: str, tally: _Tally, now_us: int) -> Step | None:
    """The step that the next request would meet; None if the fault is over."""
    fault = armed.fault
    if (
        armed.has_expired(account, now_us)
        or tally.struck == fault.most_requests
        or (fault.match.nth and tally.met >= max(fault.match.nth))
    ):
        return None
    if fault.cycle_us:
        tally.step_us += max(0, now_us - tally.step_us) // fault.cycle_us * fault.cycle_us
    while tally.position < len(fault.steps):
        step = fault.steps[tally.position]
        if step.for_us is None or now_us - tally.step_us < step.for_us:
            return step
        _go_on(fault, tally, tally.step_us + step.for_us)
    return None


def _use(fault: Fault, tally: _Tally, now_us: int) -> None:
    """Count a request in the step that is due; one for so many requests ends with its last."""
    tally.in_step += 1
    if tally.in_step == fault.steps[tally.position].times:
        _go_on(fault, tally, now_us)


def _go_on(fault: Fault, tally: _Tally, at_us: int) -> None:
    tally.position, tally.in_step, tally.step_us = tally.position + 1, 0, at_us
    if tally.position == len(fault.steps) and fault.repeat:
        tally.position = 0


def _draws(fault: Fault, account: str, number: int) -> tuple[float, float]:
    """
    Two numbers from 0 to 1 for a request, the same in each run.

    The name of the account makes a difference only where there may be several: one's own may be a new one each time.
    """
    whose = account if fault.account == EVERY_ACCOUNT else ""
    source = random.Random(f"{fault.match.seed}:{whose}:{number}")  # noqa: S311  no secret
    return source.random(), source.random()


def _is_chosen(fault: Fault, number: int, chance: float) -> bool:
    match = fault.match
    return (
        (not match.nth or number in match.nth)
        and number % match.every == 0
        and (match.probability >= 1 or chance < match.probability)
    )


def _over_budget(budget: Budget, tally: _Tally, now_us: int) -> int | None:
    """
    Seconds until there is a token again; None if there was one, which is taken.

    Counted in whole numbers, so that nothing is lost: a token weighs *per_us*, and each microsecond adds *tokens*.
    """
    full = budget.tokens * budget.per_us
    level = full if tally.level is None else tally.level + max(0, now_us - tally.filled_us) * budget.tokens
    tally.level, tally.filled_us = min(full, level), now_us
    if tally.level >= budget.per_us:
        tally.level -= budget.per_us
        return None
    return max(1, -(-(budget.per_us - tally.level) // (budget.tokens * 1_000_000)))
