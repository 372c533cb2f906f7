"""Date texts as V8 reads them: the table of known values, node itself where it is there, texts of no kind at all."""

from __future__ import annotations

import json
import math
import os
import random
import shutil
import subprocess
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mockodp_harness.segment import dates
from mockodp_harness.segment.payload import joined, remove_empty, schema_of, validate

CASES: Final = int(os.environ.get("CASES", "40"))
TEXTS_FOR_EACH_CASE: Final = 500  # 20,000 texts by default
ZONES: Final = ("UTC", "America/New_York")
BIRTHDAY: Final = schema_of({"DOB": {"label": "Birthday", "type": "datetime"}})

NOTHING: Final = "no members"
WRONG: Final = "Birthday must be a valid date-like string but it was not."


def of_type(found: str) -> str:
    return f"Birthday must be a string or number but it was {found}."


# value, date in UTC, date in New York where it is another
TABLE: Final[list[tuple[Any, Any, Any]]] = [
    ('1990-01-01', (1990, 1, 1), (1989, 12, 31)), ('1990-01-01T00:00:00Z', (1990, 1, 1), (1989, 12, 31)),
    ('1990-01-01T00:00:00', (1990, 1, 1), None), ('1990-01-01T23:59:59.999Z', (1990, 1, 1), None),
    ('1990-01-01 00:00:00', (1990, 1, 1), None), ('1990-01-01T00:00:00+05:00', (1989, 12, 31), None),
    ('1990-01-01T00:00:00-0500', (1990, 1, 1), None), ('1990-01-01T24:00:00', (1990, 1, 2), None),
    ('1990-01-01T12:30', (1990, 1, 1), None), ('1990-1-1', (1990, 1, 1), None),
    ('1990-01', (1990, 1, 1), (1989, 12, 31)), ('1990', (1990, 1, 1), (1989, 12, 31)),
    ('1990/01/01', (1990, 1, 1), None), ('1990.01.01', (1990, 1, 1), None), ('01/01/1990', (1990, 1, 1), None),
    ('1/2/1990', (1990, 1, 2), None), ('13/01/1990', WRONG, None), ('31/12/1990', WRONG, None),
    ('01-02-1990', (1990, 1, 2), None), ('01.02.1990', (1990, 1, 2), None), ('1990-13-45', NOTHING, None),
    ('1990-02-30', (1990, 3, 2), (1990, 3, 1)), ('1990-02-31', (1990, 3, 3), (1990, 3, 2)),
    ('2/30/1990', (1990, 3, 2), None), ('1990-00-10', NOTHING, None), ('19900101', NOTHING, None),
    ('January 1, 1990', (1990, 1, 1), None), ('Jan 1 1990', (1990, 1, 1), None),
    ('1 January 1990', (1990, 1, 1), None), ('1 Jan 90', (1990, 1, 1), None), ('Jan 1990', (1990, 1, 1), None),
    ('January', WRONG, None), ('Jan 5', (2001, 1, 5), None),
    ('Mon, 01 Jan 1990 00:00:00 GMT', (1990, 1, 1), (1989, 12, 31)),
    ('Mon Jan 01 1990 00:00:00 GMT-0500 (EST)', (1990, 1, 1), None),
    ('1990-01-01T00:00:00.000000Z', (1990, 1, 1), (1989, 12, 31)), ('1990-01-01T00:00:00.123456', (1990, 1, 1), None),
    ('1990-01-01Z', (1990, 1, 1), (1989, 12, 31)), ('1990-01-01T00Z', WRONG, None), ('12/25', (2001, 12, 25), None),
    ('5/6/78', (1978, 5, 6), None), ('1/1/50', (1950, 1, 1), None), ('1/1/49', (2049, 1, 1), None),
    ('90-01-01', (1990, 1, 1), None), ('0', (2000, 1, 1), None), ('1', (2001, 1, 1), None),
    ('12', (2001, 12, 1), None), ('13', NOTHING, None), ('32', (2032, 1, 1), None), ('99', (1999, 1, 1), None),
    ('100', (100, 1, 1), None), ('-1', (2001, 1, 1), None), ('123', (123, 1, 1), None),
    ('12345', (12345, 1, 1), None), ('300000', NOTHING, None), ('631152000', NOTHING, None),
    ('631152000000', NOTHING, None), ('1700000000000', NOTHING, None), ('9999999999999', WRONG, None),
    ('1.5', (2001, 1, 5), None), ('1e3', WRONG, None), ('631152000.5', NOTHING, None), ('unknown', WRONG, None),
    ('n/a', WRONG, None), ('N/A', WRONG, None), ('not a date', WRONG, None), ('today', WRONG, None),
    ('now', WRONG, None), ('12:30', WRONG, None), ('2024-02-29', (2024, 2, 29), (2024, 2, 28)),
    ('2023-02-29', (2023, 3, 1), (2023, 2, 28)), ('2024-02-30', (2024, 3, 1), (2024, 2, 29)),
    ('+002024-01-01', (2024, 1, 1), (2023, 12, 31)), ('-000001-01-01', (-1, 1, 1), (-2, 12, 31)),
    ('0000-01-01', (0, 1, 1), (-1, 12, 31)), ('9999-12-31', (9999, 12, 31), (9999, 12, 30)),
    ('10000-01-01', (10000, 1, 1), None), ('1990-01-01T00:00:00 EST', WRONG, None),
    ('1990-01-01 EST', (1990, 1, 1), None), ('1 Jan 1990 5:00 PM', (1990, 1, 1), None),
    ('1 Jan 1990 17:00 PST', (1990, 1, 2), (1990, 1, 1)), ('1990\u5e741\u67081\u65e5', WRONG, None),
    ('\uff11\uff19\uff19\uff10-01-01', (2001, 1, 1), None), (' 1990-01-01', (1990, 1, 1), None),
    ('1990-01-01 ', (1990, 1, 1), None), ('1990-01-01\n', (1990, 1, 1), None),
    ('1990-06-15T00:00', (1990, 6, 15), None), ('1969-12-31', (1969, 12, 31), (1969, 12, 30)),
    ('1900-01-01', (1900, 1, 1), (1899, 12, 31)), ('1883-11-18', (1883, 11, 18), (1883, 11, 17)),
    ('1800-01-01', (1800, 1, 1), (1799, 12, 31)), ('(x) 1990-01-01', (1990, 1, 1), None),
    ('May 5th 1990', WRONG, None), ('5th May 1990', WRONG, None), ('Sept 5 1990', (1990, 9, 5), None),
    ('1990-W01-1', WRONG, None), ('1990-001', (1990, 1, 1), None), ('19:90', (1990, 1, 1), None), ('T', WRONG, None),
    ('1990T10:00', (1990, 1, 1), None), ('1990-01T10:00', (1990, 1, 1), None), (631152000, (1970, 1, 8), None),
    (631152000000, (1990, 1, 1), (1989, 12, 31)), (0, (1970, 1, 1), (1969, 12, 31)), (-1, (1969, 12, 31), None),
    (1, (1970, 1, 1), (1969, 12, 31)), (1990, (1970, 1, 1), (1969, 12, 31)), (19900101, (1970, 1, 1), None),
    (-631152000000, (1950, 1, 1), (1949, 12, 31)), (631152000.7, (1970, 1, 8), None),
    (8640000000000000, (275760, 9, 13), (275760, 9, 12)), (8640000000000001, NOTHING, None), (1e+300, NOTHING, None),
    (0.5, (1970, 1, 1), (1969, 12, 31)), (-0.5, (1970, 1, 1), (1969, 12, 31)), (True, WRONG, None),
    (False, WRONG, None), (None, NOTHING, None), ('', NOTHING, None), (['1990-01-01'], of_type("a string"), None),
    ([631152000000], NOTHING, None), ([True], WRONG, None), ([None], WRONG, None), ([], of_type("an array"), None),
    ({}, of_type("an object"), None), ({'year': 1990}, of_type("an object"), None),
]  # fmt: skip

