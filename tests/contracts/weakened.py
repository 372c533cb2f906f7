"""Every single way to ask for less: a keyword gone, null allowed, a rule gone, narrowed or less severe."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mockodp_contracts.catalogue import Catalog
from mockodp_contracts.mutation.blind import is_sieved
from mockodp_contracts.violation import pointer_to

from tests.contracts.altered import Change, with_rules, with_schema

NO_KEYWORDS: Final = ("title", "description")
SCHEMAS: Final = ("items", "additionalProperties", "contains", "propertyNames", "if", "then", "else", "not")
"""Keywords whose value is a schema."""

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Weakening:
    """One thing less in *where*, a contract or ``rules/<name>``: *what*, at *place*; *catalog* gives it so."""

    where: str
    what: str
    place: str
    catalog: Callable[[], Catalog]

    def __str__(self) -> str:
        return f"{self.where} {self.place} {self.what}"


def weakenings(catalog: Catalog) -> Iterator[Weakening]:
    """All of them, of the contracts of requests and of the rules."""
    for name in filter(is_sieved, catalog.names):
        for path, what, change in _of_schema(catalog[name].schema, ()):
            yield Weakening(name, what, pointer_to(path), _of_contract(name, change))
    for rule in catalog.rules.values():
        yield _of_rule(rule.name, "gone", "", _without((rule.name,)))
        for lower in ("warning", "info")[("error", "warning", "info").index(rule.severity) :]:
            yield _of_rule(rule.name, lower, "/severity", _set((rule.name, "severity"), lower))
        for index, contract in enumerate(rule.contracts):
            yield _of_rule(rule.name, contract, "/contracts", _without((rule.name, "contracts", index)))
        for path, what, change in _of_schema(rule.schema or {}, ()):
            yield _of_rule(rule.name, what, "/schema" + pointer_to(path), _within((rule.name, "schema"), change))


def _of_contract(name: str, change: Change) -> Callable[[], Catalog]:
    return lambda: with_schema(name, change)


def _of_rule(name: str, what: str, place: str, change: Change) -> Weakening:
    return Weakening(f"rules/{name}", what, place, lambda: with_rules(change))


def _of_schema(schema: Any, path: Path) -> Iterator[tuple[Path, str, Change]]:
    for keyword, value in schema.items():
        at = (*path, keyword)
        if keyword in NO_KEYWORDS or keyword.startswith(("$s", "$id", "x-")):
            continue
        yield at, "gone", _without(at)
        if keyword == "type" and "null" not in value:
            yield at, "or null", _set(at, [*([value] if isinstance(value, str) else value), "null"])
        elif keyword == "const" and value is not None:
            yield at, "or null", _exchanged(path, "const", "enum", [value, None])
        elif keyword == "required" and len(value) > 1:
            yield from (((*at, index), "gone", _without((*at, index))) for index in range(len(value)))
        elif keyword == "properties":
            for name, inner in value.items():
                yield (*at, name), "gone", _without((*at, name))
                yield from _of_schema(inner, (*at, name))
        elif keyword in ("allOf", "anyOf"):
            for index, inner in enumerate(value):
                if len(value) > 1:
                    yield (*at, index), "gone", _without((*at, index))
                yield from _of_schema(inner, (*at, index))
        elif keyword in SCHEMAS and isinstance(value, dict):
            yield from _of_schema(value, at)


def _reached(said: Any, path: Sequence[str | int]) -> Any:
    for part in path:
        said = said[part]
    return said


def _without(path: Path) -> Change:
    return lambda said: _reached(said, path[:-1]).pop(path[-1])


def _set(path: Path, value: Any) -> Change:
    return lambda said: _reached(said, path[:-1]).__setitem__(path[-1], value)


def _within(path: Path, change: Change) -> Change:
    return lambda said: change(_reached(said, path))


def _exchanged(path: Path, old: str, new: str, value: Any) -> Change:
    def change(said: Any) -> None:
        holder = _reached(said, path)
        del holder[old]
        holder[new] = value

    return change
