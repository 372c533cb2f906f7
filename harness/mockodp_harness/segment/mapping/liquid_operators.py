"""How LiquidJS reads members and compares values; nothing here knows python-liquid."""

from __future__ import annotations

import math
from typing import Any

from mockodp_harness.segment.values import (
    UNDEFINED,
    Function,
    is_index,
    length,
    to_number,
    to_text,
    units,
)


def own_member(value: Any, name: Any) -> Any:
    """``value[name]`` if it is the value's own, or ``size``, ``first`` and ``last``; nothing of nothing."""
    if value is None or value is UNDEFINED:
        return value
    if isinstance(value, list) and isinstance(name, int) and name < 0:
        return value[name] if -name <= len(value) else UNDEFINED
    name = to_text(name)
    found = _own(value, name)
    return found if found is not UNDEFINED else _computed(value, name)


def _own(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return value.get(name, UNDEFINED)
    if not isinstance(value, list | str):
        return UNDEFINED
    if name == "length":
        return len(value) if isinstance(value, list) else length(value)
    items = units(value) if isinstance(value, str) else value
    return items[int(name)] if is_index(name) and int(name) < len(items) else UNDEFINED


def _computed(value: Any, name: str) -> Any:
    if name == "size":
        return length(value) if isinstance(value, str) else len(value) if isinstance(value, list | dict) else UNDEFINED
    if name in ("first", "last") and isinstance(value, list) and value:
        return value[0 if name == "first" else -1]
    return UNDEFINED


def equal(left: Any, right: Any) -> bool:
    """``left == right``: types count, null is undefined, arrays are compared item by item."""
    if _is_nothing(left) or _is_nothing(right):
        return _is_nothing(left) and _is_nothing(right)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left is right
    return bool(left == right)


def _is_nothing(value: Any) -> bool:
    return value is None or value is UNDEFINED


def less(left: Any, right: Any, *, or_equal: bool) -> bool:
    """``left < right``: texts by their code units, anything else as numbers."""
    left, right = _primitive(left), _primitive(right)
    if isinstance(left, str) and isinstance(right, str):
        first, second = units(left), units(right)
        return first <= second if or_equal else first < second
    numbers = _as_number(left), _as_number(right)
    return numbers[0] <= numbers[1] if or_equal else numbers[0] < numbers[1]


def _primitive(value: Any) -> Any:
    return to_text(value) if isinstance(value, list | dict | Function) else value


def _as_number(value: Any) -> float:
    return math.nan if value is UNDEFINED else to_number(value)


def contains(left: Any, right: Any) -> bool:
    """``left contains right``: an item of an array, or a part of a text."""
    if isinstance(left, list):
        return any(equal(item, right) for item in left)
    return isinstance(left, str) and units(to_text(right)) in units(left)
