"""What judges on the hot path says what the reference implementation of JSON Schema says, of good and bad payloads."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mockodp_contracts import catalog
from mockodp_contracts.catalogue import RULES, URN, Rule
from mockodp_contracts.constraints import Constraint, constraints
from mockodp_contracts.explained import SHAPE_RULES
from mockodp_contracts.judging import _resources
from mockodp_contracts.mutation.mutants import mutants
from mockodp_contracts.mutation.nursery import ARRIVAL
from mockodp_contracts.mutation.operators import matches, types_of
from mockodp_contracts.mutation.places import Concrete, at, replaced
from mockodp_contracts.violation import ABSENT, path_of, pointer_to
from referencing import Registry
from referencing.jsonschema import DRAFT202012

CASES: Final = int(os.environ.get("CASES", "15"))
BOUNDED = settings(max_examples=CASES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
CATALOG = catalog()
AT_THEIR_PLACE = [rule for rule in CATALOG.rules.values() if rule.at_its_place and rule.schema is not None]

Said = set[tuple[str, str]]
"""Rules by name, with the places where they are broken."""


def _pattern(_: Any, asked: str, value: Any, __: Any) -> Iterator[jsonschema.ValidationError]:
    """As ECMA 262 has it: ``$`` is the very end, and classes are ASCII."""
    if isinstance(value, str) and not re.search(re.sub(r"(?<!\\)\$", r"\\Z", asked), value, re.ASCII):
        yield jsonschema.ValidationError(f"{value!r} does not match {asked!r}")


def _number(_: Any, value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _integer(checker: Any, value: Any) -> bool:
    return _number(checker, value) and (isinstance(value, int) or value.is_integer())


Reference = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    validators={"pattern": _pattern},
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many({"number": _number, "integer": _integer}),
)


@cache
def _reference(name: str) -> tuple[Any, dict[int, str]]:
    """The reference for a contract, and the rule beyond shape that each schema of it belongs to, by the schema's id."""
    resources = {  # a $schema would bring the library's own reading of patterns back
        urn: {keyword: said for keyword, said in schema.items() if keyword != "$schema"}
        for urn, schema in _resources(CATALOG, CATALOG[name])
    }
    registry = Registry[Any]().with_resources(
        (urn, DRAFT202012.create_resource(schema)) for urn, schema in resources.items()
    )
    rules = {
        id(inner): urn.removeprefix(URN + RULES)
        for urn in resources
        if urn.startswith(URN + RULES)
        for inner in _schemas(resources[urn])
    }
    return Reference(resources[URN + name], registry=registry), rules


def _schemas(schema: Any) -> Iterator[Any]:
    yield schema
    members = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    for member in members:
        yield from _schemas(member)


def _places(error: jsonschema.ValidationError) -> Iterator[tuple[str | int, ...]]:
    """Where an error of the reference is seen."""
    path, asked, value = tuple(error.absolute_path), error.validator_value, error.instance
    if error.validator == "required":
        yield from ((*path, name) for name in asked if name not in value)
    elif error.validator == "additionalProperties":
        yield from ((*path, name) for name in value if name not in error.schema.get("properties", {}))
    else:
        yield path


def _by_reference(name: str, document: Any) -> Said:
    """What the reference says of shape and of the rules that are joined to it."""
    reference, rules = _reference(name)
    said = set()
    for error in reference.iter_errors(document):
        keyword = "propertyNames" if "propertyNames" in error.absolute_schema_path else str(error.validator)
        rule = rules.get(id(error.schema), SHAPE_RULES.get(keyword, keyword))
        said |= {(rule, pointer_to(place)) for place in _places(error)}
    return said


def _by_us(name: str, document: Any) -> Said:
    """What the verdict says, but for rules that are asked at their place."""
    apart = {rule.name for rule in CATALOG.rules.values() if rule.at_its_place}
    violations = CATALOG.judge(name)(document, ARRIVAL).violations
    return {(violation.rule, violation.pointer) for violation in violations if violation.rule not in apart}


def _agree(name: str, document: Any) -> None:
    ours, theirs = _by_us(name, document), _by_reference(name, document)
    assert ours == theirs, (name, document)


def _place_by_place(name: str, document: Any) -> None:
    """The same for the rules that are asked at their place, each by itself."""
    ours = {(v.rule, v.pointer) for v in CATALOG.judge(name)(document, ARRIVAL).violations}
    theirs = set()
    for rule in (rule for rule in AT_THEIR_PLACE if name in rule.contracts):
        value = at(document, path_of(rule.at))
        if value is not ABSENT and not Reference(rule.schema).is_valid(value):
            theirs.add((rule.name, rule.at + rule.about))
    assert {said for said in ours if said[0] in {rule.name for rule in AT_THEIR_PLACE}} == theirs, (name, document)


