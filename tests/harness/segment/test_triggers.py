from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from mockodp_harness.segment import values
from mockodp_harness.segment.triggers import Ast, TriggerError, compiled, evaluate, generate, parse, read_as, unmet
from mockodp_harness.segment.values import UNDEFINED

CASES: Final = int(os.environ.get("CASES", "300"))
CONFORMANCE: Final = os.environ.get("MOCKODP_CONFORMANCE")
BOUNDED: Final = settings(
    max_examples=CASES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)

NOTHING: Final = "Cannot read properties of undefined (reading 'type')"
NO_VALUE: Final = "Value token is missing"

EVENT: Final[dict[str, Any]] = {
    "type": "track",
    "event": "Product Added",
    "userId": "u1",
    "properties": {
        "price": 100,
        "sprice": "100",
        "flag": True,
        "empty": "",
        "nul": None,
        "zero": 0,
        "off": False,
        "name": "Nike Shoes",
        "items": [{"name": "Shoe"}, {"name": "Sock"}],
        "and": "A",
        "or": "O",
        "0": "zeroth",
        "deep": {"er": {"est": 3}},
        "smile": "a😀b",
    },
    "traits": {"plan": "premium"},
    "context": {"ip": "8.8.8.8"},
}

TYPE_IS_TRACK: Final = {"type": "event-type", "operator": "=", "value": "track"}
A: Final = 'type = "track"'
B: Final = 'event = "X"'
C: Final = "userId != null"
NODES: Final = {
    "A": TYPE_IS_TRACK,
    "B": {"type": "event", "operator": "=", "value": "X"},
    "C": {"type": "userId", "operator": "exists"},
}


def group(operator: str, *children: Any) -> Ast:
    return {"type": "group", "operator": operator, "children": list(children)}


def node(fql: str) -> Ast:
    """The one condition of *fql*."""
    ast = parse(fql)
    assert "error" not in ast, ast
    (child,) = ast["children"]
    return dict(child)


def error(fql: str) -> str | None:
    found = parse(fql).get("error")
    assert found is None or list(found) == ["message"]
    return None if found is None else found["message"]


def outcome(of: Any, *arguments: Any) -> Any:
    try:
        return of(*arguments)
    except TriggerError as raised:
        return str(raised)


def matches(fql: str, event: Any = EVENT) -> bool:
    """Whether *fql* matches, on which the interpreted and the compiled trigger agree."""
    interpreted = evaluate(parse(fql), event)
    assert compiled(fql).matches(event) is interpreted
    return interpreted


# -- tokens -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fql",
    [
        "type = null\r\nand userId = null",
        'type = "track"\r\n',
        'type = "track"\r\nand userId = null',
        'type !="track"',
        'type ! "track"',
        "!_x",
        "!",
        "properties.price>9",
        "properties.a[0] = 1",
        'type"track"',
        'type\\\n= "track" or\\',
        "type = 1.2.3",
        "type = 1. ",
        "type = 1.",
        "type = (1.)",
        'type = "track',
        "type = 'track\"",
        'type = "track"=',
        "type = \"track\" and 'x'=",
        *(f'type = "track" {character}' for character in ";#&~*/%^@$:?{}|é\x00\v\x85😀`"),
        'typé = "track"',
        "type = \\",
    ],
)
def test_what_the_lexer_cannot_read_is_one_and_the_same_error(fql: str) -> None:
    assert error(fql) == NOTHING
    assert not matches(fql)


