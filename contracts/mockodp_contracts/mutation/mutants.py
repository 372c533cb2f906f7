"""
Mutants: good examples with one thing broken each. A contract that asks what it says names every one of them.

``python -m mockodp_contracts.mutation.mutants [NAME…]`` counts, for each contract, how many of its mutants the verdict
names by the very rule at the very place; those that it does not name survive. What no mutant breaks is not proved to be
asked at all, so that is named too. Then it tells what contracts of requests let through and should not: see `blind`.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from mockodp_contracts.catalogue import Catalog, Contract, catalog
from mockodp_contracts.errors import UnknownContract
from mockodp_contracts.mutation.blind import Allowed, Blind, Sieve, broken_promises, is_sieved, sieved, stale
from mockodp_contracts.mutation.nursery import ARRIVAL, Mutant, Nursery
from mockodp_contracts.violation import shortened

LEAST: Final = 0.99
"""So much of its mutants each contract must name."""

MOST_SHOWN: Final = 20

KNOWN: Final[Mapping[tuple[str, str], str]] = {
    ("envelopes/batch_custom_event", "urn:mockodp:items/ecommerce_event#/type"): (
        "Only an object is held to this contract: an item of another type is held to the one of custom events."
    ),
}
"""Why a thing that a contract asks for, by contract and location, need not be named or cannot be broken."""


@dataclass(frozen=True, slots=True)
class Score:
    """
    How many mutants of *contract* there are and how many of them its verdict names; the others are *survivors*.

    *unbroken* are the locations of what it asks for and no mutant breaks. *operators* counts killed and all mutants by
    the operator that made them.
    """

    contract: str
    total: int
    killed: int
    survivors: tuple[Mutant, ...]
    unbroken: tuple[str, ...]
    operators: Mapping[str, tuple[int, int]]

    @property
    def unexplained(self) -> tuple[Mutant, ...]:
        """The survivors that have no reason in `KNOWN`."""
        return tuple(mutant for mutant in self.survivors if (self.contract, mutant.location) not in KNOWN)

    @property
    def passed(self) -> bool:
        """Whether enough is named; a contract without mutants never passes, nor one that asks what nothing breaks."""
        known = {location for contract, location in KNOWN if contract == self.contract}
        enough = self.total - len(self.unexplained) >= LEAST * self.total
        return self.total > 0 and enough and known.issuperset(self.unbroken)


def mutants(catalog: Catalog, contract: Contract) -> Iterator[Mutant]:
    """Every mutant of *contract*, each once."""
    nursery, seen = Nursery(catalog, contract), set()
    for constraint in nursery.constraints:
        for mutant in nursery.mutants(constraint):
            key = (orjson.dumps(mutant.document, option=orjson.OPT_SORT_KEYS), mutant.rule, mutant.pointer)
            if key not in seen:
                seen.add(key)
                yield mutant


def unbroken(catalog: Catalog, contract: Contract) -> tuple[str, ...]:
    """The locations of what *contract* asks for and no mutant breaks."""
    nursery = Nursery(catalog, contract)
    broken: dict[str, bool] = {}
    for constraint in nursery.constraints:
        broken[constraint.location] = broken.get(constraint.location) or bool(nursery.mutants(constraint))
    return tuple(location for location, is_broken in broken.items() if not is_broken)


def named(catalog: Catalog, mutant: Mutant) -> bool:
    """Whether the verdict of *catalog* names the very rule that *mutant* breaks, at the very place, and as bad."""
    verdict = catalog.judge(mutant.contract)(mutant.document, ARRIVAL)
    wanted = (mutant.rule, mutant.severity, mutant.pointer)
    return any((v.rule, v.severity, v.pointer) == wanted for v in verdict.violations)


def score(catalog: Catalog, contract: Contract, judged_by: Catalog | None = None) -> Score:
    """How many mutants of *contract* are named by *judged_by*; that is *catalog* itself unless another one is given."""
    killed: Counter[str] = Counter()
    total: Counter[str] = Counter()
    survivors = []
    for mutant in mutants(catalog, contract):
        total[mutant.operator] += 1
        if named(judged_by or catalog, mutant):
            killed[mutant.operator] += 1
        else:
            survivors.append(mutant)
    return Score(
        contract.name,
        total.total(),
        killed.total(),
        tuple(survivors),
        unbroken(catalog, contract),
        {operator: (killed[operator], count) for operator, count in total.items()},
    )


def report(scores: Sequence[Score]) -> Iterator[str]:
    """The lines that tell of *scores*: contracts, operators, then what survived or was not broken, and why."""
    width = max((len(score.contract) for score in scores), default=0)
    for score in scores:
        yield f"{score.contract:{width}}  {_part(score.killed, score.total)}{'' if score.passed else '  FAILED'}"
    yield ""
    for operator in sorted({operator for score in scores for operator in score.operators}):
        parts = [score.operators.get(operator, (0, 0)) for score in scores]
        yield f"{operator:{width}}  {_part(sum(k for k, _ in parts), sum(t for _, t in parts))}"
    yield ""
    yield f"{'all':{width}}  {_part(sum(s.killed for s in scores), sum(s.total for s in scores))}"
    for score in scores:
        yield from _left(score)


def sieve_report(sieves: Sequence[Sieve], old: Sequence[tuple[Allowed, str]], broken: Sequence[str]) -> Iterator[str]:
    """The lines that tell of *sieves*, of the *old* parts of the table of what may pass, and of *broken* promises."""
    width = max((len(sieve.contract) for sieve in sieves), default=0)
    for sieve in sieves:
        said = f"{sieve.total:6} blind  {sieve.allowed:6} allowed  {len(sieve.survivors):6} survived"
        yield f"{sieve.contract:{width}}  {said}{'' if sieve.passed else '  FAILED'}"
    total, allowed = sum(sieve.total for sieve in sieves), sum(sieve.allowed for sieve in sieves)
    survived = sum(len(sieve.survivors) for sieve in sieves)
    yield f"{'all':{width}}  {total:6} blind  {allowed:6} allowed  {survived:6} survived"
    for sieve in sieves:
        yield from _shown("passes, not allowed", sieve.survivors)
        yield from _shown("allowed, does not pass", sieve.refused)
    yield from (f"stale: {part!r} lets nothing through: {entry.reason}" for entry, part in old)
    yield from (f"promise: {sentence}" for sentence in broken)


def main(names: Sequence[str]) -> int:
    """Count the mutants of the contracts of these names, of all without any; the exit code."""
    known = catalog()
    try:
        contracts = [known.find(name) for name in names] or list(known)
    except UnknownContract as error:
        sys.stderr.write(f"{error}\n")
        return 2
    scores = [score(known, contract) for contract in contracts]
    sieves = [sieved(known, contract) for contract in contracts if is_sieved(contract.name)]
    old, broken = ([], []) if names else (stale(sieves), list(broken_promises(known)))
    sys.stdout.writelines(f"{line}\n" for line in report(scores))
    if sieves:
        sys.stdout.writelines(f"{line}\n" for line in ("", *sieve_report(sieves, old, broken)))
    passed = all(score.passed for score in scores) and all(sieve.passed for sieve in sieves)
    return 0 if scores and passed and not old and not broken else 1


def _part(killed: int, total: int) -> str:
    return f"{killed:6} of {total:6} named  {100 * killed / total:6.2f} %" if total else "no mutants"


def _shown(claim: str, mutants: Sequence[Blind]) -> Iterator[str]:
    for mutant in mutants[:MOST_SHOWN]:
        yield f"{claim}: {mutant.contract} {mutant.place or '(document)'} {mutant.operator}, of {mutant.example!r}"
    if len(mutants) > MOST_SHOWN:
        yield f"{claim}: {mutants[0].contract} and {len(mutants) - MOST_SHOWN:,} more"


def _left(score: Score) -> Iterator[str]:
    """What *score* leaves open, a line each."""
    for mutant in score.survivors[:MOST_SHOWN]:
        reason = KNOWN.get((score.contract, mutant.location), "no reason is known")
        yield f"survived: {score.contract} {mutant.pointer or '(document)'} [{mutant.rule}] {mutant.operator}: {reason}"
        yield f"          {mutant.location}: {shortened(mutant.document)}"
    if len(score.survivors) > MOST_SHOWN:
        yield f"survived: {score.contract} and {len(score.survivors) - MOST_SHOWN:,} more"
    for location in score.unbroken:
        yield f"unbroken: {score.contract} {location}: {KNOWN.get((score.contract, location), 'no reason is known')}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
