"""
The payloads that two versions of a contract are tried on.

Examples and mutants of both, recorded payloads, and probes: good examples with values at the places of a change that
just one of the versions may take.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final, NamedTuple

import orjson

from mockodp_contracts.catalog import URN, Catalog
from mockodp_contracts.changes.facets import Change, Facet, Key
from mockodp_contracts.mutation.mutants import mutants
from mockodp_contracts.mutation.places import Concrete, at, replaced
from mockodp_contracts.violation import ABSENT, path_of

_SAMPLES: Final[tuple[Any, ...]] = (None, True, 0, -1, 1.5, "", "x", "2026-01-02T03:04:05Z", "ada@example.test", [], {})
_OF_LENGTH: Final = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_OF_NUMBERS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_MOST_BASES: Final = 8
_MOST_MEMBERS: Final = 100_000
_LISTINGS: Final = ("records", "items")


class Recorded(NamedTuple):
    """A payload that was really sent; *endpoint* is the last part of its contract's name, if that is known."""

    endpoint: str | None
    payload: Any


def payloads(
    catalogs: tuple[Catalog, Catalog], name: str, changed: Mapping[Key, Change], recorded: Iterable[Recorded]
) -> Iterator[Any]:
    """Payloads for the contract *name*, each once, the most telling first."""
    seen: set[bytes] = set()
    for payload in _all(catalogs, name, changed, recorded):
        text = as_bytes(payload)
        if text not in seen:
            seen.add(text)
            yield payload


def as_bytes(payload: Any) -> bytes:
    """*payload* as JSON that is the same for equal payloads."""
    try:
        return orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)
    except (TypeError, orjson.JSONEncodeError):
        return json.dumps(payload, sort_keys=True).encode()


def recorded(document: Any) -> Iterator[Recorded]:
    """The payloads in a document of a file: records or items as the mock exports them, or payloads as they are."""
    if isinstance(document, dict):
        for listing in _LISTINGS:
            if isinstance(listed := document.get(listing), list) and not {"endpoint", "type"} & document.keys():
                for each in listed:
                    yield from recorded(each)
                return
    if not _is_export(document):
        yield Recorded(None, document)
    elif "item" in document:
        yield Recorded(document["endpoint"], [document["item"]])
    else:
        payload = _body_of(document) or document.get("items")
        if payload:
            yield Recorded(document["endpoint"], payload)


def _is_export(document: Any) -> bool:
    return isinstance(document, dict) and {"id", "endpoint", "account", "received_at"} <= document.keys()


def _body_of(record: Mapping[str, Any]) -> Any:
    body = record.get("body")
    try:
        return orjson.loads(body["text"]) if isinstance(body, dict) and "text" in body else None
    except orjson.JSONDecodeError:
        return None


def _all(
    catalogs: tuple[Catalog, Catalog], name: str, changed: Mapping[Key, Change], recorded: Iterable[Recorded]
) -> Iterator[Any]:
    contracts = [catalog[name] for catalog in catalogs]
    for contract in contracts:
        yield from (example.value for example in (*contract.good, *contract.bad))
    last = name.rpartition("/")[2]
    yield from (each.payload for each in recorded if each.endpoint in (None, last, name))
    bases = list(islice((example.value for contract in contracts for example in contract.good), _MOST_BASES))
    for key, change in changed.items():
        if key.contract == name:
            yield from _probes(key, change, bases, _told(catalogs, key, change))
    for catalog, contract in zip(catalogs, contracts, strict=True):
        yield from (mutant.document for mutant in mutants(catalog, contract))


def _probes(key: Key, change: Change, bases: list[Any], more: list[Any]) -> Iterator[Any]:
    path = path_of(key.place)
    places = [placed for base in bases for placed in _placed(base, path)]
    beside = [value for base, place in places if (value := at(base, place)) is not ABSENT]
    for base, place in places:
        value = at(base, place)
        yield from _without(base, place)
        for other in (*_values(change, value), *beside, *more, *_SAMPLES):
            yield replaced(base, place, other)


def _placed(base: Any, path: list[str]) -> Iterator[tuple[Any, Concrete]]:
    """*base* with each place that *path* means there; objects that lack on the way are put in."""
    for place in _places(base, path):
        made = base
        for depth in range(1, len(place)):
            if at(made, place[:depth]) is ABSENT:
                made = replaced(made, place[:depth], {})
        yield made, place


def _places(value: Any, path: list[str]) -> Iterator[Concrete]:
    if not path:
        yield ()
        return
    part, rest = path[0], path[1:]
    if isinstance(value, dict):
        for name in (*value, "another") if part == "*" else (part,):
            yield from ((name, *inner) for inner in _places(value.get(name, {}), rest))
    elif isinstance(value, list) and part == "*":
        for index in sorted({0, len(value) - 1}) if value else ():
            yield from ((index, *inner) for inner in _places(value[index], rest))


def _without(base: Any, place: Concrete) -> Iterator[Any]:
    """*base* without the member or item at *place*."""
    if not place or at(base, place) is ABSENT:
        return
    holder, last = at(base, place[:-1]), place[-1]
    if isinstance(holder, dict):
        yield replaced(base, place[:-1], {name: value for name, value in holder.items() if name != last})
    elif isinstance(holder, list):
        yield replaced(base, place[:-1], [value for index, value in enumerate(holder) if index != last])


def _values(change: Change, value: Any) -> Iterator[Any]:
    """Values that what is gone or what has come may take or refuse."""
    for facet in change.all:
        keyword = facet.key.keyword
        if keyword == "const":
            yield facet.value
        elif keyword == "enum":
            yield from facet.value
        elif keyword in _OF_NUMBERS:
            yield from (facet.value, facet.value - 1, facet.value + 1, facet.value + 0.5)
        elif keyword in _OF_LENGTH:
            yield from _of_length(facet, value)


def _of_length(facet: Facet, value: Any) -> Iterator[Any]:
    for length in (facet.value - 1, facet.value, facet.value + 1):
        if not 0 <= length <= _MOST_MEMBERS:
            continue
        if facet.key.keyword.endswith("Length"):
            yield (value * length)[:length] if isinstance(value, str) and value else "x" * length
        elif facet.key.keyword.endswith("Items") and isinstance(value, list):
            yield (value * length)[:length]
        elif isinstance(value, dict):
            filled = {**value, **{f"x{number}": "x" for number in range(length - len(value))}}
            yield dict(islice(filled.items(), length))


def _told(catalogs: tuple[Catalog, Catalog], key: Key, change: Change) -> list[Any]:
    """Values that the examples of a rule, or of another contract that is asked, tell."""
    rules = [catalog.rules[key.rule] for catalog in catalogs if key.rule in catalog.rules]
    told = [value for rule in rules for value in (*rule.good, *rule.bad)]
    names = {facet.value.removeprefix(URN) for facet in change.all if facet.key.keyword == "$ref"}
    for contract in (catalog[name] for catalog in catalogs for name in sorted(names & set(catalog.names))):
        values = [example.value for example in (*contract.good, *contract.bad)]
        told += [*values, *(less for value in values for less in _with_less(value))]
    return told


def _with_less(value: Any) -> Iterator[Any]:
    """*value* without one of its members."""
    for member in value if isinstance(value, dict) else ():
        yield {name: inner for name, inner in value.items() if name != member}