@pytest.mark.parametrize(
    ("fql", "expected"),
    [
        ('\t type\n=\t"track"\n', TYPE_IS_TRACK),
        ('type="track"', TYPE_IS_TRACK),
        ('type= "track"', TYPE_IS_TRACK),
        ('type!= "track"', {"type": "event-type", "operator": "!=", "value": "track"}),
        ("type !=,", {"type": "event-type", "operator": "!=", "value": ","}),
        ("type =(", {"type": "event-type", "operator": "=", "value": "("}),
        ("properties.x >=100", {"type": "event-property", "name": "x", "operator": ">", "value": "="}),
        ("properties.x <=100", {"type": "event-property", "name": "x", "operator": "<", "value": "="}),
        ("properties.x >= 100", {"type": "event-property", "name": "x", "operator": ">=", "value": 100}),
        ("properties.x <= 100", {"type": "event-property", "name": "x", "operator": "<=", "value": 100}),
        ("properties.x >100", {"type": "event-property", "name": "x", "operator": ">", "value": 100}),
        ("properties.x = 1e2", {"type": "event-property", "name": "x", "operator": "number_equals", "value": 1}),
        ("properties.x = 1-2", {"type": "event-property", "name": "x", "operator": "number_equals", "value": 1}),
        ("properties.x = -.5", {"type": "event-property", "name": "x", "operator": "number_equals", "value": -0.5}),
        ("properties.x = .5", {"type": "event-property", "name": "x", "operator": "=", "value": "."}),
        ("properties.x = 007", {"type": "event-property", "name": "x", "operator": "number_equals", "value": 7}),
        ("properties.x = 1.x", {"type": "event-property", "name": "x", "operator": "number_equals", "value": 1}),
        ('type = "track"\r\nand event = "X"', TYPE_IS_TRACK),
        ('event = "a"b"c"', {"type": "event", "operator": "=", "value": "a"}),
        ('event = "tabs\tand\r\nlines"', {"type": "event", "operator": "=", "value": "tabs\tand\r\nlines"}),
        ('event = "😀"', {"type": "event", "operator": "=", "value": "😀"}),
        ('event = "a\\"', {"type": "event", "operator": "=", "value": "a\\"}),
        ('t\\ype = "track"', TYPE_IS_TRACK),
        ("properties . x = null", {"type": "event-property", "name": "x", "operator": "not_exists"}),
        ("properties.a-b_c.d9 = null", {"type": "event-property", "name": "a-b_c.d9", "operator": "not_exists"}),
        ("properties.\\😀 = null", None),
        ("properties.\\\ud83d\\\ude00 = null", {"type": "event-property", "name": "😀", "operator": "not_exists"}),
        ("properties.\\ \\é\\[ = null", {"type": "event-property", "name": " é[", "operator": "not_exists"}),
        ("type = AND", {"type": "event-type", "operator": "=", "value": "AND"}),
        ("properties.x = TRUE", {"type": "event-property", "name": "x", "operator": "=", "value": "TRUE"}),
        ("properties.x = nul", {"type": "event-property", "name": "x", "operator": "=", "value": "n"}),
        ("properties.x = nul ", {"type": "event-property", "name": "x", "operator": "=", "value": "nul"}),
        ("properties.x = nulls", {"type": "event-property", "name": "x", "operator": "=", "value": "nulls"}),
        ("properties.x = ab", {"type": "event-property", "name": "x", "operator": "=", "value": "a"}),
        ("properties.x = abc", {"type": "event-property", "name": "x", "operator": "=", "value": "abc"}),
        ("properties.x = a;", {"type": "event-property", "name": "x", "operator": "=", "value": "a"}),
        ("type = properties.a=", {"type": "event-type", "operator": "=", "value": "properties.a"}),
        ('properties.or = "O"', {"type": "event-property", "name": "properties", "operator": ".", "value": "or"}),
        ("properties.0 = 1", {"type": "event-property", "name": "properties", "operator": ".", "value": 0}),
        ('properties.\\or = "O"', {"type": "event-property", "name": "or", "operator": "=", "value": "O"}),
        ('properties.\\0 = "O"', {"type": "event-property", "name": "0", "operator": "=", "value": "O"}),
    ],
)
def test_tokens_are_read_as_the_framework_reads_them(fql: str, expected: Ast | None) -> None:
    if expected is None:
        assert error(fql) == NOTHING
    else:
        assert node(fql) == expected


def test_a_name_near_the_end_loses_what_follows() -> None:
    assert parse("properties.a=") == {"error": {"message": NO_VALUE}}


@pytest.mark.parametrize(
    ("fql", "expected"),
    [
        ('properties.\\and = "A"', True),
        ('properties.and = "A"', False),
        ('properties.\\0 = "zeroth"', True),
        ('properties.0 = "zeroth"', False),
        ('properties.or = "O"', False),
    ],
)
def test_parts_of_a_path_that_look_like_other_tokens_need_a_backslash(fql: str, expected: bool) -> None:
    assert matches(fql) is expected


# -- the loop -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fql", "expected"),
    [
        ("{A} and {B} or {C}", group("or", *NODES.values())),
        ("{A} or {B} and {C}", group("and", *NODES.values())),
        ("{A} OR {B}", group("and", NODES["A"], NODES["B"])),
        ("{A} {B}", group("and", NODES["A"], NODES["B"])),
        ("{A}, {B}", group("and", NODES["A"], NODES["B"])),
        ("{A} and", group("and", NODES["A"])),
        ("and {A}", group("and", NODES["A"])),
        ("or {A}", group("and", NODES["A"])),
        ("{A} and ({B} or {C})", group("and", NODES["A"], group("or", NODES["B"], NODES["C"]))),
        ("{A} and({B} or {C})", group("and", NODES["A"], group("or", NODES["B"], NODES["C"]))),
        ("{A} or({B})", group("and", NODES["A"], NODES["B"])),
        ("({A} or {B})", group("or", NODES["A"], NODES["B"])),
        ("({A})", group("and", NODES["A"])),
        ("!({A})", group("and", NODES["A"])),
        ("!{A}", group("and", NODES["A"])),
        ("not {A}", group("and", NODES["A"])),
        ("foo = {A}", group("and", NODES["A"])),
        ('anonymousId = "x" or {A}', group("and", NODES["A"])),
        ('event = "X"or type = "x"', group("and", NODES["B"])),
        ("() or {A}", group("or", UNDEFINED, NODES["A"])),
        ("{A} or ()", group("or", NODES["A"], UNDEFINED)),
        ("{A} (and) ", group("and", NODES["A"], UNDEFINED)),
        ("{A} )", group("and", NODES["A"])),
        ("{A} 5 'x' null . [ ]", group("and", NODES["A"])),
        ("constructor = 1 {A}", group("and", NODES["A"])),
        ("toString.x = {A}", group("and")),
        ("{A} __proto__ {B}", group("and", NODES["A"])),
        ("{A} contains.x", group("and", NODES["A"])),
    ],
)
def test_the_loop_is_forgiving(fql: str, expected: Ast) -> None:
    found = parse(fql.format(A=A, B=B, C=C))
    if expected["children"]:
        assert found == expected
    else:
        assert found == {"error": {"message": NOTHING}}


