"""
Shrinking a payload as far as something that is true of it stays true. Knows nothing of contracts.

What is left cannot lose a member or an item any more, and its texts and numbers are as short as they get.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from mockodp_contracts.mutation.places import Concrete, at, replaced
from mockodp_contracts.violation import ABSENT

Holds = Callable[[Any], bool]

_MANY: Final = 3
"""So many items are made the same, where that is possible."""

MOST_VALUES: Final = 1_000_000
"""So many values may be judged on the way; after that what was found is good enough."""


def shrunk(document: Any, holds: Holds, most: int = MOST_VALUES) -> Any:
    """The smallest document that comes of *document* in small steps and for which *holds* is still true."""
    search = _Search(document, holds, most)
    while search.goes_on():
        pass
    return search.best


def size(value: Any) -> int:
    """How many values *value* holds, with itself."""
    if isinstance(value, dict):
        return 1 + sum(map(size, value.values()))
    return 1 + sum(map(size, value)) if isinstance(value, list) else 1


class _Search:
    def __init__(self, document: Any, holds: Holds, most: int) -> None:
        self.best = document
        self._holds = holds
        self._room = most

    def goes_on(self) -> bool:
        """Whether one walk through the whole document made it smaller."""
        return self._walk(())

    def _walk(self, path: Concrete) -> bool:
        """Make the value at *path* smaller, then what is left in it."""
        value = at(self.best, path)
        if isinstance(value, list) and len(value) >= _MANY and (are_alike := self._alike(path)) is not None:
            return self._shrink_alike(path) or are_alike
        smaller = self._cut(path)
        value = at(self.best, path)
        for part in _parts(value):
            if self._room >= 0 and at(self.best, (*path, part)) is not ABSENT:
                smaller |= self._walk((*path, part))
        return self._simplify(path) or smaller

    def _cut(self, path: Concrete) -> bool:
        """Leave members or items out: many at once, then fewer, then one by one."""
        smaller, many = False, len(_parts(at(self.best, path)))
        while many and self._room >= 0:
            start = 0
            while self._room >= 0 and start < len(value := at(self.best, path)):
                if self._take(path, _without(value, start, many)):
                    smaller = True
                else:
                    start += many
            many //= 2
        return smaller

    def _simplify(self, path: Concrete) -> bool:
        smaller = False
        while any(self._take(path, simpler) for simpler in _simpler(at(self.best, path))):
            smaller = True
        return smaller

    def _alike(self, path: Concrete) -> bool | None:
        """Make all items of an array the same as the smallest of them: whether they changed, None if they may not."""
        items = at(self.best, path)
        if items == [items[0]] * len(items):
            return False
        least = min(items, key=lambda item: (size(item), len(str(item))))
        return self._take(path, [least] * len(items)) or None

    def _shrink_alike(self, path: Concrete) -> bool:
        """Make an array of items that are all the same shorter, then all its items smaller at once."""
        smaller = False
        while any(self._take(path, items[less:]) for items in [at(self.best, path)] for less in _halves(len(items))):
            smaller = True
        items = at(self.best, path)
        if not items:
            return smaller
        inner = _Search(items[0], lambda item: self._take(path, [item] * len(items)), self._room)
        return inner.goes_on() or smaller

    def _take(self, path: Concrete, value: Any) -> bool:
        """Take *value* at *path* if it will do."""
        if self._room < 0:
            return False
        candidate = replaced(self.best, path, value)
        self._room -= size(candidate)
        if self._room < 0 or not self._holds(candidate):
            return False
        self.best = candidate
        return True


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value)
    return list(range(len(value))) if isinstance(value, list) else []


def _without(value: Any, start: int, many: int) -> Any:
    if isinstance(value, list):
        return [*value[:start], *value[start + many :]]
    names = list(value)
    return {name: value[name] for name in (*names[:start], *names[start + many :])}


def _simpler(value: Any) -> Iterator[Any]:
    """Values of the same type that are simpler, the simplest first."""
    if isinstance(value, str) and value:
        yield from (value[: len(value) - less] for less in _halves(len(value)))
        if set(value) != {"x"} and len(value) > 1:
            yield "x" * len(value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and value:
        if int(value) != value:
            yield int(value)
        yield from (int(value) - (less if value > 0 else -less) for less in _halves(abs(int(value))))


def _halves(number: int) -> Iterator[int]:
    """*number*, half of it, and so on down to 1."""
    while number:
        yield number
        number //= 2
