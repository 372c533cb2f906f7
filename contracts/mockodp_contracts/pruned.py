"""A copy of a document that is too large to be looked at value by value, cut to a size that is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Pruned:
    """
    *document* with at most about *most* values in it; *left_off* more are cut from the ends of arrays and objects.

    A document within the limit is itself, not a copy.
    """

    def __init__(self, document: Any, most: int) -> None:
        self._room = most
        self._cut: set[tuple[str | int, ...]] = set()
        self.left_off = max(_size(document) - most, 0)
        self.document = self._pruned(document, ()) if self.left_off else document

    def is_cut(self, path: Sequence[str | int]) -> bool:
        """Whether something was cut from the array or object at *path*."""
        return tuple(path) in self._cut

    def _pruned(self, value: Any, path: tuple[str | int, ...]) -> Any:
        if isinstance(value, dict):
            taken = {}
            for name, member in value.items():
                if self._room <= 0:
                    self._cut.add(path)
                    break
                self._room -= 1
                taken[name] = self._pruned(member, (*path, name))
            return taken
        if isinstance(value, list):
            kept = []
            for index, item in enumerate(value):
                if self._room <= 0:
                    self._cut.add(path)
                    break
                self._room -= 1
                kept.append(self._pruned(item, (*path, index)))
            return kept
        return value


def _size(document: Any) -> int:
    """How many values *document* holds, itself aside."""
    size, ahead = 0, [document]
    while ahead:
        value = ahead.pop()
        if isinstance(value, (dict, list)):
            size += len(value)
            ahead += value.values() if isinstance(value, dict) else value
    return size