@pytest.mark.parametrize(
    ("fql", "message"),
    [
        ("", NOTHING),
        (" ", NOTHING),
        ("typo", NOTHING),
        ("()", NOTHING),
        ("(or)", NOTHING),
        (f"(({A}))", NOTHING),
        (f"({A} and ({B} or {C}))", NOTHING),
        (f"({A}", NOTHING),
        (f"{A} and (", NOTHING),
        ("type", NO_VALUE),
        ("constructor", NO_VALUE),
        ("(type)", NO_VALUE),
        ("(toString)", NO_VALUE),
        ("contains", "contains() is missing a 1st argument"),
        ("!match", "match() is missing a 1st argument"),
        ("contains(", "contains() is missing a 2nd argument"),
        ("contains(event", "contains() is missing a 2nd argument"),
        ("!match(event", "match() is missing a 2nd argument"),
        (f"{A} and (contains)", "contains() is missing a 1st argument"),
    ],
)
def test_errors_have_the_texts_of_the_framework(fql: str, message: str) -> None:
    assert parse(fql) == {"error": {"message": message}}
    assert compiled(fql).error == message


@pytest.mark.parametrize(
    ("fql", "expected"),
    [
        ('type = "identify" and (contains(event, "Prod") or userId = "zz")', True),
        ('type = "identify" and (userId = "zz" or contains(event, "Prod"))', False),
        ('((type = "track"))', False),
        ('!(type = "track")', True),
        ('!type = "track"', True),
        ('not type = "track"', True),
        ('Contains(event, "Prod")', False),
        ('type "track"', False),
        ("type =", False),
        ('type == "track"', False),
        ('type in ["track"]', False),
        ('foo = type = "track"', True),
        ('anonymousId = "x" or type = "track"', True),
        ('event = "Product Added"or type = "x"', True),
        ('type = "track" or ()', True),
        ('type = "track" and event = "Product Added" and userId = "u1"', True),
        ('type = "track" and event = "Product Added" and userId = "u2"', False),
        ('type = "identify" or event = "X" or userId = "u2"', False),
        ('type = "identify" or event = "X" or userId = "u1"', True),
        ('type contains "rac"', True),
        ('properties.price number_equals "100"', True),
    ],
)
def test_unusual_queries_match_what_the_framework_makes_of_them(fql: str, expected: bool) -> None:
    assert matches(fql) is expected


@pytest.mark.parametrize(
    ("fql", "operator", "value"),
    [
        ('Contains(event, "Prod")', ",", "Prod"),
        ('type "track"', '"track"', "eos"),
        ("type =", "=", "eos"),
        ('type == "track"', "=", "="),
        ('type in ["track"]', "in", "["),
    ],
)
def test_operator_and_value_are_taken_blindly(fql: str, operator: str, value: str) -> None:
    found = node(fql)
    assert (found["operator"], found["value"]) == (operator, value)


@pytest.mark.parametrize("fql", ['() or type = "track"', "type = 'x' or ()", '() and type = "track"'])
def test_an_empty_pair_of_parentheses_throws_when_it_is_evaluated(fql: str) -> None:
    trigger = compiled(fql)
    assert trigger.error is None
    assert outcome(trigger.matches, EVENT) == outcome(evaluate, trigger.ast, EVENT) == NOTHING


# -- conditions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "place"),
    [
        ("type", {"type": "event-type"}),
        ("type.x", {"type": "event-type"}),
        ("event", {"type": "event"}),
        ("event.foo", {"type": "event"}),
    ],
)
@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("= null", {"operator": "=", "value": "null"}),
        ("!= null", {"operator": "!=", "value": "null"}),
        ("= true", {"operator": "=", "value": "true"}),
        ("= false", {"operator": "=", "value": "false"}),
        ("!= 1.50", {"operator": "!=", "value": "1.5"}),
        ("= +", {"operator": "=", "value": "NaN"}),
        ("< 5", {"operator": "<", "value": "5"}),
        ("= 'track'", {"operator": "=", "value": "'track'"}),
        ('= ""', {"operator": "=", "value": ""}),
    ],
)
def test_type_and_event_are_compared_as_texts(field: str, place: Ast, test: str, expected: Ast) -> None:
    assert node(f"{field} {test}") == place | expected


@pytest.mark.parametrize(
    ("fql", "expected"),
    [
        ("name = null", {"type": "name", "operator": "not_exists"}),
        ("name != null", {"type": "name", "operator": "exists"}),
        ('name = "null"', {"type": "name", "operator": "=", "value": "null"}),
        ("name = \\null", {"type": "name", "operator": "not_exists"}),
        ("name < null", {"type": "name", "operator": "<", "value": "null"}),
        ("name = true", {"type": "name", "operator": "=", "value": "true"}),
        ("name = 5", {"type": "name", "operator": "=", "value": "5"}),
        ('name.x > "a"', {"type": "name", "operator": ">", "value": "a"}),
        ("userId = null", {"type": "userId", "operator": "not_exists"}),
        ("userId != null", {"type": "userId", "operator": "exists"}),
        ("userId = true", {"type": "userId", "operator": "is_true"}),
        ("userId = false", {"type": "userId", "operator": "is_false"}),
        ("userId != true", {"type": "userId", "operator": "!=", "value": "true"}),
        ('userId = "true"', {"type": "userId", "operator": "=", "value": "true"}),
        ("userId = 5", {"type": "userId", "operator": "=", "value": "5"}),
    ],
)
def test_name_and_user_id_may_be_absent(fql: str, expected: Ast) -> None:
    assert node(fql) == expected


