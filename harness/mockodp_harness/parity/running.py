"""
Many cases put to both sides, what came of them counted, and each kind of difference made small.

While the packages answer in a process of their own, our engine answers here.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from mockodp_harness.parity.comparison import Outcome, answered, compared, first_difference, signature
from mockodp_harness.parity.shrinking import shrunk
from mockodp_harness.parity.trees import read, written

AHEAD: Final = 256
SHRUNK: Final = 20  # kinds of differences that are made small
WHOLE: Final = ("action", "batch_action", "event", "batch", "preset")


class Package(Protocol):
    """The published packages, answering cases in order."""

    def submit(self, case: str) -> None: ...

    def take(self) -> bytes: ...

    def ask(self, cases: Iterable[str]) -> Sequence[bytes]: ...


@dataclass
class Summary:
    """What came of many cases."""

    kinds: Counter[str] = field(default_factory=Counter)
    fates: Counter[str] = field(default_factory=Counter)
    excepted: Counter[str] = field(default_factory=Counter)
    differences: int = 0
    shrunk: dict[tuple[Any, ...], Outcome] = field(default_factory=dict)

    def add(self, outcome: Outcome) -> None:
        """Count *outcome*."""
        kind, theirs = outcome.kind, read(outcome.theirs)
        self.kinds[kind] += 1
        if kind in WHOLE:
            self.fates[_fate(theirs)] += 1
        if outcome.excepted:
            self.excepted[outcome.excepted] += 1
        self.differences += not outcome.agrees


def _fate(answer: Any) -> str:
    """What became of the events of a whole case: something was sent, or why nothing was."""
    result = answer["result"] if answer["ok"] else answer
    if result["requests"]:
        return "sent"
    if answer["ok"] and all(each.get("output") == "not subscribed" for each in result["results"]):
        return "not subscribed"
    return "refused"


def outcomes(package: Package, cases: Iterable[str]) -> Iterator[Outcome]:
    """Both answers to each case."""
    waiting: deque[str] = deque()
    for case in cases:
        package.submit(case)
        waiting.append(case)
        if len(waiting) >= AHEAD:
            yield _outcome(package, waiting.popleft())
    while waiting:
        yield _outcome(package, waiting.popleft())


def _outcome(package: Package, case: str) -> Outcome:
    ours = answered(case)
    return compared(case, ours, package.take().decode().rstrip("\n"))


def asked(package: Package, cases: Sequence[str]) -> list[Outcome]:
    """Both answers to each of a few cases."""
    theirs = package.ask(cases)
    return [
        compared(case, answered(case), text.decode().rstrip("\n")) for case, text in zip(cases, theirs, strict=True)
    ]


def run(package: Package, cases: Iterable[str], tick: Callable[[], None] = lambda: None) -> Summary:
    """Compare all *cases*, then make one difference of each kind small; *tick* is called after every case."""
    summary = Summary()
    smallest: dict[tuple[Any, ...], Outcome] = {}
    for outcome in outcomes(package, cases):
        summary.add(outcome)
        tick()
        if not outcome.agrees:
            key = (outcome.kind, *signature(outcome))
            smallest[key] = min(outcome, smallest.get(key, outcome), key=lambda each: len(each.case))
    for key, outcome in list(smallest.items())[:SHRUNK]:
        summary.shrunk[key] = small(package, outcome)
    return summary


def small(package: Package, outcome: Outcome) -> Outcome:
    """The smallest case found that differs as *outcome* does."""
    same = signature(outcome)

    def still_differs(cases: Sequence[str]) -> int | None:
        found = enumerate(asked(package, cases))
        return next((index for index, each in found if not each.agrees and signature(each) == same), None)

    case = written(shrunk(read(outcome.case), still_differs))
    return asked(package, [case])[0]


def told(outcome: Outcome) -> str:
    """Whether both agree on a case, and if not, where they part."""
    if outcome.ours == outcome.theirs:
        return "Both agree."
    where = first_difference(read(outcome.ours), read(outcome.theirs)) or "The texts of both answers differ."
    return f"They differ as excepted ({outcome.excepted}): {where}" if outcome.excepted else f"They differ at {where}"
