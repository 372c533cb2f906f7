"""
What a change of contracts breaks, proved by payloads that one version takes and the other refuses.

Syntax only tells where to look; what counts is what both sides say of the same payload, and why: each change is looked
at on its own, so that one cannot hide another. `RULES_OF_CHANGE` lists what a
finding may be called. Nothing here knows of git, files or the clock.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from mockodp_contracts.catalogue import Direction
from mockodp_contracts.changes.corpus import Recorded, as_bytes, payloads
from mockodp_contracts.changes.facets import Key, canonical
from mockodp_contracts.changes.minimal import shrunk
from mockodp_contracts.changes.repository import Uncommitted
from mockodp_contracts.changes.rules import (
    RULES_OF_CHANGE,
    TIGHTENED,
    advice,
    is_within,
    may_break,
    name,
    names_a_member,
    only_advises,
    told,
)
from mockodp_contracts.changes.sources import Side
from mockodp_contracts.changes.versions import Disagreement, Versions, number, trouble
from mockodp_contracts.evidence import Evidence
from mockodp_contracts.judging import Finding as Refusal
from mockodp_contracts.recognised import recognised
from mockodp_contracts.violation import Severity

ARRIVAL: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
"""When payloads arrive if nobody says: some day after those of all examples."""

_SURE: Final = (Evidence.DOCS, Evidence.CLIENT, Evidence.OBSERVED)
_ORDER: Final = list(Severity)


@dataclass(frozen=True, slots=True)
class Proof:
    """
    A minimal *payload* for *contract*, and what each side says of it: nothing, or why it refuses.

    Where both refuse it, the new side does so only for other changes, which are findings of their own.
    """

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
class Corpus:
    """How many payloads were recorded, how many of them cannot be read, and how many fit no contract."""

    recorded: int = 0
    unreadable: int = 0
    unrecognised: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that differs between two sides, worst first within each contract; *uncommitted* is on neither."""

    old: str
    new: str
    compared: int
    equal: int
    payloads: int
    untried: tuple[str, ...]
    findings: tuple[Finding, ...]
    corpus: Corpus = Corpus()
    uncommitted: Uncommitted | None = None
    broken: tuple[str, ...] = ()

    @property
    def unknown(self) -> str:
        """Why not all can be said, or ``""``; *broken* has a sentence for each contract that cannot be compared."""
        if not self.compared and not self.findings and not self.broken:
            return "There was no contract to compare."
        untried = [f"There was no payload to try {', '.join(self.untried)} on."] if self.untried else []
        return " ".join([*self.broken, *untried])


_Blame = tuple[Key, str]
"""A change, and the direction in which it was seen."""


@dataclass(slots=True)
class _Seen:
    """What payloads showed of one change in one direction: the worst and smallest of them, and of which contracts."""

    rank: tuple[int, bool, bool, int, int]
    severity: Severity
    best: Disagreement
    contracts: dict[str, None] = field(default_factory=dict)


def compare(old: Side, new: Side, recorded: Sequence[Recorded] = (), now: datetime = ARRIVAL) -> Comparison:
    """
    Everything that differs between *old* and *new*.

    *recorded* are payloads to try besides those of the contracts; all of them arrive at *now*.
    """
    versions = Versions(old.catalog, new.catalog, now)
    readable = [each for each in recorded if each.is_readable]
    trial = _Trial(versions)
    for each in versions.affected:
        trial.run(each, readable)
    findings = [*_of_contracts(versions), *trial.shown(), *trial.unseen()]
    unrecognised = sum(not _is_recognised(versions, each, trial.broken) for each in readable)
    findings += _of_version_numbers(versions, findings)
    return Comparison(
        old.origin, new.origin, len(versions.both), len(versions.both) - len(versions.affected), trial.payloads,
        tuple(trial.untried), tuple(sorted(findings, key=_order)),
        Corpus(len(recorded), len(recorded) - len(readable), unrecognised), new.uncommitted,
        tuple(dict.fromkeys(trial.broken.values())),
    )  # fmt: skip


def _is_recognised(versions: Versions, of: Recorded, broken: Mapping[str, str]) -> bool:
    """Whether a contract is meant by what was recorded, or one that differs takes it."""
    if of.endpoint is not None:
        names = {name for catalog in versions.catalogs for name in catalog.names}
        return of.endpoint in names | {name.rpartition("/")[2] for name in names}
    if any(recognised(catalog, of.payload) in catalog.names for catalog in versions.catalogs):
        return True
    known = [name for name in versions.affected if name not in broken]
    return any(not side.refusals(n, of.payload) for n in known for side in (versions.old, versions.new))