@pytest.mark.parametrize(
    ("holder", "type_"), [("properties", "event-property"), ("traits", "event-trait"), ("context", "event-context")]
)
@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("= null", {"operator": "not_exists"}),
        ("!= null", {"operator": "exists"}),
        ('= "null"', {"operator": "=", "value": "null"}),
        ("= true", {"operator": "is_true"}),
        ("= false", {"operator": "is_false"}),
        ('= "true"', {"operator": "=", "value": "true"}),
        ("!= true", {"operator": "!=", "value": True}),
        ("= 5", {"operator": "number_equals", "value": 5}),
        ("!= 5", {"operator": "number_not_equals", "value": 5}),
        ('= "5"', {"operator": "=", "value": "5"}),
        ("> 5.5", {"operator": ">", "value": 5.5}),
        ('in "x"', {"operator": "in", "value": "x"}),
    ],
)
def test_conditions_on_a_path_have_typed_values(holder: str, type_: str, test: str, expected: Ast) -> None:
    assert node(f"{holder}.a.b {test}") == {"type": type_, "name": "a.b"} | expected
    assert node(f"{holder} {test}") == {"type": type_, "name": holder} | expected


def test_a_number_without_digits_is_not_a_number() -> None:
    assert math.isnan(node("properties.x = -")["value"])


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ('contains(event, "Prod")', {"type": "event", "operator": "contains", "value": "Prod"}),
        ('!contains(event, "Prod")', {"type": "event", "operator": "not_contains", "value": "Prod"}),
        ("contains(event, 10)", {"type": "event", "operator": "contains", "value": "10"}),
        ("contains(name, true)", {"type": "name", "operator": "contains", "value": "true"}),
        ("contains x userId x null x", {"type": "userId", "operator": "contains", "value": "null"}),
        ("contains(event,", {"type": "event", "operator": "contains", "value": "eos"}),
        ('contains(context.ip, "8")', {"type": "event-context", "name": "ip", "operator": "contains", "value": "8"}),
        (
            'contains(traitsx.y, "8")',
            {"type": "event-trait", "name": "traitsx.y", "operator": "contains", "value": "8"},
        ),
        ('match(event, "Product Added")', {"type": "event", "operator": "ends_with", "value": "roduct Added"}),
        ('match(event, "*Added")', {"type": "event", "operator": "ends_with", "value": "Added"}),
        ('match(event, "*a*")', {"type": "event", "operator": "starts_with", "value": "*a"}),
        ("match(event, 'Prod*')", {"type": "event", "operator": "ends_with", "value": "Prod*'"}),
        ('match(event, "*")', {"type": "event", "operator": "starts_with", "value": ""}),
        ('match(event, "")', {"type": "event", "operator": "ends_with", "value": ""}),
        ('!match(event, "X*")', {"type": "event", "operator": "not_starts_with", "value": "X"}),
        ('!match(event, "*X")', {"type": "event", "operator": "not_ends_with", "value": "X"}),
        ('match(event, "😀b")', {"type": "event", "operator": "ends_with", "value": "\ude00b"}),
        (
            'match(properties.a.b, "X?")',
            {"type": "event-property", "name": "a.b", "operator": "ends_with", "value": "?"},
        ),
    ],
)
def test_functions(call: str, expected: Ast) -> None:
    assert node(call) == expected


@pytest.mark.parametrize("name", ["type", "anonymousId", '"event"', "event.x", "5"])
def test_functions_of_other_names_add_no_condition(name: str) -> None:
    assert error(f'contains({name}, "x")') == NOTHING
    assert node(f'contains({name}, "x") {A}') == TYPE_IS_TRACK


