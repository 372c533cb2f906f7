"""Directives that make texts: ``@case``, ``@replace``, ``@json``, ``@liquid``."""

from __future__ import annotations

from typing import Any, Final

from mockodp_harness.segment.mapping import liquid
from mockodp_harness.segment.mapping.errors import MappingError
from mockodp_harness.segment.mapping.resolving import directive, options, resolve
from mockodp_harness.segment.patterns import pattern
from mockodp_harness.segment.values import (
    UNDEFINED,
    Object,
    TooDeep,
    bounded,
    folded,
    from_units,
    is_truthy,
    length,
    parse,
    stringify,
    to_text,
    units,
)

_LONGEST: Final = 10
_REFERENCE: Final = pattern(r"\$([$&`'])")


@directive("@case")
def case(argument: Any, event: Any) -> Any:
    """``{"@case": {"operator": "lower", "value": value}}``: a text in lower or upper case."""
    members = options("@case", argument)
    if not is_truthy(members.get("operator")):
        raise MappingError('@case requires a "operator" key')
    if not is_truthy(members.get("value")):
        return UNDEFINED
    return cased(members["operator"], resolve(members["value"], event))


def cased(operator: Any, value: Any) -> Any:
    """*value* in that case; what is no text stays, whatever the operator."""
    if not isinstance(value, str):
        return value
    if operator not in ("lower", "upper"):
        raise MappingError('operator key should have a value of "lower" or "upper"')
    return value.lower() if operator == "lower" else value.upper()


@directive("@replace")
def replace(argument: Any, event: Any) -> Any:
    """``{"@replace": {"pattern": "_", "replacement": "-", "value": value}}``, and the same again with ``pattern2``."""
    members = replacing(argument)
    if not is_truthy(members.get("value")):
        return UNDEFINED
    return replaced(members, resolve(members["value"], event))


def replacing(argument: Any) -> Object:
    """The members of ``@replace``, which have to include a pattern."""
    members = options("@replace", argument)
    if not is_truthy(members.get("pattern")):
        raise MappingError('@replace requires a "pattern" key')
    return members


def replaced(members: Object, value: Any) -> str:
    """*value* as a text, with the first and then the second pattern replaced; nothing if anything has an odd type."""
    value = to_text(value) if isinstance(value, bool | int | float) else value
    pattern, replacement = members["pattern"], _given(members, "replacement", "")
    flags = (_given(members, "ignorecase", False), _given(members, "global", True))
    if not all(isinstance(each, str) for each in (value, pattern, replacement)):
        return ""
    if not all(isinstance(flag, bool) for flag in flags):
        return ""
    text = _replaced_once(value, pattern, replacement, flags)
    pattern, replacement = members.get("pattern2"), _given(members, "replacement2", "")
    if not isinstance(pattern, str) or not pattern or not isinstance(replacement, str):
        return text
    return _replaced_once(text, pattern, replacement, flags)


def _given(members: Object, name: str, default: Any) -> Any:
    value = members.get(name)
    return default if value is None or value is UNDEFINED else value


def _replaced_once(text: str, pattern: str, replacement: str, flags: tuple[bool, bool]) -> str:
    if length(pattern) > _LONGEST:
        raise MappingError('@replace requires a "pattern" less than 10 characters')
    if length(replacement) > _LONGEST:
        raise MappingError('@replace requires a "replacement" less than 10 characters')
    ignore_case, is_global = flags
    return substituted(text, pattern, replacement, ignore_case=ignore_case, is_global=is_global)


def substituted(text: str, pattern: str, replacement: str, *, ignore_case: bool, is_global: bool) -> str:
    """*text* with a literal *pattern* replaced; the replacement may refer to the match and what is around it."""
    text, pattern, replacement = units(text), units(pattern), units(replacement)
    searched, sought = (_folded(text), _folded(pattern)) if ignore_case else (text, pattern)
    pieces: list[str] = []
    size, end, start = len(text), 0, searched.find(sought)
    while start >= 0:
        pieces += [text[end:start], _expanded(replacement, text, start, start + len(pattern))]
        size += len(pieces[-1])
        bounded(size)
        end = start + len(pattern)
        start = searched.find(sought, end) if is_global else -1
    return from_units("".join([*pieces, text[end:]]))


def _folded(text: str) -> str:
    return text.upper() if text.isascii() else "".join(map(folded, text))


def _expanded(replacement: str, text: str, start: int, end: int) -> str:
    if "$" not in replacement:
        return replacement
    meanings = {"$": "$", "&": text[start:end], "`": text[:start], "'": text[end:]}
    return _REFERENCE().sub(lambda found: meanings[found[1]], replacement)


@directive("@json")
def json(argument: Any, event: Any) -> Any:
    """``{"@json": {"mode": "encode", "value": value}}``: JSON text of a value, or the value of a JSON text."""
    members = converting(argument)
    return converted(members["mode"], resolve(members["value"], event))


def converting(argument: Any) -> Object:
    """The members of ``@json``, which have to include a mode and a value."""
    members = options("@json", argument)
    for name in ("mode", "value"):
        if not is_truthy(members.get(name)):
            raise MappingError(f'@json requires a "{name}" key')
    return members


def converted(mode: Any, value: Any) -> Any:
    """*value* encoded or decoded; a text that is no JSON stays, an unknown mode gives undefined."""
    if mode == "encode":
        encoded = stringify(value)
        return UNDEFINED if encoded is None else encoded
    if mode != "decode":
        return UNDEFINED
    if not isinstance(value, str):
        return value
    try:
        return parse(value)
    except TooDeep as error:
        raise MappingError(f"@json cannot decode its value: {error}") from None
    except ValueError:
        return value


@directive("@liquid")
def liquid_(argument: Any, event: Any) -> str:
    """``{"@liquid": "{{ properties.total | round }}"}``: a Liquid template with the event as its root scope."""
    if not isinstance(argument, str):
        raise MappingError("liquid template value must be a string")
    return liquid.render(argument, event)
