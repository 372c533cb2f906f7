"""AST to FQL. Texts are not escaped: a quote in one does not survive."""

from __future__ import annotations

import re
from typing import Any, Final

from mockodp_harness.segment.triggers.conditions import FIELDS, HOLDERS, Ast
from mockodp_harness.segment.triggers.errors import TriggerError, nothing_read
from mockodp_harness.segment.values import UNDEFINED, number_text, to_number, to_text, units

_FIELDS: Final = {type_: field for field, type_ in FIELDS.items()}
_HOLDERS: Final = {type_: holder for holder, type_ in HOLDERS.items()}
_SPECIAL: Final = re.compile("[^A-Za-z0-9._-]")
_PARENTHESES: Final = re.compile("[()]")

_WITHOUT_VALUE: Final = {"exists": "!= null", "not_exists": "= null", "is_true": "= true", "is_false": "= false"}
_NUMERIC: Final = {"number_equals": "=", "number_not_equals": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_FUNCTIONS: Final = {
    "contains": ("contains", "{}"),
    "starts_with": ("match", '"{}*"'),
    "ends_with": ("match", '"*{}"'),
}


def generate(ast: Ast) -> str:
    """The FQL of *ast*; `TriggerError` if it is an error, or has a node that is none."""
    if "error" in ast:
        raise TriggerError(ast["error"]["message"])
    text = _text(ast)
    is_one_group = text.startswith("(") and text.endswith(")") and len(_PARENTHESES.findall(text)) == 2  # noqa: PLR2004
    return text[1:-1] if is_one_group else text


def _text(node: Ast) -> str:
    if node["type"] != "group":
        return _condition(node)
    return f" {node['operator']} ".join(map(_child, node["children"]))


def _child(node: Ast | None) -> str:
    if node is None:
        raise nothing_read("type")
    return f"({_text(node)})" if node["type"] == "group" else _text(node)


def _condition(node: Ast) -> str:
    name, operator, value = _name(node), to_text(node.get("operator", UNDEFINED)), node.get("value", UNDEFINED)
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


def _name(node: Ast) -> str:
    if node["type"] in _FIELDS:
        return _FIELDS[node["type"]]
    if node["type"] not in _HOLDERS:
        raise TriggerError("Unknown condition type")
    if not isinstance(node.get("name"), str):
        raise TriggerError(f"Path {node.get('name')!r} has no name in it.")
    return f"{_HOLDERS[node['type']]}.{_SPECIAL.sub(_escaped, units(node['name']))}"


def _escaped(found: re.Match[str]) -> str:
    return f"\\{found[0]}"


def _value(value: Any) -> str:
    return to_text(value) if isinstance(value, bool | int | float) else f'"{to_text(value)}"'
