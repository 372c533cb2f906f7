"""
Breaks that somebody owns and wants, for a time: a TOML file of ``[[approval]]``, each for one finding by fingerprint.

The time is an argument here; an approval holds through the day it names, in UTC.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar, Final

from mockodp_contracts.errors import ContractError

DEFAULT: Final = Path("contracts/approvals.toml")
FINGERPRINT: Final = re.compile(r"[0-9a-f]{16}")
_MEMBERS: Final = ("fingerprint", "owner", "reason", "until")


class ApprovalsError(ContractError):
    """A file of approvals is not what it should be; *exit_code* is that of the command line."""

    exit_code: ClassVar[int] = 2


class ApprovalsMissing(ApprovalsError):
    """There is no such file, or it cannot be read."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Approval:
    """A break that *owner* wants for *reason*, through the day *until*."""

    fingerprint: str
    owner: str
    reason: str
    until: date

    def expired(self, now: datetime) -> bool:
        """Whether its last day is over at *now*."""
        return now.astimezone(UTC).date() > self.until


@dataclass(frozen=True, slots=True)
class Approvals:
    """All approvals of one file."""

    file: str = ""
    by_fingerprint: Mapping[str, Approval] | None = None

    def of(self, fingerprint: str) -> Approval | None:
        """The approval of the finding with that fingerprint, expired or not."""
        return (self.by_fingerprint or {}).get(fingerprint)

    def unused(self, fingerprints: Iterable[str]) -> tuple[Approval, ...]:
        """The approvals that are for none of *fingerprints*."""
        found = set(fingerprints)
        return tuple(each for each in (self.by_fingerprint or {}).values() if each.fingerprint not in found)


def read(file: Path) -> Approvals:
    """The approvals in *file*."""
    try:
        said = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ApprovalsMissing(f"{str(file)!r} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ApprovalsError(f"{file} is not TOML: {error}.") from None
    return parsed(said, str(file))


def parsed(said: Mapping[str, Any], file: str) -> Approvals:
    """The approvals that *said*, the content of *file*, names."""
    listed = said.get("approval", [])
    others = sorted(set(said) - {"approval"})
    if others or not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        found = repr(others[0]) if others else "'approval' in another form"
        raise ApprovalsError(f"{file}: found {found}, expected tables [[approval]] and nothing else.")
    found_so_far: dict[str, Approval] = {}
    for number, each in enumerate(listed, 1):
        approval = _approval(each, f"{file}: [[approval]] {number}")
        if approval.fingerprint in found_so_far:
            raise ApprovalsError(
                f"{file}: [[approval]] {number}: {approval.fingerprint} is approved before; say it once."
            )
        found_so_far[approval.fingerprint] = approval
    return Approvals(file, found_so_far)


def _approval(said: Mapping[str, Any], place: str) -> Approval:
    for name in said:
        if name not in _MEMBERS:
            near = get_close_matches(name, _MEMBERS, n=1)
            known = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(_MEMBERS)}."
            raise ApprovalsError(f"{place}: {name!r} is not a member. {known}")
    for name in _MEMBERS:
        if name not in said:
            raise ApprovalsError(f"{place}: {name!r} is missing, expected {_EXPECTED[name]}.")
        if not _is_good(name, said[name]):
            raise ApprovalsError(f"{place}: {name!r} is {_shown(said[name])}, expected {_EXPECTED[name]}.")
    return Approval(**{name: said[name] for name in _MEMBERS})


_EXPECTED: Final = {
    "fingerprint": "the 16 hex digits that the finding shows",
    "owner": "who answers for it, as a text",
    "reason": "why it is wanted, as a text",
    "until": "its last day as a date without quotes, such as 2027-01-31",
}


def _is_good(name: str, value: Any) -> bool:
    if name == "until":
        return isinstance(value, date) and not isinstance(value, datetime)
    if not isinstance(value, str) or not value.strip():
        return False
    return name != "fingerprint" or FINGERPRINT.fullmatch(value) is not None


def _shown(value: Any) -> str:
    return value.isoformat() if isinstance(value, (date, datetime)) else repr(value)[:80]
