"""Directives that make objects: ``@flatten``, ``@merge``, ``@transform``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mockodp_harness.segment.mapping import transform as whole
from mockodp_harness.segment.mapping.errors import MappingError
from mockodp_harness.segment.mapping.resolving import directive, kind, options, resolve
from mockodp_harness.segment.values import UNDEFINED, Object, in_order, is_truthy, units


@directive("@flatten")
def flatten_(argument: Any, event: Any) -> Object:
    """``{"@flatten": {"separator": ".", "value": value}}``: an object of one level."""
    members = options("@flatten", argument)
    separator = members.get("separator")
    if not isinstance(separator, str) or not separator:
        raise MappingError('@flatten requires a "separator" key')
    value = resolve(members.get("value", UNDEFINED), event)
    return flatten(value, separator=separator, omit_arrays=is_truthy(members.get("omitArrays")))


def flatten(value: Any, prefix: str = "", *, separator: str = ".", omit_arrays: bool = False) -> Object:
    """*value* as an object of one level: the names on the way joined; empty objects and arrays vanish."""
    return in_order(_leaves(value, prefix, separator, omit_arrays))


def _leaves(value: Any, prefix: str, separator: str, omit_arrays: bool) -> Iterable[tuple[str, Any]]:
    if not isinstance(value, dict) and (omit_arrays or not isinstance(value, list)):
        yield prefix, value
        return
    for name, member in entries(value):
        yield from _leaves(member, f"{prefix}{separator}{name}" if prefix else name, separator, omit_arrays)


@directive("@merge")
def merge(argument: Any, event: Any) -> Object:
    """``{"@merge": {"direction": "right", "objects": [...]}}``: one object of all members; the last to come wins."""
    members = options("@merge", argument)
    if not is_truthy(members.get("direction")):
        raise MappingError('@merge requires a "direction" key')
    objects = members.get("objects", UNDEFINED)
    if not isinstance(objects, list):
        raise MappingError(f"@merge: expected array, got {kind(objects)}")
    return merged(members["direction"], resolve(objects, event))


def merged(direction: Any, objects: list[Any]) -> Object:
    """*objects* as one, shallowly; for ``left`` the first comes last."""
    order = reversed(objects) if direction == "left" else objects
    return in_order(entry for each in order for entry in entries(each))


def entries(value: Any) -> Iterable[tuple[str, Any]]:
    """The members that a value brings along: arrays and texts have their indexes, other values none."""
    if isinstance(value, dict):
        return value.items()
    if isinstance(value, str):
        value = units(value)
    return ((str(index), item) for index, item in enumerate(value)) if isinstance(value, list | str) else ()


@directive("@transform")
def transform(argument: Any, event: Any) -> Any:
    """``{"@transform": {"apply": mapping, "mapping": mapping}}``: the second applied to the result of the first."""
    members = options("@transform", argument)
    applied = whole.transform(members.get("apply", UNDEFINED), event)
    return resolve(members.get("mapping", UNDEFINED), applied)
