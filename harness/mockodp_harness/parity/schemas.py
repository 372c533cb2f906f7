"""Definitions of fields, and payloads for them: what validation coerces, refuses and leaves out."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from random import Random
from typing import Any, Final

from mockodp_harness.destinations import optimizely_data_platform as odp
from mockodp_harness.parity import odd
from mockodp_harness.parity.trees import Number, Tree, read, written
from mockodp_harness.segment.payload import schema_of
from mockodp_harness.segment.values import parse, stringify

TYPES: Final = ("string", "string", "number", "integer", "boolean", "object", "datetime", "text", "password")
FORMATS: Final = (
    "email",
    "uri",
    "date",
    "date-time",
    "time",
    "ipv4",
    "ipv6",
    "uuid",
    "hostname",
    "date-like",
    "uri-reference",
)
NAMES: Final = ("a", "b", "c", "name", "10", "2", "x y", "é", "length")
KNOWN: Final = 160  # schemas in use: the package takes milliseconds to compile one


def fields(rng: Random, depth: int = 1) -> Tree:
    """Definitions of some fields."""
    return {name: _field(rng, depth) for name in rng.sample(NAMES, rng.randint(1, 4))}


def _field(rng: Random, depth: int) -> Tree:
    kind = rng.choice(TYPES)
    made: Tree = {"label": rng.choice(("Label", "", "Ä 1")), "type": kind} if odd.chance(rng, 0.9) else {"type": kind}
    made |= odd.some(rng, {"required": lambda r: r.choice((True, True, False)), "description": "d"}, 0.4)
    made |= odd.some(rng, {"multiple": True, "allowNull": True, "default": odd.scalar, "unsafe_hidden": True}, 0.2)
    if kind == "object" and depth and odd.chance(rng, 0.7):
        made["properties"] = fields(rng, depth - 1)
        made |= odd.some(rng, {"additionalProperties": lambda r: r.choice((True, False))}, 0.3)
    if kind == "string":
        made |= odd.some(rng, {"format": lambda r: r.choice(FORMATS)}, 0.3)
    if kind in ("string", "number"):
        made |= odd.some(rng, {"minimum": lambda r: _limit(r, 0, 5), "maximum": lambda r: _limit(r, 3, 20)}, 0.2)
    if kind in ("string", "number") and odd.chance(rng, 0.15):
        made["choices"] = (
            [{"label": "L", "value": odd.scalar(rng)} for _ in range(2)] if odd.chance(rng, 0.5) else ["a", "12"]
        )
    return made


def _limit(rng: Random, low: int, high: int) -> Number:
    return Number(str(rng.randint(low, high)))


@lru_cache(maxsize=KNOWN)
def _schema(number: int) -> str:
    """The text of one of `KNOWN` schemas."""
    actions = list(odp.destination().actions.values())
    if number < len(actions):
        return stringify(dict(actions[number].schema)) or ""
    made = fields(Random(number))  # noqa: S311  nothing here is secret
    return stringify(schema_of(parse(written(made)))) or ""


def schema(rng: Random) -> Tree:
    """The schema of an action, or of made fields."""
    number = rng.randrange(4) if odd.chance(rng, 0.4) else rng.randrange(KNOWN)
    return read(_schema(number))


def payload(rng: Random, schema: Tree, depth: int = 2) -> Tree:
    """A value for *schema*, mostly of its type or coercible to it."""
    if odd.chance(rng, 0.12):
        return odd.value(rng)
    types = schema.get("type")
    kind = rng.choice(types) if isinstance(types, list) else types
    if kind == "object" and "properties" in schema:
        made = {
            name: payload(rng, inner, depth) for name, inner in schema["properties"].items() if odd.chance(rng, 0.8)
        }
        if odd.chance(rng, 0.15):
            made[odd.name(rng)] = odd.value(rng, 1)
        return made
    if kind == "array":
        return [payload(rng, schema.get("items", {}), depth - 1) for _ in range(rng.choice((0, 1, 1, 2)))]
    value = _FITTING.get(kind, odd.value)(rng)
    return [value] if odd.chance(rng, 0.06) else value


_FITTING: Final[dict[Any, Callable[[Random], Tree]]] = {
    "string": odd.text,
    "number": lambda rng: odd.number(rng) if odd.chance(rng, 0.6) else odd.text(rng),
    "integer": lambda rng: odd.number(rng) if odd.chance(rng, 0.8) else odd.text(rng),
    "boolean": lambda rng: rng.choice((True, False, "true", "false", Number("1"), Number("0"), "yes", "")),
    "null": lambda _: None,
    "object": lambda rng: {odd.name(rng): odd.value(rng, 1) for _ in range(rng.randint(0, 2))},
}
