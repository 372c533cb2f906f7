"""
What the contract says of a request: judged when it arrives, kept in short, told in sentences when somebody reads.

What is kept is every error and warning as found then: a later version of the contracts tells them in its words, and
does not judge anew. Rules of info are asked when somebody reads, since they never change a verdict.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal

import orjson
from mockodp_contracts import Severity, Violation, catalog
from mockodp_contracts.explained import NOT_LOOKED_AT, explained
from mockodp_contracts.judging import Finding, Judge, failed

Word = Literal["pass", "fail"]


@dataclass(frozen=True)
class Judgement:
    """What a contract says of the body of one request; *left_off* values of a hostile body were not looked at."""

    contract: str
    findings: tuple[Finding, ...] = ()
    left_off: int = 0

    @cached_property
    def word(self) -> Word:
        return "fail" if failed(self.findings) else "pass"

    def counts(self) -> dict[str, int]:
        """How many violations there are, by severity."""
        counted = Counter({severity.value: 0 for severity in Severity})
        for finding in self.findings:
            counted[finding.severity] += 1 if finding.items is None else len(finding.items)
        return dict(counted)

    def counted(self) -> str:
        """The counts as people say them: ``1 error, 2 warnings``; empty if there is nothing to tell."""
        said = ((count, name) for name, count in self.counts().items() if count)
        return ", ".join(f"{count:,} {name}{'s' * (count != 1)}" for count, name in said)

    def rules(self) -> list[str]:
        """The names of the broken rules, each once."""
        return list(dict.fromkeys(finding.rule for finding in self.findings))

    def violations(self, document: Any, severities: Iterable[Severity] = Severity) -> list[Violation]:
        """Every violation of those *severities* in sentences; *document* is the body that was judged."""
        wanted = set(severities)
        return explained(catalog(), [finding for finding in self.findings if finding.severity in wanted], document)

    def of_item(self, index: int) -> Judgement:
        """What it says of one item of a batch, pointers relative to the item."""
        found = [
            finding._replace(items=None)
            for finding in self.findings
            if finding.rule == NOT_LOOKED_AT or (finding.items is not None and index in finding.items)
        ]
        return Judgement(self.contract, tuple(found), self.left_off)

    def packed(self) -> bytes | None:
        """As a record keeps it; None if nothing was found."""
        if not self.findings and not self.left_off:
            return None
        return orjson.dumps(
            {"contract": self.contract, "left_off": self.left_off, "findings": [*map(tuple, self.findings)]}
        )

    @classmethod
    def unpacked(cls, kept: bytes | None, contract: str) -> Judgement:
        """What `packed` gave; *contract* is whose judgement it is if nothing was found."""
        if kept is None:
            return cls(contract)
        said: Mapping[str, Any] = orjson.loads(kept)
        findings = (_finding(*each) for each in said["findings"])
        kept_ones = tuple(finding for finding in findings if finding.severity is not Severity.INFO)
        return cls(said["contract"], kept_ones, said["left_off"])

    def with_advice(self, document: Any) -> Judgement:
        """The same with the rules of info that *document*, the body that was judged, breaks."""
        advice = catalog().judge(self.contract).advice(document) if self.contract in catalog().names else []
        return replace(self, findings=(*self.findings, *advice))


def judgement_on(judge: Judge, items: Sequence[Any], at_us: int) -> Judgement:
    """What *judge* says of a batch that arrived at *at_us*, microseconds since 1970; without advice."""
    findings, left_off = judge.findings(items, datetime.fromtimestamp(at_us / 1e6, UTC), advice=False)
    return Judgement(judge.contract.name, tuple(findings), left_off)


def is_advice(rule: str) -> bool:
    """Whether a rule of that name is of severity info, so that no record keeps it."""
    known = catalog().rules.get(rule)
    return known is not None and known.severity is Severity.INFO


def _finding(location: str, pointer: str, items: list[int] | None, rule: str, severity: str) -> Finding:
    return Finding(location, pointer, None if items is None else tuple(items), rule, Severity(severity))