# -- evaluation ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fql", "expected"),
    [
        ("properties.price = 100", True),
        ("properties.price = 100.0", True),
        ("properties.price = +100", True),
        ('properties.price = "100"', False),
        ("properties.sprice = 100", False),
        ("properties.sprice > 5", False),
        ("properties.sprice != 100", False),
        ("properties.missing != 5", False),
        ("properties.flag > 0", False),
        ('properties.missing != "5"', True),
        ('properties.price != "100"', True),
        ('properties.nul != "null"', True),
        ('properties.flag = "true"', False),
        ("properties.flag = true", True),
        ("properties.flag = false", False),
        ("properties.off = false", True),
        ("properties.flag != true", True),
        ("properties.flag != false", True),
        ("properties.missing != true", True),
        ("event != null", True),
        ("event = null", False),
        ("type = null", False),
        ("properties.price <=100", False),
        ("properties.price >=100", False),
        ("properties.price <= 100", True),
        ("properties.price >99", True),
        ("properties.price>99", False),
        ("properties.price = 1e2", False),
        ('properties.price > "99"', True),
        ('properties.price > "abc"', False),
        ('properties.price < "abc"', False),
        ('properties.price > ""', True),
        ("properties.price < 100", False),
        ("properties.price != 99", True),
        ("properties.price != 100", False),
        ("properties.price = -", False),
        ("properties.price != -", True),
        ('properties.empty = ""', True),
        ("properties.empty != null", True),
        ("properties.zero != null", True),
        ("properties.off != null", True),
        ("properties.nul != null", False),
        ("properties.nul = null", True),
        ("properties.missing = null", True),
        ('properties.name = "Nike Shoes"', True),
        ('properties.name = "nike shoes"', False),
        ('contains(properties.name, "ike")', True),
        ('contains(properties.name, "IKE")', False),
        ('!contains(properties.name, "x")', True),
        ('!contains(properties.missing, "x")', False),
        ('!contains(properties.price, "x")', False),
        ('match(event, "Prod*")', True),
        ('match(event, "prod*")', False),
        ('match(event, "*Added")', True),
        ('!match(event, "Prod*")', False),
        ('!match(event, "*Added")', False),
        ('!match(name, "*Added")', False),
        ('match(event, "Product Added")', True),
        ('contains(event, "")', True),
        ('match(properties.smile, "😀b")', True),
        ('contains(properties.smile, "😀")', True),
        ("name = null", True),
        ("userId = true", False),
        ('userId = "u1"', True),
        ("properties = null", True),
        ('traits.plan = "premium"', True),
        ('context.ip = "8.8.8.8"', True),
        ("properties.zero.deep != null", True),
        ("properties.zero.deep = 0", True),
        ("properties.off.deep = false", True),
        ('properties.empty.deep = ""', True),
        ("properties.nul.deep = null", True),
        ("properties.deep.er.est = 3", True),
        ("properties.deep\\[er\\]est = 3", True),
        ("properties.items.length = 2", True),
        ("properties.name.length >= 3", True),
        ("properties.smile.length = 4", True),
        ('properties.name.\\0 = "N"', True),
        ("properties.name.\\99 = null", True),
        ("properties.name.\\01 = null", True),
        ('properties.items\\[0\\].name = "Shoe"', True),
        ('properties.items.\\1.name = "Sock"', True),
        ("properties.items.\\7.name = null", True),
        ("properties.toString != null", True),
        ("properties.constructor != null", True),
        ("properties.valueOf != null", True),
        ("properties.hasOwnProperty != null", True),
        ("properties.__proto__ != null", True),
        ('properties.constructor.name = "Object"', True),
        ("properties.constructor.length = 1", True),
        ("properties.toString.apply != null", True),
        ('properties.items.constructor.name = "Array"', True),
        ('properties.name.trimLeft.name = "trimStart"', True),
        ("properties.price.toFixed != null", True),
        ("properties.flag.toFixed = null", True),
        ("properties.flag.valueOf != null", True),
        ("properties.tostring = null", True),
    ],
)
def test_what_matches(fql: str, expected: bool) -> None:
    assert matches(fql) is expected


def test_a_missing_event_name_differs_from_the_text_null() -> None:
    assert matches("event != null", {})
    assert matches("properties.toString = null", {})


@pytest.mark.parametrize("operator", ["=", "number_equals"])
def test_holders_that_are_no_objects_have_nothing(operator: str) -> None:
    holders: list[Any] = [None, "", "text", 5, True, [], False]
    for holder in holders:
        assert not matches(f'properties.x {operator} "5"', {"properties": holder})


@pytest.mark.parametrize(
    ("event", "expected"), [(UNDEFINED, False), ("", True), ("UNDEFINED", True), ({}, True), ([], True), (5, True)]
)
def test_events_that_are_no_objects_have_no_members(event: Any, expected: bool) -> None:
    assert matches("userId = null", event) is expected
    assert matches('properties.x != "5" and type != "track"', event) is expected


@pytest.mark.parametrize(
    ("fql", "member"), [(A, "type"), (B, "event"), (C, "userId"), ("name = null", "name"), ("traits.x = 5", "traits")]
)
def test_a_null_event_throws(fql: str, member: str) -> None:
    message = f"Cannot read properties of null (reading '{member}')"
    assert outcome(evaluate, parse(fql), None) == outcome(compiled(fql).matches, None) == message


@pytest.mark.parametrize("fql", ["properties.\\. = 1", "traits.\\[\\]\\. != null"])
def test_a_path_without_a_name_throws(fql: str) -> None:
    trigger = compiled(fql)
    assert outcome(trigger.matches, EVENT) == outcome(evaluate, trigger.ast, EVENT)
    assert outcome(trigger.matches, EVENT) == "Cannot read properties of null (reading 'reduce')"


@pytest.mark.parametrize("fql", ["properties\\. = 1", 'contains(context\\., "x")', "traits\\. != null"])
def test_a_path_of_nothing_leads_nowhere(fql: str) -> None:
    trigger = compiled(fql)
    assert trigger.matches(EVENT) is evaluate(trigger.ast, EVENT) is False


@pytest.mark.parametrize(
    ("fql", "value"), [("(type =)", "eos"), ("(contains(event,)", "eos"), ("contains(event,", "eos")]
)
def test_the_end_may_be_a_value(fql: str, value: str) -> None:
    (node,) = parse(fql)["children"]
    assert node["value"] == value


