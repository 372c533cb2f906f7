"""
A contract taken apart: every single thing it asks for, where that stands, and where in a document it is asked.

Follows ``$ref`` into other contracts and rules beyond shape, so that what is listed is what `judging` asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from mockodp_contracts.catalogue import RULES, URN, Catalog, Contract, Schema
from mockodp_contracts.explained import SHAPE_RULES
from mockodp_contracts.judging import with_rules
from mockodp_contracts.violation import path_of, pointer_to

Path = tuple[str, ...]
ASKING: Final = frozenset({*SHAPE_RULES, "not"})
"""Keywords that ask for something themselves; the others say where to ask."""


class Guard(NamedTuple):
    """A condition: what is under it is only asked where the value at *path* meets *schema*, or does not (*met*)."""

    path: Path
    schema: Schema
    met: bool


class Constraint(NamedTuple):
    """
    One keyword of a schema: its *value*, the *schema* it stands in, and the *location* of both.

    *path* is the place in a document that is asked; a part ``*`` is any index, or any member that *schema* does not
    name. *contract* is the one that holds it; of a rule beyond shape it is ``rules/<name>`` and *rule* its name.
    """

    path: Path
    keyword: str
    value: Any
    schema: Schema
    contract: str
    at: str
    rule: str
    guards: tuple[Guard, ...]

    @property
    def location(self) -> str:
        return f"{URN}{self.contract}#{self.at}"


class _Place(NamedTuple):
    """Where a schema stands, and where in a document it is asked; *above* are the contracts that led there."""

    contract: str = ""
    at: str = ""
    rule: str = ""
    path: Path = ()
    guards: tuple[Guard, ...] = ()
    above: frozenset[str] = frozenset()

    def of(self, contract: str, rule: str = "") -> _Place:
        return self._replace(contract=contract, at="", rule=rule, above=self.above | {contract})

    def down(self, *parts: str | int) -> _Place:
        return self._replace(at=self.at + pointer_to(parts))

    def into(self, *parts: str) -> _Place:
        return self._replace(path=(*self.path, *parts))


def constraints(catalog: Catalog, contract: Contract) -> list[Constraint]:
    """Everything that *contract* asks for, in the order of its files, rules beyond shape last."""
    found = _of_contract(catalog, contract.name, _Place())
    return list({(c.location, c.path, str(c.guards)): c for c in found}.values())


def _of_contract(catalog: Catalog, name: str, place: _Place) -> Iterator[Constraint]:
    if name in place.above:
        return
    if name.startswith(RULES):
        rule = catalog.rules[name.removeprefix(RULES)]
        yield from _of_schema(catalog, rule.schema or {}, place.of(name, rule.name))
        return
    yield from _of_schema(catalog, with_rules(catalog, catalog[name]), place.of(name))
    for rule in catalog.rules_of(name):
        if rule.at_its_place:
            inner = place.of(name).into(*path_of(rule.at))
            if rule.check is not None:
                path, guards = inner.path, inner.guards
                yield Constraint(path, "check", rule.check, {}, RULES + rule.name, "/check", rule.name, guards)
            else:
                yield from _of_contract(catalog, RULES + rule.name, inner)


def _of_schema(catalog: Catalog, schema: Any, place: _Place) -> Iterator[Constraint]:
    if not isinstance(schema, dict):
        return
    yield from _own(schema, place)
    if "$ref" in schema:
        yield from _of_contract(catalog, schema["$ref"].removeprefix(URN), place)
    for name, inner in schema.get("properties", {}).items():
        yield from _of_schema(catalog, inner, place.down("properties", name).into(name))
    for keyword in ("items", "additionalProperties"):
        yield from _of_schema(catalog, schema.get(keyword), place.down(keyword).into("*"))
    for index, inner in enumerate(schema.get("allOf", ())):
        yield from _of_schema(catalog, inner, place.down("allOf", index))
    for keyword, met in (("then", True), ("else", False)):
        if keyword in schema:
            guards = (*place.guards, Guard(place.path, schema["if"], met))
            yield from _of_schema(catalog, schema[keyword], place.down(keyword)._replace(guards=guards))


def _own(schema: Schema, place: _Place) -> Iterator[Constraint]:
    """What the keywords of *schema* itself ask for."""
    for keyword, value in schema.items():
        if keyword in ASKING and (keyword != "additionalProperties" or value is False):
            rule = place.rule or SHAPE_RULES.get(keyword, keyword)
            at = place.down(keyword).at
            yield Constraint(place.path, keyword, value, schema, place.contract, at, rule, place.guards)
