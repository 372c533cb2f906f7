"""Directives that make objects: ``@flatten``, ``@merge``, ``@transform``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mockodp_harness.segment.mapping import transform as whole
from mockodp_harness.segment.mapping.errors import MappingError, crashed
from mockodp_harness.segment.mapping.resolving import directive, kind, options, resolve
from mockodp_harness.segment.values import UNDEFINED, Object, in_order, is_truthy, units


@directive("@flatten")
def flatten_(argument: Any, event: Any) -> Object:
    """``{"@flatten": {"separator": ".", "value": value}}``: an object of one level."""
    members = options("@flatten", argument)
    if not is_truthy(members.get("separator")):
        raise MappingError('@flatten requires a "separator" key')
    separator = resolve(members["separator"], event)
    if not isinstance(separator, str):
        raise MappingError("@flatten requires a string separator")
    value = resolve(members.get("value", UNDEFINED), event)
    return flatten(value, separator=separator, omit_arrays=is_truthy(members.get("omitArrays")))


def flatten(value: Any, prefix: str = "", *, separator: str = ".", omit_arrays: bool = False) -> Object:
    """*value* as an object of one level: the names on the way joined; empty objects and arrays vanish."""
    try:
        leaves = _leaves(value, (prefix,), omit_arrays)
        return in_order((separator.join(names), leaf) for names, leaf in leaves)
    except RecursionError as error:
        raise crashed(error) from None


def _leaves(value: Any, names: tuple[str, ...], omit_arrays: bool) -> Iterable[tuple[tuple[str, ...], Any]]:
    """Each leaf with the names on the way to it; a first name that is empty counts for nothing."""
    if not isinstance(value, dict) and (omit_arrays or not isinstance(value, list)):
        yield names, value
        return
    for name, member in entries(value):
        yield from _leaves(member, (*names, name) if names[0] else (name,), omit_arrays)


@directive("@merge")
def merge(argument: Any, event: Any) -> Object:
    """``{"@merge": {"direction": "right", "objects": [...]}}``: one object of all members; the last to come wins."""
    direction, objects = merging(argument)
    return merged(resolve(direction, event), resolve(objects, event))


def merging(argument: Any) -> tuple[Any, list[Any]]:
    """The direction of ``@merge``, and what it merges."""
    members = options("@merge", argument)
    for name in ("direction", "objects"):
        if not is_truthy(members.get(name)):
            raise MappingError(f'@merge requires a "{name}" key')
    if not isinstance(members["objects"], list):
        raise MappingError(f"@merge: expected opts.array, got {kind(members['objects'])}")
    return members["direction"], members["objects"]


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
    apply, mapping = transforming(argument)
    return resolve(mapping, whole.transform(apply, event))


def transforming(argument: Any) -> tuple[Object, Any]:
    """What ``@transform`` applies first, and the mapping it applies then."""
    members = options("@transform", argument)
    for name in ("mapping", "apply"):
        if not is_truthy(members.get(name)):
            raise MappingError(f'@transform requires a "{name}" key')
    if not isinstance(members["apply"], dict):
        raise MappingError('@transform "apply" key should be an object')
    return members["apply"], members["mapping"]