def test_nodes_that_no_query_makes_do_not_match() -> None:
    assert not evaluate(group("xor", TYPE_IS_TRACK), EVENT)
    assert not evaluate(group("and", {"type": "moon", "operator": "=", "value": "full"}), EVENT)
    assert not evaluate({"error": {"message": NOTHING}}, EVENT)
    assert evaluate(group("and"), EVENT)
    assert not evaluate(group("or"), EVENT)


@pytest.mark.parametrize("value", ["123", 123])
def test_equality_is_with_the_text_of_the_expected_value(value: Any) -> None:
    test = {"type": "event-property", "name": "value", "operator": "=", "value": value}
    assert evaluate(group("and", test), {"properties": {"value": "123"}})
    assert not evaluate(group("and", test), {"properties": {"value": 123}})


# -- generation ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ({"operator": "contains", "value": "V"}, 'contains(event, "V")'),
        ({"operator": "not_contains", "value": "V"}, '!contains(event, "V")'),
        ({"operator": "contains", "value": 5}, "contains(event, 5)"),
        ({"operator": "contains"}, 'contains(event, "undefined")'),
        ({"operator": "starts_with", "value": "V"}, 'match(event, "V*")'),
        ({"operator": "not_starts_with", "value": "V"}, '!match(event, "V*")'),
        ({"operator": "ends_with", "value": "V"}, 'match(event, "*V")'),
        ({"operator": "not_ends_with", "value": "V"}, '!match(event, "*V")'),
        ({"operator": "exists"}, "event != null"),
        ({"operator": "not_exists"}, "event = null"),
        ({"operator": "is_true"}, "event = true"),
        ({"operator": "is_false"}, "event = false"),
        ({"operator": "<", "value": "10"}, "event < 10"),
        ({"operator": "<=", "value": 10.5}, "event <= 10.5"),
        ({"operator": ">", "value": "abc"}, "event > NaN"),
        ({"operator": ">=", "value": ""}, "event >= 0"),
        ({"operator": "number_equals", "value": "123"}, "event = 123"),
        ({"operator": "number_not_equals", "value": "456.0"}, "event != 456"),
        ({"operator": "=", "value": "V"}, 'event = "V"'),
        ({"operator": "!=", "value": True}, "event != true"),
        ({"operator": "=", "value": 1.0}, "event = 1"),
        ({"operator": "="}, 'event = "undefined"'),
        ({"operator": "in", "value": 'a"b'}, 'event in "a"b"'),
    ],
)
def test_operators_are_written(test: Ast, expected: str) -> None:
    assert generate(group("and", {"type": "event", **test})) == expected


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ({"type": "event-type"}, "type"),
        ({"type": "event"}, "event"),
        ({"type": "name"}, "name"),
        ({"type": "userId"}, "userId"),
        ({"type": "event-property", "name": "a.b_c-9"}, "properties.a.b_c-9"),
        ({"type": "event-trait", "name": "property dos"}, "traits.property\\ dos"),
        ({"type": "event-context", "name": "a[0]é"}, "context.a\\[0\\]\\é"),
        ({"type": "event-context", "name": "😀"}, "context.\\\ud83d\\\ude00"),
    ],
)
def test_places_are_written(place: Ast, expected: str) -> None:
    assert generate(group("and", place | {"operator": "exists"})) == f"{expected} != null"


@pytest.mark.parametrize(
    ("operator", "children", "expected"),
    [
        ("and", [TYPE_IS_TRACK, group("or", TYPE_IS_TRACK, TYPE_IS_TRACK)], f"{A} and ({A} or {A})"),
        ("or", [group("and", TYPE_IS_TRACK, TYPE_IS_TRACK), group("and", TYPE_IS_TRACK)], f"({A} and {A}) or ({A})"),
        ("and", [group("or", TYPE_IS_TRACK, TYPE_IS_TRACK)], f"{A} or {A}"),
        ("and", [], ""),
    ],
)
def test_groups_are_written(operator: str, children: list[Ast], expected: str) -> None:
    assert generate(group(operator, *children)) == expected


def nested(depth: int) -> Any:
    node: Any = TYPE_IS_TRACK
    for _ in range(depth):
        node = group("and", node)
    return node


def test_a_root_is_a_group_whatever_its_type() -> None:
    root = {"type": "event", "operator": "or", "children": [TYPE_IS_TRACK]}
    assert generate(root) == A
    assert evaluate(root, EVENT)
    assert not evaluate(TYPE_IS_TRACK, EVENT)


@pytest.mark.parametrize(
    ("ast", "message"),
    [
        (group("and", {"type": "moon", "operator": "=", "value": "full"}), "Unknown condition type"),
        ({"error": {"message": NO_VALUE}}, NO_VALUE),
        (group("and", UNDEFINED), NOTHING),
        (group("and", None), "Cannot read properties of null (reading 'type')"),
        (None, "Cannot read properties of null (reading 'error')"),
        (5, "Cannot read properties of undefined (reading 'map')"),
        (TYPE_IS_TRACK, "Cannot read properties of undefined (reading 'map')"),
        ({"children": None}, "Cannot read properties of null (reading 'map')"),
        ({"children": "ab"}, "node.children.map is not a function"),
        ({"error": {}}, "undefined"),
        (group("and", {"type": ["event"]}), "Unknown condition type"),
        (
            group("and", {"type": "event", "operator": "=", "value": {"toString": 1}}),
            "Cannot convert object to primitive value",
        ),
        (nested(10_000), "Maximum call stack size exceeded"),
    ],
)
def test_what_cannot_be_written(ast: Any, message: str) -> None:
    assert outcome(generate, ast) == message


