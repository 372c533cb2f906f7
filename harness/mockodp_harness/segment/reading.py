"""
JSON texts read and written by orjson, as far as it does so as JavaScript; and what tells when it does not.

What orjson reads is *raw*: whole floats and numbers beyond 2^53 are as written, array indexes stand where they came.
`exact` makes the value of it that `values.parse` gives, and `is_plain` says that the two are the same text as JSON.
"""

from __future__ import annotations

import math
from typing import Any, Final

import orjson

from mockodp_harness.segment import values
from mockodp_harness.segment.patterns import pattern
from mockodp_harness.segment.values import UNDEFINED, is_index, number, ordered

EXACT: Final = 2**53
LEAST_DECIMAL: Final = 1e-4
LEAST_EXPONENT: Final = 1e16
"""From here on, and below the least decimal, Python and orjson write floats with an exponent."""

_MINUS_ZERO: Final = pattern(rb"-0(?=[\s,\]}]|\Z)")


class Text:
    """A JSON text, read raw if orjson can, and exactly if need be; ValueError if it is none."""

    __slots__ = ("_is_lossless", "_parsed", "_text", "is_raw", "value")

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._parsed: Any = UNDEFINED
        self._is_lossless: bool | None = None
        try:
            self.value: Any = orjson.loads(text)
            self.is_raw = True
        except orjson.JSONDecodeError:  # lone surrogates, infinity and depth are not for orjson
            self.value = self._parsed = values.parse(text)
            self.is_raw = False

    def exact(self) -> Any:
        """The value as `values.parse` gives it."""
        if self._parsed is UNDEFINED:
            try:
                self._parsed = exact(self.value) if self._loses_nothing() else values.parse(self._text)
            except RecursionError:
                self._parsed = values.parse(self._text)
        return self._parsed

    def exact_item(self, index: int) -> Any:
        """One item of an array, exactly."""
        try:
            return exact(self.value[index]) if self.is_raw and self._loses_nothing() else self.exact()[index]
        except RecursionError:
            return self.exact()[index]

    def _loses_nothing(self) -> bool:
        """Whether the text is without ``-0``, the one number that orjson reads as another: 0."""
        if self._is_lossless is None:
            self._is_lossless = _MINUS_ZERO().search(self._text) is None
        return self._is_lossless


def exact(value: Any) -> Any:
    """The value of what orjson read, as `values.parse` gives it."""
    kind = value.__class__
    if kind is dict:
        made = {name: exact(member) for name, member in value.items()}
        return ordered(made) if any(name[:1].isdecimal() for name in made) else made
    if kind is list:
        return [exact(item) for item in value]
    return number(value) if kind is int or kind is float else value


def is_plain(value: Any) -> bool:
    """Whether orjson writes what it read as ``JSON.stringify`` does after a mapping copied it."""
    kind = value.__class__
    if kind is str or kind is bool or value is None:
        return True
    if kind is dict:
        return all(_is_plain_name(name) and is_plain(member) for name, member in value.items())
    if kind is list:
        return all(map(is_plain, value))
    return -EXACT <= value <= EXACT if kind is int else is_plain_float(value)


def is_plain_float(value: float) -> bool:
    """Whether the text of *value* has neither an exponent nor a fraction of zero."""
    return LEAST_DECIMAL <= abs(value) < LEAST_EXPONENT and value % 1 != 0 and math.isfinite(value)


def _is_plain_name(name: str) -> bool:
    return name != "__proto__" and not (name[:1].isdecimal() and is_index(name))
