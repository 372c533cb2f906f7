"""
From a mapping to lines that read, coerce and validate a payload's fields; `Unplanned` for what is not planned.

Paths, templates, ``@if`` with ``exists``, ``@arrayPath`` and constants have lines of their own; other directives are
called in their compiled form. Mappings with ``@liquid`` have no plan: it can tell -0 from 0, which are one here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from mockodp_harness.segment.mapping import paths, placeholders
from mockodp_harness.segment.mapping.compiling import reader_of
from mockodp_harness.segment.mapping.directives import choice, lookup
from mockodp_harness.segment.mapping.resolving import cleaned, directive_name
from mockodp_harness.segment.payload.compiling import LIMITS, Gone, Odd, cell_of
from mockodp_harness.segment.payload.emptiness import types_of
from mockodp_harness.segment.payload.schema import Schema
from mockodp_harness.segment.plans.runtime import is_decimal, is_small
from mockodp_harness.segment.plans.source import Fixed, Held, Source, Unplanned
from mockodp_harness.segment.reading import is_plain
from mockodp_harness.segment.values import UNDEFINED, ordered


def planned_fields(source: Source, members: Mapping[str, Any], schema: Schema) -> Mapping[str, Held]:
    """The payload's fields, validated."""
    if "allOf" in schema:
        raise Unplanned
    return _object_members(source, members, schema, top=True)


def _object_members(source: Source, members: Mapping[str, Any], schema: Schema, *, top: bool) -> dict[str, Held]:
    known = schema["properties"]
    held: dict[str, Held] = {}
    for name, value in ordered(dict(members)).items():
        if name in known:
            held[name] = _field(source, value, known[name], top=top)
        elif not _is_constant(value) or schema.get("additionalProperties") is not False:
            raise Unplanned
    for name in schema.get("required", ()):
        _require(source, held.get(name))
    return held


def _require(source: Source, held: Held) -> None:
    if held is None:
        raise Unplanned
    if isinstance(held, str) and held not in source.certain:
        source.add(f"if {held} is None: raise OddValue")
        source.certain.add(held)


def _field(source: Source, value: Any, schema: Schema, *, top: bool) -> Held:
    types = types_of(schema)
    if "null" in types:
        raise Unplanned
    if _is_constant(value):
        return _fixed(cell_of(schema, top=top and source.single, clean=True)(cleaned(value)))
    is_limited = any(limit in schema and schema[limit] != "text" for limit in LIMITS)
    maker = _MAKERS.get(types) if isinstance(value, dict) and not is_limited else None
    if maker is None:
        return _by_cell(source, value, schema, top=top)
    key = (types, top, repr(value), None if directive_name(value) else id(schema))
    made = source.attempted(lambda: source.once(key, lambda: maker(source, value, schema, top)))
    return _by_cell(source, value, schema, top=top) if made is None else made


def _fixed(value: Any) -> Held:
    return None if value is Gone else Fixed(_plain(value))


def _plain(value: Any) -> Any:
    if value is Odd or not is_plain(value):
        raise Unplanned
    return value


def _by_cell(source: Source, value: Any, schema: Schema, *, top: bool) -> str:
    """Validation by the compiled schema: for what is neither text nor number nor object."""
    cell = source.constant(cell_of(schema, top=top and source.single, clean=True))
    read, variable = _read(source, value), source.new("c")
    source.add(f"{variable} = by_cell({cell}, {read})")
    return variable


def _text(source: Source, value: Any, _: Schema, top: bool) -> str:
    read, variable = _read(source, value), source.new("t")
    source.add(
        f"{variable} = {read}",
        f"if {read}.__class__ is not str:",
        f"    if {read} is not None: {variable} = repr({read}) if {is_decimal(read)} else text({read})",
    )
    if top and source.single:
        source.add(f"elif not {read}: {variable} = None")
    return variable


def _number(source: Source, value: Any, _: Schema, _top: bool) -> str:
    read, variable = _read(source, value), source.new("n")
    source.add(f"{variable} = {read}", f"if {read} is not None and not {is_small(read)}: {variable} = numeric({read})")
    return variable


def _object(source: Source, value: Any, schema: Schema, _top: bool) -> str:
    if directive_name(value):
        if "properties" in schema:
            raise Unplanned
        read, variable = _read(source, value), source.new("o")
        source.add(f"{variable} = {read}", f"if {read} is not None: {variable} = whole({read})")
        return variable
    if "properties" not in schema:
        return _free(source, value)
    return _literal(source, _object_members(source, value, schema, top=False))


def _empty_object(source: Source) -> str:
    variable = source.new("o")
    source.add(f"{variable} = {{}}")
    source.certain.add(variable)
    return variable


def _literal(source: Source, held: Mapping[str, Held]) -> str:
    """An object of held values."""
    variable = _empty_object(source)
    for name, member in held.items():
        if isinstance(member, Fixed):
            source.add(f"{variable}[{name!r}] = {source.constant(member.value)}")
        elif member is not None:
            source.add(f"if {member} is not None: {variable}[{name!r}] = {member}")
    return variable


def _free(source: Source, value: Any) -> str:
    """An object that no schema limits: null stays, only what is missing is left out."""
    if "__proto__" in value:
        raise Unplanned
    variable = _empty_object(source)
    for name, member in ordered(value).items():
        if _is_constant(member):
            source.add(f"{variable}[{name!r}] = {source.constant(_plain(cleaned(member)))}")
        else:
            read = _read_or_missing(source, member)
            source.add(f"if {read} is not MISSING: {variable}[{name!r}] = plain({read})")
    return variable