@pytest.mark.parametrize(
    ("ast", "expected"),
    [
        (None, "Cannot read properties of null (reading 'error')"),
        (5, False),
        ([], False),
        ({}, False),
        (group("and", 5, None), False),
        (group("or", 5, None), "Cannot read properties of null (reading 'type')"),
        ({"operator": "and"}, "Cannot read properties of undefined (reading 'every')"),
        ({"operator": "or", "children": {}}, "condition.children.some is not a function"),
        ({"operator": ["and"], "children": []}, False),
        (group("and", {"type": "event-property", "operator": "exists"}), False),
        (group("and", {"type": "event-property", "name": 5}), "path.match is not a function"),
        (group("and", {"type": "event-property", "name": ["price"], "operator": "exists"}), True),
        (group("and", {"type": "event-property", "name": [], "operator": "exists"}), True),
        (group("and", {"type": "event", "operator": ["="], "value": "Product Added"}), False),
        (group("and", {"type": "event", "operator": "=", "value": ["Product Added"]}), True),
        (
            group("and", {"type": "event", "operator": "=", "value": {"toString": 1}}),
            "Cannot convert object to primitive value",
        ),
        (nested(10_000), "Maximum call stack size exceeded"),
    ],
)
def test_malformed_nodes_are_read_as_javascript_reads_them(ast: Any, expected: object) -> None:
    assert outcome(evaluate, ast, EVENT) == expected


# -- anything at all ----------------------------------------------------------------------------------------------


def words(text: str) -> list[str]:
    return text.split()


PLACES: Final = words(
    "type event name userId context.ip properties traits.plan properties.price properties.name properties.deep.er "
    "properties.zero.x properties.name.length properties.items\\[0\\].name properties.toString properties\\. event.x"
)
EXPECTED: Final = words(
    '"track" "Nike*" "*Shoes" "*" "" "100" "99" "a" \'track\' true false null 100 10 -1 1.5 + "😀" "😀b" "er"'
)
OPERATORS: Final = words("= != < <= > >= contains ends_with exists is_true in")
STRAYS: Final = words(
    "! and or AND contains match contains( contains(event, match(properties.name, ( ) , . [ ] x constructor toString a "
    "n \\ \\. \\[ ; 😀 \\\ud83d"
)
TRUE: Final = [
    'type = "track"',
    'event = "Product Added"',
    "userId != null",
    "name = null",
    "properties.price = 100",
    "properties.deep.er.est < 10",
    "properties.name.length >= 3",
    "properties.flag = true",
    'contains(event, "Prod")',
    '!match(properties.name, "x*")',
    'match(context.ip, "*8")',
]
SCALARS: Final = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(["", "track", "Product Added", "Nike Shoes", "100", "null", "true", "x", "a😀b", "\ude00b"]),
    st.sampled_from([0, 1, 100, -1, 1.5, math.inf, -0.0]),
)
JSON: Final = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["ip", "price", "name", "deep", "er", "zero", "items", "x", "plan"]), inner)
    ),
    max_leaves=8,
)
EVENTS: Final = st.one_of(
    st.just(EVENT),
    st.just(EVENT),
    st.dictionaries(st.sampled_from(["type", "event", "name", "userId", "context", "properties", "traits"]), JSON),
    st.just(UNDEFINED),
    JSON,
)
PLACE: Final = st.sampled_from(PLACES)
VALUE: Final = st.sampled_from([*EXPECTED, '"Product Added"'])
CONDITIONS: Final = st.one_of(
    st.sampled_from(TRUE),
    st.builds("{} {} {}".format, PLACE, st.sampled_from(OPERATORS), VALUE),
    st.builds("{}{}({}, {})".format, st.sampled_from(["", "!"]), st.sampled_from(["contains", "match"]), PLACE, VALUE),
)
JOINS: Final = st.sampled_from([" and ", " or ", " ", " and (", ") or "])
SENSIBLE: Final = st.lists(st.tuples(CONDITIONS, JOINS), min_size=1, max_size=4).map(
    lambda parts: "".join(piece for part in parts for piece in part)
)
CHAOTIC: Final = st.builds(
    lambda blank, pieces: blank.join(pieces),
    st.sampled_from([" ", "", "\n"]),
    st.lists(CONDITIONS | JOINS | PLACE | VALUE | st.sampled_from([*OPERATORS, *STRAYS]), max_size=8),
)
QUERIES: Final = SENSIBLE | CHAOTIC


def test_a_compiled_trigger_says_what_the_interpreted_one_says() -> None:
    seen: Counter[Any] = Counter()

    @BOUNDED
    @given(QUERIES, EVENTS)
    @example('type = "identify"', EVENT)
    @example('match(event, "😀b")', {"event": "x😀b"})
    @example('!contains(event, "😀b")', {"event": "\ude00b"})
    def agree(fql: str, event: Any) -> None:
        trigger = compiled(fql)
        answer = outcome(trigger.matches, event)
        assert answer == outcome(evaluate, parse(fql), event)
        seen[trigger.error or answer] += 1

    agree()
    assert min(seen[True], seen[False]) > CASES / 20, "too few of the triggers were sensible for this to prove anything"


