"""The JavaScript value model: numbers and their texts, JSON, conversions, texts by UTF-16 code units."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
from mockodp_harness.segment import values
from mockodp_harness.segment.values import UNDEFINED, Crash, Function, TooDeep

TO_STRING = Function("toString")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e21, "1e+21"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (1.5e-7, "1.5e-7"),
        (5e-324, "5e-324"),
        (-0.0, "0"),
        (27.5, "27.5"),
        (-12, "-12"),
        (0.1 + 0.2, "0.30000000000000004"),
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (1e16, "10000000000000000"),
    ],
)
def test_numbers_are_written_as_javascript_writes_them(value: float, text: str) -> None:
    assert values.number_text(value) == text


@pytest.mark.parametrize(
    ("given", "form"),
    [
        (1.0, 1),
        (2**53 + 1, 9007199254740992),
        (12345678901234567890, 1.2345678901234567e19),
        (10**400, math.inf),
        (-(10**400), -math.inf),
        (2**53, 2**53),
    ],
)
def test_numbers_have_one_form(given: float, form: float) -> None:
    made = values.number(given)
    assert made == form
    assert type(made) is type(form) or made == 2**53


def test_minus_zero_stays_a_float() -> None:
    assert math.copysign(1, values.number(-0.0)) == -1
    assert values.stringify(values.parse("[-0, 0, 1.0, 10.50, 1e400]")) == "[0,0,1,10.5,null]"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "NaN",
        "[Infinity]",
        "-Infinity",
        "01",
        "1.",
        "'a'",
        '"\x01"',
        "\ufeff1",
        "[1,]",
        b"\xff",
        b"\xef\xbb\xbf1",
    ],
)
def test_what_json_parse_refuses_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        values.parse(text)


def test_json_too_deep_for_python_is_told_apart_from_what_is_no_json() -> None:
    with pytest.raises(TooDeep, match="nested too deep"):
        values.parse("[" * 100_000)


def test_members_are_in_the_order_of_javascript() -> None:
    text = '{"b":1,"10":2,"9":3,"a":4,"-1":5,"01":6,"1.5":7,"4294967294":8,"4294967295":9,"b":10}'
    assert list(values.parse(text)) == ["9", "10", "4294967294", "b", "a", "-1", "01", "1.5", "4294967295"]
    assert values.parse(text)["b"] == 10


def test_texts_are_quoted_with_few_escapes_and_lone_surrogates_with_theirs() -> None:
    assert (
        values.stringify('"\\/\b\f\n\r\t\x01\x7f\u2028é😀\ud800')
        == '"\\"\\\\/\\b\\f\\n\\r\\t\\u0001\x7f\u2028é😀\\ud800"'
    )


def test_what_is_undefined_or_a_function_is_left_out_of_objects_and_null_in_arrays() -> None:
    held = {"a": UNDEFINED, "b": TO_STRING, "c": [UNDEFINED, TO_STRING, None, True, False, math.nan]}
    assert values.stringify(held) == '{"c":[null,null,null,true,false,null]}'
    assert values.stringify(UNDEFINED) is values.stringify(TO_STRING) is None
    assert values.without_undefined(held) == {"b": TO_STRING, "c": held["c"]}


def test_undefined_is_one_and_stays_so() -> None:
    assert copy.deepcopy([UNDEFINED])[0] is UNDEFINED
    assert not UNDEFINED
    assert repr(UNDEFINED) == "UNDEFINED"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (1.50, "1.5"),
        ([1, [2, None], UNDEFINED, {}], "1,2,,,[object Object]"),
        (UNDEFINED, "undefined"),
        ({"a": 1}, "[object Object]"),
        (TO_STRING, "function toString() { [native code] }"),
    ],
)
def test_values_are_converted_to_text(value: Any, text: str) -> None:
    assert values.to_text(value) == text


@pytest.mark.parametrize("value", [{"toString": 1}, [[{"toString": None}]]])
def test_an_object_that_hides_its_conversion_crashes(value: Any) -> None:
    for convert in (values.to_text, values.to_number):
        with pytest.raises(Crash, match=r"^Cannot convert object to primitive value$") as crash:
            convert(value)
        assert values.crash(crash.value).name == "TypeError"


def test_a_stack_that_ends_is_told_in_the_words_of_v8() -> None:
    told = values.crash(RecursionError())
    assert (told.name, told.message) == ("RangeError", "Maximum call stack size exceeded")


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (" 12 ", 12),
        ("", 0),
        ("\ufeff0x1F", 31),
        ("0b101", 5),
        ("-0x1", math.nan),
        (".5", 0.5),
        ("5.", 5),
        ("1_0", math.nan),
        ("nan", math.nan),
        ("+Infinity", math.inf),
        ("-Infinity", -math.inf),
        ("++Infinity", math.nan),
        ("\u0663", math.nan),
        ("0o9", math.nan),
        ("0x", math.nan),
        ("0b2", math.nan),
        (True, 1),
        (None, 0),
        ([7], 7),
        ([], 0),
        ([1, 2], math.nan),
        ({}, math.nan),
        (UNDEFINED, math.nan),
        (TO_STRING, math.nan),
        (1.5, 1.5),
        ("0x" + "f" * 300, math.inf),
    ],
)
def test_values_are_converted_to_numbers(value: Any, number: float) -> None:
    made = values.to_number(value)
    assert made == number or (math.isnan(made) and math.isnan(number))


@pytest.mark.parametrize("value", ["", 0, -0.0, math.nan, None, False, UNDEFINED])
def test_what_is_falsy(value: Any) -> None:
    assert not values.is_truthy(value)


@pytest.mark.parametrize("value", ["0", " ", 1, math.inf, True, [], {}, TO_STRING])
def test_what_is_truthy(value: Any) -> None:
    assert values.is_truthy(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", True),
        (0, True),
        (False, True),
        ([], True),
        ([[None]], True),
        (" ", False),
        (None, False),
        (UNDEFINED, False),
        ({}, False),
        (TO_STRING, False),
        ([0], False),
        (1, False),
    ],
)
def test_what_equals_an_empty_text(value: Any, expected: bool) -> None:
    assert values.equals_empty_text(value) is expected


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("", "string"),
        (True, "boolean"),
        (1, "number"),
        (UNDEFINED, "undefined"),
        (TO_STRING, "function"),
        (None, "object"),
        ([], "object"),
    ],
)
def test_types_have_the_names_of_typeof(value: Any, kind: str) -> None:
    assert values.type_of(value) == kind


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (1, True, False),
        (1, 1.0, True),
        ({"a": 1, "b": []}, {"b": [], "a": 1}, True),
        ([1], [1, 2], False),
        ([], {}, False),
        ({"a": 1}, {"b": 1}, False),
        ([{"a": None}], [{"a": None}], True),
        (None, {}, False),
    ],
)
def test_json_values_are_the_same_whatever_the_order_of_members(one: Any, other: Any, expected: bool) -> None:
    assert values.is_same(one, other) is values.is_same(other, one) is expected


def test_texts_are_measured_and_cut_by_code_units() -> None:
    assert values.length("a😀") == 3
    assert values.units("a😀") == "a\ud83d\ude00"
    assert values.from_units("a\ud83d\ude00\ud83d") == "a😀\ud83d"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("s", "S", True),
        ("s", "\u017f", False),
        ("k", "\u212a", False),
        ("\u00df", "\u1e9e", False),
        ("\u03c3", "\u03c2", True),
        ("i", "\u0131", False),
        ("\u00b5", "\u039c", True),
    ],
)
def test_case_is_ignored_by_single_code_units(one: str, other: str, same: bool) -> None:
    assert (values.folded(one) == values.folded(other)) is same


def test_a_text_longer_than_v8_makes_crashes() -> None:
    values.bounded(values.LONGEST)
    with pytest.raises(Crash, match=r"^Invalid string length$"):
        values.bounded(values.LONGEST + 1)
