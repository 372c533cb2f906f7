"""
How to break each thing that a schema can ask for: wrong values made of a good one. Knows no contract and no document.

Every value made here is wrong by construction: what JSON Schema would say of it is never asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import combinations, islice
from typing import Any, Final, NamedTuple


class Wrong(NamedTuple):
    """A wrong *value* and the *operator* that made it; the trouble is seen at its member *member*, if one is named."""

    operator: str
    value: Any
    member: str | None = None


Breaks = Callable[[Any, Any], Iterator[Wrong]]

SAMPLES: Final[Mapping[str, Any]] = {
    "string": "text",
    "number": 7.5,
    "integer": 7,
    "boolean": True,
    "null": None,
    "object": {},
    "array": [],
}
"""A value of each type."""

TEXTS: Final = (
    "", " ", "\n", "text", "TEXT", "two words", "Größe", "0", "-1", "1e+21", "27,50", "null", "a@b", "@", "_", "a-b",
    "2026-02-30", "2026-13-01T00:00:00Z", "02/01/2026", "http://", "\u0661\u0662", "a\u0000b", "\U0001f600", "x" * 2000,
)  # fmt: skip
"""Texts that some pattern may refuse."""

FRESH: Final = "mutant"
"""The name of a member that no contract names."""

MOST_TEXTS: Final = 12
"""So many malformed texts are made for a pattern."""


def wrong(keyword: str, asked: Any, value: Any) -> Iterator[Wrong]:
    """Values that break *keyword*, which asks for *asked*; made of *value* where it is of use."""
    breaks = _BREAKS.get(keyword)
    return iter(()) if breaks is None else breaks(asked, value)


def keeps(keyword: str, asked: Any, value: Any) -> bool:
    """Whether *value* keeps *keyword*, as far as one value can: true of keywords about members and items."""
    if keyword in ("minimum", "maximum", "exclusiveMinimum"):
        return not _number(value) or _in_range(keyword, asked, value)
    if keyword == "pattern":
        return not isinstance(value, str) or matches(asked, value)
    if keyword in ("const", "enum"):
        return any(same(value, known) for known in ([asked] if keyword == "const" else asked))
    return keyword != "type" or type_of(value) in types_of(asked)


def fitting(schema: Mapping[str, Any]) -> Any:
    """A value that a condition is likely to be met by."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if "pattern" in schema:
        return schema["pattern"].replace(".*", FRESH).strip("^$")
    return SAMPLES[schema["type"]] if isinstance(schema.get("type"), str) else FRESH


