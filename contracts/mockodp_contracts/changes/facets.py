"""
What a contract itself asks for, in facets that can be compared across versions; others that it uses are only named.

Words for people (titles, descriptions, examples, evidence, hints) are no part of it, nor is the order of branches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import orjson

from mockodp_contracts.catalogue import Catalog, Contract
from mockodp_contracts.constraints import Guard
from mockodp_contracts.violation import pointer_to

NAMED: Final = "named"
"""Of ``additionalProperties``: a member that its object names, so that it is none of the others."""

_WORDS: Final = frozenset(
    {"$schema", "$id", "$comment", "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"}
)
_BY_NAME: Final = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs"})
_BRANCHES: Final = {"then": "where", "else": "where not"}
WALKED: Final = frozenset({"properties", "items", "additionalProperties", "allOf", "if", "then", "else", "required"})
"""Keywords that are taken apart; every other one is a facet as a whole."""


class Key(NamedTuple):
    """What a facet is about: a *place* in the documents of *contract* (a JSON Pointer, ``*`` is any), asked how."""

    contract: str
    place: str
    keyword: str
    rule: str = ""


class Facet(NamedTuple):
    """
    One thing asked, on some *conditions*; *at* is a JSON Pointer to where the contract or the rule asks it.

    *conditions* are in words, *guards* are the same as schemas with their places.
    """

    key: Key
    value: Any
    conditions: tuple[str, ...]
    at: str
    guards: tuple[Guard, ...] = ()

    @property
    def names_a_member(self) -> bool:
        """Whether it only says that an object names this member."""
        return self.key.keyword == "additionalProperties" and self.value == NAMED

    @property
    def sense(self) -> bytes:
        """What two facets of one key have in common if they ask the same."""
        return canonical([self.value, *self.conditions])


class Change(NamedTuple):
    """How what is asked under one key differs: facets that are *gone*, and facets that have *come*."""

    gone: tuple[Facet, ...]
    come: tuple[Facet, ...]

    @property
    def all(self) -> tuple[Facet, ...]:
        return (*self.gone, *self.come)

    @property
    def sense(self) -> bytes:
        """What was asked and what is, as bytes that are equal for equal changes."""
        return canonical([sorted(facet.sense.decode() for facet in side) for side in (self.gone, self.come)])


class _Place(NamedTuple):
    """Where a schema stands, and where in a document it is asked."""

    contract: str
    at: str = ""
    path: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    guards: tuple[Guard, ...] = ()

    def down(self, *parts: str | int) -> _Place:
        return self._replace(at=self.at + pointer_to(parts))

    def into(self, part: str) -> _Place:
        return self._replace(path=(*self.path, part))

    def facet(self, keyword: str, value: Any, at: str | None = None) -> Facet:
        key = Key(self.contract, pointer_to(self.path), keyword)
        return Facet(key, value, self.conditions, f"{self.at}/{keyword}" if at is None else at, self.guards)

    def on(self, branch: str, condition: Any) -> _Place:
        """Into ``then`` or ``else`` of a schema whose ``if`` is *condition*."""
        words = f"{pointer_to(self.path)}{' ' * bool(self.path)}{canonical(condition).decode()}"
        return self.down(branch)._replace(
            conditions=(*self.conditions, f"{_BRANCHES[branch]} {words}"),
            guards=(*self.guards, Guard(self.path, condition, branch == "then")),
        )


def facets(catalog: Catalog, contract: Contract) -> list[Facet]:
    """Everything that *contract* itself asks for, rules beyond shape last."""
    shape = _of_schema(asked(contract.schema), _Place(contract.name))
    return [*shape, *(_of_rule(catalog, contract.name, rule.name) for rule in catalog.rules_of(contract.name))]


def changes(old: Iterable[Facet], new: Iterable[Facet]) -> dict[Key, Change]:
    """What differs between two versions of one contract, by key."""
    gone, come = _without(old, new), _without(new, old)
    limited = _limited(old) & _limited(new)
    keys = dict.fromkeys(f.key for f in (*gone, *come) if not f.names_a_member or _parent(f.key) in limited)
    return {key: Change(_of(gone, key), _of(come, key)) for key in keys}


def asked(schema: Any) -> Any:
    """*schema* without words for people, and with its sets in one order."""
    if isinstance(schema, list):
        return [asked(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    said = ((n, value) for n, value in schema.items() if n not in _WORDS and not n.startswith("x-"))
    return {name: _asked_by(name, value) for name, value in said}


def canonical(value: Any) -> bytes:
    """*value* as bytes that are equal for equal values."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _asked_by(keyword: str, value: Any) -> Any:
    if keyword == "const":
        return value
    if keyword in ("enum", "required", "type"):
        return sorted([value] if isinstance(value, str) else value, key=canonical)
    if keyword in _BY_NAME and isinstance(value, dict):
        return {name: asked(inner) for name, inner in value.items()}
    return asked(value)


def _of_schema(schema: Any, place: _Place) -> Iterator[Facet]:
    if schema is False:
        member = place.path and place.at.endswith(pointer_to(("properties", place.path[-1])))
        yield place.facet("properties" if member else "false", False, place.at)
    if not isinstance(schema, dict):
        return
    yield from (place.facet(keyword, value) for keyword, value in schema.items() if keyword not in WALKED)
    at = place.down("required").at
    yield from (place.into(name).facet("required", True, at) for name in schema.get("required", ()))
    yield from _of_members(schema, place)
    yield from _of_schema(schema.get("items"), place.down("items").into("*"))
    for index, inner in enumerate(schema.get("allOf", ())):
        yield from _of_schema(inner, place.down("allOf", index))
    for branch in _BRANCHES:
        if "if" in schema and branch in schema:
            yield from _of_schema(schema[branch], place.on(branch, schema["if"]))


def _of_members(schema: dict[str, Any], place: _Place) -> Iterator[Facet]:
    """What is asked of the members that *schema* names, and of the others."""
    named = schema.get("properties", {})
    for name, inner in named.items():
        yield from _of_schema(inner, place.down("properties", name).into(name))
    others = schema.get("additionalProperties", True)
    if others in (True, {}):
        return
    at = place.down("additionalProperties").at
    for name in (name for name, inner in named.items() if inner is not False):
        yield place.into(name).facet("additionalProperties", NAMED, at)
    yield place.into("*").facet("additionalProperties", "asked" if others else False, at)
    if others is not False:
        yield from _of_schema(others, place.down("additionalProperties").into("*"))


def _of_rule(catalog: Catalog, contract: str, name: str) -> Facet:
    rule = catalog.rules[name]
    said = {"severity": rule.severity.value, "schema": asked(rule.schema), "check": rule.check}
    value = {word: each for word, each in said.items() if each is not None}
    return Facet(Key(contract, rule.at, "rule", name), value, (), "")


def _without(some: Iterable[Facet], others: Iterable[Facet]) -> list[Facet]:
    """Those of *some* that *others* do not ask for too."""
    left = Counter((facet.key, facet.sense) for facet in others)
    kept = []
    for facet in some:
        left[facet.key, facet.sense] -= 1
        if left[facet.key, facet.sense] < 0:
            kept.append(facet)
    return kept


def _limited(some: Iterable[Facet]) -> frozenset[str]:
    """The places of objects that ask something of members which they do not name."""
    return frozenset(_parent(facet.key) for facet in some if facet.key.keyword == "additionalProperties")


def _parent(key: Key) -> str:
    return key.place.rpartition("/")[0]


def _of(some: Iterable[Facet], key: Key) -> tuple[Facet, ...]:
    return tuple(facet for facet in some if facet.key == key)
