"""
Mappings compiled once to map many events: paths cut, constants folded, conditions on constants decided.

The result equals that of `transform` and `transform_batch`, errors included: they are raised when an event is mapped,
never before. What has no plan of its own, or fails while it is planned, is interpreted. A plan is *final* if its value
goes straight into the result; undefined members are then left out, and what is taken from the event is copied, at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from mockodp_harness.segment.mapping import paths
from mockodp_harness.segment.mapping.directives import choice, lookup, objects, texts
from mockodp_harness.segment.mapping.errors import MappingError, crashed
from mockodp_harness.segment.mapping.placeholders import render, renderer
from mockodp_harness.segment.mapping.resolving import as_text, cleaned, directive_name, options, resolve, run
from mockodp_harness.segment.mapping.static_check import validate
from mockodp_harness.segment.mapping.transform import applied, as_batch, as_event, rooted
from mockodp_harness.segment.values import CRASHES, UNDEFINED, Object, is_truthy, ordered

Read = Callable[[Any], Any]


class Fixed(NamedTuple):
    """The plan of a value that is the same for every event."""

    value: Any


_NOTHING: Final = Fixed(UNDEFINED)
Plan = Fixed | Read
Planner = Callable[[Any, bool], Plan]

PLANNERS: Final[dict[str, Planner]] = {}


class Compiled:
    """A mapping, ready to be applied to events; changes of the mapping do not reach it."""

    def __init__(self, mapping: Any) -> None:
        self._read = _whole(mapping)

    def __call__(self, data: Any = UNDEFINED) -> Any:
        event = data if type(data) is dict else as_event(data)
        return self._mapped(event)

    def batch(self, events: Any) -> list[Any]:
        """What the mapping makes of each event, as `transform_batch`."""
        return [self._mapped(event) for event in as_batch(events)]

    def _mapped(self, event: Any) -> Any:
        try:
            return self._read(event)
        except CRASHES as error:
            raise crashed(error) from None


def compiled(mapping: Any) -> Compiled:
    """*mapping* as a function of one event, with `Compiled.batch` for many."""
    return Compiled(mapping)


def reader_of(value: Any) -> Read:
    """One value of a mapping as a function of the event, which gives UNDEFINED for nothing."""
    return _read(value, final=True)


def _whole(mapping: Any) -> Read:
    try:
        with_root = rooted(mapping)
        validate(with_root)
        return _read(with_root, final=True)
    except (MappingError, *CRASHES):
        return lambda event: applied(mapping, event)


def _plan(value: Any, *, final: bool) -> Plan:
    if isinstance(value, list):
        return _array(value, final=final)
    if not isinstance(value, dict):
        return Fixed(value)
    name = directive_name(value)
    if not name:
        return _object(value, final=final)
    try:
        return PLANNERS[name](value[name], final)
    except (KeyError, MappingError):
        return _interpreted(name, value[name], final=final)


def _interpreted(name: str, argument: Any, *, final: bool) -> Read:
    return _finished(lambda event: run(name, argument, event), final=final)


def _read(value: Any, *, final: bool) -> Read:
    """The plan of *value* as a function of the event."""
    return _reader(_plan(value, final=final), final=final)


def _reader(plan: Plan, *, final: bool) -> Read:
    """*plan* as a function; in results, containers that are the same for every event are copied for each."""
    if not isinstance(plan, Fixed):
        return plan
    value = plan.value
    is_copied = final and isinstance(value, dict | list)
    return (lambda _event: cleaned(value)) if is_copied else lambda _event: value


def _finished(read: Read, *, final: bool) -> Read:
    """*read*, with its containers cleaned if they go into the result."""
    if not final:
        return read

    def finished(event: Any) -> Any:
        value = read(event)
        return cleaned(value) if type(value) is dict or type(value) is list else value

    return finished


def _applied(function: Read, plan: Plan, *, final: bool) -> Plan:
    """*function* of what is planned; computed at once for a constant."""
    if isinstance(plan, Fixed):
        return Fixed(function(plan.value))
    return _finished(lambda event: function(plan(event)), final=final)


# -- objects and arrays -------------------------------------------------------------------------------------------


def _array(value: Sequence[Any], *, final: bool) -> Plan:
    plans = [_plan(item, final=final) for item in value]
    if all(isinstance(plan, Fixed) for plan in plans):
        return Fixed([plan.value for plan in plans if isinstance(plan, Fixed)])
    readers = [_reader(plan, final=final) for plan in plans]
    return lambda event: [read(event) for read in readers]


def _object(value: Object, *, final: bool) -> Plan:
    members = ordered(value).items()
    plans = {name: _plan(member, final=final) for name, member in members}
    if not isinstance(plans.pop("__proto__", _NOTHING), Fixed):  # never in the result, but it may raise
        return _finished(lambda event: resolve(value, event), final=final)
    if all(isinstance(plan, Fixed) for plan in plans.values()):
        return Fixed({name: plan.value for name, plan in plans.items() if isinstance(plan, Fixed)})
    readers = [(name, _reader(plan, final=final)) for name, plan in plans.items()]
    return _members(readers) if final else lambda event: {name: read(event) for name, read in readers}


def _members(readers: list[tuple[str, Read]]) -> Read:
    def read_members(event: Any) -> Object:
        made = {}
        for name, read in readers:
            value = read(event)
            if value is not UNDEFINED:
                made[name] = value
        return made

    return read_members


# -- directives ---------------------------------------------------------------------------------------------------


def _planner(name: str) -> Callable[[Planner], Planner]:
    """Enter a function of argument and finality as the planner of the directive *name*."""

    def entered(planner: Planner) -> Planner:
        PLANNERS[name] = planner
        return planner

    return entered


@_planner("@path")
def _path(argument: Any, final: bool) -> Plan:
    if isinstance(argument, str):
        return _finished(paths.reader(paths.cut(paths.without_root(argument))), final=final)
    read = _read(argument, final=False)
    return _finished(lambda event: paths.lookup(event, as_text("@path", read(event))), final=final)


@_planner("@template")
def _template(argument: Any, _final: bool) -> Plan:
    if isinstance(argument, str):
        return renderer(argument) if "{{" in argument else Fixed(render(argument))
    read = _read(argument, final=False)
    return lambda event: render(as_text("@template", read(event)), event)


@_planner("@arrayPath")
def _array_path(argument: Any, final: bool) -> Plan:
    first, shape = lookup.root_and_shape(argument)
    is_shaped = lookup.is_shape(shape)
    root = {"@path": first} if isinstance(first, str) else first
    read_root = _read(root, final=final and not is_shaped)
    if not is_shaped:
        return read_root
    read_shape = _read(shape, final=final)

    def read(event: Any) -> Any:
        root = read_root(event)
        return [read_shape(item) for item in lookup.items(root)] if isinstance(root, dict | list) else root

    return read


@_planner("@literal")
def _literal(argument: Any, final: bool) -> Plan:
    return _plan(argument, final=final)


@_planner("@if")
def _if(argument: Any, final: bool) -> Plan:
    members = options("@if", argument)
    name = choice.condition(members)
    decisive = _plan(members[name], final=False)
    then, otherwise = (_plan(choice.branch(members, met), final=final) for met in (True, False))
    if isinstance(decisive, Fixed):
        return then if choice.is_met(name, decisive.value) else otherwise
    read_then, read_otherwise = _reader(then, final=final), _reader(otherwise, final=final)
    if name == "blank":
        return lambda event: (read_then if choice.is_met(name, decisive(event)) else read_otherwise)(event)

    def read(event: Any) -> Any:
        value = decisive(event)
        return read_otherwise(event) if value is UNDEFINED or value is None else read_then(event)

    return read


@_planner("@case")
def _case(argument: Any, final: bool) -> Plan:
    members = options("@case", argument)
    if not is_truthy(members.get("operator")) or not is_truthy(members.get("value")):
        return Fixed(texts.case(argument, {}))
    operator = members["operator"]
    return _applied(lambda value: texts.cased(operator, value), _plan(members["value"], final=False), final=final)


@_planner("@replace")
def _replace(argument: Any, final: bool) -> Plan:
    members = texts.replacing(argument)
    if not is_truthy(members.get("value")):
        return Fixed(UNDEFINED)
    return _applied(lambda value: texts.replaced(members, value), _plan(members["value"], final=False), final=final)


@_planner("@json")
def _json(argument: Any, final: bool) -> Plan:
    members = texts.converting(argument)
    mode = members["mode"]
    return _applied(lambda value: texts.converted(mode, value), _plan(members["value"], final=False), final=final)


@_planner("@merge")
def _merge(argument: Any, final: bool) -> Plan:
    direction, merged = objects.merging(argument)
    if isinstance(direction, dict | list):
        return _interpreted("@merge", argument, final=final)
    return _applied(lambda value: objects.merged(direction, value), _plan(merged, final=False), final=final)


@_planner("@transform")
def _transform(argument: Any, final: bool) -> Plan:
    first, then = objects.transforming(argument)
    apply, read = Compiled(first), _read(then, final=final)
    return lambda event: read(apply(event))
