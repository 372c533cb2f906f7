"""Members that JavaScript's values inherit, as Node 20 has them: a path of a trigger finds these too."""

from __future__ import annotations

from typing import Any, Final

from mockodp_harness.segment.values import UNDEFINED, Function

_Members = dict[str, Any]


def _members(constructor: str, *names: str) -> _Members:
    """Functions by name; *names* are those that take no argument, then those that take one, then two."""
    functions = {name: Function(name, length) for length, some in enumerate(names) for name in some.split()}
    return {"constructor": Function(constructor, 1), **functions}


OBJECT: Final[_Members] = {
    "__proto__": {},
    **_members(
        "Object",
        "toString valueOf toLocaleString",
        "hasOwnProperty __lookupGetter__ __lookupSetter__ isPrototypeOf propertyIsEnumerable",
        "__defineGetter__ __defineSetter__",
    ),
}
_TEXT: Final = OBJECT | _members(
    "String",
    "big blink bold fixed isWellFormed italics normalize small strike sub sup toString toWellFormed trim trimStart "
    "trimEnd toLocaleLowerCase toLocaleUpperCase toLowerCase toUpperCase valueOf",
    "anchor at charAt charCodeAt codePointAt concat endsWith fontcolor fontsize includes indexOf lastIndexOf link "
    "localeCompare match matchAll padEnd padStart repeat search startsWith",
    "replace replaceAll slice split substr substring",
)
_TEXT["trimLeft"], _TEXT["trimRight"] = _TEXT["trimStart"], _TEXT["trimEnd"]
_ARRAY: Final = OBJECT | _members(
    "Array",
    "pop reverse shift keys entries values flat toLocaleString toString toReversed",
    "at concat fill find findIndex findLast findLastIndex lastIndexOf push unshift sort includes indexOf join forEach "
    "filter flatMap map every some reduce reduceRight toSorted",
    "copyWithin slice splice toSpliced with",
)
_BOOLEAN: Final = OBJECT | _members("Boolean")
_NUMBER: Final = OBJECT | _members("Number", "", "toExponential toFixed toPrecision toString")
_FUNCTION: Final = OBJECT | _members("Function", "", "bind call", "apply")


def inherited(value: Any, name: str) -> Any:
    """The member *name* that *value* has from its kind; UNDEFINED if it has none."""
    return _of_kind(value).get(name, UNDEFINED)


def _of_kind(value: Any) -> _Members:
    if isinstance(value, dict):
        return OBJECT
    if isinstance(value, str):
        return _TEXT
    if isinstance(value, list):
        return _ARRAY
    if isinstance(value, bool):
        return _BOOLEAN
    return _FUNCTION if isinstance(value, Function) else _NUMBER