@BOUNDED
@given(
    st.text() | st.text(st.characters(exclude_categories=())) | st.text("tyeandul\\ \"'=!<>().,[]019+-_\r\n"), EVENTS
)
def test_no_text_makes_another_error_than_a_trigger_s_own(fql: str, event: Any) -> None:
    trigger = compiled(fql)
    assert trigger.error == error(fql)
    assert isinstance(outcome(trigger.matches, event), bool | str)
    assert isinstance(outcome(generate, trigger.ast), str)


@BOUNDED
@given(
    st.text(min_size=1).filter(lambda path: path.strip(".[]") and not path.startswith(".")),
    st.sampled_from(["=", "!=", "contains", "not_starts_with", "in"]),
    st.text().filter(lambda text: '"' not in text),
)
def test_a_condition_reads_back_as_it_was_written_if_its_path_has_only_names(
    path: str, operator: str, value: str
) -> None:
    plain = "".join(f"x{piece}" for piece in path.split("."))
    ast = group("and", {"type": "event-trait", "name": plain, "operator": operator, "value": value})
    assert parse(generate(ast)) == ast


@pytest.mark.parametrize(
    ("fql", "event", "sentences"),
    [
        ('type = "track"', {"type": "track"}, []),
        ('type = "track" and event = "B"', {"type": "track", "event": "A"}, ['event = "B", but event is "A"']),
        ('event = "B" or event = "C"', {}, ['one of: event = "B", event = "C"; but event is absent']),
        (
            'type = "track" and (event = "B" or properties.n > 5)',
            {"type": "track", "event": "A"},
            ['one of: event = "B", properties.n > 5; but event is "A" and properties.n is absent'],
        ),
        (
            'event = "B" or (type = "page" and name = "X")',
            {"type": "page", "name": "Y"},
            [
                'one of: event = "B", (type = "page" and name = "X"); '
                'but event is absent and type is "page" and name is "Y"'
            ],
        ),
        ("type = 'track'", {"type": "track"}, ['type = "\'track\'", but type is "track"']),
        ("properties.total >=5", {"properties": {"total": 7}}, ["properties.total > NaN, but properties.total is 7"]),
        ("properties.n > 5", {"properties": {"n": "7"}}, ['properties.n > 5, but properties.n is "7"']),
        ("userId != null", {"userId": None}, ["userId != null, but userId is null"]),
        (
            'type = "x',
            {},
            ["The trigger cannot be read: Cannot read properties of undefined (reading 'type')."],
        ),
        (
            '() or type = "x"',
            {},
            ["The trigger cannot be evaluated: Cannot read properties of undefined (reading 'type')."],
        ),
    ],
)
def test_what_a_trigger_misses_is_told_as_it_was_read(fql: str, event: dict[str, Any], sentences: list[str]) -> None:
    assert unmet(fql, event) == sentences


@pytest.mark.parametrize(
    ("fql", "read"),
    [
        ('type = "track"', 'type = "track"'),
        ("type = 'track'", "type = \"'track'\""),
        ('type = "track" or event = "A" and event = "B"', 'type = "track" and event = "A" and event = "B"'),
        ("properties.total >=5", "properties.total > NaN"),
    ],
)
def test_a_trigger_can_be_written_as_it_was_read(fql: str, read: str) -> None:
    assert read_as(fql) == read


def test_a_trigger_that_cannot_be_read_cannot_be_written_as_it_was_read() -> None:
    with pytest.raises(TriggerError, match="Cannot read properties of undefined"):
        read_as('type = "x')


@pytest.mark.parametrize("ask", [read_as, lambda fql: unmet(fql, {})])
def test_a_trigger_that_is_no_text_is_told(ask: Any) -> None:
    with pytest.raises(TypeError, match="The trigger is None, expected a text of FQL"):
        ask(None)


# -- what the framework itself answered ---------------------------------------------------------------------------


def recorded() -> Iterator[Any]:
    for cases in sorted(Path(CONFORMANCE).glob("*.ndjson")) if CONFORMANCE else []:
        answers = cases.with_suffix(".expected").read_text().splitlines()
        for case, answer in zip(cases.read_text().splitlines(), answers, strict=True):
            if '"kind":"fql' in case:
                yield pytest.param(values.parse(case), values.parse(answer), id=json.loads(case)["id"])


def answered(case: dict[str, Any]) -> dict[str, Any]:
    if case["kind"] == "fql_generate":
        return {"fql": generate(case["ast"])}
    if case["kind"] == "fql_validate":
        return {"match": evaluate(case["ast"], case["event"])}
    trigger = compiled(case["fql"])
    answer = {"ast": trigger.ast} if trigger.error is None else {"parse_error": trigger.error}
    return answer | ({"match": trigger.matches(case["event"])} if "event" in case else {})


@pytest.mark.skipif(not CONFORMANCE, reason="MOCKODP_CONFORMANCE names no folder of recorded answers")
@pytest.mark.parametrize(("case", "answer"), list(recorded()))
def test_answers_are_those_of_the_framework(case: dict[str, Any], answer: dict[str, Any]) -> None:
    assert answer["ok"]
    assert answered(case) == answer["result"]
