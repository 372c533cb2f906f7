"""Why a trigger does not take an event: conditions that are not met, as they were read, and what the event has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from mockodp_harness.segment.triggers.conditions import Ast
from mockodp_harness.segment.triggers.errors import TriggerError
from mockodp_harness.segment.triggers.evaluation import actual, evaluate, met
from mockodp_harness.segment.triggers.generation import condition, named
from mockodp_harness.segment.triggers.parsing import parse
from mockodp_harness.segment.values import UNDEFINED, stringify

_LONGEST: Final = 80  # characters of a value that are shown


def unmet(fql: str, event: Any) -> list[str]:
    """
    What *fql* asks and *event* does not meet; nothing if it takes the event.

    Each condition is written as the framework reads it, which may not be as it was written: quotes that are part of a
    value show, and so does what became of the operator.
    """
    ast = parse(fql)
    if "error" in ast:
        return [f"The trigger cannot be read: {ast['error']['message']}."]
    try:
        return [] if evaluate(ast, event) else list(_unmet(ast, event))
    except TriggerError as error:
        return [f"The trigger cannot be evaluated: {error}."]


def _unmet(node: Ast, event: Any) -> Iterator[str]:
    """Of an ``and`` the children that are false, of an ``or`` all, since each would do."""
    if node["type"] != "group":
        yield f"{condition(node)}, but {named(node)} is {_shown(actual(node, event))}"
        return
    for child in node["children"]:
        if not met(child, event):
            yield from _unmet(child, event)


def _shown(value: Any) -> str:
    text = "absent" if value is UNDEFINED else stringify(value) or "a function"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
