"""
Blind mutants: good examples broken without a look at what their contract asks for.

A contract that lost something has fewer mutants of its own, and as many of these. Each one must be refused, but for
those that ``allowed.json`` lists with a reason; so what is let through stands there, to the member.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any, Final, Self

import jsonschema_rs
import orjson

from mockodp_contracts.catalogue import Catalog, Contract, Rule
from mockodp_contracts.checks import check
from mockodp_contracts.mutation.nursery import ARRIVAL
from mockodp_contracts.mutation.operators import FRESH, same
from mockodp_contracts.mutation.places import Concrete, at, replaced
from mockodp_contracts.violation import ABSENT, Severity, path_of, pointer_to, shortened

FOLDERS: Final = ("auth", "envelopes", "items", "presets", "shared")
"""Where the contracts stand that are put to this test: those of what the integration sends."""

MANY: Final = 501
BATCH: Final = "(batch)"
ITEM: Final = "(item)"


@dataclass(frozen=True, slots=True)
class Blind:
    """
    A *document* made by *operator* of the good example of *contract* that shows *example*.

    *place* is a JSON Pointer to what was changed. In a batch it is relative to an item; the item itself is ``(item)``,
    the whole ``(batch)``.
    """

    contract: str
    example: str
    operator: str
    place: str
    document: Any


@dataclass(frozen=True, slots=True)
class Allowed:
    """
    What may be let through, and the *reason*: every mutant that fits one of each list.

    In *contracts* and *operators* ``*`` is any text; in *places* the part ``*`` is any one, and ``**`` at the end
    whatever is beneath. *examples* are what the good examples show, all without any.
    """

    reason: str
    contracts: tuple[str, ...]
    operators: tuple[str, ...]
    places: tuple[str, ...]
    examples: tuple[str, ...]

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Self:
        lists = {name: tuple(said[name]) for name in ("contracts", "operators", "places")}
        return cls(reason=said["reason"], examples=tuple(said.get("examples", ())), **lists)

    def used(self, mutant: Blind) -> Iterator[str]:
        """The parts of it that fit *mutant*; none unless one of each list does."""
        if self.examples and mutant.example not in self.examples:
            return
        contracts = [each for each in self.contracts if fnmatchcase(mutant.contract, each)]
        operators = [each for each in self.operators if fnmatchcase(mutant.operator, each)] if contracts else []
        places = [each for each in self.places if _fits(each, mutant.place)] if operators else []
        if places:
            yield from (*contracts, *operators, *places, *((mutant.example,) if self.examples else ()))

    @property
    def parts(self) -> frozenset[str]:
        """All that its lists hold."""
        return frozenset((*self.contracts, *self.operators, *self.places, *self.examples))


@dataclass(frozen=True, slots=True)
class Sieve:
    """
    How many blind mutants of *contract* there are, and how many of them are *allowed* to pass.

    *survivors* pass and are not in the table; *refused* are in the table and do not pass. *used* are the parts of the
    table, by their index in it, that let something through.
    """

    contract: str
    total: int
    allowed: int
    survivors: tuple[Blind, ...]
    refused: tuple[Blind, ...]
    used: frozenset[tuple[int, str]]

    @property
    def passed(self) -> bool:
        return self.total > 0 and not self.survivors and not self.refused


@dataclass(frozen=True, slots=True)
class Promise:
    """What ``promised.json`` says of a rule: how bad it is, who asks for it, values that keep and break it."""

    severity: str
    contracts: tuple[str, ...]
    keep: tuple[Any, ...]
    broken_by: tuple[Any, ...]


def is_sieved(name: str) -> bool:
    """Whether the contract of that name is put to this test."""
    return name.partition("/")[0] in FOLDERS


@cache
def allowed() -> tuple[Allowed, ...]:
    """What may be let through."""
    return tuple(Allowed.from_json(said) for said in orjson.loads(_file("allowed.json")))


@cache
def promised() -> Mapping[str, Promise]:
    """The rules beyond shape that there must be, by name."""
    said = orjson.loads(_file("promised.json"))
    lists = ("contracts", "keep", "break")
    return {name: Promise(each["severity"], *(tuple(each[part]) for part in lists)) for name, each in said.items()}


def blind(contract: Contract) -> Iterator[Blind]:
    """Every blind mutant of *contract*, each once for each example."""
    for example in contract.good:
        seen = set()
        for operator, path, document in _mutated(example.value, [other.value for other in contract.good]):
            key = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
            if key not in seen and not same(document, example.value):
                seen.add(key)
                yield Blind(contract.name, example.shows, operator, _place(path, example.value), document)


def passes(catalog: Catalog, mutant: Blind) -> bool:
    """Whether *mutant* is let through; warnings do not stop it."""
    findings, _ = catalog.judge(mutant.contract).findings(mutant.document, ARRIVAL, advice=False)
    return all(finding.severity is not Severity.ERROR for finding in findings)


def sieved(catalog: Catalog, contract: Contract, table: Sequence[Allowed] | None = None) -> Sieve:
    """What *contract* lets through, compared with *table*, the committed one unless another is given."""
    table = allowed() if table is None else table
    survivors, refused, used = [], [], set[tuple[int, str]]()
    total = count = 0
    for total, mutant in enumerate(blind(contract), start=1):  # noqa: B007  the last one is how many
        fit = {(index, part) for index, each in enumerate(table) for part in each.used(mutant)}
        if not passes(catalog, mutant):
            refused += [mutant] if fit else []
        elif fit:
            count += 1
            used |= fit
        else:
            survivors.append(mutant)
    return Sieve(contract.name, total, count, tuple(survivors), tuple(refused), frozenset(used))


def stale(sieves: Sequence[Sieve], table: Sequence[Allowed] | None = None) -> list[tuple[Allowed, str]]:
    """The parts of *table* that let nothing through; *sieves* are those of all contracts."""
    used = {each for sieve in sieves for each in sieve.used}
    table = allowed() if table is None else table
    return [
        (each, part) for index, each in enumerate(table) for part in sorted(each.parts) if (index, part) not in used
    ]


def broken_promises(catalog: Catalog, promises: Mapping[str, Promise] | None = None) -> Iterator[str]:
    """Where the rules of *catalog* are not those promised, a sentence each."""
    promises = promised() if promises is None else promises
    for name in sorted({*promises, *catalog.rules}):
        rule, promise = catalog.rules.get(name), promises.get(name)
        if rule is None:
            yield f"Rule {name!r} is promised, and there is none."
        elif promise is None:
            yield f"Rule {name!r} is not promised: list it with its severity {rule.severity.value!r}."
        else:
            yield from _differences(rule, promise)


def _differences(rule: Rule, promise: Promise) -> Iterator[str]:
    if rule.severity != promise.severity:
        yield f"Rule {rule.name!r} is of severity {rule.severity.value!r}, promised was {promise.severity!r}."
    if sorted(rule.contracts) != sorted(promise.contracts):
        yield f"Rule {rule.name!r} holds for {sorted(rule.contracts)}, promised was {sorted(promise.contracts)}."
    keeps = _keeps(rule)
    for values, wanted in ((promise.keep, True), (promise.broken_by, False)):
        for value in values:
            if keeps(value) is not wanted:
                yield f"Rule {rule.name!r} is {'broken' if wanted else 'kept'} by {shortened(value)}."


def _keeps(rule: Rule) -> Callable[[Any], bool]:
    """Whether a value keeps *rule*."""
    if rule.schema is None:
        return check(rule.check or {})(ARRIVAL)
    registry = jsonschema_rs.Registry([(rule.urn, rule.schema)])
    return jsonschema_rs.Draft202012Validator(rule.schema, registry=registry, offline=True).is_valid


def _file(name: str) -> bytes:
    return files("mockodp_contracts").joinpath("mutation", name).read_bytes()


def _fits(pattern: str, place: str) -> bool:
    if pattern in (BATCH, ITEM) or place in (BATCH, ITEM):
        return pattern == place
    wanted, parts = path_of(pattern), path_of(place)
    if wanted[-1:] == ["**"] and len(parts) >= len(wanted):
        wanted, parts = wanted[:-1], parts[: len(wanted) - 1]
    return len(wanted) == len(parts) and all(one in ("*", other) for one, other in zip(wanted, parts, strict=True))


def _place(path: Concrete, document: Any) -> str:
    if not isinstance(document, list):
        return pointer_to(path)
    return (pointer_to(path[1:]) or ITEM) if path else BATCH


def _mutated(document: Any, examples: Sequence[Any]) -> Iterator[tuple[str, Concrete, Any]]:
    for path in _paths(document):
        value = at(document, path)
        for changes in (_retyped, _emptied, _edited, _grown):
            yield from ((operator, path, replaced(document, path, made)) for operator, made in changes(value))
        if path:
            yield "drop", path, replaced(document, path[:-1], _without(at(document, path[:-1]), path[-1]))
        for name, held in _of_others(path, value, examples):
            yield "borrow", (*path, name), replaced(document, (*path, name), held)
        for name in _common(value):
            yield "drop/all", (*path, "*", name), replaced(document, path, [_without(item, name) for item in value])


def _paths(value: Any, path: Concrete = ()) -> Iterator[Concrete]:
    yield path
    for part in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from _paths(value[part], (*path, part))


def _retyped(value: Any) -> Iterator[tuple[str, Any]]:
    yield "null", None
    for name, kinds, sample in _RETYPED:
        if isinstance(value, bool) != (name == "boolean") or not isinstance(value, kinds):
            yield f"retype/{name}", [value] if sample == [] else sample


def _emptied(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, (str, list, dict)):
        yield "empty", type(value)()


def _edited(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, str):
        yield from (("text/other", FRESH), ("text/after", value + "x"), ("text/before", "x" + value))
        yield from (("text/cut", value[:-1]), ("text/newline", value + "\n"), ("text/capitals", value.upper()))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from (("number/fraction", value + 0.5), ("number/negative", -1 - value), ("number/huge", 10**9))


def _grown(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, held in (("text", "text"), ("number", 7), ("null", None)):
            yield f"add/{name}", {**value, FRESH: held}
        yield "add/capitals", {**value, FRESH.capitalize(): "text"}
    elif isinstance(value, list) and value:
        yield "more/twice", value * 2
        yield "more/many", [value[index % len(value)] for index in range(MANY)]


def _without(holder: Any, part: str | int) -> Any:
    if isinstance(holder, dict):
        return {name: value for name, value in holder.items() if name != part}
    return [item for index, item in enumerate(holder) if index != part]


def _of_others(path: Concrete, value: Any, examples: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """The members that an object lacks, and the object at a like place of some example has."""
    if isinstance(value, dict):
        for example in examples:
            for like in _paths(example):
                held = at(example, like) if _alike(like, path) else ABSENT
                if isinstance(held, dict):
                    yield from ((name, member) for name, member in held.items() if name not in value)


def _alike(one: Concrete, other: Concrete) -> bool:
    return [part if isinstance(part, str) else 0 for part in one] == [p if isinstance(p, str) else 0 for p in other]


def _common(value: Any) -> Sequence[str]:
    """The names of members that several objects of an array have."""
    objects = value if isinstance(value, list) and all(isinstance(item, dict) for item in value) else ()
    return [name for name, count in Counter(name for item in objects for name in item).items() if count > 1]


_RETYPED: Final[Sequence[tuple[str, Any, Any]]] = (
    ("text", str, "text"),
    ("number", (int, float), 7),
    ("boolean", bool, True),
    ("object", dict, {}),
    ("array", list, []),
)
