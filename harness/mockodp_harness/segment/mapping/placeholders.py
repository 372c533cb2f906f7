"""Templates with ``{{path}}`` and ``{{{path}}}``: two passes, the triples first, neither of which escapes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from mockodp_harness.segment.mapping.errors import MappingError, crashed
from mockodp_harness.segment.mapping.paths import Reader, cut, reader, walk
from mockodp_harness.segment.patterns import pattern
from mockodp_harness.segment.values import CRASHES, UNDEFINED, WHITESPACE, bounded, from_units, to_text, type_of

_TRIPLE: Final = 3
_DOUBLE: Final = 2
_LINE_ENDS: Final = ("\n", "\r", "\u2028", "\u2029")
_CLOSED: Final = {count: pattern(rf"(?<![^}}])([^}}]++)\}}{{{count}}}") for count in (_DOUBLE, _TRIPLE)}


def render(template: Any, data: Any = UNDEFINED) -> str:
    """*template* with the values of *data* in place of its paths."""
    if not isinstance(template, str):
        raise MappingError(
            f'Invalid template! Template should be a "string" but {type_of(template)} was given.', name="TypeError"
        )
    data = {} if data is UNDEFINED else data
    try:
        return from_units(_filled(_filled(template, _TRIPLE, data), _DOUBLE, data))
    except CRASHES as error:
        raise crashed(error) from None


def _filled(template: str, braces: int, data: Any) -> str:
    pieces = _split(template, braces)
    size = len(template)
    for index in range(1, len(pieces), 2):
        pieces[index] = inserted(walk(data, path(pieces[index])))
        size += len(pieces[index])
        bounded(size)
    return "".join(pieces)


def _split(template: str, braces: int) -> list[str]:
    """The texts around what stands in so many *braces*, and that, in turns."""
    opening = "{" * braces
    pieces, end = [], 0
    for found in _CLOSED[braces]().finditer(template):
        start = found[1].find(opening) + braces
        if braces <= start < len(found[1]):
            pieces += [template[end : found.start() + start - braces], found[1][start:]]
            end = found.end()
    return [*pieces, template[end:]]


def between(template: str, braces: int) -> Iterator[str]:
    """Each text without ``}`` before so many closing *braces*."""
    return (found[1] for found in _CLOSED[braces]().finditer(template))


def path(written: str) -> tuple[str, ...]:
    """The path between the braces; unlike that of a directive it keeps ``$.``."""
    return cut(written.strip(WHITESPACE))


def inserted(value: Any) -> str:
    """The text that stands for *value*: nothing for what is missing."""
    return "" if value is UNDEFINED or value is None else to_text(value)


def paths(template: str) -> list[str]:
    """The paths as written in *template*: what stands between two braces on one line, whatever it is."""
    found, start = [], 0
    while (opening := template.find("{{", max(0, start - _DOUBLE))) >= 0:
        start = opening + _DOUBLE
        end = template.find("}}", start)
        if end < 0:
            break
        breaks = [template.rfind(each, start, end) for each in _LINE_ENDS]
        if max(breaks) >= 0:
            start = max(breaks) + 1
        elif end > start:
            found.append(template[start:end])
            start = end
        else:
            start += 1
    return found


def parts(template: str) -> tuple[str, list[tuple[tuple[str, ...], str]]] | None:
    """What *template* begins with, then each path with the text that follows; None if there are triple braces."""
    texts = _split(template, _DOUBLE)
    if len(_split(template, _TRIPLE)) > 1:
        return None
    return texts[0], list(zip(map(path, texts[1::2]), texts[2::2], strict=True))


def renderer(template: str) -> Reader:
    """`render` for one template and many data."""
    known = parts(template)
    if known is None:
        return lambda data: render(template, data)
    first, pairs = known[0], [(reader(pieces), following) for pieces, following in known[1]]

    def rendered(data: Any) -> str:
        made = first
        for read, following in pairs:
            made += inserted(read(data)) + following
            bounded(len(made))
        return made if made.isascii() else from_units(made)

    return rendered
