"""
A comparison for people and programs: as text, as JSON, and as Markdown for a comment on a pull request.

Knows what is approved and what fails; secrets in payloads are masked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final

import orjson

from mockodp_contracts.changes.approvals import Approval, Approvals
from mockodp_contracts.changes.compatibility import Comparison, Finding
from mockodp_contracts.violation import MASK, SECRET, Severity

PASS: Final = 0
BREAKING: Final = 1
UNKNOWN: Final = 4
EXPIRED: Final = 5

_WORDS: Final = {PASS: "pass", BREAKING: "fail", UNKNOWN: "unknown", EXPIRED: "expired"}
_ORDER: Final = list(Severity)
_LONGEST: Final = 400
_FEW: Final = 5


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
        self._failing = _ORDER[: _ORDER.index(fail_on) + 1]

    @property
    def exit_code(self) -> int:
        """0 pass, 1 a breaking change, 4 nothing could be compared, 5 an approval expired."""
        if self.comparison.unknown:
            return UNKNOWN
        failing = [ruling for ruling in self.rulings if self.fails(ruling)]
        if any(not ruling.expired for ruling in failing):
            return BREAKING
        return EXPIRED if failing or any(ruling.expired for ruling in self.rulings) else PASS

    @property
    def word(self) -> str:
        return _WORDS[self.exit_code]

    def fails(self, ruling: Ruling) -> bool:
        """Whether *ruling* is a reason to fail."""
        return not ruling.approved and ruling.finding.severity in self._failing

    def text(self) -> str:
        """For a terminal: by contract, worst first, one summary line last."""
        lines = [f"{self.comparison.old} -> {self.comparison.new}", ""]
        for name, group in groupby(self.rulings, key=lambda ruling: ruling.finding.contract):
            rulings = list(group)
            lines += [f"{name} ({rulings[0].finding.direction})"]
            lines += [line for ruling in rulings for line in _told(ruling)]
            lines += [""]
        lines += [*(f"warning: {line}" for line in self._warnings()), f"{self.word}: {self.summary()}"]
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
            "findings": [self._shown(ruling) for ruling in self.rulings],
            "unused_approvals": [_approval_shown(approval) for approval in self.unused],
        }

    def markdown(self) -> str:
        """For a comment on a pull request."""
        heading = {PASS: "No breaking change", BREAKING: "Breaking changes"}.get(self.exit_code, f"Verdict {self.word}")
        lines = [
            f"### Contracts: {heading.lower()}",
            "",
            f"{_code(self.comparison.old)} → {_code(self.comparison.new)}",
        ]
        lines += ["", self.summary(), *(line for warning in self._warnings() for line in ("", f"> {warning}"))]
        if self.rulings:
            lines += ["", "| | change | contract | place | was | is | fingerprint |", "|---|---|---|---|---|---|---|"]
            lines += [_row(ruling) for ruling in self.rulings]
        for ruling in self.rulings:
            if ruling.finding.proof and ruling.finding.severity is not Severity.INFO:
                lines += ["", *_details(ruling.finding)]
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

    def _warnings(self) -> Iterator[str]:
        if self.comparison.unknown:
            yield f"The verdict is unknown. {self.comparison.unknown}"
        for ruling in self.rulings:
            if ruling.approval and ruling.expired:
                yield (
                    f"The approval of {ruling.approval.fingerprint} by {ruling.approval.owner} expired: it held until "
                    f"{ruling.approval.until}. Undo the change, or have the approval renewed."
                )
        for approval in self.unused:
            yield f"The approval of {approval.fingerprint} by {approval.owner} matches no finding: remove it."

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
        yield f"          new: {_said(proof.new)}"
    others = [name for name in finding.seen_in if name != finding.contract]
    if others:
        more = f" and {len(others) - _FEW} more" if len(others) > _FEW else ""
        yield f"          seen in: {', '.join(others[:_FEW])}{more}"
    if ruling.approval:
        word = "approval expired" if ruling.expired else "approved"
        yield f"          {word}: {ruling.approval.owner}, until {ruling.approval.until}: {ruling.approval.reason}"


def _said(violations: Sequence[str]) -> str:
    return "; ".join(violations) or "takes it"


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


def _details(finding: Finding) -> Iterator[str]:
    proof = finding.proof
    if proof is None:
        return
    text = _json(proof.payload)
    fence = "`" * max(3, _longest_run(text) + 1)
    yield f"<details><summary>{finding.rule} in {_escaped(finding.contract)}</summary>"
    yield from ("", f"{fence}json", text, fence, "")
    yield f"- old: {_code(_said(proof.old))}"
    yield f"- new: {_code(_said(proof.new))}"
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
    text = orjson.dumps(_masked(value)).decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… of {len(text):,} characters"


def _masked(value: Any) -> Any:
    if isinstance(value, list):
        return [_masked(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: MASK if member and isinstance(member, str) and SECRET.search(name) else _masked(member)
        for name, member in value.items()
    }


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
