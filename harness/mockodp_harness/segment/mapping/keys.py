"""
The paths that a mapping reads, as written in it: what a form of the mapping has to ask for.

Some directives are not looked into: ``@merge``, ``@transform``, ``@literal``, ``@excludeWhenNull``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from mockodp_harness.segment.mapping.errors import MappingError, crashed
from mockodp_harness.segment.mapping.placeholders import between, paths
from mockodp_harness.segment.mapping.resolving import DIRECTIVES, kind
from mockodp_harness.segment.patterns import pattern
from mockodp_harness.segment.values import WHITESPACE, is_truthy

_BEGUN: Final = pattern(r"\{\{-?[^|]")
_PATH: Final = pattern(r"[A-Za-z_][\w-]*(?:\.[\w-]+|\[[^\]]*\])*\??")
_CONSTANTS: Final = ("true", "false", "nil", "null", "empty", "blank")


def keys(mapping: Any) -> list[Any]:
    """The paths of ``@path``, ``@template`` and ``@liquid`` at any depth; an argument that is no text as it is."""
    try:
        return [key for key in _keys(mapping) if is_truthy(key)]
    except RecursionError as error:
        raise crashed(error) from None


def _keys(mapping: Any) -> list[Any]:
    if isinstance(mapping, list):
        return [key for item in mapping for key in _keys(item)]
    if not isinstance(mapping, dict):
        return []
    for name, read in _READ.items():
        if name in mapping:
            found = read(mapping[name])
            if found is not None:
                return found
    if any(name in mapping for name in DIRECTIVES):
        return []
    return [key for member in mapping.values() for key in _keys(member)]


def _of_template(argument: Any) -> list[Any]:
    if argument is None:
        raise MappingError("Cannot read properties of null (reading 'matchAll')", name="TypeError")
    if not isinstance(argument, str):
        raise MappingError("input.matchAll is not a function", name="TypeError")
    return paths(argument)


def _of_members(needed: tuple[str, ...], *names: str) -> Callable[[Any], list[Any] | None]:
    """The paths in the members *names* of an argument that has one of the members *needed*; None for any other."""

    def read(argument: Any) -> list[Any] | None:
        if not isinstance(argument, dict) or not any(name in argument for name in needed):
            return None
        return [key for name in names if name in argument for key in _keys(argument[name])]

    return read


def _of_liquid(argument: Any) -> list[Any] | None:
    return list(dict.fromkeys(_outputs(argument))) if kind(argument) == "string" else None


def _outputs(text: str) -> Iterator[str]:
    """The paths that stand between ``{{`` and a bar or ``}}``."""
    for written in between(text, 2):
        begun = _BEGUN().search(written)
        name = written[begun.end() - 1 :].partition("|")[0].removesuffix("-").strip(WHITESPACE) if begun else ""
        if _PATH().fullmatch(name) and name not in _CONSTANTS:
            yield name


_READ: Final[dict[str, Callable[[Any], list[Any] | None]]] = {
    "@arrayPath": lambda argument: _keys(argument) if isinstance(argument, list) else None,
    "@case": _of_members(("operator",), "value"),
    "@if": _of_members(("exists", "blank"), "blank", "exists", "then", "else"),
    "@literal": lambda _: [],
    "@path": lambda argument: [argument],
    "@template": _of_template,
    "@replace": _of_members(("pattern",), "value"),
    "@json": _of_members(("value",), "value"),
    "@flatten": _of_members(("value",), "value"),
    "@liquid": _of_liquid,
}
"""How each directive is read, in the order in which they are asked; None if the argument is not of its kind."""
