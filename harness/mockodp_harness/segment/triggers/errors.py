"""What can go wrong with a trigger, in the words of the Actions framework."""

from __future__ import annotations


class TriggerError(Exception):
    """
    A trigger that cannot be read, evaluated or written.

    Its text is the message that Segment shows: where the framework stumbles over a missing node, V8's own.
    """


def nothing_read(name: str, value: str = "undefined") -> TriggerError:
    """V8's complaint about reading *name* of what is undefined or null."""
    return TriggerError(f"Cannot read properties of {value} (reading '{name}')")
