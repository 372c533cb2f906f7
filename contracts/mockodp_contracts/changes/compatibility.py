"""
What a change of contracts breaks, proved by payloads that one version takes and the other refuses.

Syntax only tells where to look; what counts is what both sides say of the same payload. `RULES_OF_CHANGE` lists what a
finding may be called. Nothing here knows of git, files or the clock.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from mockodp_contracts.catalog import Direction
from mockodp_contracts.changes.corpus import Recorded, as_bytes, payloads
from mockodp_contracts.changes.facets import Key
from mockodp_contracts.changes.minimal import shrunk
from mockodp_contracts.changes.rules import (
    RULES_OF_CHANGE,
    TIGHTENED,
    advice,
    is_within,
    name,
    names_a_member,
    only_advises,
    told,
)
from mockodp_contracts.changes.sources import Side
from mockodp_contracts.changes.versions import Disagreement, Versions
from mockodp_contracts.errors import BrokenContract
from mockodp_contracts.evidence import Evidence
from mockodp_contracts.judging import Finding as Refusal
from mockodp_contracts.violation import Severity

ARRIVAL: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
"""When payloads arrive if nobody says: some day after those of all examples."""

_SURE: Final = (Evidence.DOCS, Evidence.CLIENT, Evidence.OBSERVED)
_ORDER: Final = list(Severity)


@dataclass(frozen=True, slots=True)
class Proof:
    """A minimal *payload* for *contract*, and what each side says of it: nothing, or why it refuses."""

    contract: str
    payload: Any
    old: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One thing that changed, called *rule*, at *place* of *contract* (a JSON Pointer, ``*`` is any).

    *was* and *now* say what was asked and what is. *seen_in* are the contracts whose payloads show it.
    """

    rule: str
    severity: Severity
    contract: str
    direction: Direction
    place: str
    was: str
    now: str
    fingerprint: str
    proof: Proof | None = None
    seen_in: tuple[str, ...] = ()

    @property
    def statement(self) -> str:
        return RULES_OF_CHANGE[self.rule]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that differs between two sides, worst first within each contract."""

    old: str
    new: str
    compared: int
    equal: int
    payloads: int
    untried: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def unknown(self) -> str:
        """Why nothing can be said, or ``""``."""
        if not self.compared and not self.findings:
            return "There was no contract to compare."
        if self.untried:
            return f"There was no payload to try {', '.join(self.untried)} on."
        return ""


_Blame = tuple[Key, str]
"""A change, and the direction in which it was seen."""


@dataclass(slots=True)
class _Seen:
    """What payloads showed of one change in one direction: the worst and smallest of them, and of which contracts."""

    rank: tuple[int, bool, int, int]
    severity: Severity
    best: Disagreement
    contracts: dict[str, None] = field(default_factory=dict)


def compare(old: Side, new: Side, recorded: Sequence[Recorded] = (), now: datetime = ARRIVAL) -> Comparison:
    """
    Everything that differs between *old* and *new*.

    *recorded* are payloads to try besides those of the contracts; all of them arrive at *now*.
    """
    versions = Versions(old.catalog, new.catalog, now)
    trial = _Trial(versions)
    for each in versions.affected:
        trial.run(each, recorded)
    findings = [*_of_contracts(versions), *trial.shown(), *trial.unseen()]
    findings += _of_version_numbers(versions, findings)
    return Comparison(
        old.origin, new.origin, len(versions.both), len(versions.both) - len(versions.affected), trial.payloads,
        tuple(trial.untried), tuple(sorted(findings, key=_order)),
    )  # fmt: skip


def fingerprint(key: Key, direction: str) -> str:
    """What a finding is known by across commits: nothing of it depends on versions, values or payloads."""
    return hashlib.sha256("\n".join((*key, direction)).encode()).hexdigest()[:16]


class _Trial:
    """Payloads judged by both sides, and what they show."""

    def __init__(self, versions: Versions) -> None:
        self.payloads = 0
        self.untried: list[str] = []
        self._versions = versions
        self._seen: dict[_Blame, _Seen] = {}

    def run(self, contract: str, recorded: Sequence[Recorded]) -> None:
        """Note what payloads for *contract* show."""
        before = self.payloads
        for payload in payloads(self._versions.catalogs, contract, self._versions.changes, recorded):
            self.payloads += 1
            if disagreement := self._versions.disagreement(contract, payload):
                self._note(disagreement)
        if self.payloads == before:
            self.untried.append(contract)

    def shown(self) -> Iterator[Finding]:
        """The findings that payloads prove."""
        for blame, seen in self._seen.items():
            key, direction = blame
            rule = name(key, self._versions.changes.get(key), direction)
            proof = self._proof(blame, seen)
            yield replace(self._finding(blame, rule, seen.severity), proof=proof, seen_in=tuple(seen.contracts))

    def unseen(self) -> Iterator[Finding]:
        """Changes that no payload shows: rules that only advise, and others."""
        changes, seen = self._versions.changes, {key for key, _ in self._seen}
        members = [key for key in seen if names_a_member(changes.get(key))]
        for key, change in changes.items():
            if key not in seen and not any(is_within(key, member) for member in members):
                rule = advice(change) if only_advises(change) else "change-not-shown"
                yield self._finding((key, "unseen"), rule, Severity.INFO)

    def _note(self, disagreement: Disagreement) -> None:
        contract, size = disagreement.contract, len(as_bytes(disagreement.payload))
        for blame, severity in self._blames(disagreement).items():
            rank = (_ORDER.index(severity), contract != blame[0].contract, len(disagreement.refusals), size)
            seen = self._seen.setdefault(blame, _Seen(rank, severity, disagreement))
            seen.contracts[contract] = None
            if rank < seen.rank:
                seen.rank, seen.severity, seen.best = rank, severity, disagreement

    def _blames(self, disagreement: Disagreement | None) -> dict[_Blame, Severity]:
        """The changes that make the sides disagree, each with how bad that is."""
        found: dict[_Blame, Severity] = {}
        if disagreement is None:
            return found
        for refusal in disagreement.refusals:
            for key in self._versions.blamed(disagreement, refusal):
                blame = (key, disagreement.direction)
                severity = self._severity(disagreement, refusal)
                found[blame] = min(severity, found.get(blame, severity), key=_ORDER.index)
        return found

    def _severity(self, disagreement: Disagreement, refusal: Refusal) -> Severity:
        """How bad it is that the sides disagree for the reason *refusal*."""
        refuser, tightened = disagreement.refuser, disagreement.direction == TIGHTENED
        if self._versions.direction(disagreement.contract) in ("request", "event"):
            sure = tightened or refuser.violation(refusal, disagreement.payload).evidence in _SURE
            return Severity.ERROR if sure else Severity.WARNING
        only_more = refuser.keyword(refusal) in ("additionalProperties", "properties")
        return Severity.INFO if tightened or only_more else Severity.ERROR

    def _proof(self, blame: _Blame, seen: _Seen) -> Proof:
        """The smallest payload about which the sides disagree in the same way, and for no other reason."""
        contract, allowed = seen.best.contract, self._blames(seen.best).keys()

        def holds(payload: Any) -> bool:
            blames = self._blames(self._versions.disagreement(contract, payload))
            return blames.get(blame) is seen.severity and blames.keys() <= allowed

        payload = shrunk(seen.best.payload, holds)
        return Proof(contract, payload, *self._versions.said(contract, payload))

    def _finding(self, blame: _Blame, rule: str, severity: Severity) -> Finding:
        key, direction = blame
        was, now = told(key, self._versions.changes.get(key))
        of = self._versions.direction(key.contract)
        return Finding(rule, severity, key.contract, of, key.place, was, now, fingerprint(key, direction))


def _of_contracts(versions: Versions) -> Iterator[Finding]:
    """What happened to contracts as a whole."""
    old, new = versions.catalogs
    for gone in sorted(set(old.names) - set(new.names)):
        yield _of_contract(versions, gone, "contract-removed", Severity.ERROR, ("there", "gone"))
    for come in sorted(set(new.names) - set(old.names)):
        yield _of_contract(versions, come, "contract-added", Severity.INFO, ("absent", "there"))
    for both in versions.both:
        was, now = old[both].direction, new[both].direction
        if was != now:
            yield _of_contract(versions, both, "direction-changed", Severity.ERROR, (was, now))


def _of_version_numbers(versions: Versions, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Contracts whose version does not tell what happened to them."""
    worst: dict[str, Severity] = {}
    for finding in findings:
        worst[finding.contract] = min(worst.get(finding.contract, Severity.INFO), finding.severity, key=_ORDER.index)
    for contract in sorted(worst.keys() & set(versions.both)):
        was, now = (catalog[contract].version for catalog in versions.catalogs)
        if worst[contract] is Severity.ERROR and _numbers(contract, now)[0] <= _numbers(contract, was)[0]:
            yield _of_contract(versions, contract, "version-not-major", Severity.ERROR, (was, now))
        elif _numbers(contract, now) <= _numbers(contract, was):
            yield _of_contract(versions, contract, "version-not-bumped", Severity.WARNING, (was, now))


def _of_contract(versions: Versions, contract: str, rule: str, severity: Severity, told: tuple[str, str]) -> Finding:
    of, mark = versions.direction(contract), fingerprint(Key(contract, "", "", rule), "")
    return Finding(rule, severity, contract, of, "", *told, mark)


def _numbers(contract: str, version: str) -> tuple[int, ...]:
    try:
        major, minor, patch = (int(part) for part in version.split("."))
    except (ValueError, AttributeError):
        raise BrokenContract(f"Contract {contract!r}: x-version is {version!r}, expected such as 1.2.0.") from None
    return major, minor, patch


def _order(finding: Finding) -> tuple[str, int, bool, str, str]:
    """By contract, the worst first; what is said of a contract as a whole last."""
    whole = finding.rule.startswith("version-")
    return finding.contract, _ORDER.index(finding.severity), whole, finding.place, finding.fingerprint
