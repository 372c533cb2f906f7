"""
Values that a keyword of JSON Schema is likely to tell apart, and values that are likely to meet a condition.

None of them is right or wrong by construction: those who ask judge them. Knows no contract and no document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from itertools import islice
from re import error as PatternError  # noqa: N812  its newer name is not in every version
from typing import Any, Final

from mockodp_contracts.mutation.places import Concrete, replaced

SAMPLES: Final[tuple[Any, ...]] = (
    None, True, 0, -1, 1.5, "", "x", "2026-01-02T03:04:05Z", "ada@example.test", [], {},
)  # fmt: skip
"""Values of each type."""

_OF_NUMBERS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_MOST_MEMBERS: Final = 100_000
_MOST_TEXTS: Final = 48
_MOST_VALUES: Final = 96
_PICKS: Final = (0, 1, 2, 5)
_FRESH: Final = "x"
_OF_TYPE: Final[Mapping[str, Any]] = {
    "string": _FRESH, "number": 1.5, "integer": 1, "boolean": True, "null": None, "object": {}, "array": [],
}  # fmt: skip


def told_apart(keyword: str, asked: Any, value: Any) -> Iterator[Any]:
    """Values, some made of *value*, of which *keyword* may take one and refuse another."""
    made = _MADE.get(keyword)
    if made is not None:
        yield from islice(made(asked, value), _MOST_VALUES)
    elif keyword in _OF_NUMBERS:
        yield from (asked, asked - 1, asked + 1, asked + 0.5, asked * 1.5, asked * 2, asked / 2)
    elif keyword.endswith(("Length", "Items", "Properties")) and keyword.startswith(("min", "max")):
        yield from _of_length(keyword, asked, value)


def of_schema(schema: Any, value: Any) -> Iterator[Any]:
    """Values, some made of *value*, of which *schema* may take one and refuse another."""
    if not isinstance(schema, dict):
        return
    yield fitted(schema, value)
    yield unfitted(schema, value)
    for keyword, asked in schema.items():
        yield from told_apart(keyword, asked, value)


def fitted(schema: Any, value: Any) -> Any:
    """*value* changed so that it is likely to meet *schema*."""
    if not isinstance(schema, dict):
        return value
    if "const" in schema or "enum" in schema:
        return schema["const"] if "const" in schema else schema["enum"][0]
    if "properties" in schema or "required" in schema:
        members = dict(value) if isinstance(value, dict) else {}
        members |= {name: members.get(name, _FRESH) for name in schema.get("required", ())}
        value = members | {n: fitted(inner, members.get(n)) for n, inner in schema.get("properties", {}).items()}
    for inner in (*schema.get("allOf", ()), *schema.get("anyOf", ())[:1], *schema.get("oneOf", ())[:1]):
        value = fitted(inner, value)
    if "contains" in schema:
        value = [*(value if isinstance(value, list) else ()), fitted(schema["contains"], None)]
    return _fitted_plainly(schema, value)


def _fitted_plainly(schema: Mapping[str, Any], value: Any) -> Any:
    if "not" in schema:
        value = unfitted(schema["not"], value)
    if "pattern" in schema:
        value = next(texts(schema["pattern"]), value)
    if "minLength" in schema and not (isinstance(value, str) and len(value) >= schema["minLength"]):
        value = _FRESH * schema["minLength"]
    if "minimum" in schema or "exclusiveMinimum" in schema:
        value = schema.get("minimum", schema.get("exclusiveMinimum", 0)) + 1
    if isinstance(kinds := schema.get("type"), (str, list)):
        named = [kinds] if isinstance(kinds, str) else kinds
        fits = any(type(value) is type(_OF_TYPE.get(kind)) for kind in (*named, *_narrower(named)))
        value = value if fits or not named else _OF_TYPE.get(named[0], value)
    return value


def _narrower(kinds: list[str]) -> list[str]:
    return ["integer"] if "number" in kinds else []


def unfitted(schema: Any, value: Any) -> Any:
    """*value* changed so that it is likely not to meet *schema*."""
    if not isinstance(schema, dict):
        return value
    if "not" in schema:
        return fitted(schema["not"], value)
    if isinstance(value, dict):
        if required := schema.get("required"):
            return {name: inner for name, inner in value.items() if name != required[0]}
        for name, inner in islice(schema.get("properties", {}).items(), 1):
            return {**value, name: unfitted(inner, value.get(name))}
    return [] if value == _FRESH else _FRESH


def settled(base: Any, place: Concrete, schema: Any, value: Any, *, met: bool) -> Any:
    """*base* with *value* at *place* changed so that it is likely to meet *schema*, or not to."""
    return replaced(base, place, (fitted if met else unfitted)(schema, value))


def texts(pattern: str) -> Iterator[str]:
    """Texts that *pattern* is likely to match, then what it looks ahead for or shuts out; none where it is too odd."""
    yield from _texts(pattern)


@cache
def _texts(pattern: str) -> tuple[str, ...]:
    try:
        parsed = import_module("re._parser").parse(pattern)
        whole = [_text(parsed, pick) for pick in _PICKS]
        ahead = [_text(inner, pick) for inner in _set_apart(parsed) for pick in _PICKS]
    except (PatternError, LookupError, ValueError, OverflowError, RecursionError):
        return ()
    return tuple(dict.fromkeys((*whole, *ahead, *(one + other for one in ahead for other in whole))))


def _text(parsed: Any, pick: int) -> str:
    """A text of the parts of a pattern; *pick* says which of what may stand at a place."""
    return "".join(_TEXT_OF[str(part)](said, pick) for part, said in parsed)


def _of_class(members: Any, pick: int) -> str:
    """A sign of a class, or one that it leaves out."""
    is_negated = str(members[0][0]) == "NEGATE"
    signs = [sign for part, said in members[is_negated:] for sign in _SIGNS_OF[str(part)](said)]
    if is_negated:
        others = [sign for sign in "x0-A_ é" if not any(low <= sign <= high for low, high in signs)]
        return others[pick % len(others)] if others else ""
    low, high = signs[pick // 2 % len(signs)]
    return high if pick % 2 else low


def _repeated(said: Any, pick: int) -> str:
    least, most, inner = said
    return _text(inner, pick) * min(int(most), int(least) + pick, _MOST_MEMBERS)


def _set_apart(parsed: Any) -> Iterator[Any]:
    """The parts of a pattern that it looks ahead or behind for, and the signs that a class of it shuts out."""
    for part, said in parsed:
        if str(part) in ("ASSERT", "ASSERT_NOT"):
            yield said[1]
        elif str(part) == "NOT_LITERAL":
            yield [("LITERAL", said)]
        elif str(part) == "IN" and str(said[0][0]) == "NEGATE":
            yield [("IN", said[1:])]
        for inner in said if isinstance(said, tuple) else ():
            for each in inner if isinstance(inner, list) else [inner]:
                if hasattr(each, "data"):
                    yield from _set_apart(each)


_OF_CATEGORY: Final = {
    "CATEGORY_DIGIT": "0", "CATEGORY_NOT_DIGIT": "x", "CATEGORY_SPACE": " ", "CATEGORY_NOT_SPACE": "x",
    "CATEGORY_WORD": "a", "CATEGORY_NOT_WORD": "-",
}  # fmt: skip
_SIGNS_OF: Final[Mapping[str, Callable[[Any], list[tuple[str, str]]]]] = {
    "LITERAL": lambda said: [(chr(said), chr(said))],
    "RANGE": lambda said: [(chr(said[0]), chr(said[1]))],
    "CATEGORY": lambda said: [(_OF_CATEGORY[str(said)],) * 2],
}
_TEXT_OF: Final[Mapping[str, Callable[[Any, int], str]]] = {
    "LITERAL": lambda said, _: chr(said),
    "NOT_LITERAL": lambda said, _: "y" if said == ord("x") else "x",
    "ANY": lambda *_: "x",
    "IN": _of_class,
    "BRANCH": lambda said, pick: _text(said[1][pick % len(said[1])], pick),
    "MAX_REPEAT": _repeated,
    "MIN_REPEAT": _repeated,
    "POSSESSIVE_REPEAT": _repeated,
    "SUBPATTERN": lambda said, pick: _text(said[-1], pick),
    "ATOMIC_GROUP": _text,
    "ASSERT": lambda *_: "",
    "ASSERT_NOT": lambda *_: "",
    "AT": lambda *_: "",
}


def _of_pattern(asked: str, value: Any) -> Iterator[Any]:
    matching = list(islice(texts(asked), _MOST_TEXTS))
    yield from matching
    for text in (*matching[:2], *([value] if isinstance(value, str) else ())):
        yield from (text[:-1], text[1:], text + "!", f"!{text}", text + "\n", text.upper(), text.lower(), text + text)


def _of_names(asked: Any, value: Any) -> Iterator[Any]:
    """Objects with odd names."""
    held = value if isinstance(value, dict) else {}
    for name in of_schema(asked, "name"):
        if isinstance(name, str):
            yield from ({**held, name: _FRESH}, {name: _FRESH})


def _of_dependents(asked: Any, value: Any) -> Iterator[Any]:
    """Objects with a member that asks for others, without and with these."""
    held = value if isinstance(value, dict) else {}
    for name, others in asked.items():
        alone = {member: inner for member, inner in held.items() if member not in others}
        samples: tuple[Any, ...] = (held.get(name, _FRESH), None, 1, {}, [])
        for sample in samples:
            yield {**alone, name: sample}
            yield {**dict.fromkeys(others, _FRESH), **held, name: sample}


def _of_dependent_schemas(asked: Any, value: Any) -> Iterator[Any]:
    held = value if isinstance(value, dict) else {}
    for name, schema in asked.items():
        yield from of_schema(schema, {name: _FRESH, **held})


def _of_members(asked: Any, value: Any) -> Iterator[Any]:
    held = value if isinstance(value, dict) else {}
    for name, inner in asked.items():
        yield from ({**held, name: made} for made in of_schema(inner, held.get(name)))


def _of_named_alike(asked: Any, value: Any) -> Iterator[Any]:
    """Objects with a member for each pattern of names."""
    held = value if isinstance(value, dict) else {}
    for pattern, inner in asked.items():
        for name in islice(texts(pattern), 2):
            yield from ({**held, name: made} for made in (*of_schema(inner, None), *SAMPLES))


def _of_items(asked: Any, value: Any) -> Iterator[Any]:
    held = value if isinstance(value, list) else []
    for one in held[:1] or (None,):
        for made in of_schema(asked, one):
            yield from ([made], [*held, made], [made, *held[1:]])


def _of_branches(asked: Any, value: Any) -> Iterator[Any]:
    made = [list(of_schema(schema, value)) for schema in asked]
    for depth in range(max(map(len, made), default=0)):
        yield from (values[depth] for values in made if depth < len(values))


def _of_required(asked: Any, value: Any) -> Iterator[Any]:
    held = value if isinstance(value, dict) else {}
    for name in asked:
        yield {member: inner for member, inner in held.items() if member != name}
        yield {**held, name: held.get(name, _FRESH)}


def _of_unique(_: Any, value: Any) -> Iterator[Any]:
    held = value if isinstance(value, list) and value else [_FRESH]
    yield from ([*held, held[0]], held[:1], [1, 1.0])


def _of_length(keyword: str, asked: int, value: Any) -> Iterator[Any]:
    for length in (asked - 1, asked, asked + 1):
        if not 0 <= length <= _MOST_MEMBERS:
            continue
        if keyword.endswith("Length"):
            yield (value * length)[:length] if isinstance(value, str) and value else "x" * length
        elif keyword.endswith("Items") and isinstance(value, list):
            yield (value * length)[:length]
        elif isinstance(value, dict):
            filled = {**value, **{f"x{number}": "x" for number in range(length - len(value))}}
            yield dict(islice(filled.items(), length))


_MADE: Final[Mapping[str, Callable[[Any, Any], Iterator[Any]]]] = {
    "const": lambda asked, _: iter((asked,)),
    "enum": lambda asked, _: iter(asked),
    "pattern": _of_pattern,
    "propertyNames": _of_names,
    "dependentRequired": _of_dependents,
    "dependentSchemas": _of_dependent_schemas,
    "properties": _of_members,
    "patternProperties": _of_named_alike,
    "required": _of_required,
    "uniqueItems": _of_unique,
    "items": _of_items,
    "contains": _of_items,
    "prefixItems": lambda asked, value: _of_items(asked[0], value) if asked else iter(()),
    "allOf": _of_branches,
    "anyOf": _of_branches,
    "oneOf": _of_branches,
    "not": of_schema,
    "if": of_schema,
    "then": of_schema,
    "else": of_schema,
}
