"""
What a case of the engine has to look like: the members of each kind, and what each may be.

A case that is malformed is told so (`CaseError`); what an engine makes of odd values in a sound case is its own affair.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from mockodp_harness.destinations import optimizely_data_platform as odp
from mockodp_harness.segment.dates import ZoneError, zone_of
from mockodp_harness.segment.values import TooDeep, is_truthy, parse, type_of

Case = Mapping[str, Any]

_STATUSES: Final = range(200, 600)  # others cannot be the status of a response
_SHOWN: Final = 40


class CaseError(Exception):
    """A case that is none: *str* says what came, what was expected, and where."""


class Wanted(NamedTuple):
    """What a member may be, in words and as a test."""

    words: str
    test: Callable[[Any], bool]


def of_line(line: bytes, number: int) -> Any:
    """What is written in line *number* of a file of cases; `CaseError` if that is no JSON, or none in UTF-8."""
    try:
        return parse(line)
    except UnicodeDecodeError as error:
        came = f"byte 0x{line[error.start]:02x} at position {error.start}"
        raise CaseError(f"Line {number} is not UTF-8: {came} ({error.reason}).") from None
    except TooDeep:
        raise CaseError(f"Line {number} is nested too deep, expected at most several hundred levels.") from None
    except ValueError as error:
        raise CaseError(f"Line {number} is not JSON: {error}.") from None


def check(case: Any, kinds: Mapping[str, object]) -> None:
    """Raise `CaseError` unless *case* has one of *kinds* and the members that it needs."""
    if not isinstance(case, dict):
        raise CaseError(f"The case is {_shown(case)}, expected an object.")
    kind = case.get("kind")
    if not isinstance(kind, str) or kind not in kinds:
        raise CaseError(f"/kind is {_shown(kind)}, expected one of: {', '.join(kinds)}.")
    for name in NEEDED[kind]:
        if name not in case:
            raise CaseError(f"/{name} is missing, which a case of the kind {kind!r} needs.")
    for name in case:
        if name not in MEMBERS:
            raise CaseError(f"/{name[:_SHOWN]} is no member of a case, expected one of: {', '.join(sorted(MEMBERS))}.")
    for name, wanted in {**COMMON, **OF_KIND.get(kind, {})}.items():
        if name in case:
            _check(f"/{name}", case[name], wanted)
    _check_responses(case)


def _check_responses(case: Case) -> None:
    said = {"/response": case["response"]} if is_truthy(case.get("response")) else {}
    said |= {f"/responses/{index}": each for index, each in enumerate(case.get("responses") or ())}
    for place, response in said.items():
        _check(place, response, _OBJECT)
        for name, wanted in RESPONSE.items():
            if name in response:
                _check(f"{place}/{name}", response[name], wanted)


def _check(place: str, value: Any, wanted: Wanted) -> None:
    if not wanted.test(value):
        raise CaseError(f"{place} is {_shown(value)}, expected {wanted.words}.")


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "an array"
    text = repr(value)
    return f"the {type_of(value)} {text if len(text) <= _SHOWN else text[:_SHOWN] + '…'}"


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _each(test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(test, value))


def _or_nothing(test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or isinstance(value, bool) or test(value)


def _is_slug(value: Any) -> bool:
    return isinstance(value, str) and value in odp.destination().actions


def _is_zone(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(zone_of(value))
    except ZoneError:
        return False


def _is_status(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in _STATUSES


_OBJECT: Final = Wanted("an object", _is_object)
_TEXT: Final = Wanted("a text", _is_text)
_BOOLEAN: Final = Wanted("true or false", lambda value: isinstance(value, bool))
_LIST: Final = Wanted("an array", lambda value: isinstance(value, list))
_TEXTS: Final = Wanted("an array of texts", _each(_is_text))

COMMON: Final[Mapping[str, Wanted]] = {
    "id": Wanted("a text, a number or null", lambda value: not isinstance(value, dict | list)),
    "action": Wanted("the slug of an action", _is_slug),
    "default_actions": Wanted("true, or an array of slugs of actions", _or_nothing(_each(_is_slug))),
    "events": _LIST,
    "exempt": _TEXTS,
    "fql": _TEXT,
    "omit_arrays": _BOOLEAN,
    "prefix": _TEXT,
    "presets": Wanted("true, or an array of names of presets", _or_nothing(_each(_is_text))),
    "raw_settings": _OBJECT,
    "responses": Wanted("an array of objects", lambda value: value is None or _each(_is_object)(value)),
    "root": _BOOLEAN,
    "schema": _OBJECT,
    "separator": _TEXT,
    "settings": _OBJECT,
    "subscriptions": _LIST,
    "throw": _BOOLEAN,
    "tz": Wanted("the name of a time zone such as 'Europe/Berlin'", _is_zone),
    "use_defaults": _BOOLEAN,
}
"""What members may be, whatever the kind."""

OF_KIND: Final[Mapping[str, Mapping[str, Wanted]]] = {
    "action": {"mapping": _OBJECT},
    "batch_action": {"mapping": _OBJECT},
    "get": {"path": Wanted("a text, an array of texts and numbers, or null", lambda value: value is None
                           or _is_text(value) or _each(lambda each: type_of(each) in ("string", "number"))(value))},
}  # fmt: skip

RESPONSE: Final[Mapping[str, Wanted]] = {
    "headers": Wanted("an object of texts", lambda value: _is_object(value) and all(map(_is_text, value.values()))),
    "network_error": Wanted("a text", _or_nothing(_is_text)),
    "status": Wanted("a number from 200 to 599", _is_status),
    "status_text": _TEXT,
}
"""What members of a response may be."""

NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "action": ("action", "event"),
    "auth": (),
    "batch": ("events",),
    "batch_action": ("action", "events"),
    "date": ("value",),
    "event": ("event",),
    "flatten": ("value",),
    "fql": ("fql",),
    "fql_generate": ("ast",),
    "fql_validate": ("ast", "event"),
    "get": ("payload",),
    "keys": ("mapping",),
    "mapping": ("mapping",),
    "mapping_validate": ("mapping",),
    "preset": ("event",),
    "remove_empty": ("payload", "schema"),
    "render": ("template",),
    "schema": ("fields",),
    "validate_schema": ("payload", "schema"),
}
"""What a case of each kind cannot do without."""

MEMBERS: Final = frozenset({
    *COMMON, *(name for needed in NEEDED.values() for name in needed), "kind", "data", "path", "response",
})  # fmt: skip
"""All members that a case of any kind may have."""
