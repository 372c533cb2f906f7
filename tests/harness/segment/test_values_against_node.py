"""The value model and JavaScript's own, asked the same: thousands of values in one call of Node.js."""

from __future__ import annotations

import json
import math
import random
import shutil
import struct
import subprocess
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from mockodp_harness.segment import dates, values

pytestmark = [pytest.mark.node, pytest.mark.usefixtures("packages")]

SCRIPT: Final = Path(__file__).with_name("values.mjs")
COUNT: Final = 3000
REFUSED: Final = "refused"

EDGES: Final = (
    0.0, -0.0, 1.0, -1.5, 0.1, 1e-6, 9.999999e-7, 1e-7, 1.5e-7, 1e15, 1e16, 1e17, 1e20, 1e21, 123456789012345680000.0,
    5e-324, 1.7976931348623157e308, 2.0**53, 2.0**53 + 2, -(2.0**63), 100.0, 1e2, 4.35, 0.000001, math.inf, -math.inf,
)  # fmt: skip
PIECES: Final = (
    *(
        "0",
        "1",
        "9",
        "00",
        "12345678901234567890",
        ".",
        "+",
        "-",
        "e",
        "E",
        "e5",
        "e+400",
        "e-400",
        "0x",
        "0X",
        "0b",
        "0o",
    ),
    *("f", "z", "_", "Infinity", "NaN", "nan", "inf", "null", "true", " ", "\t", "\n", "\u00a0", "\ufeff", "\u2028"),
    *("\x1c", "\x85", "\u180e", "\u0663", "\uff11", ",", "n", "1_0", "\u0661"),
)
JSON_PIECES: Final = (
    *(
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        '"',
        '"a"',
        '"10"',
        '"2"',
        '"01"',
        '"__proto__"',
        '"\\ud83d"',
        '"\\u0000"',
        '"\\x"',
    ),
    *("1", "-", "-0", "0", "01", "1.", ".5", "1e5", "1E400", "1.0", "12345678901234567890", "true", "false", "null"),
    *("NaN", "Infinity", "tru", " ", "\n", "\t", "\x0b", "\u00a0", "\x01", "\ufeff", "\\", "/", "'", "\u2028", "é"),
)
DATE_PIECES: Final = (
    *(
        "1990",
        "2024",
        "01",
        "1",
        "12",
        "13",
        "31",
        "32",
        "99",
        "0",
        "-",
        "/",
        ".",
        ":",
        " ",
        "T",
        "t",
        "Z",
        "z",
        "+",
        ",",
    ),
    *("05:00", "0530", "12:30", "24:00", "23:59:60", ".5", ".123456", "Jan", "Sept", "may", "am", "PM", "UTC", "GMT"),
    *("EST", "PDT", "(x)", "(", ")", "Mon", "st", "é", "+002024", "-000001", "-000000", "999999999", "\u00a0"),
)
ZONES: Final = ("UTC", "America/New_York", "Asia/Tokyo", "Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu")


@pytest.fixture(scope="module")
def dice() -> random.Random:
    return random.Random(20240301)


def answers(questions: list[list[Any]]) -> list[Any]:
    """What Node says to each; `REFUSED` where it throws."""
    node = shutil.which("node")
    assert node is not None, "the packages are installed, so Node.js is there"
    asked = "".join(f"{json.dumps(question)}\n" for question in questions)
    done = subprocess.run([node, SCRIPT], input=asked, capture_output=True, encoding="utf-8", check=True)
    return [json.loads(line).get("is", REFUSED) for line in done.stdout.split("\n")[:-1]]


def agree(ours: Callable[..., Any], operation: str, arguments: list[list[Any]]) -> None:
    said = answers([[operation, *given] for given in arguments])
    assert len(said) == len(arguments)
    different = [
        (given, mine, theirs)
        for given, theirs in zip(arguments, said, strict=True)
        if (mine := ours(*given)) != theirs and is_known(theirs)
    ]
    assert different[:5] == []


def is_known(said: Any) -> bool:
    """Whether this Python knows every character in an answer: Node.js may have a newer Unicode."""
    return not isinstance(said, str) or all(unicodedata.category(character) != "Cn" for character in said)


def hex_of(value: float) -> str:
    return "NaN" if math.isnan(value) else struct.pack(">d", value).hex()


def of_hex(bits: str) -> float:
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    return float(value)


def joined(dice: random.Random, pieces: tuple[str, ...], most: int) -> str:
    return "".join(dice.choice(pieces) for _ in range(dice.randint(0, most)))


def floats(dice: random.Random) -> Iterator[float]:
    yield from EDGES
    for _ in range(COUNT):
        yield of_hex(f"{dice.getrandbits(64):016x}")
        yield dice.choice((-1, 1)) * dice.random() * 10 ** dice.randint(-25, 25)
        yield float(dice.randint(-(10**17), 10**17))


def test_numbers_have_the_same_text(dice: random.Random) -> None:
    agree(
        lambda bits: values.number_text(values.number(of_hex(bits))),
        "number_text",
        [[hex_of(x)] for x in floats(dice) if not math.isnan(x)],
    )


def test_texts_are_the_same_numbers(dice: random.Random) -> None:
    texts = [joined(dice, PIECES, 5) for _ in range(2 * COUNT)] + [repr(value) for value in floats(dice)]
    agree(lambda text: hex_of(values.text_to_number(text)), "text_to_number", [[text] for text in texts])


