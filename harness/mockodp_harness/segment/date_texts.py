"""
Date texts as V8 reads them where they are not plainly ISO: its tokens, its ISO form, then its legacy rules.

The legacy rules go on with what the ISO form has read before a text deviates from it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import tzinfo
from typing import Final, NamedTuple

from mockodp_harness.segment.dates import BLANK, DAY_MS, clipped, day_number, in_utc
from mockodp_harness.segment.patterns import pattern

_TOKEN: Final = pattern(
    rf"(?P<number>[0-9]+)|(?P<symbol>[-:+.)])|(?P<space>[{BLANK}])|(?P<word>[^\0-@{BLANK}]+)|(?P<other>[^\0])"
)
_SIGNIFICANT_DIGITS: Final = 9
_MONTHS: Final = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11,
    "dec": 12,
}  # fmt: skip
_HALVES: Final = {"am": 0, "pm": 12}
_ZONES: Final = {
    "ut": 0, "utc": 0, "gmt": 0, "z": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8,
    "pdt": -7,
}  # fmt: skip
_LIMITS: Final = (24, 60, 60, 1000)  # what hour, minute, second and millisecond stay below
_DATE_PARTS: Final = 3
_LONGEST_OFFSET: Final = 2**31  # seconds; V8 counts them in 32 bits


def time_of_text(text: str, zone: tzinfo) -> float:
    """The time that *text* stands for in *zone*; NaN if V8 reads none."""
    return _Reading(text).time(zone)


class _Invalid(Exception):
    """V8 reads no date."""


class _Token(NamedTuple):
    """A piece of text; *value* is a number, else *text* is a symbol or the first three letters of a word."""

    kind: str
    text: str
    value: int = 0
    length: int = 0

    def is_number(self, length: int, below: int, least: int = 0) -> bool:
        """Whether this is a number written with *length* digits, from *least* to less than *below*."""
        return self.kind == "number" and self.length == length and least <= self.value < below


_END: Final = _Token("end", "")


def _tokens(text: str) -> Iterator[_Token]:
    """The tokens of *text*; V8 takes U+0000 for its end, and skips what stands in parentheses."""
    position = 0
    while found := _TOKEN().match(text, position):
        kind, piece = found.lastgroup or "", found[0]
        position = found.end()
        if kind == "number":
            digits = piece.lstrip("0")[:_SIGNIFICANT_DIGITS]
            yield _Token(kind, "", int(digits or 0), len(piece))
        elif kind == "word":
            yield _Token(kind, _keyword(piece))
        elif kind == "other":
            position = _behind_comment(text, position) if piece == "(" else position
            yield _Token(kind, "")
        else:
            yield _Token(kind, piece)


def _keyword(word: str) -> str:
    """A word as the tables have it: months go by three letters, all else by the whole."""
    start = word[:3]
    start = start.lower() if start.isascii() else start
    return start if start in _MONTHS or len(word) <= len(start) else ""


def _behind_comment(text: str, position: int) -> int:
    depth = 1
    while depth and position < len(text) and text[position] != "\0":
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        position += 1
    return position


class _Reading:
    """What was read of a text so far."""

    def __init__(self, text: str) -> None:
        self.days: list[int] = []
        self.month = 0
        self.times: list[int] = []
        self.half: int | None = None
        self.sign = 0
        self.zone_hour: int | None = None
        self.zone_minute: int | None = None
        self.is_iso = False
        self.has_number = False
        self.tokens = list(_tokens(text))
        self.at = 0

    def time(self, zone: tzinfo) -> float:
        try:
            self._read()
            return clipped(self._written(zone))
        except _Invalid:
            return math.nan

    def _read(self) -> None:
        token = self._iso()
        self.has_number = bool(self.days)
        while token.kind != "end":
            self._legacy(token)
            token = self._next()

    # the tokens

    def _peek(self) -> _Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else _END

    def _next(self) -> _Token:
        token = self._peek()
        self.at += 1
        return token

    def _skip(self, symbol: str) -> bool:
        if self._peek().text != symbol:
            return False
        self.at += 1
        return True

    def _must(self, holds: bool) -> None:
        if not holds:
            raise _Invalid

    # the ISO form

    def _iso(self) -> _Token:
        """Read the ISO form; what the legacy rules are to go on with, the end if the text was of that form."""
        sign = self._next() if self._peek().text in ("+", "-") else None
        if not self._peek().is_number(6 if sign else 4, 10**6):
            return sign or self._next()
        year = self._next().value
        if sign and sign.text == "-":
            if year == 0:
                return sign
            year = -year
        self.days.append(year)
        for below in (13, 32):
            if not self._skip("-"):
                break
            if not self._peek().is_number(2, below, 1):
                return self._next()
            self.days.append(self._next().value)
        return self._iso_time()

    def _iso_time(self) -> _Token:
        if self._peek() != _Token("word", "t"):
            if self._peek().kind != "end":
                return self._next()
            self._set_zone(0)
        else:
            self.at += 1
            self._iso_clock()
            self._iso_zone()
            self._must(self._peek().kind == "end")
        self.is_iso = True
        return _END

    def _iso_clock(self) -> None:
        self._iso_part(25)
        limit = 1 if self.times == [24] else 60
        self._must(self._skip(":"))
        self._iso_part(limit)
        if self._skip(":"):
            self._iso_part(limit)
            if self._skip("."):
                self._must(self._peek().kind == "number" and (limit > 1 or self._peek().value == 0))
                self.times.append(_fraction(self._next()))

    def _iso_part(self, below: int) -> None:
        self._must(self._peek().is_number(2, below))
        self.times.append(self._next().value)

    def _iso_zone(self) -> None:
        token = self._peek()
        if token == _Token("word", "z"):
            self.at += 1
            self._set_zone(0)
        elif token.text in ("+", "-"):
            self.at += 1
            self.sign = 1 if token.text == "+" else -1
            self._iso_offset()

    def _iso_offset(self) -> None:
        if self._peek().is_number(4, 10**4):
            self.zone_hour, self.zone_minute = divmod(self._next().value, 100)
        else:
            self._must(self._peek().is_number(2, 100))
            self.zone_hour = self._next().value
            self._must(self._skip(":") and self._peek().is_number(2, 100))
            self.zone_minute = self._next().value
        self._must(self.zone_hour < 24 and self.zone_minute < 60)  # noqa: PLR2004

    # the legacy form

    def _legacy(self, token: _Token) -> None:
        if token.kind == "number":
            self.has_number = True
            self._number(token.value)
        elif token.kind == "word":
            self._word(token.text)
        elif token.text in ("+", "-") and (self.times or (self.zone_hour == 0 and self.zone_minute == 0)):
            self.has_number = True
            self._offset(1 if token.text == "+" else -1)
        elif token.text in ("+", "-", ")"):
            self._must(not self.has_number)

    def _number(self, value: int) -> None:
        if self._skip(":"):
            self._before_colon(value)
        elif self._skip(".") and self._expects(value):
            self.times.append(value)
            self._must(self._peek().kind == "number")
            self._last_part(_fraction(self._next()))
        elif self.zone_hour is not None and self.zone_minute is None and value < 60:  # noqa: PLR2004
            self.zone_minute = value
        elif self._expects(value):
            self._last_part(value)
            token = self._peek()
            self._must(token.kind in ("end", "space") or token.text in ("+", "-") or token == _Token("word", "z"))
        else:
            self._must(len(self.days) < _DATE_PARTS)
            self.days.append(value)
            self._skip("-")

    def _before_colon(self, value: int) -> None:
        if self._skip(":"):
            self._must(not self.times)
            self.times += [value, 0]
        else:
            self._must(len(self.times) < len(_LIMITS))
            self.times.append(value)
            self._skip(".")

    def _expects(self, value: int) -> bool:
        """Whether *value* may be the minute, second or millisecond that comes next."""
        return 0 < len(self.times) < len(_LIMITS) and value < _LIMITS[len(self.times)]

    def _last_part(self, value: int) -> None:
        """Take *value*, unless milliseconds were given already, and zeros for what is left."""
        self.times = [*self.times, value, 0, 0, 0][: len(_LIMITS)]

    def _word(self, word: str) -> None:
        if word in _HALVES and self.times:
            self.half = _HALVES[word]
        elif word in _MONTHS:
            self.month = _MONTHS[word]
            self._skip("-")
        elif word in _ZONES and self.has_number:
            self._set_zone(_ZONES[word])
        else:
            self._must(not self.has_number and self._peek().kind != "number")

    def _set_zone(self, hours: int) -> None:
        self.sign = -1 if hours < 0 else 1
        self.zone_hour, self.zone_minute = abs(hours), 0

    def _offset(self, sign: int) -> None:
        self.sign = sign
        token = self._next() if self._peek().kind == "number" else _END
        if self._peek().text == ":":
            self.zone_hour, self.zone_minute = token.value, None
        elif token.length in (1, 2):
            self.zone_hour, self.zone_minute = token.value, 0
        else:
            self._must(token.length in (3, 4))
            self.zone_hour, self.zone_minute = divmod(token.value, 100)

    # the time

    def _written(self, zone: tzinfo) -> int:
        time = day_number(*self._date()) * DAY_MS + self._clock()
        if self.sign == 0:
            return in_utc(time, zone)
        seconds = ((self.zone_hour or 0) * 3600 + (self.zone_minute or 0) * 60) % (2 * _LONGEST_OFFSET)
        self._must(seconds < _LONGEST_OFFSET)
        return time - self.sign * seconds * 1000

    def _date(self) -> tuple[int, int, int]:
        self._must(bool(self.days))
        first, second, third = (*self.days, 1, 1)[:_DATE_PARTS]
        is_year_first = not 1 <= first <= 31  # noqa: PLR2004
        if self.month:
            year, month, day = (first, self.month, second) if is_year_first else (second, self.month, first)
        elif self.is_iso or is_year_first:
            year, month, day = first, second, third
        else:
            year, month, day = third, first, second
        self._must(1 <= month <= 12 and 1 <= day <= 31)  # noqa: PLR2004
        return (year if self.is_iso else _full(year)), month, day

    def _clock(self) -> int:
        hour, minute, second, ms = (*self.times, 0, 0, 0, 0)[: len(_LIMITS)]
        if self.half is not None:
            self._must(hour <= 12)  # noqa: PLR2004
            hour = hour % 12 + self.half
        is_midnight = (hour, minute, second, ms) == (24, 0, 0, 0)
        self._must(is_midnight or (hour < 24 and minute < 60 and second < 60 and ms < 1000))  # noqa: PLR2004
        return hour * 3_600_000 + minute * 60_000 + second * 1000 + ms


def _full(year: int) -> int:
    """A year of one or two digits in its century."""
    if not 0 <= year <= 99:  # noqa: PLR2004
        return year
    return year + (2000 if year < 50 else 1900)  # noqa: PLR2004


def _fraction(token: _Token) -> int:
    """The milliseconds of the digits behind a dot; V8 takes leading zeros for significant up to nine digits only."""
    length = min(token.length, _SIGNIFICANT_DIGITS)
    return int(token.value * 10**3 // 10**length)
