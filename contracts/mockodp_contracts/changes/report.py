"""
A comparison for people and programs: as text, as JSON, and as Markdown for a comment on a pull request.

Knows what is approved and what fails; secrets in payloads are masked.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final

import orjson

from mockodp_contracts.changes.approvals import DEFAULT, Approval, Approvals
from mockodp_contracts.changes.compatibility import Comparison, Finding, Proof
from mockodp_contracts.violation import MASK, SECRET, SECRET_TEXT, Severity

PASS: Final = 0
BREAKING: Final = 1
UNKNOWN: Final = 4
EXPIRED: Final = 5

_WORDS: Final = {PASS: "pass", BREAKING: "fail", UNKNOWN: "unknown", EXPIRED: "expired"}
_ORDER: Final = list(Severity)
_HOW_TO_APPROVE: Final = "To approve a break that is meant: add its fingerprint to {} (docs/contracts.md)."
_LONGEST: Final = 400
_FEW: Final = 5
_MANY: Final = 24


@dataclass(frozen=True, slots=True)
class Ruling:
    """A finding with its approval, if it has one, and whether that is over."""

    finding: Finding
    approval: Approval | None
    expired: bool

    @property
    def approved(self) -> bool:
        return self.approval is not None and not self.expired


class ChangeReport:
    """What a comparison means, with *approvals* at *now*, if findings of severity *fail_on* or worse fail."""

    def __init__(self, comparison: Comparison, approvals: Approvals, now: datetime, fail_on: Severity) -> None:
        self.comparison = comparison
        self.rulings = tuple(_ruling(finding, approvals, now) for finding in comparison.findings)
        self.unused = approvals.unused(finding.fingerprint for finding in comparison.findings)
        self._file = approvals.file or DEFAULT.as_posix()
        self._failing = _ORDER[: _ORDER.index(fail_on) + 1]

    @property
    def exit_code(self) -> int:
        """1 an unapproved break, else 5 an expired approval, else 4 not all could be compared, else 0."""
        if any(self.fails(ruling) and not ruling.expired for ruling in self.rulings):
            return BREAKING
        if any(ruling.expired for ruling in self.rulings):
            return EXPIRED
        return UNKNOWN if self.comparison.unknown else PASS

    @property
    def word(self) -> str:
        return _WORDS[self.exit_code]

    def fails(self, ruling: Ruling) -> bool:
        """Whether *ruling* is a reason to fail."""
        return not ruling.approved and ruling.finding.severity in self._failing

    def text(self) -> str:
        """For a terminal: by contract, worst first, one summary line last."""
        lines = [f"{self.comparison.old} -> {self.comparison.new}", ""]
        for name, group in groupby(self._single, key=lambda ruling: ruling.finding.contract):
            rulings = list(group)
            lines += [f"{name} ({rulings[0].finding.direction})"]
            lines += [line for ruling in rulings for line in _told(ruling)]
            lines += [""]
        if self._new:
            lines += [f"{self._are_new()}: {_listed(self._new, _MANY)}", ""]
        if self._may_be_approved:
            lines += [_HOW_TO_APPROVE.format(self._file), ""]
        lines += [*(f"{word}: {line}" for word, line in self._remarks()), f"{self.word}: {self.summary()}"]
        return "\n".join(lines) + "\n"

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        comparison = self.comparison
        return {
            "verdict": self.word,
            "exit_code": self.exit_code,
            "old": comparison.old,
            "new": comparison.new,
            "contracts": comparison.compared,
            "equal_contracts": comparison.equal,
            "payloads": comparison.payloads,
            "severities": {severity.value: self._count(severity) for severity in Severity},
            "unknown": comparison.unknown or None,
            "corpus": {
                "payloads": comparison.corpus.recorded, "unreadable": comparison.corpus.unreadable,
                "unrecognised": comparison.corpus.unrecognised,
            },
            "uncommitted": list(comparison.uncommitted.files) if comparison.uncommitted else [],
            "findings": [self._shown(ruling) for ruling in self.rulings],
            "unused_approvals": [_approval_shown(approval) for approval in self.unused],
        }  # fmt: skip

    def markdown(self) -> str:
        """For a comment on a pull request."""
        heading = {PASS: "No breaking change", BREAKING: "Breaking changes"}.get(self.exit_code, f"Verdict {self.word}")
        lines = [
            f"### Contracts: {heading.lower()}",
            "",
            f"{_code(self.comparison.old)} → {_code(self.comparison.new)}",
            "",
            self.summary(),
        ]
        for word, remark in self._remarks():
            lines += ["", f"> {word}: {_escaped(' '.join(remark.split()))}"]
        if self._single:
            lines += ["", "| | change | contract | place | was | is | fingerprint |", "|---|---|---|---|---|---|---|"]
            lines += [_row(ruling) for ruling in self._single]
        if self._new:
            lines += ["", f"{self._are_new()}: {_listed([_code(name) for name in self._new], _MANY)}"]
        if self._may_be_approved:
            lines += ["", _HOW_TO_APPROVE.format(_code(self._file))]
        for ruling in self._single:
            if _has_details(ruling):
                lines += ["", *_details(ruling)]
        return "\n".join(lines) + "\n"

    def summary(self) -> str:
        """Everything in one line."""
        comparison = self.comparison
        severities = ", ".join(_counted(self._count(severity), severity.value) for severity in Severity)
        approved = sum(ruling.approved for ruling in self.rulings)
        more = f", {approved} approved" if approved else ""
        return (
            f"{_counted(comparison.compared, 'contract')} compared, {comparison.equal:,} of them equal; "
            f"{_counted(comparison.payloads, 'payload')} tried; {severities}{more}."
        )

    @property
    def _single(self) -> list[Ruling]:
        """All but those that are told together."""
        return [ruling for ruling in self.rulings if not _is_gathered(ruling)]

    @property
    def _new(self) -> list[str]:
        return [ruling.finding.contract for ruling in self.rulings if _is_gathered(ruling)]

    def _are_new(self) -> str:
        return f"{_counted(len(self._new), 'contract')} {_verb(len(self._new))} new"

    @property
    def _may_be_approved(self) -> bool:
        return any(self.fails(ruling) and ruling.approval is None for ruling in self.rulings)

    def _remarks(self) -> Iterator[tuple[str, str]]:
        """What is to be known besides the findings; a note changes nothing."""
        if self.comparison.unknown:
            said = "The verdict is unknown" if self.exit_code == UNKNOWN else "Not all could be compared"
            yield "warning", f"{said}. {self.comparison.unknown}"
        if left := self.comparison.uncommitted:
            yield (
                "warning", f"{left.folder} has uncommitted changes, which are not looked at; "
                f"'mockodp contracts diff HEAD {left.work_tree}' looks at them.",
            )  # fmt: skip
        for ruling in self.rulings:
            if ruling.approval and ruling.expired:
                yield (
                    "warning", f"The approval of {ruling.approval.fingerprint} by {ruling.approval.owner} expired: it "
                    f"held until {ruling.approval.until}. Undo the change, or have the approval renewed.",
                )  # fmt: skip
        for approval in self.unused:
            yield "note", f"The approval of {approval.fingerprint} by {approval.owner} matches no finding: remove it."
        yield from (("note", line) for line in self._not_used())

    def _not_used(self) -> Iterator[str]:
        """What of the corpus was not used."""
        corpus = self.comparison.corpus
        if number := corpus.unreadable:
            what = _counted(number, "recorded request")
            yield f"{what} {_verb(number, 'was', 'were')} skipped: no batch that can be read is told."
        if number := corpus.unrecognised:
            what = _counted(number, "recorded payload")
            yield f"{what} {_verb(number, 'was', 'were')} not used: the shape is that of no known contract."

    def _count(self, severity: Severity) -> int:
        return Counter(ruling.finding.severity for ruling in self.rulings)[severity]

    def _shown(self, ruling: Ruling) -> dict[str, Any]:
        finding = ruling.finding
        proof = finding.proof
        return {
            "rule": finding.rule,
            "severity": finding.severity.value,
            "contract": finding.contract,
            "direction": finding.direction,
            "place": finding.place,
            "statement": finding.statement,
            "was": finding.was,
            "is": finding.now,
            "fingerprint": finding.fingerprint,
            "fails": self.fails(ruling),
            "seen_in": list(finding.seen_in),
            "payload": None if proof is None else {
                "contract": proof.contract, "value": _masked(proof.payload), "old": list(proof.old),
                "new": list(proof.new),
            },
            "approval": None if ruling.approval is None else {
                **_approval_shown(ruling.approval), "expired": ruling.expired,
            },
        }  # fmt: skip


def _is_gathered(ruling: Ruling) -> bool:
    """Whether it is told in one line with others of its kind."""
    return ruling.finding.rule == "contract-added" and ruling.approval is None


def _ruling(finding: Finding, approvals: Approvals, now: datetime) -> Ruling:
    approval = approvals.of(finding.fingerprint)
    return Ruling(finding, approval, approval is not None and approval.expired(now))


def _approval_shown(approval: Approval) -> dict[str, Any]:
    return {
        "fingerprint": approval.fingerprint, "owner": approval.owner, "reason": approval.reason,
        "until": approval.until.isoformat(),
    }  # fmt: skip


def _told(ruling: Ruling) -> Iterator[str]:
    """A finding in a few lines."""
    finding = ruling.finding
    yield f"  {finding.severity.value:<7} {finding.rule} at {finding.place or '(document)'} [{finding.fingerprint}]"
    yield f"          was: {finding.was}; is: {finding.now}"
    if finding.proof:
        proof = finding.proof
        of = f" of {proof.contract}" if proof.contract != finding.contract else ""
        yield f"          payload{of}: {_json(proof.payload)}"
        yield f"          old: {_said(proof.old)}"
        yield f"          new: {_said_by_new(proof)}"
    if others := _others(finding):
        yield f"          seen in: {_listed(others, _FEW)}"
    if ruling.approval:
        word = "approval expired" if ruling.expired else "approved"
        yield f"          {word}: {ruling.approval.owner}, until {ruling.approval.until}: {ruling.approval.reason}"


def _others(finding: Finding) -> list[str]:
    """The contracts besides its own whose payloads show it."""
    return [name for name in finding.seen_in if name != finding.contract]


def _said(violations: Sequence[str]) -> str:
    return "; ".join(violations) or "takes it"


def _said_by_new(proof: Proof) -> str:
    """What the new side says; if the old one refuses as well, that is for other changes."""
    return f"takes it, but for other changes: {_said(proof.new)}" if proof.old and proof.new else _said(proof.new)


def _row(ruling: Ruling) -> str:
    finding = ruling.finding
    word = "approved" if ruling.approved else "approval expired" if ruling.expired else finding.severity.value
    cells = (
        finding.rule,
        finding.contract,
        finding.place or "(document)",
        finding.was,
        finding.now,
        finding.fingerprint,
    )
    return f"| {word} | {' | '.join(map(_code, cells))} |"


def _has_details(ruling: Ruling) -> bool:
    """Whether there is more to tell of it than a row holds; of an info only if others are concerned."""
    finding = ruling.finding
    is_shown = finding.proof is not None and finding.severity is not Severity.INFO
    return ruling.approval is not None or is_shown or bool(_others(finding))


def _details(ruling: Ruling) -> Iterator[str]:
    finding, proof, approval = ruling.finding, ruling.finding.proof, ruling.approval
    yield f"<details><summary>{finding.rule} in {_escaped(finding.contract)}</summary>"
    yield ""
    if proof is not None:
        text = _json(proof.payload)
        fence = "`" * max(3, _longest_run(text) + 1)
        yield from (f"{fence}json", text, fence, "")
        yield f"- old: {_code(_said(proof.old))}"
        yield f"- new: {_code(_said_by_new(proof))}"
    if others := _others(finding):
        yield f"- seen in: {_listed([_code(name) for name in others], _FEW)}"
    if approval is not None:
        word = "approval expired" if ruling.expired else "approved"
        yield f"- {word}: {_code(approval.owner)}, until {approval.until}: {_code(approval.reason)}"
    yield from ("", "</details>")


def _code(text: str) -> str:
    """*text* as code that no character in it can end, in one line of a table."""
    line = " ".join(text.split()).replace("|", "\\|")
    ticks = "`" * (_longest_run(line) + 1)
    blank = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{ticks}{blank}{line}{blank}{ticks}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _longest_run(text: str) -> int:
    """How many backticks follow each other at most."""
    return max((len(list(run)) for tick, run in groupby(text) if tick == "`"), default=0)


def _json(value: Any) -> str:
    shown = _masked(value)
    try:
        text = orjson.dumps(shown).decode()
    except TypeError:  # numbers beyond 64 bits, which only Python's own json reads
        text = json.dumps(shown)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… of {len(text):,} characters"


def _masked(value: Any) -> Any:
    """*value* without what a name says is secret, and without secrets in its texts."""
    if isinstance(value, str):
        return SECRET_TEXT.sub(lambda found: (found["before"] or found["name"] or "") + MASK, value)
    if isinstance(value, list):
        return [_masked(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: MASK if SECRET.search(name) else _masked(member) for name, member in value.items()}


def _listed(names: Sequence[str], most: int) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def _verb(number: int, one: str = "is", many: str = "are") -> str:
    return one if number == 1 else many


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
