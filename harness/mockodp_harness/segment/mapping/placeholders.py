"""Templates with ``{{path}}`` and ``{{{path}}}``: two passes, the triples first, neither of which escapes."""

from __future__ import annotations

import re
from typing import Any, Final

from mockodp_harness.segment.mapping.errors import MappingError
from mockodp_harness.segment.mapping.paths import Reader, cut, reader, walk
from mockodp_harness.segment.values import UNDEFINED, WHITESPACE, from_units, to_text, type_of

_TRIPLE: Final = re.compile(r"\{\{\{([^}]+)\}\}\}")
_DOUBLE: Final = re.compile(r"\{\{([^}]+)\}\}")


def render(template: Any, data: Any = UNDEFINED) -> str:
    """*template* with the values of *data* in place of its paths."""
    if not isinstance(template, str):
        raise MappingError(
            f'Invalid template! Template should be a "string" but {type_of(template)} was given.', name="TypeError"
        )
    data = {} if data is UNDEFINED else data
    for pattern in (_TRIPLE, _DOUBLE):
        template = pattern.sub(lambda found: inserted(walk(data, path(found[1]))), template)
    return from_units(template)


def path(written: str) -> tuple[str, ...]:
    """The path between the braces; unlike that of a directive it keeps ``$.``."""
    return cut(written.strip(WHITESPACE))


def inserted(value: Any) -> str:
    """The text that stands for *value*: nothing for what is missing."""
    return "" if value is UNDEFINED or value is None else to_text(value)


def paths(template: str) -> list[str]:
    """The paths as written in *template*."""
    return [written.strip(WHITESPACE) for written in _DOUBLE.findall(template)]


def renderer(template: str) -> Reader:
    """`render` for one template and many data."""
    if _TRIPLE.search(template):
        return lambda data: render(template, data)
    texts = _DOUBLE.split(template)
    readers = [reader(path(written)) for written in texts[1::2]]
    pairs = list(zip(readers, texts[2::2], strict=True))
    first = texts[0]

    def rendered(data: Any) -> str:
        made = first
        for read, following in pairs:
            made += inserted(read(data)) + following
        return made if made.isascii() else from_units(made)

    return rendered
