"""A whole mapping applied to an event, or to the events of a batch: root directive, static check, resolving."""

from __future__ import annotations

from typing import Any, Final

from mockodp_harness.segment.mapping.errors import MappingError, crashed
from mockodp_harness.segment.mapping.resolving import cleaned, kind, resolve
from mockodp_harness.segment.mapping.static_check import validate
from mockodp_harness.segment.values import CRASHES, UNDEFINED, Object, units

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
    except CRASHES as error:
        raise crashed(error) from None


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


def rooted(mapping: Any) -> Any:
    """*mapping* as an object, its members given to the root directive if it has one."""
    if mapping is None or mapping is UNDEFINED:
        raise MappingError("Cannot convert undefined or null to object", name="TypeError")
    members = _spread(mapping)
    root = members.pop(ROOT_DIRECTIVE, UNDEFINED)
    if root is UNDEFINED:
        return members
    members.pop("__proto__", None)  # moving the members makes it their prototype
    entries = _spread(root)
    if len(entries) > 1:
        raise MappingError("The root mapping must only have a single directive object")
    argument = next(iter(entries.values()), None)
    if isinstance(argument, dict):
        argument = {**argument, "mapping": members}
    elif not isinstance(argument, list):
        raise MappingError("The root directive must be an object")
    return [argument] if isinstance(root, list) else dict.fromkeys(entries, argument)


def _spread(mapping: Any) -> Object:
    """The members of anything but null: arrays and texts have their indexes, other values none."""
    if isinstance(mapping, dict):
        return dict(mapping)
    if mapping is None or mapping is UNDEFINED:
        raise MappingError("Cannot convert undefined or null to object", name="TypeError")
    if isinstance(mapping, str):
        mapping = units(mapping)
    return {str(index): item for index, item in enumerate(mapping)} if isinstance(mapping, list | str) else {}
