"""Values in which implementations of JavaScript's semantics are likely to differ: texts, numbers, names, dates."""

from __future__ import annotations

import math
import struct
from random import Random
from typing import Any, Final

from mockodp_harness.parity.trees import Number, Tree

TEXTS: Final = (
    "", "", " ", "a", "ada@example.test", "P-1", "27.5", "true", "false", "null", "undefined", "NaN", "Infinity",
    "-Infinity", "+Infinity", "0", "-0", "00", "12", " 12 ", "+5", "-5", ".5", "5.", "1e3", "1E+2", "1e400", "0x1F",
    "0X1f", "0b101", "0o17", "-0x1", "1_000", "\uff11\uff12", "1,5", "é", "😀", "a😀b", "\ud83d", "\ude00a", "\u2028",
    "\x00", "\x7f", '"', "\\", "'", "ß", "ﬁ", "İ", "\u0131", "ΑΣ", "Σσς", "µ", "K", "\u017f", "\ufeffx", "\xa0",
    "\x85", "\x1c",
    "{{type}}", "{{{properties.name}}}", "$.type", "$", "@path", "[object Object]", "__proto__", "constructor",
    "toString", "length", "<b>&</b>", "%41", "banana", "NIKE shoes", "x" * 30, "line\nbreak", "\r\n", "\t", "a,b,c",
    '{"a":1,"b":[null,1.50]}', "[1,2]", "{bad", "1990-01-01", "2024-03-01T18:11:27.649Z", "1700000000", "\U0001d7d8",
)  # fmt: skip
NUMBERS: Final = (
    "0", "-0", "-0.0", "1", "-1", "2", "5", "12", "100", "1.0", "10.50", "1e2", "1E-2", "0.1", "0.30000000000000004",
    "1.5", "-1.5", "2.5", "1e21", "1e20", "123456789012345680000", "12345678901234567890", "9007199254740993",
    "9007199254740992", "-9007199254740993", "1e-6", "1e-7", "0.000001", "0.0000001", "1.5e-7", "5e-324", "1e400",
    "-1e400", "1e-400", "2147483648", "4294967295", "1700000000", "1700000000000", "8640000000000000",
    "8640000000000001", "-8640000000000000", "100000000000000000000000000000", "0.5", "450.00", "1e0",
)  # fmt: skip
NAMES: Final = (
    "a", "b", "c", "x", "name", "value", "", "0", "1", "2", "10", "01", "-1", "1.5", "4294967294", "4294967295", "a.b",
    "a b", "$", "@x", "__proto__", "constructor", "toString", "length", "é", "😀", "\ud83d", "a[0]", "[0]", "'q'",
    "hasOwnProperty",
    "valueOf", "and", "or", "null", "type", "٣", "²",
)  # fmt: skip
_MONTHS: Final = ("Jan", "January", "feb", "Sept", "DEC", "May", "Marching", "x")
_ZONES: Final = (
    "",
    "Z",
    "z",
    " GMT",
    " UTC",
    "+05:00",
    "-0500",
    " GMT-0500 (EST)",
    " EST",
    "+5",
    " pm",
    " AM",
    "+01:00:00",
)
_TIMES: Final = (
    "", "", "T00:00:00", "T00:00:00.000", " 00:00:00", "T24:00:00", "T12:30", " 12:30 pm", "T23:59:59.999", "t01:02:03",
    " 1:2", "T1:2:3", " 25:00", "T12:60", " 12:", " 2:30:00", "T02:30:00",
)  # fmt: skip


def chance(rng: Random, share: float) -> bool:
    """True in *share* of the cases."""
    return rng.random() < share


def text(rng: Random) -> str:
    """A text, empty and blank ones often."""
    if chance(rng, 0.85):
        return rng.choice(TEXTS)
    return date(rng) if chance(rng, 0.5) else rng.choice(TEXTS) + rng.choice(TEXTS)


def number(rng: Random) -> Number:
    """The text of a number of any kind."""
    if chance(rng, 0.7):
        return Number(rng.choice(NUMBERS))
    if chance(rng, 0.3):
        return Number(repr(rng.uniform(-1000, 1000)))
    if chance(rng, 0.5):
        return Number(str(rng.randint(-(10 ** rng.randint(1, 25)), 10 ** rng.randint(1, 25))))
    bits: float = struct.unpack("<d", rng.randbytes(8))[0]
    return Number(repr(bits) if math.isfinite(bits) else "7")


def date(rng: Random) -> str:
    """A text that is a date, or nearly."""
    year, month, day = rng.choice((1990, 2024, 1969, 1883, 1, 99, 12345)), rng.randint(0, 14), rng.randint(0, 33)
    forms = (
        f"{year:04}-{month:02}-{day:02}", f"{year:04}-{month:02}-{day:02}", f"{year}-{month}-{day}",
        f"{year:04}/{month:02}/{day:02}", f"{month}/{day}/{year}", f"{day}.{month}.{year}", f"{year:04}-{month:02}",
        f"{year:04}", f"{year:04}{month:02}{day:02}", f"{rng.choice(_MONTHS)} {day}, {year}",
        f"{day} {rng.choice(_MONTHS)} {year % 100:02}", f"Mon, {day:02} {rng.choice(_MONTHS)} {year}",
        f"+00{year:04}-{month:02}-{day:02}", f"{rng.choice(_MONTHS)} {day}", f"({day}) {rng.choice(_MONTHS)} {year}",
        str(rng.randint(-(10**13), 10**13)), str(rng.randint(0, 10**10)),
    )  # fmt: skip
    return rng.choice(forms) + rng.choice(_TIMES) + rng.choice(_ZONES)


def name(rng: Random) -> str:
    """The name of a member."""
    return rng.choice(NAMES)


def scalar(rng: Random) -> Tree:
    """A text, a number, null or a boolean."""
    if chance(rng, 0.5):
        return text(rng)
    return number(rng) if chance(rng, 0.6) else rng.choice((None, None, True, False))


def value(rng: Random, depth: int = 2) -> Tree:
    """Any JSON value."""
    if depth <= 0 or chance(rng, 0.6):
        return scalar(rng)
    count = rng.choice((0, 1, 1, 2, 3))
    if chance(rng, 0.5):
        return [value(rng, depth - 1) for _ in range(count)]
    return {name(rng): value(rng, depth - 1) for _ in range(count)}


def some(rng: Random, choices: dict[str, Any], share: float) -> dict[str, Any]:
    """Members of *choices*, each with the probability *share*, made when they are functions; at times shuffled."""
    taken = {name: made(rng) if callable(made) else made for name, made in choices.items() if chance(rng, share)}
    if chance(rng, 0.2):
        names = list(taken)
        rng.shuffle(names)
        return {name: taken[name] for name in names}
    return taken
