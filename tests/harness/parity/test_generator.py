"""Generated cases: known by seed and index, of every kind, and JSON that keeps what numbers look like."""

from __future__ import annotations

import re
from collections import Counter
from random import Random

from mockodp_harness.conformance import KINDS
from mockodp_harness.parity.cases import MAKERS, ZONES, case
from mockodp_harness.parity.trees import Number, copied, read, written
from mockodp_harness.segment.values import parse

MANY = 600


def test_a_case_is_known_by_seed_and_index() -> None:
    assert [written(case(7, index)) for index in range(50)] == [written(case(7, index)) for index in range(50)]
    assert written(case(7, 3)) != written(case(8, 3))
    assert case(7, 3)["id"] == "7/3"


def test_every_kind_of_the_engine_is_made() -> None:
    assert set(MAKERS) == set(KINDS)
    made = Counter(case(1, index)["kind"] for index in range(MANY))
    assert made.keys() >= {"action", "batch_action", "event", "batch", "preset", "mapping", "fql", "date"}


def test_cases_are_lines_of_ascii_that_are_read_back() -> None:
    for index in range(MANY):
        text = written(case(2, index))
        assert text.isascii()
        assert "\n" not in text
        assert written(read(text)) == text
        parse(text)


def test_what_is_hard_to_tell_apart_is_in_them() -> None:
    text = "\n".join(written(case(3, index)) for index in range(MANY))
    for piece in (
        "1e400",
        ":-0,",
        "9007199254740993",
        '\\ud83d"',
        '"__proto__"',
        '"4294967294"',
        '"@liquid"',
        '"_metadata"',
    ):
        assert piece in text
    assert set(re.findall(r'"tz":"([^"]+)"', text)) == set(ZONES)
    assert set(re.findall(r'"(@[a-zA-Z]+)":', text)) >= {f"@{name}" for name in (
        "path", "template", "literal", "if", "case", "replace", "json", "flatten", "merge", "arrayPath", "transform",
        "excludeWhenNull", "liquid",
    )}  # fmt: skip


def test_numbers_keep_their_texts() -> None:
    text = '{"a":1e400,"b":[-0,1.0,12345678901234567890],"c":"\\ud800"}'
    tree = read(text)
    assert written(copied(tree)) == text
    assert isinstance(tree["a"], Number)


def test_making_a_case_leaves_what_it_is_made_of_as_it_was() -> None:
    from mockodp_harness.parity.mappings import changed, default

    before = written(default("customEvent"))
    for seed in range(100):
        changed(Random(seed), default("customEvent"))
    assert written(default("customEvent")) == before
