"""
The payloads that two versions of a contract are tried on.

Examples and mutants of both, recorded payloads, and probes: good examples with values at the places of a change that
just one of the versions may take, its conditions met. Where one version refuses all good examples, some are mended.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, zip_longest
from operator import itemgetter
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import orjson

from mockodp_contracts.catalogue import URN, Catalog
from mockodp_contracts.changes.facets import WALKED, Change, Facet, Key
from mockodp_contracts.changes.probes import SAMPLES, of_schema, settled, told_apart
from mockodp_contracts.judging import Finding
from mockodp_contracts.mutation.mutants import mutants
from mockodp_contracts.mutation.places import Concrete, at, replaced
from mockodp_contracts.violation import ABSENT, Severity, path_of

_MOST_BASES: Final = 8
_MOST_MENDED: Final = 4
_MOST_STEPS: Final = 6
_MOST_MENDS: Final = 200
_LISTINGS: Final = ("records", "items")


class Recorded(NamedTuple):
    """
    A payload that was really sent; *endpoint* is the last part of its contract's name, if that is known.

    It is `ABSENT` where a record holds none that can be read.
    """

    endpoint: str | None
    payload: Any

    @property
    def is_readable(self) -> bool:
        return self.payload is not ABSENT


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
    if isinstance(document, list) and document and all(map(_is_export, document)):
        for each in document:
            yield from recorded(each)
        return
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
        yield Recorded(document["endpoint"], _sent(document))


def _is_export(document: Any) -> bool:
    return isinstance(document, dict) and {"id", "endpoint", "account", "received_at"} <= document.keys()


def _sent(record: Mapping[str, Any]) -> Any:
    """What was sent with the request of *record*; `ABSENT` if that was no batch, or is not told."""
    body = _body_of(record)
    if not record.get("accepted", True):  # its items are not told: an empty list of them is no empty batch
        return body if _is_batch(body) else ABSENT
    if record.get("item_count", 0) is None:
        return ABSENT
    items = record.get("items") or []
    return items if body is ABSENT and (items or record.get("item_count") == 0) else body


def _is_batch(body: Any) -> bool:
    return isinstance(body, list) and all(isinstance(item, dict) for item in body)


def _body_of(record: Mapping[str, Any]) -> Any:
    body = record.get("body")
    try:
        return orjson.loads(body["text"]) if isinstance(body, dict) and "text" in body else ABSENT
    except orjson.JSONDecodeError:
        return ABSENT


def _all(
    catalogs: tuple[Catalog, Catalog], name: str, changed: Mapping[Key, Change], recorded: Iterable[Recorded]
) -> Iterator[Any]:
    contracts = [catalog[name] for catalog in catalogs]
    for contract in contracts:
        yield from (example.value for example in (*contract.good, *contract.bad))
    last = name.rpartition("/")[2]
    yield from (each.payload for each in recorded if each.endpoint in (None, last, name))
    bases = _bases(catalogs, name, changed)
    for key, change in changed.items():
        if key.contract == name:
            yield from _probes(key, change, bases, _told(catalogs, key, change))
    for catalog, contract in zip(catalogs, contracts, strict=True):
        yield from (mutant.document for mutant in mutants(catalog, contract))


def _bases(catalogs: tuple[Catalog, Catalog], name: str, changed: Mapping[Key, Change]) -> list[Any]:
    """Good examples of both sides; where one refuses all of them, also some mended so that both take them."""
    pairs = zip_longest(*([example.value for example in catalog[name].good] for catalog in catalogs), fillvalue=ABSENT)
    good = list({as_bytes(value): value for pair in pairs for value in pair if value is not ABSENT}.values())

    def refusals(payload: Any) -> list[Finding]:
        return [each for catalog in catalogs for each in _errors(catalog, name, payload)]

    bases = good[:_MOST_BASES]
    if all(map(refusals, bases)):
        mending = _Mending(good, _asked_newly(changed), refusals)
        mended = (mending.mended(base) for base in bases[:_MOST_MENDED])
        bases = [*(base for base in mended if base is not ABSENT), *bases]
    return bases


def _errors(catalog: Catalog, name: str, payload: Any) -> list[Finding]:
    found, _ = catalog.judge(name).findings(payload)
    return [each for each in found if each.severity is Severity.ERROR]


def _asked_newly(changed: Mapping[Key, Change]) -> dict[str, Facet]:
    """What the new side asks and the old one does not, by where it stands."""
    come = (facet for change in changed.values() for facet in change.come if facet.key.keyword not in WALKED)
    return {f"{URN}{facet.key.contract}#{facet.at}": facet for facet in come if facet.at}


@dataclass(frozen=True, slots=True)
class _Mending:
    """Changing what neither side should refuse; with what the *good* examples have, and what is *asked*."""

    good: list[Any]
    asked: Mapping[str, Facet]
    refusals: Callable[[Any], list[Finding]]

    def mended(self, base: Any) -> Any:
        """*base* with as much changed as it takes that nobody refuses it; `ABSENT` where that does not succeed."""
        for _ in range(_MOST_STEPS):
            left = self.refusals(base)
            if not left:
                return base
            mends = islice((mend for refusal in left for mend in self._mends(base, refusal)), _MOST_MENDS)
            judged = ((len(self.refusals(mend)), mend) for mend in mends)
            least, base = min(judged, key=itemgetter(0), default=(len(left), base))
            if least >= len(left):
                break
        return ABSENT

    def _mends(self, base: Any, refusal: Finding) -> Iterator[Any]:
        """*base* with another value where *refusal* is, or with none."""
        item = [str(refusal.items[0])] if refusal.items else []
        place = _concrete(base, [*item, *path_of(refusal.pointer)])
        if place and at(base, place[:-1]) is ABSENT:
            return
        value = at(base, place)
        if asked := self.asked.get(unquote(refusal.location)):
            made = told_apart(asked.key.keyword, asked.value, None if value is ABSENT else value)
            yield from (replaced(base, place, other) for other in made)
        held = [other for each in self.good if (other := at(each, place)) is not ABSENT]
        yield from (replaced(base, place, other) for other in (*held, *(SAMPLES if place else ())))
        yield from _without(base, place)
        yield from (replaced(base, place, other) for other in _filled_up(value, held))


def _filled_up(value: Any, others: list[Any]) -> Iterator[Any]:
    """*value* with more members, as the *others* have them, or with more or fewer items."""
    if isinstance(value, dict):
        more = {name: inner for other in others if isinstance(other, dict) for name, inner in other.items()}
        yield from ({**value, name: inner} for name, inner in more.items() if name not in value)
        yield from ({**more, **value}, {**value, f"x{len(value)}": "x"})
    elif isinstance(value, list):
        yield from (value[:-1], value[:1], value * 2)


def _concrete(document: Any, parts: list[str]) -> Concrete:
    """The place of a JSON Pointer in *document*: what leads into an array is a number."""
    place: Concrete = ()
    for part in parts:
        place = (*place, int(part) if isinstance(at(document, place), list) else part)
    return place


def _probes(key: Key, change: Change, bases: list[Any], more: list[Any]) -> Iterator[Any]:
    path = path_of(key.place)
    grounds = [*bases, *(met for facet in change.all if facet.guards for base in bases for met in _met(base, facet))]
    places = [placed for base in grounds for placed in _placed(base, path)]
    beside = [value for base, place in places if (value := at(base, place)) is not ABSENT]
    for base, place in places:
        value = at(base, place)
        yield from _without(base, place)
        for other in (*_values(change, value), *beside, *more, *SAMPLES):
            yield replaced(base, place, other)


def _met(base: Any, facet: Facet) -> Iterator[Any]:
    """*base* changed so that the conditions of *facet* are likely to be met."""
    for guard in facet.guards:
        for made, place in list(_placed(base, list(guard.path))):
            base = settled(made, place, guard.schema, at(made, place), met=guard.met)
            break
    yield base


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
        if facet.key.keyword == "rule":
            yield from of_schema(facet.value.get("schema"), None if value is ABSENT else value)
        elif facet.key.keyword not in WALKED:
            yield from told_apart(facet.key.keyword, facet.value, None if value is ABSENT else value)


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