def test_json_is_read_and_written_alike(dice: random.Random) -> None:
    def ours(text: str) -> Any:
        try:
            return values.stringify(values.parse(text))
        except ValueError:
            return REFUSED

    texts = [joined(dice, JSON_PIECES, 9) for _ in range(COUNT)]
    texts += [json.dumps(value(dice, 4), ensure_ascii=dice.random() < 0.5) for _ in range(COUNT)]
    texts += [damaged(dice, json.dumps(value(dice, 4))) for _ in range(COUNT)]
    agree(ours, "json", [[text] for text in texts])


def test_values_are_converted_alike(dice: random.Random) -> None:
    def ours(text: str) -> list[Any]:
        held = values.parse(text)
        return [
            values.is_truthy(held), tried(lambda: values.equals_empty_text(held)), tried(lambda: values.to_text(held)),
            tried(lambda: hex_of(values.to_number(held))), values.type_of(held),
        ]  # fmt: skip

    texts = [json.dumps(value(dice, 3)) for _ in range(2 * COUNT)]
    agree(
        ours, "conversions", [[text] for text in [*texts, "[[]]", "[null]", '[""]', "[0]", "[[[7]]]", '{"toString":1}']]
    )


def test_texts_have_the_same_length_and_edges(dice: random.Random) -> None:
    texts = [[text(dice)] for _ in range(COUNT)] + [
        [character] for character in map(chr, range(0x10000)) if character.isspace()
    ]
    agree(values.length, "length", texts)
    agree(lambda given: given.strip(values.WHITESPACE), "trim", texts)


def test_case_is_changed_alike(dice: random.Random) -> None:
    known = [[chr(code)] for code in range(0x11000) if unicodedata.category(chr(code)) not in ("Cn", "Cs")]
    texts = [*known, *([text(dice)] for _ in range(COUNT)), ["ὈΔΥΣΣΕΎΣ ΣΑΣ Σ"], ["İstanbul ﬁ \u00df"]]
    agree(str.lower, "lower", texts)
    agree(str.upper, "upper", texts)


def test_code_units_are_the_same_when_case_is_ignored(dice: random.Random) -> None:
    cased = [chr(code) for code in range(1, 0xD800) if chr(code).lower() != chr(code).upper()]
    pairs = [[one, other] for one in cased for other in {one.lower(), one.upper(), one.swapcase()} if len(other) == 1]
    pairs += [
        [one, other]
        for one in "kKsSiI\u212a\u017f\u0131\u0130\u00df\u1e9e\u03c3\u03c2Σ\u00b5μ\u039c\u00e5\u00c5\u212b"
        for other in "kKsSiI\u212a\u017f\u0131\u0130\u00df\u1e9e\u03c3\u03c2Σ\u00b5μ\u039c\u00e5\u00c5\u212b"
    ]
    pairs += [[dice.choice(cased), dice.choice(cased)] for _ in range(COUNT)]
    agree(lambda one, other: values.folded(one) == values.folded(other), "folded", pairs)


def test_dates_are_read_alike_in_every_zone(dice: random.Random) -> None:
    def ours(given: str, zone: str) -> float | None:
        time = dates.time_of(given, zone)
        return None if math.isnan(time) else int(time)

    texts = [joined(dice, DATE_PIECES, 9) for _ in range(3 * COUNT)] + [plain_date(dice) for _ in range(COUNT)]
    agree(ours, "time", [[text, dice.choice(ZONES)] for text in texts])


def plain_date(dice: random.Random) -> str:
    day = f"{dice.randint(1850, 2100):04}-{dice.randint(1, 12):02}-{dice.randint(1, 31):02}"
    clock = f"{dice.choice('T ')}{dice.randint(0, 23):02}:{dice.randint(0, 59):02}"
    return day + dice.choice(("", clock, f"{clock}:59.9", f"{clock}Z", f"{clock}+01:30"))


def text(dice: random.Random) -> str:
    """A text of all planes, lone surrogates included."""
    ranges = ((0, 0x7F), (0x80, 0x24F), (0x370, 0x3FF), (0x2000, 0x206F), (0xD800, 0xDFFF), (0x1F600, 0x1F64F))
    made = "".join(chr(dice.randint(*dice.choice(ranges))) for _ in range(dice.randint(0, 6)))
    return values.from_units("".join(character for character in made if unicodedata.category(character) != "Cn"))


def value(dice: random.Random, depth: int) -> Any:
    kind = dice.random()
    if depth and kind < 0.2:
        return [value(dice, depth - 1) for _ in range(dice.randint(0, 3))]
    if depth and kind < 0.45:
        names = (*map(str, (0, 1, 10, 2, -1, 4294967294, 4294967295)), "01", "1.5", "", "a", "b", "toString", "valueOf")
        return {dice.choice(names): value(dice, depth - 1) for _ in range(dice.randint(0, 5))}
    if kind < 0.65:
        return dice.choice((text(dice), joined(dice, PIECES, 3)))
    if kind < 0.8:
        return dice.choice((None, True, False, 0, 1, 10**25, -(2**53) - 1, 2**53))
    return dice.choice((dice.uniform(-1e9, 1e9), float(f"{dice.random()}e{dice.randint(-300, 300)}"), -0.0))


def damaged(dice: random.Random, given: str) -> str:
    at = dice.randrange(len(given))
    return given[:at] + dice.choice(("", *JSON_PIECES)) + given[at + dice.choice((0, 1)) :]


def tried(compute: Callable[[], Any]) -> Any:
    try:
        return compute()
    except values.Crash as crash:
        return f"{crash.name}: {crash.message}"