WORDS: Final = [
    "",
    "a",
    "text",
    "purchase",
    "2026-01-02T03:04:05.678Z",
    "ada@example.test",
    "Ω",
    "27.5",
    "a/b~c",
    "x" * 1025,
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, -0.0, 1.0, 1e300, 2**53 + 1, -1, 99999999999, 99999999999.5]),
    st.sampled_from(WORDS),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


def _all_places(value: Any, path: Concrete = ()) -> Iterator[Concrete]:
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for part, member in members:
        yield from _all_places(member, (*path, part))


SCALAR_TYPES: Final = ("string", "integer", "number", "boolean", "null")
Edit = Callable[[st.DataObject, Any], Any]


def _retyped(data: st.DataObject, value: Any) -> Any:
    return data.draw(VALUES)


def _added(data: st.DataObject, value: Any) -> Any:
    if isinstance(value, dict):
        return {
            **value,
            data.draw(st.sampled_from([*WORDS, *value, "data", "opted_in", "reachable"])): data.draw(VALUES),
        }
    return [*value, data.draw(VALUES)] if isinstance(value, list) else value


def _less(data: st.DataObject, value: Any) -> Any:
    if not isinstance(value, (dict, list)) or not value:
        return value
    kept = data.draw(st.lists(st.booleans(), min_size=len(value), max_size=len(value)))
    if isinstance(value, list):
        return [item for item, keep in zip(value, kept, strict=True) if keep]
    return {name: member for (name, member), keep in zip(value.items(), kept, strict=True) if keep}


def _renamed(data: st.DataObject, value: Any) -> Any:
    if not isinstance(value, dict) or not value:
        return value
    old = data.draw(st.sampled_from(sorted(value)))
    new = data.draw(st.sampled_from([old.upper(), old + "_", "", *value]))
    return {(new if name == old else name): member for name, member in value.items()}


def _swapped(data: st.DataObject, value: Any) -> Any:
    if isinstance(value, list):
        return data.draw(st.permutations(value))
    if not isinstance(value, dict):
        return value
    return dict(zip(value, data.draw(st.permutations(list(value.values()))), strict=True))


def _nested(data: st.DataObject, value: Any) -> Any:
    return data.draw(st.sampled_from([[value], {"data": value}, [[value]], [value, value]]))


EDITS: Final[dict[str, Edit]] = {
    "retyped": _retyped, "added": _added, "less": _less, "renamed": _renamed, "swapped": _swapped, "nested": _nested,
}  # fmt: skip


def _edited(data: st.DataObject, document: Any) -> Any:
    """*document* with a few edits at places of it."""
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(list(_all_places(document))))
        edit = EDITS[data.draw(st.sampled_from(sorted(EDITS)))]
        document = replaced(document, place, edit(data, at(document, place)))
    return document


@cache
def _asked(name: str) -> dict[tuple[str, ...], list[Constraint]]:
    """What a contract asks for by path, under whichever condition."""
    asked: dict[tuple[str, ...], list[Constraint]] = {}
    for constraint in constraints(CATALOG, CATALOG[name]):
        asked.setdefault(constraint.path, []).append(constraint)
    return asked


def _fitting(asked: list[Constraint]) -> st.SearchStrategy[Any]:
    """Scalars that keep what is asked at a place."""
    said: dict[str, list[Any]] = {}
    for constraint in asked:
        said.setdefault(constraint.keyword, []).append(constraint.value)
    if "const" in said or "enum" in said:
        return st.sampled_from([*said.get("const", ()), *(one for known in said.get("enum", ()) for one in known)])
    types = frozenset(SCALAR_TYPES).intersection(*(types_of(value) for value in said.get("type", ())))
    low = max([*said.get("minimum", ()), *said.get("exclusiveMinimum", ())], default=-(2**53))
    high = min(said.get("maximum", ()), default=2**53)
    of = {
        "string": _texts(said),
        "integer": st.integers(low, high),
        "number": st.floats(low, high, allow_nan=False),
        "boolean": st.booleans(),
        "null": st.none(),
    }
    return st.one_of([of[name] for name in sorted(types)]) if types else st.nothing()


def _texts(said: dict[str, list[Any]]) -> st.SearchStrategy[str]:
    patterns = said.get("pattern", [])
    if patterns:
        return st.from_regex(re.compile(re.sub(r"(?<!\\)\$", r"\\Z", patterns[0]), re.ASCII)).filter(
            lambda text: all(matches(pattern, text) for pattern in patterns)
        )
    return st.text(
        min_size=max(said.get("minLength", ()), default=0), max_size=min(said.get("maxLength", ()), default=20)
    )


def _path(asked: dict[tuple[str, ...], list[Constraint]], place: Concrete) -> tuple[str, ...]:
    """The path that means *place*: of indices and of members without a name, ``*``."""
    path: tuple[str, ...] = ()
    for part in place:
        path = (*path, part) if isinstance(part, str) and (*path, part) in asked else (*path, "*")
    return path


