"""The source code of a plan while it is written: its lines, and what their names mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from mockodp_harness.segment.items import Zone
from mockodp_harness.segment.mapping import paths
from mockodp_harness.segment.plans.runtime import SCOPE

Plan = Callable[[Any, Zone], Any]
"""Takes a raw event; gives the item, None if the event is not subscribed, or `ODD`."""

ODD: Final = object()


class Unplanned(Exception):
    """The mapping holds what no plan is made for."""


class Fixed:
    """A held value that is the same for every event."""

    def __init__(self, value: Any) -> None:
        self.value = value


Held = str | Fixed | None
"""What an expression gives: a local variable in which None is for nothing, a fixed value, or nothing ever."""


class Source:
    """The lines of a plan, and what its names mean."""

    def __init__(self, *, single: bool) -> None:
        self.single = single
        self.scope: dict[str, Any] = dict(SCOPE)
        self.lines: list[str] = []
        self.certain: set[str] = set()
        self._known: dict[Any, str] = {(): "event"}
        self._count = 0

    def add(self, *lines: str, depth: int = 2) -> None:
        self.lines += ["    " * depth + line for line in lines]

    def new(self, letter: str) -> str:
        self._count += 1
        return f"{letter}{self._count}"

    def constant(self, value: Any) -> str:
        name = self.new("K")
        self.scope[name] = value
        return name

    def once(self, key: Any, made: Callable[[], str]) -> str:
        """The variable of *key*; what is made of the same value twice is made once."""
        if key not in self._known:
            self._known[key] = made()
        return self._known[key]

    def attempted(self, made: Callable[[], str]) -> str | None:
        """What *made* gives; None, and everything as it was, if that is not planned."""
        lines, known, certain = len(self.lines), dict(self._known), set(self.certain)
        try:
            return made()
        except Unplanned:
            del self.lines[lines:]
            self._known, self.certain = known, certain
            return None

    def holder(self, pieces: tuple[str, ...]) -> str:
        """The variable of what has the method ``get`` for members of the value at *pieces*."""

        def made() -> str:
            variable = self.new("h")
            self.add(
                f"{variable} = {self.holder(pieces[:-1])}.get({pieces[-1]!r}, NOTHING)",
                f"if {variable}.__class__ is not dict: {variable} = holder({variable})",
            )
            return variable

        return self.once(pieces, made)

    def path(self, text: Any, default: str = "") -> str:
        """The expression that reads the path *text*."""
        return self.read(paths.cut(paths.without_root(text)) if isinstance(text, str) else (), default)

    def read(self, pieces: tuple[str, ...], default: str = "") -> str:
        """The expression that reads what stands at *pieces*."""
        if not pieces or any(map(paths.all_objects_have, pieces)):
            raise Unplanned
        return f"{self.holder(pieces[:-1])}.get({pieces[-1]!r}{default})"

    def compiled(self) -> Plan:
        head = ["def plan(event, zone):", "    if event.__class__ is not dict:", "        return ODD"]
        tail = ["    except (OddValue, MappingError, RecursionError):", "        return ODD"]
        scope = {**self.scope, "ODD": ODD}
        exec("\n".join([*head, *self.lines, *tail]), scope)  # noqa: S102  our own source
        plan: Plan = scope["plan"]
        return plan
