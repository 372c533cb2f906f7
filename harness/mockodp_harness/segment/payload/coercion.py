"""
Types, and what becomes of a value that has another one: ajv's ``coerceTypes: "array"``, quirks included.

An array of one item stands for its item, but if several types are allowed the item is never taken as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from mockodp_harness.segment.values import UNDEFINED, to_number, to_text


def is_of(value: Any, kind: str) -> bool:
    """Whether *value* has the JSON type *kind*; infinity is no number."""
    return _KINDS[kind](value) if kind in _KINDS else False


def coerced(value: Any, wanted: Sequence[str]) -> tuple[Any, Any]:
    """
    What *value* becomes to have a type *wanted*, UNDEFINED if it cannot; and what it is without its array.

    The first of the types that takes the value decides.
    """
    if isinstance(value, list) and len(value) == 1 and any(kind in _COERCIONS for kind in wanted):
        value = value[0]
        if len(wanted) == 1 and is_of(value, wanted[0]):
            return value, value
    made = (_COERCIONS[kind](value) for kind in wanted if kind in _COERCIONS)
    return next((one for one in made if one is not UNDEFINED), UNDEFINED), value


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_integer(value: Any) -> bool:
    return is_number(value) and value % 1 == 0


def _string(value: Any) -> Any:
    if value is None:
        return ""
    return to_text(value) if isinstance(value, bool | int | float) else UNDEFINED


def _number(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return int(value or 0)
    found = to_number(value) if isinstance(value, str) and value else math.nan
    return UNDEFINED if math.isnan(found) else found


def _integer(value: Any) -> Any:
    found = _number(value)
    is_whole = found is not UNDEFINED and (math.isinf(found) or found % 1 == 0)
    return found if is_whole else UNDEFINED


def _boolean(value: Any) -> Any:
    if value is None or value == "false" or (_is_plain(value) and value == 0):
        return False
    return True if value == "true" or (_is_plain(value) and value == 1) else UNDEFINED


def _null(value: Any) -> Any:
    return None if value in ("", False) and isinstance(value, str | bool | int | float) else UNDEFINED


def _array(value: Any) -> Any:
    return [value] if value is None or isinstance(value, str | bool | int | float) else UNDEFINED


def _is_plain(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_KINDS: Final[dict[str, Callable[[Any], bool]]] = {
    "string": lambda value: isinstance(value, str),
    "number": is_number,
    "integer": _is_integer,
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
_COERCIONS: Final[dict[str, Callable[[Any], Any]]] = {
    "string": _string, "number": _number, "integer": _integer, "boolean": _boolean, "null": _null, "array": _array,
}  # fmt: skip
