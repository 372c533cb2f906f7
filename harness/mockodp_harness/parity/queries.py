"""Triggers: well-formed ones about events, soups of tokens, and syntax trees."""

from __future__ import annotations

from random import Random
from typing import Final

from mockodp_harness.parity import odd
from mockodp_harness.parity.events import EVENT_NAMES
from mockodp_harness.parity.trees import Number, Tree

FIELDS: Final = (
    "type", "event", "name", "userId", "properties.price", "properties.name", "properties.flag", "properties.email",
    "properties.nul", "properties.zero", "properties.empty", "properties.missing", "traits.email", "traits.age",
    "context.active", "context.traits.email", "context.personas.computation_class", "properties.arr.length",
    "properties.obj.a", "properties.s", "properties.order_id", "properties.total", "traits.vip",
    "traits.address.street",
)  # fmt: skip
ODD_FIELDS: Final = (
    "properties", "traits", "anonymousId", "event.foo", "type.x", "userId.length", "properties.toString", "constructor",
    "toString", "properties.\\and", "properties.\\0", "properties.arr\\[0\\]", "properties.a\\.b",
    "properties.zero.deep",
    "properties.s.length", "properties.__proto__", "propertiesX", "traits.constructor.name", "context.\\é",
    "\\properties.price",
    "properties.a\\ b", "properties..x", "properties.\\.", "properties.\\[", "valueOf", "__proto__", "messageId",
    "timestamp",
)  # fmt: skip
OPERATORS: Final = ("=", "=", "!=", "!=", "<", "<=", ">", ">=")
LITERALS: Final = (
    '"track"', '"identify"', '"u1"', '"ada@example.test"', '"Nike Shoes"', '""', "null", "null", "true", "false", "100",
    "5", "0", "-1", "1.5", "+100", "36", '"36"', "'track'", '"P-1"', '"audience"', '"é😀"', '"null"', "1e2", "007", "-",
    "+",
)  # fmt: skip
PATTERNS: Final = ('"Prod*"', '"*ed"', '"*"', '"Nike"', '"*a*"', '""', "'Prod*'", "Prod", "5", "null", '"ada"', '"é"')
TOKENS: Final = (
    "and", "or", "and", "or", "not", "!", "!=", "=", "==", "<", ">=", ">", "(", ")", ",", "[", "]", ".", "contains",
    "match",
    "contains(", "match(", "type", "event", "userId", "properties.price", "foo", "anonymousId", "null", "true",
    '"track"',
    "'x'", '"unclosed', "100", "1.5", "1.2.3", "5.", "a", "an", "n", "nu", "nul", "\\", "\\é", "é", ";", "\n", "\r",
    "\t", "AND",
    "Or", "constructor", "toString", "properties.or", "properties.0", "~", "properties.a=", "()", "and(", "or(",
    "type=", "!(",
    'type = "track"', 'event = "Product Added"', 'contains(event, "Prod")', '!match(event, "*ed")', "userId != null",
)  # fmt: skip
OPERATOR_NAMES: Final = (
    "=", "!=", "<", "<=", ">", ">=", "contains", "not_contains", "starts_with", "not_starts_with", "ends_with",
    "not_ends_with", "exists", "not_exists", "is_true", "is_false", "number_equals", "number_not_equals",
)  # fmt: skip
TYPES: Final = ("event-type", "event", "name", "userId")
HOLDERS: Final = ("event-property", "event-trait", "event-context")


def query(rng: Random) -> str:
    """An FQL text."""
    return soup(rng) if odd.chance(rng, 0.35) else _groups(rng)


def mostly_true(rng: Random) -> str:
    """An FQL text that holds for many events."""
    if odd.chance(rng, 0.45):
        return f'type = "{rng.choice(("track", "identify"))}"'
    if odd.chance(rng, 0.27):
        return f'type = "track" and event = "{rng.choice(EVENT_NAMES)}"'
    return "type != null" if odd.chance(rng, 0.5) else query(rng)


def soup(rng: Random) -> str:
    """Tokens in no order, some without blanks between."""
    return "".join(rng.choice(TOKENS) + rng.choice((" ", " ", " ", "")) for _ in range(rng.randint(1, 9)))


def _groups(rng: Random) -> str:
    word = rng.choice((" and ", " or "))
    parts = [
        _condition(rng) if odd.chance(rng, 0.8) else f"({_joined(rng)})" for _ in range(rng.choice((1, 1, 2, 2, 3)))
    ]
    return word.join(parts)


def _joined(rng: Random) -> str:
    word = rng.choice((" and ", " or ", " and ", " or ", "and", ", "))
    return word.join(_condition(rng) for _ in range(rng.choice((1, 2, 2, 3))))


def _condition(rng: Random) -> str:
    field = rng.choice(FIELDS if odd.chance(rng, 0.8) else ODD_FIELDS)
    if odd.chance(rng, 0.25):
        function = rng.choice(("contains", "match", "!contains", "!match", "Contains", "not contains"))
        return f"{function}({field}, {rng.choice(PATTERNS)})"
    space = " " if odd.chance(rng, 0.93) else ""
    literal = f'"{odd.text(rng)}"' if odd.chance(rng, 0.15) else rng.choice(LITERALS)
    return f"{field}{space}{rng.choice(OPERATORS)}{space}{literal}"


def ast(rng: Random, depth: int = 2) -> Tree:
    """A syntax tree: a group of conditions and groups."""
    children = [
        ast(rng, depth - 1) if depth and odd.chance(rng, 0.25) else _node(rng) for _ in range(rng.choice((1, 1, 2, 3)))
    ]
    return {"type": "group", "operator": rng.choice(("and", "or")), "children": children}


def _node(rng: Random) -> Tree:
    operator = rng.choice(OPERATOR_NAMES)
    made: Tree = {"type": rng.choice(TYPES), "operator": operator}
    if odd.chance(rng, 0.6):
        names = (
            "price",
            "name",
            "flag",
            "a.b",
            "a b",
            "arr[0]",
            "and",
            "é",
            "0",
            "zero.deep",
            "toString",
            "missing",
            "s",
        )
        made = {"type": rng.choice(HOLDERS), "name": rng.choice(names), "operator": operator}
    if operator not in ("exists", "not_exists", "is_true", "is_false"):
        made["value"] = rng.choice((odd.text(rng), odd.number(rng), True, False, Number("100"), "Nike"))
    return made
