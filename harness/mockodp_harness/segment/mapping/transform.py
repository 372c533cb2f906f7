"""A whole mapping applied to an event, or to the events of a batch: root directive, static check, resolving."""

from __future__ import annotations

from typing import Any, Final

from mockodp_harness.segment.mapping.errors import MappingError
from mockodp_harness.segment.mapping.resolving import cleaned, kind, resolve
from mockodp_harness.segment.mapping.static_check import validate
from mockodp_harness.segment.values import UNDEFINED, Object, units

ROOT_DIRECTIVE: Final = "__segment_internal_directive"


def transform(mapping: Any, data: Any = UNDEFINED) -> Any:
    """What *mapping* makes of the event *data*; UNDEFINED counts as an event without members."""
    return applied(mapping, as_event(data))


def applied(mapping: Any, event: Any) -> Any:
    """*mapping* checked and resolved for an event of any type."""
    with_root = rooted(mapping)
    validate(with_root)
    return _cleaned_result(with_root, event)


def transform_batch(mapping: Any, events: Any) -> list[Any]:
    """What *mapping* makes of each event; unlike `transform`, any item counts as one."""
    checked = as_batch(events)
    with_root = rooted(mapping)
    validate(with_root)
    return [_cleaned_result(with_root, event) for event in checked]


def _cleaned_result(mapping: Any, event: Any) -> Any:
    try:
        return cleaned(resolve(mapping, event))
    except RecursionError:
        raise too_deep() from None


def too_deep() -> MappingError:
    """What JavaScript raises for what is nested too deeply."""
    return MappingError("Maximum call stack size exceeded", name="RangeError")


def as_event(data: Any) -> Object:
    """*data*, which has to be an object or undefined."""
    if data is UNDEFINED:
        return {}
    if not isinstance(data, dict):
        raise MappingError(f"data must be an object, got {kind(data)}")
    return data


def as_batch(events: Any) -> list[Any]:
    """*events*, which have to be a list."""
    if not isinstance(events, list):
        raise MappingError(f"data must be an array, got {kind(events)}")
    return events


def rooted(mapping: Any) -> Object:
    """*mapping* as an object, its members given to the root directive if it has one."""
    members = _spread(mapping)
    root = members.pop(ROOT_DIRECTIVE, None)
    if root is None or root is UNDEFINED:
        return members
    if not isinstance(root, dict):
        raise MappingError("The root directive must be an object")
    if len(root) != 1:
        raise MappingError("The root mapping must only have a single directive object")
    ((name, argument),) = root.items()
    if not isinstance(argument, dict):
        raise MappingError("The root directive must be an object")
    return {name: {**argument, "mapping": members}}


def _spread(mapping: Any) -> Object:
    """The members of anything: arrays and texts have their indexes, other values none."""
    if isinstance(mapping, dict):
        return dict(mapping)
    if isinstance(mapping, str):
        mapping = units(mapping)
    return {str(index): item for index, item in enumerate(mapping)} if isinstance(mapping, list | str) else {}