def same(one: Any, other: Any) -> bool:
    """Whether JSON Schema takes both for the same value: 1 is 1.0, but not true."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    return (type(one) is type(other) and one == other) or (_number(one) and _number(other) and one == other)


def matches(pattern: str, text: str) -> bool:
    """Whether *pattern* finds itself in *text* as ECMAScript has it: ``$`` is the very end."""
    return _compiled(pattern).search(text) is not None


_END_OR_ELSE: Final = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\$")


def types_of(asked: Any) -> frozenset[str]:
    """The types that the keyword ``type`` allows."""
    named = {asked} if isinstance(asked, str) else set(asked)
    return frozenset(named | {"integer"} if "number" in named else named)


def type_of(value: Any) -> str:
    """The narrowest type of *value*: 1.0 is an integer."""
    if _number(value):
        return "integer" if value == int(value) else "number"
    return next(name for name, kind in _KINDS.items() if isinstance(value, kind))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """*pattern* as JavaScript reads it: ``$`` is the very end; within brackets, or escaped, it is a dollar sign."""
    return re.compile(_END_OR_ELSE.sub(lambda found: r"\Z" if found[0] == "$" else found[0], pattern), re.ASCII)


def _required(asked: Any, value: Any) -> Iterator[Wrong]:
    value = value if isinstance(value, dict) else {}
    for name in asked:
        rest = {member: held for member, held in value.items() if member != name}
        yield Wrong("drop", rest, name)
        for other in (name + "_", name.upper(), FRESH):
            if name in value and other not in value:
                yield Wrong("rename", {**rest, other: value[name]}, name)


def _type(asked: Any, value: Any) -> Iterator[Wrong]:
    allowed = types_of(asked)
    for name, sample in SAMPLES.items():
        if name not in allowed:
            yield Wrong("null" if sample is None else "retype", sample)
    if "string" not in allowed and _number(value):
        yield Wrong("retype", str(value))
    if "array" not in allowed and value is not None:
        yield Wrong("retype", [value])
    if "array" in allowed and "object" not in allowed and isinstance(value, list) and value:
        yield Wrong("retype", {str(index): item for index, item in enumerate(value)})


def _const(asked: Any, _: Any) -> Iterator[Wrong]:
    yield from (Wrong("wrong constant", other) for other in _others(asked) if not same(other, asked))


def _enum(asked: Any, _: Any) -> Iterator[Wrong]:
    tried: list[Any] = []
    for one in (*asked[:2], *asked[-1:]):
        for other in _others(one):
            if not any(same(other, known) for known in (*asked, *tried)):
                tried.append(other)
                yield Wrong("unknown value", other)


def _others(value: Any) -> Iterator[Any]:
    """Values near to *value* and values of other types."""
    if isinstance(value, str):
        yield from (value + "x", value[:-1], value.upper(), value.capitalize(), f" {value}", "", "unknown")
    elif _number(value):
        yield from (value + 1, value - 1, -value, str(value))
    elif isinstance(value, bool):
        yield from (not value, int(value), str(value).lower())
    yield from (None, FRESH, 0, [], {})


def _closed(_: Any, value: Any) -> Iterator[Wrong]:
    value = value if isinstance(value, dict) else {}
    for name in (FRESH, "", "a/b~c", *(near + "_" for near in list(value)[:1])):
        yield Wrong("extra member", {**value, name: "text"}, name)
    yield Wrong("extra member", {**value, FRESH: None}, FRESH)


def _min_length(asked: Any, _: Any) -> Iterator[Wrong]:
    for length in {0, asked - 1} if asked > 0 else ():
        yield Wrong("empty" if length == 0 else "too short", "x" * length)


def _min_items(asked: Any, value: Any) -> Iterator[Wrong]:
    held = value if isinstance(value, list) else []
    for length in {0, asked - 1} if asked > 0 else ():
        yield Wrong("empty" if length == 0 else "too short", held[:length])


def _min_properties(asked: Any, value: Any) -> Iterator[Wrong]:
    held = value.items() if isinstance(value, dict) else ()
    for length in {0, asked - 1} if asked > 0 else ():
        for kept in islice(combinations(held, min(length, len(held))), MOST_TEXTS):
            yield Wrong("empty" if not kept else "too short", dict(kept))


def _max_length(asked: Any, value: Any) -> Iterator[Wrong]:
    text = value if isinstance(value, str) and value else "x"
    yield Wrong("oversize", (text * (asked + 1))[: asked + 1])
    yield Wrong("oversize", "ä" * (asked + 1))
    yield Wrong("oversize", text * (asked + 1))


def _max_items(asked: Any, value: Any) -> Iterator[Wrong]:
    held = value if isinstance(value, list) and value else ["text"]
    for length in (asked + 1, 2 * asked + 1):
        yield Wrong("oversize", [held[index % len(held)] for index in range(length)])


def _max_properties(asked: Any, value: Any) -> Iterator[Wrong]:
    held = value if isinstance(value, dict) else {}
    yield Wrong("oversize", {**held, **{f"{FRESH}_{index}": "text" for index in range(asked + 1)}})


def _minimum(asked: Any, _: Any) -> Iterator[Wrong]:
    yield from (Wrong("out of range", low) for low in (asked - 1, asked - 0.5, asked - 10**12) if low < asked)


def _maximum(asked: Any, _: Any) -> Iterator[Wrong]:
    yield from (Wrong("out of range", high) for high in (asked + 1, asked + 0.5, asked + 10**12) if high > asked)


def _exclusive_minimum(asked: Any, _: Any) -> Iterator[Wrong]:
    yield from (Wrong("out of range", low) for low in (asked, asked - 1, asked - 0.5))


def _pattern(asked: Any, value: Any) -> Iterator[Wrong]:
    made = dict.fromkeys((*(_edits(value) if isinstance(value, str) else ()), *TEXTS))
    malformed = [text for text in made if not matches(asked, text)]
    yield from (Wrong("malformed", text) for text in malformed[:MOST_TEXTS])


def _edits(text: str) -> Iterator[str]:
    """*text* with one small thing changed."""
    yield from (text + "\n", text + " ", " " + text, text[:-1], text[1:], text + "x", text.upper(), text.swapcase())
    yield text.translate({ord("0") + digit: 0x0660 + digit for digit in range(10)})
    yield text.translate({ord(letter): letter + "\u0301" for letter in "ae"})
    yield from (text.replace(sign, "", 1) for sign in "@.-:/" if sign in text)


def _unique(asked: Any, value: Any) -> Iterator[Wrong]:
    held = value if isinstance(value, list) and value else [FRESH]
    if asked:
        yield Wrong("repeated", [*held, held[0]])
        yield Wrong("repeated", [1, 1.0])


def _contains(asked: Any, value: Any) -> Iterator[Wrong]:
    held = value if isinstance(value, list) else []
    for name in asked.get("required", ()):
        yield Wrong("nothing fits", [{m: v for m, v in item.items() if m != name} for item in held])
    yield from (Wrong("nothing fits", nothing) for nothing in ([], *([other] for other in _unfit(asked))))


def _unfit(asked: Any) -> Iterator[Any]:
    """Items that are not what *asked* says, which is about objects."""
    if asked.get("type") == "object":
        yield from (None, "text", [])
    for name, said in asked.get("properties", {}).items():
        if "const" in said and name in asked.get("required", ()):
            yield from ({name: other} for other in _others(said["const"]) if not same(other, said["const"]))


def _names(asked: Any, value: Any) -> Iterator[Wrong]:
    value = value if isinstance(value, dict) else {}
    for bad in (*TEXTS, *(name.upper() for name in value)):
        if "pattern" in asked and not matches(asked["pattern"], bad):
            yield Wrong("bad name", {**value, bad: "text"})


def _not(asked: Any, _: Any) -> Iterator[Wrong]:
    if "const" in asked:
        yield Wrong("forbidden", asked["const"])


def _in_range(keyword: str, bound: float, value: float) -> bool:
    if keyword == "exclusiveMinimum":
        return value > bound
    return value >= bound if keyword == "minimum" else value <= bound


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_KINDS: Final = {"string": str, "boolean": bool, "null": type(None), "object": dict, "array": list}
_BREAKS: Final[Mapping[str, Breaks]] = {
    "required": _required,
    "type": _type,
    "const": _const,
    "enum": _enum,
    "additionalProperties": _closed,
    "minLength": _min_length,
    "minItems": _min_items,
    "minProperties": _min_properties,
    "maxLength": _max_length,
    "maxItems": _max_items,
    "maxProperties": _max_properties,
    "minimum": _minimum,
    "maximum": _maximum,
    "exclusiveMinimum": _exclusive_minimum,
    "pattern": _pattern,
    "uniqueItems": _unique,
    "contains": _contains,
    "propertyNames": _names,
    "not": _not,
}
