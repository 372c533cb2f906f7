"""Why a trigger does not take an event: conditions that are not met, as they were read, and what the event has."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from mockodp_harness.segment.triggers.conditions import Ast
from mockodp_harness.segment.triggers.errors import TriggerError
from mockodp_harness.segment.triggers.evaluation import actual, evaluate, met
from mockodp_harness.segment.triggers.generation import child, condition, generate, named
from mockodp_harness.segment.triggers.parsing import parse
from mockodp_harness.segment.values import UNDEFINED, stringify

_LONGEST: Final = 80  # characters of a value that are shown
_KEPT: Final = 256  # triggers that stay parsed: one is asked about many events


def unmet(fql: str, event: Any) -> list[str]:
    """
    What *fql* asks and *event* does not meet; nothing if it takes the event.

    Each condition is written as the framework reads it, which may not be as it was written: quotes that are part of a
    value show, and so does what became of the operator. Of alternatives, which stand in one sentence, any would do.
    """
    _check_text(fql)
    ast = _parsed(fql)
    if "error" in ast:
        return [f"The trigger cannot be read: {ast['error']['message']}."]
    try:
        return [] if evaluate(ast, event) else list(_unmet(ast, event))
    except TriggerError as error:
        return [f"The trigger cannot be evaluated: {error}."]


def read_as(fql: str) -> str:
    """*fql* as the framework reads it, written again; `TriggerError` if it cannot read it."""
    _check_text(fql)
    return generate(_parsed(fql))


def _check_text(fql: Any) -> None:
    if not isinstance(fql, str):
        raise TypeError(f"The trigger is {fql!r}, expected a text of FQL.")


_parsed = lru_cache(_KEPT)(parse)


def _unmet(node: Ast, event: Any) -> Iterator[str]:
    """Of an ``and`` the children that are false, of an ``or`` all in one, since each would do."""
    if node["type"] != "group":
        yield f"{condition(node)}, but {_found(node, event)}"
    elif node["operator"] == "or":
        found = dict.fromkeys(_found(leaf, event) for leaf in _leaves(node))
        yield f"one of: {', '.join(map(child, node['children']))}; but {' and '.join(found)}"
    else:
        for each in node["children"]:
            if not met(each, event):
                yield from _unmet(each, event)


def _leaves(node: Ast) -> Iterator[Ast]:
    for each in node["children"]:
        yield from _leaves(each) if each["type"] == "group" else (each,)


def _found(node: Ast, event: Any) -> str:
    return f"{named(node)} is {_shown(actual(node, event))}"


def _shown(value: Any) -> str:
    text = "absent" if value is UNDEFINED else stringify(value) or "a function"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
