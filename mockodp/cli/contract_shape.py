"""
The shape that a contract asks for in words, place by place, for people; other contracts it uses are only named.

A place is told by all schemas that are asked there at once: one, and the parts of its ``allOf``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple

import orjson
from mockodp_contracts.catalogue import URN, Schema
from mockodp_contracts.explained import SHAPE_RULES, asked

WIDTH: Final = 98
_STEP: Final = "  "
_NEEDED: Final = "required  "
_OF_PLACES_BENEATH: Final = frozenset({"required", "contains"})
_OF_CLAIMS: Final = frozenset({"type", "required", "properties", "additionalProperties", "anyOf"})
_OF_CONDITIONS: Final = frozenset({"if", "then", "else"})


class _Line(NamedTuple):
    """What is told of one place; *needed* is None where being there is out of question, as for an item."""

    name: str
    needed: bool | None
    words: str
    beneath: tuple[_Line, ...]


def shape(schema: Schema) -> Iterator[str]:
    """The lines that tell *schema*, none wider than `WIDTH` if its words allow."""
    words, beneath = _told([schema])
    if words:
        yield from _wrapped("", words)
    yield from _lines(beneath, "")


def _lines(told: Sequence[_Line], indent: str) -> Iterator[str]:
    width = max((len(line.name) for line in told if line.needed is not None), default=0)
    column = len(_NEEDED) * any(line.needed for line in told)
    for line in told:
        if line.needed is None:
            yield from _wrapped(f"{indent}{line.name}: ", line.words)
        else:
            needed = _NEEDED if line.needed else ""
            yield from _wrapped(f"{indent}{line.name:<{width}}  {needed:<{column}}", line.words)
        yield from _lines(line.beneath, indent + _STEP)


def _wrapped(head: str, words: str) -> list[str]:
    """*head* and *words* in one line, or in several that hang beneath the words."""
    hanging = " " * min(len(head), WIDTH // 2)
    return textwrap.wrap(
        head + words, WIDTH, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False
    )  # fmt: skip


def _told(schemas: Iterable[Any]) -> tuple[str, tuple[_Line, ...]]:
    """What all *schemas* together ask of one place: in words, and line by line of the places beneath."""
    parts = list(chain.from_iterable(map(_parts, schemas)))
    others = (f"as {part['$ref'].removeprefix(URN)}" for part in parts if "$ref" in part)
    words = list(dict.fromkeys(chain(others, *map(_words, parts))))
    if any(word.startswith("a text ") for word in words):
        words = [word for word in words if word != "a text"]
    words.sort(key=lambda word: word.startswith("at most"))
    conditions = chain.from_iterable(map(_conditions, parts))
    return ", ".join(words), (*_members(parts), *_inner(parts), *conditions)


def _parts(schema: Any) -> Iterator[Schema]:
    """*schema*, and what stands beside it in ``allOf``."""
    if isinstance(schema, bool):
        yield {} if schema else {"not": {}}
        return
    yield schema
    for inner in schema.get("allOf", ()):
        yield from _parts(inner)


def _words(schema: Schema) -> Iterator[str]:
    """What the keywords of *schema* ask of the value itself."""
    for keyword, value in schema.items():
        if keyword == "additionalProperties":
            yield from () if value else ("no other members",)
        elif keyword == "enum":
            yield f"one of {_listed([_value(each) for each in value], 'or')}"
        elif keyword == "propertyNames":
            yield schema.get("x-expected") or asked(schema, keyword)
        elif keyword == "anyOf":
            yield f"one of these: {_listed([_claim(each) for each in value], 'or')}"
        elif keyword == "not":
            yield f"not so that {_claim(value)}" if value else "not allowed"
        elif keyword in SHAPE_RULES and keyword not in _OF_PLACES_BENEATH:
            yield asked(schema, keyword)


def _members(parts: Sequence[Schema]) -> Iterator[_Line]:
    """Each member that is named, in the order of the schemas; those that are only required come last."""
    required = dict.fromkeys(name for part in parts for name in part.get("required", ()))
    named: dict[str, list[Any]] = {}
    for part in parts:
        for name, schema in part.get("properties", {}).items():
            named.setdefault(name, []).append(schema)
    for name in (*named, *(name for name in required if name not in named)):
        words, beneath = _told(named.get(name, ()))
        anything = "anything" if name in named and not beneath else ""
        yield _Line(name, name in required, words or anything, beneath)


def _inner(parts: Sequence[Schema]) -> Iterator[_Line]:
    """Items, and members without a name of their own."""
    names = {"items": "each item", "contains": "at least one item", "additionalProperties": "each other member"}
    for part in parts:
        for keyword, name in names.items():
            if isinstance(part.get(keyword), dict):
                yield _Line(name, None, *_told([part[keyword]]))


def _conditions(part: Schema) -> Iterator[_Line]:
    """What is only asked under a condition, and what otherwise."""
    if "if" not in part:
        return
    claim = _claim(part["if"])
    if "then" not in part:
        yield _Line(f"unless {claim}", None, *_told([part["else"]]))
        return
    yield _Line(f"if {claim}", None, *_told([part["then"]]))
    other = part.get("else", {})
    if _keywords(other) and _keywords(other) <= _OF_CONDITIONS:
        first, *rest = _conditions(other)
        yield from (first._replace(name=f"else {first.name}"), *rest)
    elif other:
        yield _Line("else", None, *_told([other]))


def _claim(schema: Schema) -> str:
    """A condition in words; as JSON if they fail us."""
    members, required = schema.get("properties", {}), schema.get("required", ())
    told = {name: _told([member]) for name, member in members.items()}
    every = _told([schema["additionalProperties"]]) if "additionalProperties" in schema else ("anything", ())
    if _keywords(schema) - _OF_CLAIMS or any(beneath or not words for words, beneath in (every, *told.values())):
        return f"it fits {_value(schema)}"
    has = [name for name in required if name not in members]
    claims = [f"it has {_listed(has, 'and')}"] if has else []
    claims += [f"{name}{'' if name in required else ', if there,'} is {words}" for name, (words, _) in told.items()]
    if "additionalProperties" in schema:
        claims.append(f"every {'other ' if members else ''}member is {every[0]}")
    if "anyOf" in schema:
        claims.append(_one_of(schema["anyOf"]))
    if not claims:
        claims.append(f"it is {asked(schema, 'type')}" if "type" in schema else "it is anything")
    return _listed(claims, "and")


def _one_of(schemas: Sequence[Schema]) -> str:
    if all(_keywords(schema) == {"required"} for schema in schemas):
        return f"it has {_listed([_listed(schema['required'], 'and') for schema in schemas], 'or')}"
    return _listed([_claim(schema) for schema in schemas], "or")


def _keywords(schema: Schema) -> set[str]:
    """The keywords of *schema* that ask for something."""
    return {name for name in schema if not name.startswith("x-") and name not in ("title", "description")}


def _value(value: Any) -> str:
    return orjson.dumps(value).decode()


def _listed(words: Sequence[str], last: str) -> str:
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else words[0]