# what the table has not: parts that other readers take differently
MORE: Final = [
    ("1990\u0000 garbage", 631152000000), ("1990-01-01T00:00:00.0001234567891Z", 631152000123),
    ("1 Jan 1990 00:00 +596523:14", 631152000000 - 2147483640000), ("1 Jan 1990 00:00 +596523:15", math.nan),
    ("1 Jan 1990 00:00 +1193046:29", 631152000000 - 4294967340000 + 4294967296000), ("-000000-01-01", 978307200000),
    ("1(x):30", 980812800000), ("1990 5:30(x)", math.nan), ("1 Jan 1990 12:00 am", 631152000000),
    ("1 Jan 1990 14:12:30:45.123Z", 631203150045), ("1 Jan 1990 13:00 pm", math.nan),
    ("1 Jan 1990 5::", 631170000000), ("1 Jan 1990 5:.30", 631171800000), ("", math.nan),
    ("+275760-09-13T00:00:00.001Z", math.nan), ("1990-01-01T24:00:00.000Z", 631238400000),
    ("1 Jan 1990 00:00 GMT+053", 631148820000),
    ("1 Jan 1990 UTC+5", 631134000000), ("1 Jan 1990 00:00 GMT+05300", math.nan),
]  # fmt: skip


@pytest.mark.parametrize(("value", "utc", "new_york"), TABLE, ids=lambda value: ascii(value)[:50])
@pytest.mark.parametrize("zone", ZONES)
def test_a_birthday_becomes_what_the_official_code_makes_of_it(value: Any, utc: Any, new_york: Any, zone: str) -> None:
    payload = remove_empty({"DOB": value}, BIRTHDAY)
    told = joined(validate(payload, BIRTHDAY))
    expected = utc if zone == "UTC" or new_york is None else new_york
    if isinstance(expected, str) and expected != NOTHING:
        assert told == expected
    else:
        assert told == ""
        found = dates.date(dates.time_of(payload["DOB"], zone), zone) if "DOB" in payload else None
        assert found == (None if expected == NOTHING else expected)


