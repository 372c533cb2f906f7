"""
Paths into an event: how their text is cut, and how JavaScript walks them.

A walk stops at the first falsy value and returns it. What objects inherit is found, too: ``toString`` is a function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from mockodp_harness.segment.patterns import pattern
from mockodp_harness.segment.values import UNDEFINED, Function, is_index, is_truthy, length, to_text, units

Reader = Callable[[Any], Any]

_CUT: Final = pattern(r"""\.|\[(?=['"0-9])|(?<=['"0-9])\]+""")
_QUOTES: Final = str.maketrans("", "", "'\"")


def _functions(*described: str) -> dict[str, Function]:
    """Functions as ``name`` or ``name/number of parameters``."""
    pairs = (text.partition("/") for text in described)
    return {name: Function(name, int(count or 0)) for name, _, count in pairs}


_OBJECT: Final = _functions(
    *("hasOwnProperty/1", "isPrototypeOf/1", "propertyIsEnumerable/1", "toLocaleString", "toString", "valueOf"),
    *("__defineGetter__/2", "__defineSetter__/2", "__lookupGetter__/1", "__lookupSetter__/1"),
) | {"constructor": Function("Object", 1)}

_ARRAY: Final = (
    _OBJECT
    | _functions(
        *("at/1", "concat/1", "copyWithin/2", "entries", "every/1", "fill/1", "filter/1", "find/1", "findIndex/1"),
        *("findLast/1", "findLastIndex/1", "flat", "flatMap/1", "forEach/1", "includes/1", "indexOf/1", "join/1"),
        *("keys", "lastIndexOf/1", "map/1", "pop", "push/1", "reduce/1", "reduceRight/1", "reverse", "shift"),
        *("slice/2", "some/1", "sort/1", "splice/2", "toReversed", "toSorted/1", "toSpliced/2", "unshift/1"),
        *("values", "with/2"),
    )
    | {"constructor": Function("Array", 1)}
)

_STRING: Final = (
    _OBJECT
    | _functions(
        *("anchor/1", "at/1", "big", "blink", "bold", "charAt/1", "charCodeAt/1", "codePointAt/1", "concat/1"),
        *("endsWith/1", "fixed", "fontcolor/1", "fontsize/1", "includes/1", "indexOf/1", "isWellFormed", "italics"),
        *("lastIndexOf/1", "link/1", "localeCompare/1", "match/1", "matchAll/1", "normalize", "padEnd/1"),
        *("padStart/1", "repeat/1", "replace/2", "replaceAll/2", "search/1", "slice/2", "small", "split/2"),
        *("startsWith/1", "strike", "sub", "substr/2", "substring/2", "sup", "toLocaleLowerCase"),
        *("toLocaleUpperCase", "toLowerCase", "toUpperCase", "toWellFormed", "trim", "trimEnd", "trimStart"),
    )
    | {"trimLeft": Function("trimStart"), "trimRight": Function("trimEnd"), "constructor": Function("String", 1)}
)

_NUMBER: Final = (
    _OBJECT
    | _functions("toExponential/1", "toFixed/1", "toPrecision/1", "toString/1")
    | {"constructor": Function("Number", 1)}
)
_BOOLEAN: Final = _OBJECT | {"constructor": Function("Boolean", 1)}
_FUNCTION: Final = _OBJECT | _functions("apply/2", "bind/1", "call/1") | {"constructor": Function("Function", 1)}
_INHERITED: Final = frozenset({"__proto__", "length", "name", *_OBJECT, *_ARRAY, *_STRING, *_NUMBER, *_FUNCTION})


def get(value: Any, path: Any) -> Any:
    """What *path* leads to from *value*; a list is a path already cut, None and UNDEFINED lead nowhere."""
    if path is None or path is UNDEFINED:
        return UNDEFINED
    pieces = cut(path) if isinstance(path, str) else tuple(to_text(piece) for piece in path)
    return walk(value, pieces)


def lookup(value: Any, path: str) -> Any:
    """`get` for directives, whose paths may start with ``$.``."""
    return walk(value, cut(without_root(path)))


def without_root(path: str) -> str:
    """*path* without its first ``$.``, wherever that stands."""
    return path.replace("$.", "", 1)


def cut(path: str) -> tuple[str, ...]:
    """The names that *path* consists of; none for the whole object."""
    return tuple(piece.translate(_QUOTES) for piece in _CUT().split(path) if piece)


def walk(value: Any, pieces: tuple[str, ...]) -> Any:
    """The value at the end of *pieces*, or the first falsy one on the way."""
    for piece in pieces:
        if not is_truthy(value):
            break
        value = member(value, piece)
    return value


def reader(pieces: tuple[str, ...]) -> Reader:
    """`walk` for one path and many values."""
    if any(piece in _INHERITED or is_index(piece) for piece in pieces):
        return lambda value: walk(value, pieces)
    return _reader_of_members(pieces)


def all_objects_have(name: str) -> bool:
    """Whether *name* is a member of every object."""
    return name == "__proto__" or name in _OBJECT


def _reader_of_members(pieces: tuple[str, ...]) -> Reader:
    """A reader of names that only an object's own members can have."""

    def read(value: Any) -> Any:
        for piece in pieces:
            if type(value) is dict:
                value = value.get(piece, UNDEFINED)
            else:
                return UNDEFINED if is_truthy(value) else value
        return value

    return read


def member(value: Any, name: str) -> Any:
    """``value[name]``, inherited members included; *value* is truthy."""
    if isinstance(value, dict):
        return value[name] if name in value else _inherited({} if name == "__proto__" else UNDEFINED, _OBJECT, name)
    if isinstance(value, list):
        return _member_of_array(value, name)
    if isinstance(value, str):
        return _member_of_text(value, name)
    if isinstance(value, Function):
        return _inherited({"name": value.name, "length": value.length}.get(name, UNDEFINED), _FUNCTION, name)
    if name == "__proto__":
        return False if isinstance(value, bool) else 0  # what JSON makes of the objects that these are
    return _inherited(UNDEFINED, _BOOLEAN if isinstance(value, bool) else _NUMBER, name)


def _inherited(own: Any, functions: Mapping[str, Function], name: str) -> Any:
    return functions.get(name, UNDEFINED) if own is UNDEFINED else own


def _member_of_array(value: list[Any], name: str) -> Any:
    if name == "length":
        return len(value)
    if is_index(name):
        return value[int(name)] if int(name) < len(value) else UNDEFINED
    return _inherited([] if name == "__proto__" else UNDEFINED, _ARRAY, name)


def _member_of_text(value: str, name: str) -> Any:
    if name == "length":
        return length(value)
    if is_index(name):
        return units(value)[int(name) : int(name) + 1] or UNDEFINED
    return _inherited("" if name == "__proto__" else UNDEFINED, _STRING, name)
