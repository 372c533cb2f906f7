"""
Judging a document by a contract: compiled once, every violation at once.

Shape and most rules stand in one JSON Schema, checked by one pass of jsonschema-rs. Rules of info and those that JSON
Schema cannot say are asked place by place (`Rule.at_its_place`): ordinary traffic breaks them, and asking costs a
tenth of an error report. What is found is kept short, as `Finding`; sentences are made of it when somebody reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import NoneType
from typing import Any, Final, NamedTuple

import jsonschema_rs
import orjson

from mockodp_contracts.catalogue import EVERY_TEXT, URN, Catalog, Contract, Rule, Schema
from mockodp_contracts.checks import Check, check
from mockodp_contracts.errors import BrokenContract, NotJudged
from mockodp_contracts.explained import CUT, NOT_LOOKED_AT, explained, rule_at
from mockodp_contracts.pruned import Pruned, size_of
from mockodp_contracts.violation import ABSENT, Severity, Verdict, path_of, pointer_to

MOST_VALUES: Final = 50_000
"""So many values of broken items are looked at one by one; a hostile document could hold millions."""

MOST_FINDINGS: Final = 1_000
"""So many different rules and places are told of one document; each may stand for many items."""

LONGEST_POINTER: Final = 4_000
"""A longer pointer is cut, and ends in an ellipsis."""

DEEPEST: Final = 254
"""Levels of nesting that the validator reads."""

_PLAIN: Final = orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS

_OF_THE_WHOLE: Final = frozenset({"required", "minItems", "minProperties", "contains"})
"""Keywords that may be broken only because a value was cut."""


class Finding(NamedTuple):
    """
    One broken rule, at one place of one or more items.

    *location* is where the rule stands: a contract's URN, then a JSON Pointer to the keyword. *pointer* is the place
    in the document; where *items* are given it is relative to each of these items of a batch.
    """

    location: str
    pointer: str
    items: tuple[int, ...] | None
    rule: str
    severity: Severity


_Found = dict[tuple[str, str], list[int] | None]


@dataclass(frozen=True, slots=True)
class _Place:
    """A rule to be asked at a place of a document, or of each item of a batch; *all_hold* asks a list at once."""

    rule: Rule
    of_items: bool
    reach: Callable[[Any], Any]
    holds: Check
    all_hold: Callable[[Any], bool] | None
    pointer: str


class Judge:
    """What judges by one contract."""

    def __init__(
        self,
        catalog: Catalog,
        contract: Contract,
        validator: jsonschema_rs.Draft202012Validator,
        places: Sequence[_Place],
        whole: jsonschema_rs.Draft202012Validator | None,
    ) -> None:
        """*whole* judges an array without looking into its items, if *contract* is one of arrays."""
        self.contract = contract
        self._catalog = catalog
        self._validator = validator
        self._places = places
        self._whole = whole
        self._rules: dict[str, tuple[str, Severity]] = {}

    def __call__(self, document: Any, now: datetime | None = None) -> Verdict:
        """
        The verdict on *document*, violations in the document's order of items, worst first within each.

        *now* is the time of its arrival, with a zone; without it no rule about time is asked. `NotJudged` if
        *document* is not JSON, as the standard library decodes it, or nested too deep.
        """
        _check_is_json(document)
        if now is not None and now.tzinfo is None:
            raise ValueError(f"The time of arrival has no zone: {now!r}. Give one such as datetime.now(UTC).")
        findings, left_off = self.findings(document, now)
        violations = explained(self._catalog, findings, document)
        return Verdict(self.contract.name, tuple(violations), left_off, failed(findings))

    def findings(self, document: Any, now: datetime | None = None, advice: bool = True) -> tuple[list[Finding], int]:
        """
        What *document* breaks, in short; and how many values were not looked at, 0 for all but hostile documents.

        Without *advice* no rule of severity info is asked: `advice` tells them later, and they never fail a document.
        """
        found: _Found = {}
        try:
            left_off = 0 if self._validator.is_valid(document) else self._note_errors(document, found)
            for place in self._places:
                if advice or place.rule.severity is not Severity.INFO:
                    _ask(place, document, now, found)
        except ValueError as error:  # raised for its depth, which is bounded
            raise NotJudged(
                f"The document cannot be judged: {error}. Expected JSON of at most {DEEPEST} levels."
            ) from error
        return [*self._findings(found), *([_not_looked_at(self.contract)] if left_off else [])], left_off

    def advice(self, document: Any) -> list[Finding]:
        """Which rules of severity info *document* breaks."""
        found: _Found = {}
        for place in self._places:
            if place.rule.severity is Severity.INFO:
                _ask(place, document, None, found)
        return self._findings(found)

    def _findings(self, found: _Found) -> list[Finding]:
        return [
            Finding(location, pointer, None if items is None else tuple(items), *self._rule(location))
            for (location, pointer), items in found.items()
        ]

    def _rule(self, location: str) -> tuple[str, Severity]:
        """The name of the rule at *location*, and how bad it is to break it."""
        known = self._rules.get(location)
        if known is None:
            known = self._rules[location] = rule_at(self._catalog, location)
        return known

    def _note_errors(self, document: Any, found: _Found) -> int:
        """Note every error; the number of values that were not looked at."""
        if self._whole is None or not isinstance(document, list):
            pruned = Pruned(document, MOST_VALUES)
            self._note_errors_of(pruned, found, isinstance(document, list))
            return pruned.left_off
        for error in self._whole.iter_errors(document):
            _note(found, str(error.absolute_keyword_location), (), True)
        return self._note_errors_of_items(document, found)

    def _note_errors_of_items(self, items: Sequence[Any], found: _Found) -> int:
        """Note the errors of each broken item; as many values of them are looked at as there is room for."""
        room = MOST_VALUES
        for index, item in enumerate(items):
            if not self._validator.is_valid([item]):
                pruned = Pruned([item], room)
                self._note_errors_of(pruned, found, True, index)
                room -= pruned.size
                if room < 0:
                    return pruned.left_off + size_of(items[index + 1 :])
        return 0

    def _note_errors_of(self, pruned: Pruned, found: _Found, batch: bool, first: int = 0) -> None:
        """Note the errors of a document, or of a batch of the one item whose index is *first*."""
        for error in self._validator.iter_errors(pruned.document):
            keyword = error.schema_path[-1]
            if keyword in _OF_THE_WHOLE and pruned.is_cut(error.instance_path, beneath=keyword == "contains"):
                continue
            for path in _places_of(error):
                place = pruned.original(path)
                _note(found, str(error.absolute_keyword_location), _moved(place, first), batch)


def _check_is_json(document: Any) -> None:
    """`NotJudged` unless *document* is decoded JSON; what orjson does not write may be: numbers beyond 64 bits."""
    try:
        orjson.dumps(document, option=_PLAIN)
    except orjson.JSONEncodeError:
        _check_values(document)


def _check_values(document: Any) -> None:
    ahead = [(document, 0)]
    while ahead:
        value, level = ahead.pop()
        if level > DEEPEST:
            raise NotJudged(f"The document cannot be judged: it is nested deeper than {DEEPEST} levels.")
        strange = [name for name in value if not isinstance(name, str)] if isinstance(value, dict) else []
        if strange or not isinstance(value, (dict, list, str, int, float, NoneType)):
            raise NotJudged(f"The document is not JSON, so it cannot be judged: it holds {(*strange, value)[0]!r:.80}.")
        if isinstance(value, (dict, list)):
            ahead += [(inner, level + 1) for inner in (value.values() if isinstance(value, dict) else value)]


def failed(findings: Sequence[Finding]) -> bool:
    """Whether one of *findings* is an error."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def _not_looked_at(contract: Contract) -> Finding:
    return Finding(f"{URN}{contract.name}#", "", None, NOT_LOOKED_AT, Severity.ERROR)