@pytest.mark.parametrize(("text", "time"), MORE, ids=lambda value: ascii(value)[:50])
def test_odd_texts_are_read_as_v8_reads_them(text: str, time: float) -> None:
    assert dates.parse(text) == pytest.approx(time, abs=0, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "zone", "time"),
    [
        ("2021-03-14T02:30:00", "America/New_York", 1615707000000),  # left out: counted on from what was before
        ("2021-11-07T01:30:00", "America/New_York", 1636263000000),  # twice there: the first
        ("1883-11-18T12:00:00", "America/New_York", -2717651038000),
        ("1800-01-01T00:00:00", "America/New_York", -5364644638000),
        ("+020000-07-01T00:00:00", "America/New_York", 568987560000000),
        ("-000500-07-01T00:00:00", "America/New_York", -77930017438000),
        ("2024-07-01T00:00:00", "Asia/Kolkata", 1719772200000),
    ],
)
def test_local_times_follow_the_history_of_the_zone(text: str, zone: str, time: int) -> None:
    assert dates.parse(text, zone) == time


@pytest.mark.parametrize(
    ("value", "time"),
    [(None, 0), (True, 1), (False, 0), (1.9, 1), (-1.9, -1), (8.64e15, 8.64e15), (8.64e15 + 2, math.nan),
     (math.inf, math.nan), (math.nan, math.nan), (["1990-01-01"], 631152000000), ({}, math.nan), ([], math.nan)],
)  # fmt: skip
def test_other_values_are_times_as_in_javascript(value: object, time: float) -> None:
    assert dates.time_of(value) == pytest.approx(time, abs=0, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "is_like"),
    [("1700000000", True), ("1.5", True), ("-1", True), ("0", True), ("05", True), ("1e3", False), ("NaN", False),
     ("8640000000000", True), ("8640000000001", False), ("1700000000000", True), ("9999999999999", False),
     ("1990-13-45", True), ("1990-99", True), ("99999999999999999", True), ("1990-13-45z", False), ("Infinity", False),
     ("2021-01-01\u2003tT 1:2:3.456", True), ("2021-01-01\n", True),
     ("\uff11\uff19\uff19\uff10-01-01", True), ("tomorrow", False)],
)  # fmt: skip
def test_date_like_takes_timestamps_dayjs_and_v8(text: str, is_like: bool) -> None:
    assert dates.is_date_like(text) is is_like


