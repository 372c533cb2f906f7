"""
Texts and numbers as JavaScript's dates: ``new Date(value)`` as V8 reads it, in a time zone that is an argument.

Times are milliseconds since 1970 in UTC, NaN where there is none. The ISO form is tried first; where a text deviates
from it, the legacy rules go on with the numbers read so far. Nothing here reads the clock or the process's zone.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final, NamedTuple

from mockodp_harness.segment.patterns import pattern
from mockodp_harness.segment.values import Function, number_text, to_text, type_of

LAST_MS: Final = 8_640_000_000_000_000
DAY_MS: Final = 86_400_000
CYCLE_DAYS: Final = 146_097  # 400 years, after which the calendar and its weekdays come again
EPOCH_DAY: Final = datetime(1970, 1, 1).toordinal()

BLANK: Final = "\t-\r \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\ufeff"  # V8 takes U+2028 for a letter of a word
_SPACE: Final = BLANK + "\u2028\u2029"
_ZONE_NAME: Final = pattern(r"[A-Za-z0-9_+-]{1,32}(?:/[A-Za-z0-9_+-]{1,32}){0,2}")  # it becomes that of a file

_EXACT: Final = pattern(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{3}))?(Z)?)?")
_LOOSE: Final = pattern(
    rf"[0-9]{{4}}[-/]?[0-9]{{0,2}}[-/]?[0-9]{{0,2}}[Tt{_SPACE}]*[0-9]{{0,2}}:?[0-9]{{0,2}}:?[0-9]{{0,2}}[.:]?[0-9]*"
)


class Date(NamedTuple):
    """The day on the calendar of a zone."""

    year: int
    month: int
    day: int


# -- what others ask ----------------------------------------------------------------------------------------------


def time_of(value: object, zone: str | tzinfo = UTC) -> float:
    """``new Date(value).getTime()``."""
    if isinstance(value, bool) or value is None:
        return int(value or 0)
    if isinstance(value, int | float):
        return clipped(value)
    return math.nan if isinstance(value, Function) or type_of(value) == "undefined" else parse(to_text(value), zone)


def parse(text: str, zone: str | tzinfo = UTC) -> float:
    """The time that ``new Date(text)`` stands for in *zone*; NaN if V8 reads none."""
    exact = _EXACT().fullmatch(text)
    if exact is None:
        return _thorough(text, zone)
    year, month, day, hour, minute, second, ms, utc = exact.groups(default="")
    if not ("01" <= month <= "12" and "01" <= day <= "31" and hour < "24" and minute < "60" and second < "60"):
        return _thorough(text, zone)
    time = day_number(int(year), int(month), int(day)) * DAY_MS
    if not hour:
        return time
    time += int(hour) * 3_600_000 + int(minute) * 60_000 + int(second) * 1000 + int(ms or 0)
    return time if utc else in_utc(time, zone_of(zone))


def _thorough(text: str, zone: str | tzinfo) -> float:
    from mockodp_harness.segment.date_texts import time_of_text  # noqa: PLC0415  it needs this module; few texts need it

    return time_of_text(text, zone_of(zone))


def clipped(time: float) -> float:
    """*time* without its fraction if JavaScript's dates reach it, else NaN."""
    return math.trunc(time) if math.isfinite(time) and abs(time) <= LAST_MS else math.nan


def date(time: float, zone: str | tzinfo = UTC) -> Date | None:
    """The day that *time* falls on in *zone*; None for NaN."""
    if math.isnan(time):
        return None
    day = (int(time) + offset(int(time), zone_of(zone))) // DAY_MS
    cycles, ordinal = divmod(day + EPOCH_DAY - 1, CYCLE_DAYS)
    found = datetime.fromordinal(ordinal + 1)
    return Date(found.year + 400 * cycles, found.month, found.day)


def is_date_like(text: str) -> bool:
    """Whether *text* passes Segment's own format ``date-like``: a timestamp, dayjs's form, or what V8 reads."""
    stamp = _stamp(text)
    if stamp is not None:
        return abs(stamp * 1000) <= LAST_MS
    if text[-1:] not in ("z", "Z") and _LOOSE().fullmatch(text):
        return True
    return not math.isnan(parse(text))


def _stamp(text: str) -> float | None:
    """The number that *text* is if it is written as JavaScript writes it."""
    if not text or text[-1] not in "0123456789y" or text[4:5] == text[7:8] == "-":  # the y of Infinity; most dates
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    whole = int(value) if value.is_integer() and abs(value) <= LAST_MS else value
    return value if number_text(whole) == text else None


# -- zones --------------------------------------------------------------------------------------------------------


class ZoneError(ValueError):
    """A name that no time zone has, as far as this machine knows."""


def zone_of(zone: str | tzinfo) -> tzinfo:
    """The zone of a name such as ``Europe/Berlin``; `ZoneError` if there is none."""
    return _named(zone) if isinstance(zone, str) else zone


@lru_cache(maxsize=64)
def _named(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415  UTC, which is usual, needs none of it

    try:
        if _ZONE_NAME().fullmatch(name):
            return UTC if name == "UTC" else ZoneInfo(name)
        raise ZoneInfoNotFoundError(name)
    except (ZoneInfoNotFoundError, OSError):  # a name may lead to a folder
        raise ZoneError(f"{name!r} is no time zone known here, expected a name such as 'Europe/Berlin'.") from None


def offset(time: int, zone: tzinfo) -> int:
    """How many milliseconds *zone* is ahead of UTC at *time*."""
    if zone is UTC:
        return 0
    return _milliseconds(_moment(time).replace(tzinfo=UTC).astimezone(zone).utcoffset())


def in_utc(local: int, zone: tzinfo) -> int:
    """
    The time at which clocks in *zone* show *local*.

    Of two such times it is the first; an hour left out is counted on from what was before it.
    """
    return local if zone is UTC else local - _milliseconds(_moment(local).replace(tzinfo=zone).utcoffset())


def _moment(time: int) -> datetime:
    """*time*, moved by whole cycles of the calendar into the years that Python knows."""
    days, rest = divmod(time, DAY_MS)
    ordinal = days + EPOCH_DAY
    if not CYCLE_DAYS < ordinal < 9 * CYCLE_DAYS:
        ordinal = ordinal % CYCLE_DAYS + (1 if ordinal <= CYCLE_DAYS else 8) * CYCLE_DAYS
    return datetime.fromordinal(ordinal) + timedelta(seconds=rest // 1000)


def _milliseconds(ahead: timedelta | None) -> int:
    return 0 if ahead is None else ahead // timedelta(milliseconds=1)


def day_number(year: int, month: int, day: int) -> int:
    """Days since 1970 by the proleptic Gregorian calendar; a day beyond the month's end rolls over."""
    cycles, rest = divmod(year, 400)
    return datetime(rest + 400, month, 1).toordinal() + (cycles - 1) * CYCLE_DAYS + day - 1 - EPOCH_DAY
