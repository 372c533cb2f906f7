"""
What a driver is: one way to run an integration, chosen by name.

A caller gives events and an `Instance`, gets a `Trace`, and cannot tell which driver it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Protocol, Self

from mockodp_harness.drivers.trace import Trace

Json = Mapping[str, Any]
LIMIT: Final = 60.0  # seconds for one call: a client waits without end for a body that stops half-way


@dataclass(frozen=True, slots=True)
class Instance:
    """
    A destination instance as a user configures it.

    *settings* are apiKey and region. *subscriptions* are as Segment stores them: subscribe (the trigger),
    partnerAction (the action's slug), mapping, and name.
    """

    settings: Json
    subscriptions: Sequence[Json] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """
    Where and how an integration runs; a driver reads those that concern it.

    *base_urls* says for each region, as in settings (US, EU, AU), where the destination is, such as
    ``http://127.0.0.1:8090/us/twilio_segment``. What it does not name is reached under its real host name, and only
    if that was led to a mock before. *ca* is a PEM file that is trusted for https. *zone* is the time zone in which
    dates of birth are read. *server* is where Segment's local server listens.
    """

    base_urls: Json = field(default_factory=dict)
    ca: str | None = None
    zone: str = "UTC"
    server: str = "http://127.0.0.1:3000"


class Driver(Protocol):
    """
    Anything that turns Segment events into requests of a destination instance.

    What the integration refuses or fails at is in the trace; a method raises only if the driver itself cannot work
    (`DriverError`), was asked for what is no call (`CallRefused`), or was closed (`DriverClosed`). Calls may be made
    from any number of threads. After *limit* seconds the error of the trace is a ``CallTimeout``, beside the requests
    seen so far.
    """

    @property
    def name(self) -> str: ...

    def event(self, event: Json, instance: Instance, *, limit: float = LIMIT) -> Trace:
        """What becomes of one event."""

    def batch(self, events: Sequence[Json], instance: Instance, *, limit: float = LIMIT) -> Trace:
        """What becomes of several events delivered together, as Segment does in production."""

    def test_authentication(self, settings: Json, *, limit: float = LIMIT) -> Trace:
        """What the integration says when Segment tries the key."""

    def close(self) -> None:
        """End what the driver started."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
