"""
The check of a mapping before it is resolved: which directives it has, and what their arguments look like.

Faults under an object are collected and raised together; only a fault at the very root is raised alone. Arrays are not
entered, so what is wrong inside them shows when the mapping is resolved, or never.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from mockodp_harness.segment.mapping import resolving
from mockodp_harness.segment.mapping.errors import AggregateError, ValidationError, crashed
from mockodp_harness.segment.values import UNDEFINED, Function, Object, length, quoted

Location = tuple[str, ...]
Check = Callable[[Any, Location], None]


def validate(mapping: Any) -> None:
    """Raise `ValidationError` or `AggregateError` if *mapping* is none."""
    try:
        _check(mapping, ())
    except RecursionError as error:
        raise crashed(error) from None


def _check(value: Any, location: Location) -> None:
    if _has_directive(value):
        _check_directive(value, location)
    elif isinstance(value, dict):
        _check_members(value, location)


def _check_directive(value: Object, location: Location) -> None:
    names = [name for name in value if name.startswith("@")]
    others = [name for name in value if not name.startswith("@")]
    if len(names) > 1 or any(name != "_metadata" for name in others):
        count = len(names) if len(names) > 1 else len(value)
        raise ValidationError(location, f"should only have one @-prefixed key but it has {count} keys")
    (name,) = names
    check = CHECKS.get(name)
    if check is None:
        raise ValidationError(location, f"has an invalid directive: {name}")
    check(value[name], (*location, name))


def _check_members(value: Object, location: Location) -> None:
    _together((_check, member, (*location, name)) for name, member in value.items())


def _together(checks: Iterable[tuple[Check, Any, Location]]) -> None:
    """Run all *checks* and raise their faults as one error."""
    faults: list[ValidationError] = []
    for check, value, location in checks:
        try:
            check(value, location)
        except ValidationError as fault:
            faults.append(fault)
        except AggregateError as several:
            faults.extend(several.errors)
    if faults:
        raise AggregateError(faults)


# -- what a value is ----------------------------------------------------------------------------------------------


def _has_directive(value: Any) -> bool:
    return isinstance(value, dict) and any(name.startswith("@") for name in value)


def _kind(value: Any) -> str:
    return "directive" if _has_directive(value) else resolving.kind(value)


def _expected(what: str, value: Any, location: Location, kind: Callable[[Any], str] = _kind) -> ValidationError:
    found = kind(value)
    article = "an" if found[0] in "aeiou" else "a"
    return ValidationError(location, f"should be {what} but it is {article} {found}")


def _must_be(expected: str, what: str) -> Check:
    """A check that a value is of the kind *expected*."""

    def check(value: Any, location: Location) -> None:
        if _kind(value) != expected:
            raise _expected(what, value, location)

    return check


def _or_directive(expected: str) -> Check:
    """A check that a value is a directive, or of the kind *expected*; both are entered."""

    def check(value: Any, location: Location) -> None:
        if _kind(value) not in (expected, "directive"):
            raise _expected(f"a {expected} or a mapping directive", value, location)
        _check(value, location)

    return check


_object = _must_be("object", "an object")
_string = _must_be("string", "a string")
_boolean = _must_be("boolean", "a boolean")
_string_or_directive = _or_directive("string")
_object_or_directive = _or_directive("object")


def _json_or_directive(value: Any, location: Location) -> None:
    if value is UNDEFINED or isinstance(value, Function):
        raise _expected("a mapping directive or a JSON value", value, location)
    if _has_directive(value):
        _check_directive(value, location)


def _anything(_value: Any, _location: Location) -> None:
    """Accept whatever is there."""


def _of_length(least: int, most: int) -> Check:
    def check(value: Any, location: Location) -> None:
        _string(value, location)
        if length(value) < least:
            raise ValidationError(location, f"should be a string of length {least} or greater")
        if length(value) > most:
            raise ValidationError(location, f"should be a string of length {most} or less")

    return check


def _one_of(*names: str) -> Check:
    def check(value: Any, location: Location) -> None:
        _string(value, location)
        if value.lower() not in names:
            raise ValidationError(location, f"should be one of {', '.join(names)} but it is {quoted(value)}")

    return check


# -- the arguments of directives ----------------------------------------------------------------------------------


class _Required:
    """The check of a member that has to be there."""

    def __init__(self, check: Check) -> None:
        self.check = check

    def __call__(self, value: Any, location: Location) -> None:
        if value is UNDEFINED:
            raise ValidationError(location[:-1], f'should have field "{location[-1]}" but it doesn\'t')
        self.check(value, location)


def _members(**checks: Check) -> Check:
    """
    A check of an object with these members; all but the required ones may be missing.

    Faults of directives inside, under any name, are told before those of the members themselves.
    """

    def check(value: Any, location: Location) -> None:
        _object(value, location)
        _check_members(value, location)
        _together(
            (each, value.get(name, UNDEFINED), (*location, name))
            for name, each in checks.items()
            if isinstance(each, _Required) or value.get(name, UNDEFINED) is not UNDEFINED
        )

    return check


def _if(value: Any, location: Location) -> None:
    _object(value, location)
    _check_members(value, location)


def _array(value: Any, location: Location) -> None:
    if not isinstance(value, list):
        raise _expected("an array", value, location, resolving.kind)  # which calls a directive an object


def _array_path(value: Any, location: Location) -> None:
    _array(value, location)
    first, shape = (value + [UNDEFINED] * 2)[:2]
    _string_or_directive(first, location)
    _check(shape, location)


_merge_members = _members(direction=_one_of("left", "right"), objects=_Required(_array))


def _merge(value: Any, location: Location) -> None:
    _merge_members(value, location)
    for each in value["objects"]:
        _object_or_directive(each, ())


CHECKS: Final[dict[str, Check]] = {
    "@if": _if,
    "@case": _members(operator=_string, value=_string_or_directive),
    "@replace": _members(
        pattern=_Required(_of_length(1, 10)),
        replacement=_of_length(0, 10),
        value=_Required(_string_or_directive),
        ignorecase=_boolean,
        **{"global": _boolean},
    ),
    "@arrayPath": _array_path,
    "@path": _string_or_directive,
    "@json": _members(value=_Required(_json_or_directive), mode=_Required(_one_of("encode", "decode"))),
    "@flatten": _members(separator=_string, value=_Required(_anything)),
    "@merge": _merge,
    "@template": _string_or_directive,
    "@literal": _json_or_directive,
    "@transform": _members(apply=_Required(_object_or_directive), mapping=_Required(_object_or_directive)),
    "@excludeWhenNull": _json_or_directive,
    "@liquid": _string,
}
