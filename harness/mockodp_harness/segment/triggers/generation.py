"""AST to FQL. Texts are not escaped: a quote in one does not survive."""

from __future__ import annotations

import re
from typing import Any, Final

from mockodp_harness.segment.patterns import pattern
from mockodp_harness.segment.triggers.conditions import FIELDS, HOLDERS, Ast
from mockodp_harness.segment.triggers.errors import TriggerError, crashed, no_children, nothing_read
from mockodp_harness.segment.triggers.evaluation import MEMBERS, member_of
from mockodp_harness.segment.values import (
    CRASHES,
    UNDEFINED,
    Undefined,
    is_truthy,
    number_text,
    to_number,
    to_text,
    units,
)

_FIELDS: Final = {type_: field for field, type_ in FIELDS.items()}
_HOLDERS: Final = {type_: holder for holder, type_ in HOLDERS.items()}
_SPECIAL: Final = pattern("[^A-Za-z0-9._-]")
_PARENTHESES: Final = pattern("[()]")

_WITHOUT_VALUE: Final = {"exists": "!= null", "not_exists": "= null", "is_true": "= true", "is_false": "= false"}
_NUMERIC: Final = {"number_equals": "=", "number_not_equals": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_FUNCTIONS: Final = {
    "contains": ("contains", "{}"),
    "starts_with": ("match", '"{}*"'),
    "ends_with": ("match", '"*{}"'),
}


def generate(ast: Ast) -> str:
    """The FQL of *ast*; `TriggerError` if it is an error, or has a node that is none."""
    if ast is None:
        raise nothing_read("error", "null")
    error = member_of(ast, "error")
    if is_truthy(error):
        raise TriggerError(to_text(member_of(error, "message")))
    try:
        text = _group(ast)
    except CRASHES as crash:
        raise crashed(crash) from None
    is_one_group = text.startswith("(") and text.endswith(")") and len(_PARENTHESES().findall(text)) == 2  # noqa: PLR2004
    return text[1:-1] if is_one_group else text


def _group(node: Ast) -> str:
    children = member_of(node, "children")
    if not isinstance(children, list):
        raise no_children(children, "map", "node")
    return f" {to_text(member_of(node, 'operator'))} ".join(map(child, children))


def child(node: Ast | Undefined | None) -> str:
    """The FQL of one child of a group, a group of its own in parentheses."""
    if node is None or isinstance(node, Undefined):
        raise nothing_read("type", to_text(node))
    return f"({_group(node)})" if member_of(node, "type") == "group" else condition(node)


def condition(node: Ast) -> str:
    """The FQL of one condition."""
    name, operator, value = named(node), to_text(node.get("operator", UNDEFINED)), node.get("value", UNDEFINED)
    if operator in _WITHOUT_VALUE:
        return f"{name} {_WITHOUT_VALUE[operator]}"
    if operator in _NUMERIC:
        return f"{name} {_NUMERIC[operator]} {number_text(to_number(value))}"
    if operator.removeprefix("not_") in _FUNCTIONS:
        return _function(name, operator, value)
    return f"{name} {operator} {_value(value)}"


def _function(name: str, operator: str, value: Any) -> str:
    function, pattern = _FUNCTIONS[operator.removeprefix("not_")]
    text = _value(value) if function == "contains" else to_text(value)
    return f"{'!' if operator.startswith('not_') else ''}{function}({name}, {pattern.format(text)})"


def named(node: Ast) -> str:
    """What the condition *node* tests, as FQL names it."""
    type_ = member_of(node, "type")
    if not isinstance(type_, str) or type_ not in MEMBERS:
        raise TriggerError("Unknown condition type")
    if type_ in _FIELDS:
        return _FIELDS[type_]
    path = to_text(member_of(node, "name"))
    return f"{_HOLDERS[type_]}.{_SPECIAL().sub(_escaped, units(path))}"


def _escaped(found: re.Match[str]) -> str:
    return f"\\{found[0]}"


def _value(value: Any) -> str:
    return to_text(value) if isinstance(value, bool | int | float) else f'"{to_text(value)}"'
