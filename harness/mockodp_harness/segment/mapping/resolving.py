"""
How the values of a mapping become the values of a payload: the table of directives, and the walk that applies them.

Nothing here knows a single directive. Resolved values may hold undefined members; `cleaned` removes them at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from mockodp_harness.segment.mapping.errors import MappingError
from mockodp_harness.segment.values import UNDEFINED, Object, ordered, type_of

Directive = Callable[[Any, Any], Any]

DIRECTIVES: Final[dict[str, Directive]] = {}
_KEYS: Final = {
    "@if": 'an "exists" key',
    "@case": 'a "operator" key',
    "@replace": 'a "pattern" key',
    "@flatten": 'a "separator" key',
    "@json": 'a "value" key',
    "@merge": 'an "objects" key and a "direction" key',
    "@transform": 'an "apply" key and a "mapping" key',
}
"""What a directive asks for that is given no object."""


def directive(name: str) -> Callable[[Directive], Directive]:
    """Enter a function of argument and event as the directive *name*."""

    def entered(function: Directive) -> Directive:
        if name in DIRECTIVES:
            raise ValueError(f"The directive {name} is defined twice.")
        DIRECTIVES[name] = function
        return function

    return entered


def directive_name(value: Object) -> str | None:
    """Which directive an object is, if it is one: members with ``@``, and none beside them but ``_metadata``."""
    found = None
    for name in value:
        if name.startswith("@"):
            found = found or name
        elif name != "_metadata":
            return None
    return found


def resolve(value: Any, event: Any) -> Any:
    """What a mapping's *value* is for *event*; data of the event are not resolved again."""
    if isinstance(value, list):
        return [resolve(item, event) for item in value]
    if not isinstance(value, dict):
        return value
    name = directive_name(value)
    if name:
        return run(name, value[name], event)
    made = {name: resolve(member, event) for name, member in ordered(value).items()}
    made.pop("__proto__", None)
    return made


def run(name: str, argument: Any, event: Any) -> Any:
    """The result of one directive."""
    function = DIRECTIVES.get(name)
    if function is None:
        raise MappingError(f"{name} is not a valid directive, got undefined")
    return function(argument, event)


def cleaned(value: Any) -> Any:
    """A copy without undefined members, at every depth; items of arrays stay."""
    if isinstance(value, dict):
        return {
            name: cleaned(member) if type(member) is dict or type(member) is list else member
            for name, member in value.items()
            if member is not UNDEFINED and name != "__proto__"
        }
    return [cleaned(item) for item in value] if isinstance(value, list) else value


def kind(value: Any) -> str:
    """What JavaScript calls the type of *value*, null and arrays apart."""
    if value is None:
        return "null"
    return "array" if isinstance(value, list) else type_of(value)


def options(name: str, argument: Any) -> Object:
    """The argument of a directive that takes an object; inside arrays it may be anything."""
    if not isinstance(argument, dict):
        raise MappingError(f"{name} requires an object with {_KEYS[name]}")
    return argument


def text(name: str, argument: Any, event: Any) -> str:
    """The argument of a directive that takes a text, or a directive that gives one."""
    return as_text(name, resolve(argument, event))


def as_text(name: str, value: Any) -> str:
    """*value*, which has to be a text."""
    if not isinstance(value, str):
        raise MappingError(f"{name}: expected string, got {kind(value)}")
    return value
