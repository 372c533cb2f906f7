"""The paths that a mapping reads, as written in it: what a form of the mapping has to ask for."""

from __future__ import annotations

import re
from typing import Any, Final

from mockodp_harness.segment.mapping.placeholders import paths
from mockodp_harness.segment.mapping.resolving import directive_name
from mockodp_harness.segment.values import WHITESPACE

_OUTPUT: Final = re.compile(r"\{\{([^}|]+)[^}]*\}\}")


def keys(mapping: Any) -> list[str]:
    """The paths of ``@path``, ``@template`` and ``@liquid`` at any depth, doubles included."""
    if isinstance(mapping, list):
        return [key for item in mapping for key in keys(item)]
    if not isinstance(mapping, dict):
        return []
    name = directive_name(mapping)
    argument = mapping[name] if name else None
    if isinstance(argument, str):
        return _keys_of_text(str(name), argument)
    return [key for member in mapping.values() for key in keys(member)]


def _keys_of_text(name: str, text: str) -> list[str]:
    if name == "@path":
        return [text]
    if name == "@template":
        return paths(text)
    return [found.strip(WHITESPACE) for found in _OUTPUT.findall(text)] if name == "@liquid" else []
