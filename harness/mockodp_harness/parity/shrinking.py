"""A differing case made small: members and items dropped, values replaced by simpler ones, while it stays different."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

from mockodp_harness.parity.trees import Number, Tree, copied, written

TRIES: Final = 4000
AT_ONCE: Final = 48
PIECES: Final = 100  # of a text that are dropped one by one

OPTIONAL: Final = frozenset({
    "tz", "response", "responses", "settings", "raw_settings", "presets", "default_actions", "subscriptions",
    "use_defaults",
    "throw", "exempt", "root", "prefix", "separator", "omit_arrays",
})  # fmt: skip
FIXED: Final = frozenset({"id", "kind", "action"})
_SIMPLE: Final[tuple[Any, ...]] = (None, "", "a", Number("0"), Number("1"), True)

Place = tuple[str | int, ...]
Edit = Callable[[Tree], Tree]
StillDiffers = Callable[[Sequence[str]], int | None]


def shrunk(case: Tree, still_differs: StillDiffers, tries: int = TRIES) -> Tree:
    """
    The smallest case that *tries* attempts find.

    *still_differs* is asked about several cases at once, and gives the position of the first that still shows the
    same difference.
    """
    smallest, start = case, 0
    while tries > 0:
        found, start, used = _smaller(smallest, start, still_differs, tries)
        tries -= used
        if found is None:
            return smallest
        smallest = found
    return smallest


def _smaller(case: Tree, start: int, still_differs: StillDiffers, tries: int) -> tuple[Tree | None, int, int]:
    """A smaller case, where to go on, and how many were tried; all edits are tried, those from *start* on first."""
    edits = list(_edits(case))
    turned = [*range(min(start, len(edits)), len(edits)), *range(min(start, len(edits)))]
    used = 0
    for first in range(0, len(turned), AT_ONCE):
        numbers = turned[first : first + AT_ONCE]
        made = [(number, edited) for number in numbers if _is_smaller(edited := edits[number](case), case)]
        used += len(made)
        chosen = still_differs([written(edited) for _, edited in made]) if made else None
        if chosen is not None:
            number, edited = made[chosen]
            return edited, number, used
        if used >= tries:
            break
    return None, 0, used


def _is_smaller(edited: Tree, case: Tree) -> bool:
    return edited != case and _weight(edited) < _weight(case)


def _weight(case: Tree) -> tuple[int, int]:
    text = written(case)
    return len(text), sum(map(ord, text))


def _edits(case: Tree) -> Iterator[Edit]:
    """All edits of a case: of what stands higher first, and letters last."""
    depths = range(_depth(case))
    places = [found for depth in depths for found in _at(case, depth) if found[0][0] not in FIXED]
    yield from _of_structure(places)
    for place, value in places:
        if type(value) is str:
            yield from (partial(_with, place, shorter) for shorter in _shorter(value))


def _of_structure(places: Sequence[tuple[Place, Tree]]) -> Iterator[Edit]:
    for place, value in places:
        if len(place) > 1 or place[0] in OPTIONAL:
            yield partial(_without, place)
        for simpler in _simpler(value):
            if len(place) > 1 or type(simpler) is type(value):
                yield partial(_with, place, simpler)


def _depth(tree: Tree) -> int:
    members = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return 1 + max(map(_depth, members), default=0)


def _at(tree: Tree, depth: int, place: Place = ()) -> Iterator[tuple[Place, Tree]]:
    """All values that stand *depth* levels below the members of *tree*."""
    if isinstance(tree, dict | list):
        for key, member in tree.items() if isinstance(tree, dict) else enumerate(tree):
            if depth:
                yield from _at(member, depth - 1, (*place, key))
            else:
                yield (*place, key), member


def _simpler(value: Tree) -> Iterator[Tree]:
    if isinstance(value, dict | list):
        yield type(value)()
        yield from value.values() if isinstance(value, dict) else value
    elif isinstance(value, Number):
        yield from (Number("0"), Number("1"))
    elif isinstance(value, str):
        yield from ("", "a")
        return
    yield from _SIMPLE


def _shorter(text: str) -> Iterator[str]:
    """*text* without its half, a quarter, an eighth …, without single letters at last."""
    size = len(text) // 2
    while size:
        yield from (text[:at] + text[at + size :] for at in range(0, min(len(text), PIECES * size), size))
        size //= 2


def _without(place: Place, tree: Tree) -> Tree:
    made = copied(tree)
    holder, key = _holder(made, place)
    del holder[key]
    return made


def _with(place: Place, value: Tree, tree: Tree) -> Tree:
    made = copied(tree)
    holder, key = _holder(made, place)
    holder[key] = copied(value)
    return made


def _holder(tree: Tree, place: Place) -> tuple[Any, Any]:
    *above, key = place
    for each in above:
        tree = tree[each]
    return tree, key