def _array(source: Source, value: Any, schema: Schema, _top: bool) -> str:
    """``@arrayPath`` with a shape of plain paths."""
    if directive_name(value) != "@arrayPath":
        raise Unplanned
    path, shape = lookup.root_and_shape(value["@arrayPath"])
    items = schema["items"]
    if not lookup.is_shape(shape) or directive_name(shape) or items.get("required") or "properties" not in items:
        raise Unplanned
    read, variable = _read(source, {"@path": path}), source.new("a")
    members = [_Member.of(source, name, member, items["properties"]) for name, member in ordered(shape).items()]
    source.add(
        f"{variable} = {read}",
        f"if {read} is not None:",
        f"    {variable} = []",
        f"    for each in {read} if {read}.__class__ is list else listed({read}):",
        "        if each.__class__ is not dict: raise OddValue",
        *(f"        {each.variable} = each.get({each.path!r}, MISSING)" for each in members),
        f"        if {' and '.join(each.is_usual for each in members)}:",
        f"            {variable}.append({{{', '.join(f'{each.name!r}: {each.variable}' for each in members)}}})",
        "            continue",
        "        made = {}",
        *(
            line
            for each in members
            for line in (
                f"        if {each.variable} is not MISSING:",
                f"            made[{each.name!r}] = {each.variable} if {each.is_usual} else {each.converted}",
            )
        ),
        f"        {variable}.append(made)",
    )
    return variable


class _Member(NamedTuple):
    """A member of a shape: where its value comes from, whether that is of the usual type, what to do if it is not."""

    name: str
    path: str
    variable: str
    is_usual: str
    converted: str

    @classmethod
    def of(cls, source: Source, name: str, value: Any, known: Mapping[str, Schema]) -> _Member:
        schema = known.get(name, {})
        types = types_of(schema)
        pieces = paths.cut(paths.without_root(value["@path"])) if _is_path(value) else ()
        if len(pieces) != 1 or paths.all_objects_have(pieces[0]) or any(limit in schema for limit in LIMITS):
            raise Unplanned
        variable = source.new("m")
        if types == ("string",):
            return cls(name, pieces[0], variable, f"{variable}.__class__ is str", f"item_text({variable})")
        if types == ("number",):
            return cls(name, pieces[0], variable, is_small(variable), f"item_number({variable})")
        raise Unplanned


def _is_path(value: Any) -> bool:
    return isinstance(value, dict) and directive_name(value) == "@path" and isinstance(value["@path"], str)


_MAKERS: Final[Mapping[tuple[str, ...], Callable[[Source, Any, Schema, bool], str]]] = {
    ("string",): _text,
    ("number",): _number,
    ("object",): _object,
    ("array",): _array,
}


# -- values -------------------------------------------------------------------------------------------------------


def _is_constant(value: Any) -> bool:
    """Whether no directive is in *value*."""
    if isinstance(value, dict):
        return not directive_name(value) and all(map(_is_constant, value.values()))
    return all(map(_is_constant, value)) if isinstance(value, list) else True


def _read(source: Source, value: Any) -> str:
    """A variable with what a directive gives, None also for what is missing."""
    return source.once(("read", repr(value)), lambda: _assigned(source, value, ""))


def _read_or_missing(source: Source, value: Any) -> str:
    return _assigned(source, value, ", MISSING")


def _assigned(source: Source, value: Any, default: str) -> str:
    name = (directive_name(value) if isinstance(value, dict) else None) or ""
    if not name and not isinstance(value, list):
        raise Unplanned
    lines_of = {"@path": _at_path, "@if": _chosen, "@template": _rendered}.get(name)
    made = source.attempted(lambda: lines_of(source, value[name], default)) if lines_of else None
    return _called(source, value, default) if made is None else made


def _at_path(source: Source, argument: Any, default: str) -> str:
    variable = source.new("v")
    source.add(f"{variable} = {source.path(argument, default)}")
    return variable


def _rendered(source: Source, argument: Any, _default: str) -> str:
    """``@template`` with double braces only."""
    parts = placeholders.parts(argument) if isinstance(argument, str) and argument.isascii() else None
    if parts is None:
        raise Unplanned
    shown = [f"inserted({source.read(pieces)}) + {following!r}" for pieces, following in parts[1]]
    variable = source.new("v")
    source.add(f"{variable} = {' + '.join([repr(parts[0]), *shown])}")
    return variable


def _called(source: Source, value: Any, default: str) -> str:
    """The compiled form of a directive that has no lines of its own, given the event as exactly as it was read."""
    if "@liquid" in repr(value):
        raise Unplanned
    event = source.once("exactly", lambda: _exact_event(source))
    variable = source.new("v")
    source.add(
        f"{variable} = {source.constant(reader_of(value))}({event})",
        f"if {variable} is UNDEFINED: {variable} = {'MISSING' if default else None}",
    )
    return variable


def _exact_event(source: Source) -> str:
    variable = source.new("x")
    source.add(f"{variable} = exact(event)")
    return variable


def _chosen(source: Source, argument: Any, default: str) -> str:
    """``@if`` with *exists*."""
    if choice.condition(argument) != "exists":
        raise Unplanned
    decisive = _read(source, argument["exists"])
    then = choice.branch(argument, True)
    chosen = decisive if then == argument["exists"] else _branch(source, then, default)
    otherwise = _branch(source, choice.branch(argument, False), default)
    variable = source.new("v")
    source.add(f"{variable} = {chosen} if {decisive} is not None else {otherwise}")
    return variable


def _branch(source: Source, value: Any, default: str) -> str:
    if value is UNDEFINED:
        return "MISSING" if default else "None"
    if isinstance(value, str | bool | int | None):
        return source.constant(value)
    return source.path(value["@path"], default) if _is_path(value) else _assigned(source, value, default)
