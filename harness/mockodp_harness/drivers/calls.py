"""
What may be asked of a driver: put into one form, or refused in the same words whichever driver it is.

`guarded` stands before every driver, so that none of them meets what is no call, or is asked after its end.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

from mockodp_harness.drivers.driver import LIMIT, Driver, Instance
from mockodp_harness.drivers.errors import CallRefused, DriverClosed
from mockodp_harness.drivers.trace import Trace

LONGEST: Final = 2_000_000  # seconds: Node's timers hold little more
SHORTEST: Final = 0.001
_SHOWN: Final = 60  # characters of a value

Json = Mapping[str, Any]


class GuardedDriver:
    """A driver whose calls are checked first; what is none is a `CallRefused`, one after its end a `DriverClosed`."""

    def __init__(self, driver: Driver) -> None:
        self.driver: Final = driver
        self._is_closed = False

    @property
    def name(self) -> str:
        return self.driver.name

    def event(self, event: Json, instance: Instance, *, limit: float = LIMIT) -> Trace:
        """What becomes of one event."""
        self._check_open()
        return self.driver.event(_object("event", event), _instance(instance), limit=_limit(limit))

    def batch(self, events: Sequence[Json], instance: Instance, *, limit: float = LIMIT) -> Trace:
        """What becomes of several events delivered together, as Segment does in production."""
        self._check_open()
        given = _sequence("events", events, "a list of events, each an object")
        sound = [_object(f"events[{index}]", event) for index, event in enumerate(given)]
        return self.driver.batch(sound, _instance(instance), limit=_limit(limit))

    def test_authentication(self, settings: Json, *, limit: float = LIMIT) -> Trace:
        """What the integration says when Segment tries the key."""
        self._check_open()
        return self.driver.test_authentication(_object("settings", settings), limit=_limit(limit))

    def close(self) -> None:
        """End what the driver started; any further call is refused."""
        self._is_closed = True
        self.driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._is_closed:
            raise DriverClosed(f"The driver {self.name!r} is closed, expected a call before its end. Start another.")


def guarded(driver: Driver) -> GuardedDriver:
    """*driver*, asked only for what is a call."""
    return GuardedDriver(driver)


def _instance(given: Any) -> Instance:
    if not isinstance(given, Instance):
        raise CallRefused(f"instance is {_shown(given)}, expected an Instance(settings, subscriptions).")
    settings = _object("instance.settings", given.settings)
    wanted = "a list of subscriptions"
    stored = _sequence("instance.subscriptions", given.subscriptions, wanted)
    return Instance(settings, [_plain(f"instance.subscriptions[{index}]", each) for index, each in enumerate(stored)])


def _object(place: str, given: Any) -> Json:
    if not isinstance(given, Mapping):
        raise CallRefused(f"{place} is {_shown(given)}, expected an object (a mapping of texts to JSON values).")
    said: Json = _plain(place, given)
    return said


def _sequence(place: str, given: Any, wanted: str) -> Sequence[Any]:
    if isinstance(given, Sequence) and not isinstance(given, str | bytes | bytearray | memoryview):
        return given
    raise CallRefused(f"{place} is {_shown(given)}, expected {wanted}.")


def _limit(given: Any) -> float:
    if isinstance(given, int | float) and not isinstance(given, bool) and SHORTEST <= given <= LONGEST:
        return given
    raise CallRefused(f"limit is {_shown(given)}, expected seconds from {SHORTEST} to {LONGEST}.")


def _plain(place: str, value: Any) -> Any:
    """*value* as JSON values, of dicts and lists; `CallRefused` names the place of what is none."""
    try:
        return _copied(place, value)
    except RecursionError:
        raise CallRefused(f"{place} is nested too deep, or contains itself; expected JSON.") from None


def _copied(place: str, value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, Mapping):
        return {_name(place, name): _copied(f"{place}[{name!r}]", member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(f"{place}[{index}]", item) for index, item in enumerate(value)]
    raise CallRefused(f"{place} is {_shown(value)}, which JSON does not know; expected a JSON value.")


def _name(place: str, name: Any) -> str:
    if isinstance(name, str):
        return name
    raise CallRefused(f"{place} has a member named {_shown(name)}, expected a text.")


def _shown(value: Any) -> str:
    if value is None:
        return "None"
    text = repr(value)
    return f"the {type(value).__name__} {text if len(text) <= _SHOWN else f'{text[:_SHOWN]}…'}"
