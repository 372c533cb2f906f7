"""
The driver ``serve``: a destination under development, behind the local server that Segment's own tools start.

That server runs one action at a time, with the fields' defaults under the mapping; it evaluates no trigger and checks
no settings. What it leaves out is done here, with the fields of the tree under development, asked for once: after a
change of fields make a new driver. Where both judge one event, the server is right.

Less is known than with other drivers, and left out of a trace:

- requests made before an error, unless the server lists them later (an event that was under way counts as failed all
  the same); requests of a try of the key; requests of a call that took too long; all but the last of redirected ones
- what the service answered to a request that failed, but for its status; codes of network errors; of an error by which
  a try of the key failed all but its words
- what the server made of each event of a batch: payloads and refusals are this side's
- headers that the HTTP client adds on its way; the exact text of an answer that the server shows decoded
- what becomes of a mapping that is one directive as a whole: laid over defaults it is another one, so it is not run

Base URLs, time zone and certificates are those of the server's process; ``mockodp exec -- ./bin/run serve …`` leads it
to a mock.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

from mockodp_harness.drivers import serve_answers as answers
from mockodp_harness.drivers import serve_results as results
from mockodp_harness.drivers.driver import LIMIT, Instance, Options
from mockodp_harness.drivers.masking import masked_call
from mockodp_harness.drivers.serve_definition import maps_fields, overlaid, secrets_of
from mockodp_harness.drivers.serve_server import LocalServer, Told
from mockodp_harness.drivers.steps import as_read, failure, late, walked
from mockodp_harness.drivers.trace import Trace
from mockodp_harness.segment.destination import (
    Action,
    Destination,
    Subscription,
    own_settings,
    own_subscriptions,
    validated,
)
from mockodp_harness.segment.exchange import CallError
from mockodp_harness.segment.values import Object

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One question to the driver: events and settings as JavaScript reads them."""

    events: list[Any]
    settings: Object
    single: bool


@dataclass(slots=True)
class Share:
    """What one subscription has of a call: how far each event got, what it came to, and the exchanges it led to."""

    subscription: Subscription
    mapping: Any
    walks: list[Object]
    said: Object = field(default_factory=dict)
    exchanges: Sequence[Json] = ()


class ServeDriver:
    """The destination that a local server serves; calls from several threads wait for each other."""

    name: Final = "serve"

    def __init__(self, server: LocalServer, destination: Destination) -> None:
        self._server = server
        self._destination = destination
        self._lock = threading.Lock()

    def event(self, event: Json, instance: Instance, *, limit: float = LIMIT) -> Trace:
        """What becomes of one event."""
        return self._trace([event], instance, limit, single=True)

    def batch(self, events: Sequence[Json], instance: Instance, *, limit: float = LIMIT) -> Trace:
        """What becomes of several events delivered together, as Segment does in production."""
        return self._trace(events, instance, limit, single=False)

    def test_authentication(self, settings: Json, *, limit: float = LIMIT) -> Trace:
        """What the integration says when Segment tries the key."""
        own, fault = self._checked(settings)
        error = fault or self._tried(own, limit)
        said: Object = {"requests": [], **({"results": None} if error is None else {"error": error})}
        return Trace.from_json(self._masked(said, own))

    def close(self) -> None:
        """Close the connection; the server stays."""
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _trace(self, events: Sequence[Json], instance: Instance, limit: float, *, single: bool) -> Trace:
        settings, fault = self._checked(instance.settings)
        call = Call(as_read(list(events)), settings, single)
        subscriptions = own_subscriptions(instance.settings, instance.subscriptions)
        shares = [self._share(stored, call) for stored in as_read(list(subscriptions))]
        if fault is None:
            with self._lock:
                fault = self._delivered(call, shares, limit)
        return Trace.from_json(self._masked(_told(shares, fault), settings), subscriptions, events)

    def _checked(self, settings: Json) -> tuple[Object, Object | None]:
        """The settings as the framework has them, and the failure if they do not fit."""
        own = own_settings(as_read(settings))
        try:
            return validated(self._destination, own), None
        except CallError as error:
            return own, failure(error)

    def _tried(self, settings: Json, limit: float) -> Object | None:
        try:
            with self._lock:
                said = self._server.try_key(settings, time.monotonic() + limit)
        except TimeoutError:
            return late(limit)
        return None if said["ok"] else {"name": "Error", "message": str(said.get("error"))}

    def _share(self, stored: Any, call: Call) -> Share:
        subscription = Subscription.of(self._destination, stored)
        mapping = (stored.get("mapping") if isinstance(stored, dict) else None) or {}
        return Share(subscription, mapping, [walked(subscription, event, single=call.single) for event in call.events])

    def _delivered(self, call: Call, shares: Sequence[Share], limit: float) -> Object | None:
        """Give every share its turn; the failure if time runs out."""
        deadline = time.monotonic() + limit
        for share in shares:
            try:
                share.said = self._came_to(call, share, deadline)
            except TimeoutError:
                results.carry(share.walks)
                return late(limit)
        return None

    def _came_to(self, call: Call, share: Share, deadline: float) -> Object:
        run = share.subscription.run
        if run is None or not results.takes_any(share.walks):
            return results.unsent(share.subscription, call.events, share.walks, single=call.single)
        if not maps_fields(share.mapping):
            return results.unserved(share.walks, single=call.single)
        told = self._run(call, share, run.action, deadline)
        share.exchanges = told.exchanges
        return results.of_one(share.walks[0], told) if call.single else results.of_batch(share.walks, told)

    def _run(self, call: Call, share: Share, action: Action, deadline: float) -> Told:
        taken = [event for event, walk in zip(call.events, share.walks, strict=True) if walk["matched"]]
        payload = taken[0] if call.single else taken
        return self._server.run(action.slug, payload, overlaid(action, share.mapping), call.settings, deadline)

    def _masked(self, said: Object, settings: Json) -> Object:
        for secret in secrets_of(self._destination, settings):
            said = masked_call(said, secret)
        return said


def _told(shares: Sequence[Share], fault: Object | None) -> Object:
    """The call as `Trace.from_json` wants it."""
    exchanges = [exchange for share in shares for exchange in share.exchanges]
    starts = [sum(len(share.exchanges) for share in shares[:index]) for index in range(len(shares))]
    return {
        **(results.of_call([share.said for share in shares]) if fault is None else {"error": fault}),
        "requests": [answers.outgoing(exchange) for exchange in exchanges],
        "subscriptions": [
            {**share.said, "requests": list(range(start, start + len(share.exchanges))), "events": share.walks}
            for start, share in zip(starts, shares, strict=True)
        ],
    }


def started(options: Options) -> ServeDriver:
    """The driver of the server that *options* name; `ServerMissing` if there is none."""
    server = LocalServer(options.server)
    try:
        return ServeDriver(server, server.destination())
    except BaseException:
        server.close()
        raise
