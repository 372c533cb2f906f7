"""
Whether an event meets the AST of a trigger: the interpreted reference, and the meaning of each operator.

Values are compared as JavaScript does, without coercion of what the event holds: a numeric text is no number.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final

from mockodp_harness.segment.triggers.conditions import FIELDS, HOLDERS, Ast
from mockodp_harness.segment.triggers.errors import crashed, no_children, nothing_read
from mockodp_harness.segment.triggers.paths import at_path
from mockodp_harness.segment.values import CRASHES, UNDEFINED, Undefined, is_truthy, to_number, to_text, units

Test = Callable[[Any, Any], bool]
"""Takes what the event holds and what the condition expects."""

MEMBERS: Final = {type_: member for member, type_ in (FIELDS | HOLDERS).items()}
"""Type of node to the member of the event that it tests."""

_GROUPS: Final = {"and": all, "or": any}


def evaluate(ast: Ast, event: Any) -> bool:
    """Whether *event* meets *ast*; `TriggerError` where the framework throws."""
    if ast is None:
        raise nothing_read("error", "null")
    try:
        return event is not UNDEFINED and not is_truthy(member_of(ast, "error")) and _group_met(ast, event)
    except CRASHES as error:
        raise crashed(error) from None


def met(node: Ast | Undefined | None, event: Any) -> bool:
    """Whether *event* meets a node below the root; a root is a group whatever its type."""
    if node is None or isinstance(node, Undefined):
        raise nothing_read("type", to_text(node))
    if member_of(node, "type") == "group":
        return _group_met(node, event)
    value = actual(node, event)
    return test_of(member_of(node, "operator"))(value, member_of(node, "value"))


def _group_met(node: Ast, event: Any) -> bool:
    of = _GROUPS.get(_name(member_of(node, "operator")))
    if of is None:
        return False
    children = member_of(node, "children")
    if not isinstance(children, list):
        raise no_children(children, "every" if of is all else "some", "condition")
    return of(met(child, event) for child in children)


def member_of(node: Any, name: str) -> Any:
    """The member of a node, which may be no object."""
    return node.get(name, UNDEFINED) if isinstance(node, dict) else UNDEFINED


def _name(value: Any) -> str:
    return value if isinstance(value, str) else ""


def actual(node: Ast, event: Any) -> Any:
    """What *event* has where the condition *node* looks."""
    member = MEMBERS.get(_name(member_of(node, "type")))
    if member is None:
        return UNDEFINED
    if event is None:
        raise nothing_read(member, "null")
    value = event.get(member, UNDEFINED) if isinstance(event, dict) else UNDEFINED
    return at_path(value, node.get("name", UNDEFINED)) if member in HOLDERS else value


def test_of(name: Any) -> Test:
    """What the operator *name* tests; one that is unknown is never true."""
    return _TESTS.get(_name(name), _never)


def _never(_actual: Any, _expected: Any) -> bool:
    return False


def is_number(value: Any) -> bool:
    """Whether ``typeof value`` is number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_same_text(actual: Any, expected: Any) -> bool:
    return isinstance(actual, str) and actual == to_text(expected)


def _is_absent(actual: Any, _expected: Any) -> bool:
    return actual is None or actual is UNDEFINED


def _numeric(compare: Test) -> Test:
    return lambda actual, expected: is_number(actual) and compare(actual, to_number(expected))


def _textual(compare: Test, *, negated: bool = False) -> Test:
    """A search by UTF-16 code units: half an astral character is found in a whole one."""
    return lambda actual, expected: (
        isinstance(actual, str) and compare(units(actual), units(to_text(expected))) != negated
    )


COMPARISONS: Final[dict[str, Test]] = {
    "number_equals": operator.eq,
    "number_not_equals": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
"""Operators that are true of numbers only, by how they compare them."""

SEARCHES: Final[dict[str, Test]] = {
    "contains": operator.contains,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
}
"""Operators that are true of texts only, as are their negations, by how they search them."""

_TESTS: Final[dict[str, Test]] = {
    "=": _is_same_text,
    "!=": lambda actual, expected: not _is_same_text(actual, expected),
    "exists": lambda actual, expected: not _is_absent(actual, expected),
    "not_exists": _is_absent,
    "is_true": lambda actual, _expected: actual is True,
    "is_false": lambda actual, _expected: actual is False,
    **{name: _numeric(compare) for name, compare in COMPARISONS.items()},
    **{name: _textual(compare) for name, compare in SEARCHES.items()},
    **{f"not_{name}": _textual(compare, negated=True) for name, compare in SEARCHES.items()},
}
