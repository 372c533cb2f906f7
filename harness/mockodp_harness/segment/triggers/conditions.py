"""
What a condition of a trigger is, as a node of the AST, made from the tokens that are its parts.

A node is a plain dict: ``{"type": "event-property", "name": "price", "operator": ">", "value": 5}`` or
``{"type": "group", "operator": "and", "children": [...]}``. A child may be UNDEFINED: an empty pair of parentheses.
"""

from __future__ import annotations

from typing import Any, Final

from mockodp_harness.segment.triggers.inherited import OBJECT
from mockodp_harness.segment.triggers.tokens import Token
from mockodp_harness.segment.values import from_units, text_to_number, to_text, units

Ast = dict[str, Any]

FIELDS: Final = {"type": "event-type", "event": "event", "name": "name", "userId": "userId"}
"""Members of an event that conditions test as they are: field of FQL to type of node."""

HOLDERS: Final = {"properties": "event-property", "traits": "event-trait", "context": "event-context"}
"""Members of an event that conditions look into, by a path."""

FUNCTIONS: Final = frozenset({"contains", "match"})
_NAMES_OF_FUNCTIONS: Final = ("event", "name", "userId")
_NUMERIC: Final = {"=": "number_equals", "!=": "number_not_equals"}
_PRESENCE: Final = {"=": "not_exists", "!=": "exists"}


def begins_condition(token: Token) -> bool:
    """Whether *token* takes the next two as operator and value; names that every object inherits do too."""
    head = token.text.partition(".")[0]
    return token.kind == "identifier" and (head in FIELDS or head in HOLDERS or head in OBJECT)


def is_function(token: Token) -> bool:
    """Whether *token* is the name of a function; names are lower case only."""
    return token.kind == "identifier" and token.text in FUNCTIONS


def condition(field: Token, operator: Token, value: Token) -> Ast | None:
    """The node of ``field operator value``; None if *field* is only a name that every object inherits."""
    head = field.text.partition(".")[0]
    if head in FIELDS:
        return {"type": FIELDS[head], **_test_of_field(head, operator.text, value)}
    if head in HOLDERS:
        return {**_place(head, field), **_test_of_path(operator.text, value)}
    return None


def function(function: Token, name: Token, value: Token, *, negated: bool) -> Ast | None:
    """The node of ``function(name, value)``; None if no function tests *name*."""
    place = _place_of_function(name)
    if place is None:
        return None
    operator, expected = _test_of_function(function.text, value)
    return {**place, "operator": f"not_{operator}" if negated else operator, "value": expected}


def _place(head: str, token: Token) -> Ast:
    return {"type": HOLDERS[head], "name": token.text.removeprefix(f"{head}.")}


def _place_of_function(name: Token) -> Ast | None:
    if name.text in _NAMES_OF_FUNCTIONS:
        return {"type": FIELDS[name.text]}
    head = next((head for head in HOLDERS if name.text.startswith(head)), None)
    return None if head is None else _place(head, name)


def _test_of_field(head: str, operator: str, value: Token) -> Ast:
    if value.text == "null" and operator in _PRESENCE and head in {"name", "userId"}:
        return {"operator": _PRESENCE[operator]}
    if head == "userId" and operator == "=" and isinstance(_value(value), bool):
        return {"operator": f"is_{value.text}"}
    return {"operator": operator, "value": _text(value)}


def _test_of_path(operator: str, token: Token) -> Ast:
    value = _value(token)
    if token.text == "null" and operator in _PRESENCE:
        return {"operator": _PRESENCE[operator]}
    if isinstance(value, bool) and operator == "=":
        return {"operator": f"is_{token.text}"}
    if token.kind == "number":
        return {"operator": _NUMERIC.get(operator, operator), "value": value}
    return {"operator": operator, "value": value}


def _test_of_function(function: str, value: Token) -> tuple[str, str]:
    text = _text(value)
    if function == "contains":
        return "contains", text
    if value.text.endswith('*"'):
        return "starts_with", text[:-1]
    return "ends_with", from_units(units(text)[1:])  # whatever the first character is: no one looks for the asterisk


def _value(token: Token) -> Any:
    if token.kind == "string":
        return token.text.removeprefix('"').removesuffix('"')
    if token.kind == "number":
        return text_to_number(token.text)
    if token.kind == "identifier" and token.text in {"true", "false"}:
        return token.text == "true"
    return token.text


def _text(token: Token) -> str:
    return to_text(_value(token))
