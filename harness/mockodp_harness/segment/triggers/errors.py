"""What can go wrong with a trigger, in the words of the Actions framework."""

from __future__ import annotations

from typing import Any

from mockodp_harness.segment.values import UNDEFINED, Crash, crash, to_text


class TriggerError(Exception):
    """
    A trigger that cannot be read, evaluated or written.

    Its text is the message that Segment shows: where the framework stumbles over a missing node, V8's own. *name* is
    JavaScript's.
    """

    def __init__(self, message: str, *, name: str = "Error") -> None:
        super().__init__(message)
        self.name = name
        self.message = message


def nothing_read(name: str, value: str = "undefined") -> TriggerError:
    """V8's complaint about reading *name* of what is undefined or null."""
    return type_error(f"Cannot read properties of {value} (reading '{name}')")


def type_error(message: str) -> TriggerError:
    """What V8 says of a value that is of the wrong type."""
    return TriggerError(message, name="TypeError")


def no_children(value: Any, method: str, node: str) -> TriggerError:
    """What V8 says of the children of a group that are no list."""
    if value is None or value is UNDEFINED:
        return nothing_read(method, to_text(value))
    return type_error(f"{node}.children.{method} is not a function")


def crashed(error: Crash | RecursionError) -> TriggerError:
    """What V8 says of values that cannot be converted, and of what is nested too deep."""
    return TriggerError(crash(error).message, name=crash(error).name)