def compiled(catalog: Catalog, contract: Contract) -> Judge:
    """What judges by *contract* of *catalog*."""
    resources = dict(_resources(catalog, contract))
    try:
        registry = jsonschema_rs.Registry(list(resources.items()))
        validator = jsonschema_rs.Draft202012Validator(resources[URN + contract.name], registry=registry, offline=True)
        return Judge(catalog, contract, validator, _places(catalog, contract), _whole(resources[URN + contract.name]))
    except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        raise BrokenContract(f"Contract {contract.name!r} cannot be compiled: {error}.") from error


def _whole(schema: Schema) -> jsonschema_rs.Draft202012Validator | None:
    """What judges an array by what *schema* asks of the array itself; None if it is not one of arrays."""
    if schema.get("type") != "array" or "items" not in schema:
        return None
    own = {name: value for name, value in schema.items() if name != "items"}
    return jsonschema_rs.Draft202012Validator(own, offline=True)


def with_rules(catalog: Catalog, contract: Contract) -> Schema:
    """The schema of *contract* with its rules beyond shape joined to it, and without its examples."""
    schema = {name: value for name, value in contract.schema.items() if name != "x-examples"}
    rules = [rule for rule in catalog.rules_of(contract.name) if not rule.at_its_place]
    for rule in rules:
        if rule.at == EVERY_TEXT:
            schema = _at_every_text(schema, {"$ref": rule.urn})
    within = [_within(rule) for rule in rules if rule.at != EVERY_TEXT]
    return {**schema, "allOf": [*schema.get("allOf", []), *within]} if within else schema


def _at_every_text(schema: Schema, asked: Schema) -> Schema:
    """*schema* with *asked* at each text it speaks of, and at what it leaves open; in one pass with the shape."""
    if "$ref" in schema:
        return schema
    types = schema.get("type", ())
    if "properties" in schema:
        members = {name: _at_every_text(member, asked) for name, member in schema["properties"].items()}
        return {"additionalProperties": asked, **schema, "properties": members}
    if "items" in schema:
        return {**schema, "items": _at_every_text(schema["items"], asked)}
    return (
        {**schema, **asked}
        if {"string", "object", "array"} & set([types] if isinstance(types, str) else types)
        else schema
    )