def fingerprint(key: Key, direction: str, sense: bytes) -> str:
    """
    What a finding is known by across commits: the place, what was asked there and what is, of which *sense* tells.

    Nothing of it depends on commits, on other changes or on payloads; but for what is unexplained, where the place is
    that in the payload.
    """
    digest = hashlib.sha256("\n".join((*key, direction, "")).encode())
    digest.update(sense)
    return digest.hexdigest()[:16]


class _Trial:
    """Payloads judged by both sides, and what they show."""

    def __init__(self, versions: Versions) -> None:
        self.payloads = 0
        self.untried: list[str] = []
        self.broken = {**versions.old.broken, **versions.new.broken}
        self._versions = versions
        self._seen: dict[_Blame, _Seen] = {}

    def run(self, contract: str, recorded: Sequence[Recorded]) -> None:
        """Note what payloads for *contract* show; where that cannot go on, what was seen before still counts."""
        try:
            self._run(contract, recorded)
        except Exception as error:  # whatever a contract may hold: it is unknown what it breaks, and told
            self.broken.setdefault(contract, trouble(contract, error))

    def _run(self, contract: str, recorded: Sequence[Recorded]) -> None:
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
            if key in seen or any(is_within(key, member) for member in members):
                continue
            if only_advises(change):
                yield self._finding((key, "unseen"), advice(change), Severity.INFO)
            else:
                doubtful = may_break(change, self._versions.direction(key.contract))
                severity = Severity.WARNING if doubtful else Severity.INFO
                yield self._finding((key, "unseen"), "change-not-shown", severity)

    def _note(self, disagreement: Disagreement) -> None:
        contract, size = disagreement.contract, len(as_bytes(disagreement.payload))
        for blame, severity in self._blames(disagreement).items():
            away = contract != blame[0].contract
            rank = (_ORDER.index(severity), disagreement.masked, away, len(disagreement.refusals), size)
            seen = self._seen.setdefault(blame, _Seen(rank, severity, disagreement))
            seen.contracts[contract] = None
            if rank < seen.rank:
                seen.rank, seen.severity, seen.best = rank, severity, disagreement

    def _blames(self, disagreement: Disagreement) -> dict[_Blame, Severity]:
        """The changes that make the sides disagree, each with how bad that is."""
        found: dict[_Blame, Severity] = {}
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
        contract, allowed, masked = seen.best.contract, self._blames(seen.best).keys(), seen.best.masked

        def holds(payload: Any) -> bool:
            disagreement = self._versions.disagreement(contract, payload)
            if disagreement is None or disagreement.masked > masked:
                return False
            blames = self._blames(disagreement)
            return blames.get(blame) is seen.severity and blames.keys() <= allowed

        payload = shrunk(seen.best.payload, holds)
        return Proof(contract, payload, *self._versions.said(contract, payload))

    def _finding(self, blame: _Blame, rule: str, severity: Severity) -> Finding:
        key, direction = blame
        was, now = told(key, self._versions.changes.get(key))
        of = self._versions.direction(key.contract)
        return Finding(
            rule, severity, key.contract, of, key.place, was, now, fingerprint(key, direction, self._sense(key))
        )

    def _sense(self, key: Key) -> bytes:
        """What was asked and what is; of a member that is there on one side only, also within it."""
        changes = self._versions.changes
        if not names_a_member(changes.get(key)):
            return changes[key].sense if key in changes else b""
        inner = sorted(each for each in changes if is_within(each, key))
        return b"\n".join(part for each in inner for part in ("\t".join(each).encode(), changes[each].sense))


def _of_contracts(versions: Versions) -> Iterator[Finding]:
    """What happened to contracts as a whole."""
    old, new = versions.catalogs
    for gone in versions.gone:
        yield _of_contract(versions, gone, "contract-removed", Severity.ERROR, ("there", "gone"))
    for come in versions.come:
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
        old, new = (catalog[contract] for catalog in versions.catalogs)
        if worst[contract] is Severity.ERROR and number(new)[0] <= number(old)[0]:
            yield _of_contract(versions, contract, "version-not-major", Severity.ERROR, (old.version, new.version))
        elif number(new) <= number(old):
            yield _of_contract(versions, contract, "version-not-bumped", Severity.WARNING, (old.version, new.version))


def _of_contract(versions: Versions, contract: str, rule: str, severity: Severity, told: tuple[str, str]) -> Finding:
    mark = fingerprint(Key(contract, "", "", rule), "", canonical(told))
    of = versions.direction(contract)
    return Finding(rule, severity, contract, of, "", *told, mark)


def _order(finding: Finding) -> tuple[str, int, bool, str, str]:
    """By contract, the worst first; what is said of a contract as a whole last."""
    whole = finding.rule.startswith("version-")
    return finding.contract, _ORDER.index(finding.severity), whole, finding.place, finding.fingerprint
