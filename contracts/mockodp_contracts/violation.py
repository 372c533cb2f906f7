"""What breaking a contract looks like, as frozen values; and how a value of a payload is shown in one line."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final, Literal

import orjson

from mockodp_contracts.evidence import Evidence

LONGEST_SHOWN: Final = 80
UNSEEN: Final = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
MASK: Final = "****"
SECRET: Final = re.compile(
    r"authori[sz]ation|cookie|token|secret|passw|passphrase|credential|session|signature|jwt|bearer|x-auth|"
    r"(api|access|private|secret|write|auth|encryption|signing)[-_]?key|^(pwd|otp|pin)$",
    re.I,
)
"""Names whose values must not be shown."""

SECRET_TEXT: Final = re.compile(
    r"(?P<before>\b(?:bearer|basic|digest)\s+)\S+|\beyJ[\w-]+\.[\w-]+\.[\w-]*|"
    r"(?P<name>[?&;\"'](?:[\w-]*(?:token|secret|passw|api_?key|signature|session)[\w-]*)[\"']?\s*[=:]\s*[\"']?)[^&\s\"']+",
    re.I,
)
"""Secrets within a text: a key behind its scheme, a JWT, a value behind a telling name in a URL or in JSON."""


class Severity(StrEnum):
    """How bad it is, worst first."""

    ERROR = "error"
    """ODP refuses, loses or misreads it: the verdict is fail."""

    WARNING = "warning"
    """Something is likely lost, or nobody knows what ODP does with it."""

    INFO = "info"
    """Allowed, and often not what was meant."""


@dataclass(frozen=True, slots=True)
class Violation:
    """
    One reason why a document breaks a contract.

    *rule* names it, *contract* says which contract holds the rule. *pointer* is a JSON Pointer into the document
    (``""`` is the whole document; of a missing member, where it should be). *came* is shortened, secrets masked.
    """

    rule: str
    severity: Severity
    pointer: str
    expected: str
    came: str
    evidence: Evidence
    hint: str
    contract: str

    def __str__(self) -> str:
        return f"{self.pointer or '(document)'}: expected {self.expected}, {was(self.came)} [{self.rule}]"

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What a contract says of a document: every violation, item by item, worst first within each.

    *left_off* values of a document too large to be looked at as a whole were not looked at; it fails for that.
    """

    contract: str
    violations: tuple[Violation, ...]
    left_off: int = 0
    failed: bool = False

    @property
    def passed(self) -> bool:
        return not self.failed

    @property
    def word(self) -> Literal["pass", "fail"]:
        return "fail" if self.failed else "pass"

    def of(self, severity: Severity) -> tuple[Violation, ...]:
        """The violations of that severity."""
        return tuple(violation for violation in self.violations if violation.severity is severity)

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "contract": self.contract,
            "verdict": self.word,
            "violations": [violation.shown() for violation in self.violations],
            "left_off": self.left_off,
        }


def was(came: str) -> str:
    """``absent`` as a claim, any other value after 'was'."""
    return f"was {came}"


def pointer_to(path: Sequence[str | int]) -> str:
    """A JSON Pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def path_of(pointer: str) -> list[str]:
    """The parts of a JSON Pointer, unescaped."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


ABSENT: Final = object()


def found_at(document: Any, pointer: str) -> Any:
    """The value at *pointer*, or `ABSENT`."""
    value = document
    for part in path_of(pointer):
        if isinstance(value, dict):
            value = value.get(part, ABSENT)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return ABSENT
    return value


def shortened(value: Any, pointer: str = "") -> str:
    """*value* as JSON in one line, at most `LONGEST_SHOWN` characters; masked where *pointer* or a name says secret."""
    if value is ABSENT:
        return "absent"
    if any(SECRET.search(part) for part in path_of(pointer)):
        return MASK
    if isinstance(value, str) and len(value) > LONGEST_SHOWN:
        return f"{_json(_masked(value[:LONGEST_SHOWN])[: LONGEST_SHOWN // 2])}… of {len(value)} characters"
    text = _json(_bounded(value))
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


def _bounded(value: Any, room: int = 8, levels: int = LONGEST_SHOWN) -> Any:
    """So much of *value* as one line can show, without secrets."""
    if levels == 0:
        return None  # out of sight: each level takes a character
    if isinstance(value, dict):
        return {
            name[:LONGEST_SHOWN]: MASK if SECRET.search(name) else _bounded(member, room // 2, levels - 1)
            for name, member in list(value.items())[: room + 1]
        }
    if isinstance(value, list):
        return [_bounded(item, room // 2, levels - 1) for item in value[: room + 1]]
    return _masked(value[: LONGEST_SHOWN + 1]) if isinstance(value, str) else value


def _masked(text: str) -> str:
    return SECRET_TEXT.sub(lambda found: (found["before"] or found["name"] or "") + MASK, text)


def _json(value: Any) -> str:
    """*value* as JSON; what a terminal may take for an order, or for the other direction of writing, is escaped."""
    try:
        text = orjson.dumps(value).decode()
    except TypeError:  # numbers beyond 64 bits, which only Python's own json reads
        text = json.dumps(value)
    return UNSEEN.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text)