@settings(max_examples=CASES * 5, deadline=None, derandomize=True)
@given(st.one_of(st.text(), st.text("0123456789-+:./()TtZz JanpmGMT\0\ud800"), st.from_regex(r"[0-9]{4}-[0-9]{2}.*")))
def test_no_text_raises(text: str) -> None:
    for zone in ZONES:
        time = dates.parse(text, zone)
        assert math.isnan(time) or (isinstance(time, int) and abs(time) <= dates.LAST_MS)
        assert (dates.date(time, zone) is None) is math.isnan(time)
    assert dates.is_date_like(text) in (True, False)


# -- node ---------------------------------------------------------------------------------------------------------

ASK: Final = """
const texts = JSON.parse(require('fs').readFileSync(0, 'utf8'))
console.log(JSON.stringify(texts.map((text) => {
  const date = new Date(text)
  return isNaN(date) ? null : [+date, date.getFullYear(), date.getMonth() + 1, date.getDate()]
})))
"""
PIECES: Final = [
    *["-", "/", ":", ".", " "] * 3, *"\t\n\u00a0\ufeff\0\x1c\x85\ud800,()+_[@TtZzW", "::", "(x)", "(a(b)c)", "th",
    "\u5e74", "\uff11", "\U0001f600", "1990", "2024", "01", "1", "12", "13", "31", "32", "0", "00", "24", "59", "60",
    "99", "100", "999", "1000", "002024", "000000", "12345", "1234567890", "0001234567891", "5", "9999999",
    "2147483647", "271821", "275760", "+05:30", "-0500", "+5", "+14", "+053", "+999999:00", "+596524:00", "Jan",
    "january", "Sept", "FEB", "Marching", "am", "PM", "GMT", "UTC", "UT", "EST", "EDT", "PST", "pdt", "Mon", "T24:00",
    "-271821-04-20", "+275760-09-13", "T00:00:00.000Z", "T12:30:15", "12:30:45.123", "2021-03-14T02:30:00",
    "2021-11-07T01:30:00",
]  # fmt: skip


def _any_text(chance: random.Random) -> str:
    return "".join(chance.choice(PIECES) for _ in range(chance.randint(1, 9)))


def _iso_text(chance: random.Random) -> str:
    year = chance.choice(["{:04d}", "{:04d}", "+{:06d}", "-{:06d}"]).format(chance.randint(0, 9999))
    day = f"-{chance.randint(0, 13):02d}-{chance.randint(0, 32):02d}"
    clock = f"{chance.choice('TTt ')}{chance.randint(0, 24):02d}:{chance.randint(0, 60):02d}"
    fine = chance.choice(["", ":07", ":59", f":30.{chance.randint(0, 10**11)}"])
    zone = chance.choice(["", "Z", "z", "+05:30", "-0800", "+24:00", "+05", " EST"])
    return year + "".join(part for part in (day, clock + fine + zone) if chance.random() < 0.8)


def _spoken_text(chance: random.Random) -> str:
    month = chance.choice(["Jan", "February", "mar", "APR", "May", "Sept", "Dec"])
    day, number, year = (
        chance.randint(0, 33),
        chance.randint(0, 13),
        chance.choice([chance.randint(0, 120), 1850, 2099]),
    )
    start = chance.choice([f"{month} {day}, {year}", f"{day} {month} {year}", f"{day}-{month}-{year}",
                           f"{month} {year}", f"{number}/{day}/{year}", f"{year}/{number}/{day}"])  # fmt: skip
    clock = f" {chance.randint(0, 25)}:{chance.randint(0, 61):02d}" + chance.choice(["", ":30", ":30.1234"])
    zone = chance.choice(["", " AM", "pm", " GMT", " UTC+2", " PST", "+5", " +0130"])
    return start + chance.choice(["", clock + zone])


@pytest.mark.node
@pytest.mark.parametrize("zone", ZONES)
def test_node_reads_the_same(zone: str) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    chance = random.Random(7)
    kinds = (_any_text, _any_text, _iso_text, _spoken_text)
    texts = [chance.choice(kinds)(chance) for _ in range(CASES * TEXTS_FOR_EACH_CASE)]
    asked = subprocess.run([node, "-e", ASK], input=json.dumps(texts), capture_output=True, text=True, check=True,
                           timeout=300, env={**os.environ, "TZ": zone})  # fmt: skip
    for text, said in zip(texts, json.loads(asked.stdout), strict=True):
        time = dates.parse(text, zone)
        found = dates.date(time, zone)
        assert (None if found is None else [time, *found]) == said, ascii(text)
