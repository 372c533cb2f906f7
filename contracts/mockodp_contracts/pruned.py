"""
A copy of a document that can be looked at value by value.

One that is too large is cut. A member with an empty name is given another one: jsonschema-rs leaves empty names out of
the paths that it tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

STAND_IN: Final = "\ue000EMPTY"
"""In place of an empty name. No contract names it, and what refuses an empty name refuses it too."""


class Pruned:
    """
    *document* with at most about *most* values in it; *left_off* more are cut from the ends of arrays and objects.

    A document within the limit and without empty names is itself, not a copy.
    """

    def __init__(self, document: Any, most: int) -> None:
        self._room = most
        self._cut: set[tuple[str, ...]] = set()
        self.size, self._unnamed = _surveyed(document)
        self.left_off = max(self.size - most, 0)
        self.document = self._pruned(document, ()) if self.left_off or self._unnamed else document

    def is_cut(self, path: Sequence[str | int], beneath: bool = False) -> bool:
        """Whether something was cut from the array or object at *path* of the copy, or *beneath* it too."""
        place = tuple(map(str, path))
        return place in self._cut or (beneath and any(cut[: len(place)] == place for cut in self._cut))

    def original(self, path: list[str | int]) -> list[str | int]:
        """The path in the document that *path* in the copy stands for."""
        return ["" if part == STAND_IN else part for part in path] if self._unnamed else path

    def _pruned(self, value: Any, path: tuple[str, ...]) -> Any:
        if isinstance(value, dict):
            taken = {}
            for name, member in value.items():
                if self._room <= 0:
                    self._cut.add(path)
                    break
                self._room -= 1
                known_as = name or STAND_IN
                taken[known_as] = self._pruned(member, (*path, known_as))
            return taken
        if isinstance(value, list):
            kept = []
            for index, item in enumerate(value):
                if self._room <= 0:
                    self._cut.add(path)
                    break
                self._room -= 1
                kept.append(self._pruned(item, (*path, str(index))))
            return kept
        return value


def size_of(document: Any) -> int:
    """How many values *document* holds, itself aside."""
    return _surveyed(document)[0]


def _surveyed(document: Any) -> tuple[int, bool]:
    """How many values *document* holds, itself aside; and whether a member of it has an empty name."""
    size, unnamed, ahead = 0, False, [document]
    while ahead:
        value = ahead.pop()
        if isinstance(value, dict):
            size += len(value)
            unnamed = unnamed or "" in value
            ahead += value.values()
        elif isinstance(value, list):
            size += len(value)
            ahead += value
    return size, unnamed
