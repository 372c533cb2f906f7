"""
The live log: one line a request on stderr with its verdict, why it failed, and every refusal with its reason.

Never a key; of a body only what breaks a contract, shortened and with secrets masked.
"""

from __future__ import annotations

import contextlib
import sys
from datetime import datetime
from typing import TextIO

from mockodp_contracts import Severity

from mockodp.errors import ContractBroken
from mockodp.fault_words import what_went_out
from mockodp.ingest import Judged
from mockodp.judgement import Judgement
from mockodp.records import Received, Record, id_text
from mockodp.regions import Region
from mockodp.settings import LogLevel

_GREEN, _RED, _YELLOW, _DIM, _PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[33m", "\x1b[2m", "\x1b[0m"
_ENDPOINT_WIDTH = 20
_MOST_REASONS = 3
_TOLD = (Severity.ERROR, Severity.WARNING)
_MARGIN = " " * 13


class Log:
    """Writes what happens for people to read along; colours only on a terminal."""

    def __init__(self, level: LogLevel = "none", stream: TextIO | None = None) -> None:
        self._level = level
        self._stream = stream or sys.stderr
        self._colours = self._stream.isatty()

    def request(self, judged: Judged, received: Received) -> None:
        """One request, as it is answered."""
        if self._level == "none" or (self._level == "refusals" and judged.refusal is None and not judged.faults):
            return
        record = judged.record
        judgement = record.judgement if record else None
        time = datetime.fromtimestamp(received.at_us / 1e6).strftime("%H:%M:%S.%f")[:-3]
        endpoint = (record.endpoint if record else None) or _printable(received.path[:60])
        count = "" if record is None or record.items is None else f"{record.items} item{'s' * (record.items != 1)}"
        kept = id_text(record.id) if record and judged.is_kept else "not recorded"
        where = f"{record.account}  {kept}" if record else kept
        self._line(
            f"{self._paint(_DIM, time)} {self._status(judged)} {received.region.value} "
            f"{endpoint:<{_ENDPOINT_WIDTH}} {count:>9}  {where}{self._verdict(record, judgement)}{self._faults(judged)}"
        )
        if judged.refusal is not None and not isinstance(judged.refusal, ContractBroken):
            self._line(_MARGIN + _printable(judged.refusal.message))
        if record is not None and judgement is not None:
            self._violations(record, judgement)

    def _status(self, judged: Judged) -> str:
        """What is answered; where a fault changed it what would have been, and behind it what went out."""
        colour = _YELLOW if judged.faults else _GREEN if judged.refusal is None else _RED
        if judged.record is None or not judged.faults:
            return self._paint(colour, judged.status)
        true = judged.record.status
        return self._paint(colour, f"{true}{what_went_out(true, judged.faults)}")

    def _faults(self, judged: Judged) -> str:
        told = ", ".join(f"fault {_printable(fault['name'])}: {_printable(fault['effect'])}" for fault in judged.faults)
        return f"  {self._paint(_YELLOW, told)}" if told else ""

    def _verdict(self, record: Record | None, judgement: Judgement | None) -> str:
        """The verdict behind the line of its request."""
        if record is None or judgement is None:
            return ""
        counted = judgement.counted()
        colour = _GREEN if record.verdict == "pass" else _RED
        return f"  {self._paint(colour, str(record.verdict))}{self._paint(_DIM, f' ({counted})') if counted else ''}"

    def _violations(self, record: Record, judgement: Judgement) -> None:
        """The first errors and warnings, a line each."""
        if not any(finding.severity in _TOLD for finding in judgement.findings):
            return
        violations = judgement.violations(record.decoded(), _TOLD)
        for violation in violations[:_MOST_REASONS]:
            colour = _RED if violation.severity is Severity.ERROR else _YELLOW
            self._line(f"{_MARGIN}{self._paint(colour, violation.severity)} {_printable(str(violation))}")
        if len(violations) > _MOST_REASONS:
            self._line(f"{_MARGIN}and {len(violations) - _MOST_REASONS} more: mockodp show {id_text(record.id)}")

    def unreadable(self, status: int, message: str) -> None:
        """A request that could not be read as HTTP."""
        if self._level != "none":
            self._line(f"{self._now()} {self._paint(_RED, str(status))} {_printable(message)}")

    def handshake(self, region: Region | None, fault: str) -> None:
        """A TLS handshake that a fault lets fail."""
        if self._level != "none":
            where = region.value if region else "--"
            self._line(f"{self._now()} {self._paint(_YELLOW, 'TLS')} {where} handshake failed  fault {fault}")

    def _now(self) -> str:
        return self._paint(_DIM, datetime.now().strftime("%H:%M:%S.%f")[:-3])

    def trouble(self, message: str) -> None:
        """Something that should not happen; always shown."""
        self._line(self._paint(_RED, message))

    def _paint(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_PLAIN}" if self._colours else text

    def _line(self, text: str) -> None:
        with contextlib.suppress(OSError):  # whoever read along is gone: no reason to fail a request
            self._stream.write(text + "\n")
            self._stream.flush()


def _printable(text: str) -> str:
    """*text* without control characters: a client must not write escape sequences to a terminal."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
