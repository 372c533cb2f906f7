"""
Where the mutants of one contract are made: good documents, the places in them that are asked, wrong values put there.

A constraint is tried on the good examples of its contract; if none of them has such a place, on one of them with a good
example of the part that asks put in; if that does not do either, on one in which what lacks is made up.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

import jsonschema_rs

from mockodp_contracts.catalogue import Catalog, Contract, Rule, Schema
from mockodp_contracts.checks import check
from mockodp_contracts.constraints import Constraint, Guard, Path, constraints
from mockodp_contracts.judging import _resources
from mockodp_contracts.mutation.operators import FRESH, Wrong, fitting, keeps, types_of, wrong
from mockodp_contracts.mutation.places import Concrete, at, found, grown, replaced, texts
from mockodp_contracts.violation import ABSENT, Severity, path_of, pointer_to

ARRIVAL: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
"""When the mutants arrive; the examples are older."""

MOST_SWAPS: Final = 3
"""So many siblings a member is exchanged with for one constraint."""


SWAPPED: Final = frozenset({"type", "const", "enum", "pattern", "minimum", "maximum", "exclusiveMinimum"})
"""Keywords that may be broken by what another member holds."""

Placed = tuple[Any, Concrete]
"""A document and a place in it."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """
    A *document* that breaks *rule* at *pointer*, made by *operator* of a good example of *contract*.

    *location* is where the rule stands: a contract's URN, then a JSON Pointer to the keyword. *severity* is how
    bad it is to break it.
    """

    contract: str
    operator: str
    rule: str
    severity: Severity
    pointer: str
    location: str
    document: Any


class Nursery:
    """Where the mutants of one contract are made."""

    def __init__(self, catalog: Catalog, contract: Contract) -> None:
        self.constraints = constraints(catalog, contract)
        self._catalog = catalog
        self._contract = contract
        self._good = tuple(example.value for example in contract.good)
        self._bad = tuple(example.value for example in contract.bad)
        self._conditions: dict[str, jsonschema_rs.Draft202012Validator] = {}

    def mutants(self, constraint: Constraint) -> list[Mutant]:
        """The mutants that break *constraint*; none if no place for them can be found or made."""
        for placed in (self._found, self._lodged, self._made_up):
            made = [
                mutant for document, place in placed(constraint) for mutant in self._of(constraint, document, place)
            ]
            if made:
                return made
        return []

    def _found(self, constraint: Constraint) -> Iterator[Placed]:
        """The places in good examples."""
        for document in self._good:
            yield from self._places(constraint, document)

    def _lodged(self, constraint: Constraint) -> Iterator[Placed]:
        """The places in a good example with one of the part that asks put in."""
        rule = self._catalog.rules.get(constraint.rule)
        names = rule.contracts if rule else (constraint.contract,)
        parts = depth(constraint.at) + (len(path_of(rule.at)) if rule else 0)
        made = (
            grown(self._good[0], constraint.path[: len(constraint.path) - parts], self._arrays) if self._good else None
        )
        if made is not None:
            for example in (example for name in names for example in self._catalog[name].good):
                yield from self._places(constraint, replaced(*made, example.value))

    def _made_up(self, constraint: Constraint) -> Iterator[Placed]:
        """A place made up of what lacks, its conditions met, in any example."""
        for document in (*self._good, *self._bad):
            settled = document
            for guard in constraint.guards:
                settled = self._settled(guard, settled)
            made = grown(settled, constraint.path, self._arrays)
            if made is not None:
                yield made

    def _places(self, constraint: Constraint, document: Any) -> Iterator[Placed]:
        rule = self._catalog.rules.get(constraint.rule)
        for place in found(document, constraint.path, {} if rule else self._named):
            if rule is not None and rule.urn in str(rule.schema):  # it asks the same of whatever is beneath
                yield from ((document, inner) for inner in texts(at(document, place), place))
            else:
                yield document, place

    def _of(self, constraint: Constraint, document: Any, place: Concrete) -> Iterator[Mutant]:
        """The mutants that break *constraint* at *place*."""
        for made in self._wrong(constraint, at(document, place)):
            mutated = replaced(document, place, made.value)
            if self._asked(constraint, mutated, place):
                yield self._mutant(constraint, made, place, mutated)
        if place:
            for exchanged in self._exchanged(constraint, at(document, place[:-1]), place[-1]):
                mutated = replaced(document, place[:-1], exchanged)
                if self._asked(constraint, mutated, place):
                    yield self._mutant(constraint, Wrong("swap", None), place, mutated)

    def _mutant(self, constraint: Constraint, made: Wrong, place: Concrete, document: Any) -> Mutant:
        rule, seen = self._catalog.rules.get(constraint.rule), place
        if rule is not None and rule.at_its_place:
            seen = (*place[: len(place) - depth(constraint.at)], *path_of(rule.about))
        elif made.member is not None:
            seen = (*place, made.member)
        severity = rule.severity if rule is not None else Severity.ERROR
        return Mutant(
            self._contract.name,
            made.operator,
            constraint.rule,
            severity,
            pointer_to(seen),
            constraint.location,
            document,
        )

    def _wrong(self, constraint: Constraint, value: Any) -> Iterator[Wrong]:
        value = None if value is ABSENT else value
        for made in wrong(constraint.keyword, constraint.value, value):
            if constraint.keyword != "additionalProperties" or made.member not in constraint.schema.get(
                "properties", ()
            ):
                yield made
        rule = self._catalog.rules.get(constraint.rule)
        if rule is not None:
            yield from _against(rule, constraint, value)

    def _exchanged(self, constraint: Constraint, holder: Any, part: str | int) -> Iterator[Any]:
        """Copies of *holder* in which *part* and a sibling are exchanged; the sibling may have been at its bound."""
        if not isinstance(holder, dict) or part not in holder or constraint.keyword not in SWAPPED:
            return
        siblings = [(name, value) for name, value in holder.items() if name != part]
        bounds = [(name, bound) for name, bound in self._bounds.get(constraint.path[:-1], ()) if name != part]
        wrong_here = [(n, v) for n, v in siblings + bounds if not keeps(constraint.keyword, constraint.value, v)]
        for name, value in wrong_here[:MOST_SWAPS]:
            yield {**holder, str(part): value, name: holder[part]}

    def _settled(self, guard: Guard, document: Any) -> Any:
        """A copy of *document* that is likely to meet the condition of *guard*."""
        made = grown(document, guard.path, self._arrays)
        if made is None or self._met(guard.schema, at(*made)) is guard.met:
            return document
        value, named = at(*made), guard.schema.get("required", ())
        if not guard.met:
            kept = {n: held for n, held in value.items() if n not in named} if isinstance(value, dict) else FRESH
            return replaced(*made, kept)
        if guard.schema.get("type", "object") != "object":
            return replaced(*made, fitting(guard.schema))
        fit = {name: fitting(said) for name, said in guard.schema.get("properties", {}).items()}
        return replaced(*made, {**dict.fromkeys(named, FRESH), **(value if isinstance(value, dict) else {}), **fit})

    def _asked(self, constraint: Constraint, document: Any, place: Concrete) -> bool:
        """Whether *constraint* is asked of *document* at *place*: every condition on the way is as it must be."""
        return all(
            self._met(guard.schema, at(document, place[: len(guard.path)])) is guard.met for guard in constraint.guards
        )

    def _met(self, schema: Schema, value: Any) -> bool:
        key = json.dumps(schema, sort_keys=True)
        if key not in self._conditions:
            self._conditions[key] = jsonschema_rs.Draft202012Validator(schema, registry=self._registry, offline=True)
        return self._conditions[key].is_valid(value)

    @cached_property
    def _registry(self) -> jsonschema_rs.Registry:
        return jsonschema_rs.Registry(list(dict(_resources(self._catalog, self._contract)).items()))

    @cached_property
    def _named(self) -> Mapping[Path, Collection[str]]:
        """The members that are named at a path, by the constraints of them."""
        named = defaultdict(set)
        for constraint in self.constraints:
            for length, part in enumerate(constraint.path):
                named[constraint.path[:length]].add(part)
        return named

    @cached_property
    def _arrays(self) -> frozenset[Path]:
        return frozenset(c.path for c in self.constraints if c.keyword == "type" and "array" in types_of(c.value))

    @cached_property
    def _bounds(self) -> Mapping[Path, list[tuple[str, Any]]]:
        """The members at a path whose values have bounds, with these."""
        bounds = defaultdict(list)
        for c in self.constraints:
            if c.keyword in ("minimum", "maximum") and c.path:
                bounds[c.path[:-1]].append((c.path[-1], c.value))
        return bounds


def depth(location: str) -> int:
    """How many parts of a path in a document the keywords on the way to the one at *location* lead into."""
    into, names = 0, iter(path_of(location)[:-1])
    for name in names:
        if name in ("properties", "items", "additionalProperties"):
            into += 1
        if name in ("properties", "allOf"):
            next(names)
    return into


def _against(rule: Rule, constraint: Constraint, value: Any) -> Iterator[Wrong]:
    """The rule's own bad examples that break *constraint*, alone and joined to *value*."""
    if depth(constraint.at) or constraint.keyword == "required":
        return  # what breaks is then seen elsewhere
    holds = _holds(rule, constraint)
    for bad in rule.bad:
        joined = [{**value, **bad}] if isinstance(bad, dict) and isinstance(value, dict) else []
        yield from (Wrong("rule", made) for made in (bad, *joined) if holds is not None and not holds(made))


def _holds(rule: Rule, constraint: Constraint) -> Callable[[Any], bool]:
    """Whether a value keeps *constraint* of *rule*."""
    if rule.check is not None:
        return check(rule.check)(ARRIVAL)
    return jsonschema_rs.Draft202012Validator({constraint.keyword: constraint.value}).is_valid
