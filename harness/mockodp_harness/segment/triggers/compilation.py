"""
Triggers that are parsed once and evaluated often: an AST as a closure.

Says what `evaluate` says, faster. The odd cases stay there: events that are no objects, paths that have no name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from mockodp_harness.segment.patterns import pattern
from mockodp_harness.segment.triggers.conditions import HOLDERS, Ast
from mockodp_harness.segment.triggers.errors import TriggerError, nothing_read
from mockodp_harness.segment.triggers.evaluation import (
    COMPARISONS,
    MEMBERS,
    SEARCHES,
    Test,
    evaluate,
    is_number,
    test_of,
)
from mockodp_harness.segment.triggers.parsing import parse
from mockodp_harness.segment.triggers.paths import found, pieces
from mockodp_harness.segment.values import UNDEFINED, Undefined, to_number, to_text

_Event = dict[str, Any]
_Matches = Callable[[_Event], bool]
_Accepts = Callable[[Any], bool]

_PAIR: Final = 2
_LOOKED_INTO: Final = frozenset(HOLDERS.values())
_SURROGATE: Final = pattern("[\ud800-\udfff]")


class Trigger(NamedTuple):
    """An FQL text that was read once; *matches* raises `TriggerError` where the framework throws."""

    fql: str
    ast: Ast
    error: str | None
    matches: Callable[[Any], bool]


def compiled(fql: str) -> Trigger:
    """The trigger of *fql*; if it cannot be parsed it has an error and matches nothing."""
    ast = parse(fql)
    if "error" in ast:
        return Trigger(fql, ast, ast["error"]["message"], lambda _event: False)
    test = _compiled(ast)
    return Trigger(fql, ast, None, lambda event: test(event) if isinstance(event, dict) else evaluate(ast, event))


def _compiled(node: Ast | Undefined) -> _Matches:
    if isinstance(node, Undefined):
        return _raising(nothing_read("type"))
    if node["type"] == "group":
        return _GROUPS[node["operator"]]([_compiled(child) for child in node["children"]])
    if node["type"] in _LOOKED_INTO:
        return _of_path(MEMBERS[node["type"]], node["name"], _accepting(node))
    return _of_field(MEMBERS[node["type"]], node)


def _all_of(tests: list[_Matches]) -> _Matches:
    if len(tests) == 1:
        return tests[0]
    if len(tests) == _PAIR:
        first, second = tests
        return lambda event: first(event) and second(event)
    return lambda event: all(test(event) for test in tests)


def _any_of(tests: list[_Matches]) -> _Matches:
    if len(tests) == _PAIR:
        first, second = tests
        return lambda event: first(event) or second(event)
    return lambda event: any(test(event) for test in tests)


def _of_field(member: str, node: Ast) -> _Matches:
    if node["operator"] == "=":
        text = to_text(node["value"])
        return lambda event: bool(event.get(member) == text)
    accepts = _accepting(node)
    return lambda event: accepts(event.get(member, UNDEFINED))


def _of_path(member: str, path: str, accepts: _Accepts) -> _Matches:
    if not path:
        return lambda _event: accepts(UNDEFINED)
    try:
        names = pieces(path)
    except TriggerError as error:
        return _raising(error)
    if len(names) > 1:
        return lambda event: accepts(found(event.get(member, UNDEFINED), names))
    name = names[0]

    def matches(event: _Event) -> bool:
        holder = event.get(member, UNDEFINED)
        return accepts(holder[name] if isinstance(holder, dict) and name in holder else found(holder, names))

    return matches


def _raising(error: TriggerError) -> _Matches:
    def matches(_event: _Event) -> bool:
        raise TriggerError(error.message, name=error.name)

    return matches


def _accepting(node: Ast) -> _Accepts:
    """The test of one value that the operator of *node* is, with what it expects converted once."""
    operator, expected = node["operator"], node.get("value", UNDEFINED)
    text = to_text(expected)
    if operator == "=":
        return lambda actual: bool(actual == text)
    if operator == "!=":
        return lambda actual: bool(actual != text)
    if operator in COMPARISONS:
        return _comparing(COMPARISONS[operator], to_number(expected))
    if operator.removeprefix("not_") in SEARCHES and not _SURROGATE().search(text):
        return _searching(SEARCHES[operator.removeprefix("not_")], text, negated=operator.startswith("not_"))
    test = test_of(operator)
    return lambda actual: test(actual, expected)


def _comparing(compare: Test, limit: float) -> _Accepts:
    # as a double, also where the event was read with integers that no double holds
    return lambda actual: is_number(actual) and compare(float(actual), limit)


def _searching(search: Test, text: str, *, negated: bool) -> _Accepts:
    """Without lone surrogates in *text* a search by characters finds what one by code units does."""
    return lambda actual: isinstance(actual, str) and search(actual, text) != negated


_GROUPS: Final = {"and": _all_of, "or": _any_of}
