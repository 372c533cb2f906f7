"""Directives that let a value pass or not: ``@literal``, ``@if``, ``@excludeWhenNull``."""

from __future__ import annotations

from typing import Any

from mockodp_harness.segment.mapping.errors import MappingError
from mockodp_harness.segment.mapping.resolving import directive, options, resolve
from mockodp_harness.segment.values import UNDEFINED, Object, equals_empty_text, is_truthy


@directive("@literal")
def literal(argument: Any, event: Any) -> Any:
    """``{"@literal": value}``: the value; directives inside are resolved all the same."""
    return resolve(argument, event)


@directive("@if")
def if_(argument: Any, event: Any) -> Any:
    """``{"@if": {"exists": value, "then": value, "else": value}}``, or ``blank`` for ``exists``."""
    members = options("@if", argument)
    name = condition(members)
    return resolve(branch(members, is_met(name, resolve(members[name], event))), event)


def condition(members: Object) -> str:
    """Which member decides: ``exists`` if it is there at all, else ``blank``."""
    if not is_truthy(members.get("exists")) and not is_truthy(members.get("blank")):
        raise MappingError('@if requires an "exists" key or a "blank" key')
    return "exists" if members.get("exists", UNDEFINED) is not UNDEFINED else "blank"


def is_met(name: str, value: Any) -> bool:
    """Whether the resolved condition leads to ``then``: so does a value that is *not* blank."""
    if value is None or value is UNDEFINED:
        return False
    return name == "exists" or not equals_empty_text(value)


def branch(members: Object, met: bool) -> Any:
    """The value to resolve: any ``then``, but only a truthy ``else``."""
    if met:
        return members.get("then", UNDEFINED)
    value = members.get("else", UNDEFINED)
    return value if is_truthy(value) else UNDEFINED


@directive("@excludeWhenNull")
def exclude_when_null(argument: Any, event: Any) -> Any:
    """``{"@excludeWhenNull": value}``: undefined for null; objects lose members that are null."""
    value = resolve(argument, event)
    return UNDEFINED if value is None else _without_null(value)


def _without_null(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _without_null(member) for name, member in value.items() if member is not None}