def _resources(catalog: Catalog, contract: Contract) -> Iterator[tuple[str, Schema]]:
    """Every schema that judging by *contract* needs, by its URN."""
    ahead, seen = [contract.name], {contract.name}
    while ahead:
        used = catalog[ahead.pop()]
        yield URN + used.name, with_rules(catalog, used)
        for rule in catalog.rules_of(used.name):
            if rule.schema is not None and not rule.at_its_place:
                yield rule.urn, {"$id": rule.urn, **rule.schema}
        ahead += used.refs - seen
        seen |= used.refs


def _within(rule: Rule) -> Schema:
    """A schema that asks *rule* at its places."""
    schema: Schema = {"$ref": rule.urn}
    for part in reversed(path_of(rule.at)):
        schema = {"items": schema, "additionalProperties": schema} if part == "*" else {"properties": {part: schema}}
    return schema


def _places(catalog: Catalog, contract: Contract) -> list[_Place]:
    found = {}
    for path, name in _used(catalog, contract, (), frozenset()):
        for rule in catalog.rules_of(name):
            if rule.at_its_place:
                found[rule.name, path] = _place(rule, path)
    return list(found.values())


def _used(
    catalog: Catalog, contract: Contract, path: tuple[str, ...], above: frozenset[str]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each contract that *contract* is made of, with its place in a document (``*`` is any index)."""
    yield path, contract.name
    for inner, name in _referred(contract.schema, path):
        if name not in above:
            yield from _used(catalog, catalog[name], inner, above | {contract.name})


def _referred(schema: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if not isinstance(schema, dict):
        return
    if "$ref" in schema:
        yield path, schema["$ref"].removeprefix(URN)
    for name, inner in schema.get("properties", {}).items():
        yield from _referred(inner, (*path, name))
    for keyword in ("items", "contains"):
        yield from _referred(schema.get(keyword), (*path, "*"))
    for keyword in ("then", "else"):
        yield from _referred(schema.get(keyword), path)
    for inner in schema.get("allOf", ()):
        yield from _referred(inner, path)


def _place(rule: Rule, path: tuple[str, ...]) -> _Place:
    of_items = path[:1] == ("*",)
    parts = [*path[of_items:], *path_of(rule.at)]
    if "*" in parts:
        raise BrokenContract(f"Rule {rule.name!r} is asked at its place, so 'at' may not hold '*': {rule.at!r}.")
    pointer = pointer_to([*parts, *path_of(rule.about)])
    if rule.schema is None:
        return _Place(rule, of_items, _reach(parts), check(rule.check or {}), None, pointer)
    one = jsonschema_rs.Draft202012Validator(rule.schema, offline=True).is_valid
    every = jsonschema_rs.Draft202012Validator({"items": rule.schema}, offline=True).is_valid
    return _Place(rule, of_items, _reach(parts), lambda _: one, every, pointer)


def _reach(parts: Sequence[str]) -> Callable[[Any], Any]:
    """A function that gives the value at these member names, or `ABSENT`."""
    if not parts:
        return lambda value: value
    name, deeper = parts[0], _reach(parts[1:])
    if len(parts) == 1:
        return lambda value: value.get(name, ABSENT) if isinstance(value, dict) else ABSENT
    return lambda value: deeper(value.get(name, ABSENT)) if isinstance(value, dict) else ABSENT


def _ask(place: _Place, document: Any, now: datetime | None, found: _Found) -> None:
    """Note where the rule of *place* is broken."""
    reach, holds = place.reach, place.holds(now)
    if not place.of_items:
        if (value := reach(document)) is not ABSENT and not holds(value):
            found[place.rule.urn, place.pointer] = None
    elif isinstance(document, list):
        values = list(map(reach, document))
        if place.all_hold is not None and place.all_hold([value for value in values if value is not ABSENT]):
            return
        broken = [index for index, value in enumerate(values) if value is not ABSENT and not holds(value)]
        if broken:
            found[place.rule.urn, place.pointer] = broken


def _places_of(error: jsonschema_rs.ValidationError) -> Iterator[list[str | int]]:
    """Where an error is seen: at the missing or unknown member itself, else at the value."""
    kind = error.kind
    if isinstance(kind, jsonschema_rs.ValidationErrorKind.Required):
        yield [*error.instance_path, kind.property]
    elif isinstance(kind, jsonschema_rs.ValidationErrorKind.AdditionalProperties):
        for name in kind.unexpected:
            yield [*error.instance_path, name]
    else:
        yield list(error.instance_path)


def _moved(path: Sequence[str | int], by: int) -> Sequence[str | int]:
    """A path in a batch of one item, as it is in the batch that the item is from."""
    return [int(path[0]) + by, *path[1:]] if by and path else path


def _note(found: _Found, location: str, path: Sequence[str | int], batch: bool) -> None:
    if len(found) >= MOST_FINDINGS:
        return
    pointer = pointer_to(path[1:] if batch else path)
    if len(pointer) > LONGEST_POINTER:
        pointer = pointer[:LONGEST_POINTER].rstrip("~") + CUT
    if not batch or not path:
        found[location, pointer] = None
        return
    items = found.setdefault((location, pointer), [])
    if items is not None and (not items or items[-1] != path[0]):
        items.append(int(path[0]))
