"""The ``date`` filter: when a value means a time, and how a time is written; always in UTC."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from mockodp_harness.segment.values import UNDEFINED, to_text

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNFORMATTED: Final = "%A, %B %-e, %Y at %-l:%M %P %z"
_DIRECTIVE: Final = re.compile(r"%(-?)([a-zA-Z%])")
_DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
    *("November", "December"),
)
_SUFFIXES: Final = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}
_NOON: Final = 12


def _weekday(moment: datetime) -> int:
    return moment.isoweekday() % 7


def _hour(moment: datetime) -> int:
    return moment.hour % _NOON or _NOON


_WRITTEN: Final[Mapping[str, Callable[[datetime], str]]] = {
    "a": lambda moment: _DAYS[_weekday(moment)][:3],
    "A": lambda moment: _DAYS[_weekday(moment)],
    "b": lambda moment: _MONTHS[moment.month - 1][:3],
    "B": lambda moment: _MONTHS[moment.month - 1],
    "h": lambda moment: _MONTHS[moment.month - 1][:3],
    "C": lambda moment: f"{moment.year // 100}",
    "d": lambda moment: f"{moment.day:02}",
    "D": lambda moment: f"{moment:%m/%d/%y}",
    "e": lambda moment: f"{moment.day:2}",
    "F": lambda moment: f"{moment.year:04}-{moment:%m-%d}",
    "H": lambda moment: f"{moment.hour:02}",
    "I": lambda moment: f"{_hour(moment):02}",
    "j": lambda moment: f"{moment.timetuple().tm_yday:03}",
    "k": lambda moment: f"{moment.hour:2}",
    "l": lambda moment: f"{_hour(moment):2}",
    "L": lambda moment: f"{moment.microsecond // 1000:03}",
    "m": lambda moment: f"{moment.month:02}",
    "M": lambda moment: f"{moment.minute:02}",
    "n": lambda _moment: "\n",
    "N": lambda moment: f"{moment.microsecond // 1000:03}000000",
    "p": lambda moment: "AM" if moment.hour < _NOON else "PM",
    "P": lambda moment: "am" if moment.hour < _NOON else "pm",
    "q": lambda moment: _SUFFIXES.get(moment.day, "th"),
    "R": lambda moment: f"{moment:%H:%M}",
    "s": lambda moment: f"{math.floor(moment.timestamp())}",
    "S": lambda moment: f"{moment.second:02}",
    "t": lambda _moment: "\t",
    "T": lambda moment: f"{moment:%H:%M:%S}",
    "u": lambda moment: f"{moment.isoweekday()}",
    "w": lambda moment: f"{_weekday(moment)}",
    "y": lambda moment: f"{moment.year % 100:02}",
    "Y": lambda moment: f"{moment.year}",
    "z": lambda _moment: "+0000",
    "Z": lambda _moment: "UTC",
    "%": lambda _moment: "%",
}


def date(value: Any, written: Any = UNDEFINED) -> Any:
    """*value* in the form *written*; unchanged if it is no date."""
    moment = _moment(value)
    if moment is None:
        return value
    form = _UNFORMATTED if written is UNDEFINED or written is None else to_text(written)
    return _DIRECTIVE.sub(lambda found: _directive(moment, *found.groups()), form)


def _directive(moment: datetime, flag: str, letter: str) -> str:
    write = _WRITTEN.get(letter)
    if write is None:
        return f"%{flag}{letter}"
    text = write(moment)
    return text.lstrip("0 ") or "0" if flag else text


def _moment(value: Any) -> datetime | None:
    """The time that *value* means: numbers are seconds."""
    try:
        if isinstance(value, str):
            return _moment_of_text(value)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return _EPOCH + timedelta(milliseconds=math.floor(value * 1000)) if is_number else None
    except (ValueError, OverflowError):
        return None


def _moment_of_text(text: str) -> datetime:
    if text in ("now", "today"):
        return datetime.now(UTC)
    if re.fullmatch(r"[0-9]+", text):
        return _EPOCH + timedelta(seconds=int(text))
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