@st.composite
def _kept(draw: st.DrawFn, name: str) -> Any:
    """A good example with some of its values made anew and some members more, most of them as the contract has it."""
    asked = _asked(name)
    document = draw(st.sampled_from([example.value for example in CATALOG[name].good]))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.sampled_from(list(_all_places(document))))
        value, path = at(document, place), _path(asked, place)
        if isinstance(value, dict):
            members = sorted(p[-1] for p in asked if p and p[:-1] == path)
            place = (*place, draw(st.sampled_from(members))) if members else place
            path = _path(asked, place)
        if path in asked and not isinstance(at(document, place), (dict, list)):
            strategy = _fitting(asked[path])
            document = document if strategy.is_empty else replaced(document, place, draw(strategy))
    return document


def _examples(name: str) -> list[Any]:
    return [example.value for example in (*CATALOG[name].good, *CATALOG[name].bad)]


@pytest.mark.parametrize("name", CATALOG.names)
def test_both_say_the_same_of_the_examples(name: str) -> None:
    for document in _examples(name):
        _agree(name, document)


@pytest.mark.parametrize("name", CATALOG.names)
def test_both_say_the_same_of_mutants(name: str) -> None:
    for index, mutant in enumerate(mutants(CATALOG, CATALOG[name])):
        if index % max(1, 500 // CASES) == 0:
            _agree(name, mutant.document)


@pytest.mark.parametrize("name", CATALOG.names)
def test_both_say_the_same_of_what_keeps_a_contract(name: str) -> None:
    passed = []

    @BOUNDED
    @given(_kept(name))
    def agree(document: Any) -> None:
        _agree(name, document)
        passed.append(CATALOG.judge(name)(document, ARRIVAL).passed)

    agree()
    assert sum(passed) > len(passed) / 4


@pytest.mark.parametrize("name", CATALOG.names)
def test_both_say_the_same_of_random_edits(name: str) -> None:
    @BOUNDED
    @given(st.data())
    def agree(data: st.DataObject) -> None:
        _agree(name, _edited(data, data.draw(st.sampled_from(_examples(name)))))

    agree()


@pytest.mark.parametrize("name", CATALOG.names)
def test_both_say_the_same_of_any_json(name: str) -> None:
    @BOUNDED
    @given(VALUES)
    def agree(document: Any) -> None:
        _agree(name, document)

    agree()


@pytest.mark.parametrize("name", sorted({name for rule in AT_THEIR_PLACE for name in rule.contracts}))
def test_rules_asked_at_their_place_say_what_the_reference_says_there(name: str) -> None:
    values = st.sampled_from([value for rule in AT_THEIR_PLACE for value in (*rule.good, *rule.bad)]) | VALUES

    @BOUNDED
    @given(st.data())
    def agree(data: st.DataObject) -> None:
        document = _edited(data, data.draw(st.sampled_from(_examples(name))))
        rule = data.draw(st.sampled_from([rule for rule in AT_THEIR_PLACE if name in rule.contracts]))
        path = path_of(rule.at)
        if isinstance(at(document, path[:-1]), dict):
            document = replaced(document, path, data.draw(values))
        _place_by_place(name, document)

    agree()


@pytest.mark.parametrize("rule", AT_THEIR_PLACE, ids=lambda rule: rule.name)
def test_rules_asked_at_their_place_are_asked_of_each_item_of_a_batch(rule: Rule) -> None:
    name = next(name for name in rule.contracts if name != "items/email_event")
    batch = "envelopes/batch_upsert_contact" if name == "items/upsert_contact" else "envelopes/batch_custom_event"
    items = _examples(name)
    alone = [{v.pointer for v in CATALOG.judge(name)(item).violations if v.rule == rule.name} for item in items]
    ours = {v.pointer for v in CATALOG.judge(batch)(items).violations if v.rule == rule.name}
    assert ours == {f"/{index}{pointer}" for index, said in enumerate(alone) for pointer in said}


@pytest.mark.parametrize("text", ["2026-01-02\n", "\u0662\u0660\u0662\u0666-01-02", "2026-01-02 ", "2026-01-02"])
def test_the_end_of_a_pattern_is_the_end_and_its_digits_are_ascii(text: str) -> None:
    assert _by_us("rest/timestamp", text) == _by_reference("rest/timestamp", text)
    assert CATALOG.judge("rest/timestamp")(text).passed is (text == "2026-01-02")


@pytest.mark.parametrize("number", [1.0, -0.0, 1e300, 2**64 - 1, -(2**63), 12.0, 12.000001, 1e16])
def test_both_read_numbers_alike(number: float) -> None:
    for member in ("dob_year", "dob_month", "dob_day"):
        _agree("shared/date_of_birth", {member: number})
