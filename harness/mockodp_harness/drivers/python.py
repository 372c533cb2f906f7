"""The driver ``python``: our own engine, over the same wire as the published destination. It needs no Node."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import lru_cache
from types import TracebackType
from typing import Any, Final, Self

from mockodp_contracts.destination import destination as definition

from mockodp_harness.destinations import optimizely_data_platform as odp
from mockodp_harness.drivers.driver import LIMIT, Instance, Options
from mockodp_harness.drivers.masking import masked_call
from mockodp_harness.drivers.options import host
from mockodp_harness.drivers.shares import Share, ended, outcome, together
from mockodp_harness.drivers.shares import call as whole
from mockodp_harness.drivers.steps import as_read, failure, late, walked
from mockodp_harness.drivers.trace import Trace
from mockodp_harness.drivers.wire import Client, Exchange
from mockodp_harness.segment.dates import zone_of
from mockodp_harness.segment.destination import (
    Destination,
    Subscription,
    batch_results,
    event_results,
    own_settings,
    own_subscriptions,
    tried_authentication,
    validated,
)
from mockodp_harness.segment.exchange import CallError, Request, Send
from mockodp_harness.segment.values import Object, parse

Json = Mapping[str, Any]
KEPT: Final = 256  # subscriptions that stay compiled


@dataclass(frozen=True, slots=True)
class Call:
    """One question to the driver: *events* as JavaScript reads them, and until when an answer is of use."""

    events: list[Any]
    settings: Object
    until: float
    single: bool


class PythonDriver:
    """Segment's engine in Python, and the destination's client on sockets of its own."""

    name: Final = "python"

    def __init__(self, options: Options, client: Client) -> None:
        self._destination = odp.destination()
        self._zone: tzinfo = zone_of(options.zone)
        self._moved = {region.base_url: options.base_urls.get(region.name) for region in definition().regions}
        self._client = client
        self._compiled = lru_cache(KEPT)(self._compile)

    def event(self, event: Json, instance: Instance, *, limit: float = LIMIT) -> Trace:
        """What becomes of one event."""
        return self._trace([event], instance, limit, single=True)

    def batch(self, events: Sequence[Json], instance: Instance, *, limit: float = LIMIT) -> Trace:
        """What becomes of several events delivered together, as Segment does in production."""
        return self._trace(events, instance, limit, single=False)

    def test_authentication(self, settings: Json, *, limit: float = LIMIT) -> Trace:
        """What the integration says when Segment tries the key."""
        read, exchanges, until = as_read(settings), list[Exchange](), time.monotonic() + limit
        tried = outcome(lambda: _tried(self._destination, read, self._sender(until, exchanges)))
        said = tried or {"error": late(limit)}
        said["requests"] = [exchange.to_json() for exchange in exchanges]
        return Trace.from_json(masked_call(said, read.get("apiKey")))

    def close(self) -> None:
        """Nothing is kept open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _trace(self, events: Sequence[Json], instance: Instance, limit: float, *, single: bool) -> Trace:
        call = Call(as_read(list(events)), as_read(instance.settings), time.monotonic() + limit, single)
        subscriptions = own_subscriptions(call.settings, instance.subscriptions)
        shares = [self._share(json.dumps(stored, allow_nan=False), call) for stored in subscriptions]
        try:
            fit = validated(self._destination, own_settings(call.settings))
        except CallError as error:
            said = ended(failure(error), shares)
        else:
            together(lambda share: self._run(share, call, fit), shares)
            said = whole(shares, late(limit))
        return Trace.from_json(masked_call(said, call.settings.get("apiKey")), subscriptions, events)

    def _share(self, stored: str, call: Call) -> Share:
        subscription = self._compiled(stored)
        return Share(subscription, [walked(subscription, event, single=call.single) for event in call.events])

    def _run(self, share: Share, call: Call, settings: Object) -> None:
        send = self._sender(call.until, share.exchanges)
        if call.single:
            share.run(lambda: event_results(share.subscription, call.events[0], settings, send, self._zone))
        else:
            share.run(lambda: batch_results(share.subscription, call.events, settings, send, self._zone))
            share.leave_blank()

    def _sender(self, until: float, exchanges: list[Exchange]) -> Send:
        return lambda request: self._client.send(self._led(request), until, exchanges)

    def _led(self, request: Request) -> Request:
        """*request* to where its region was moved."""
        for published, given in self._moved.items():
            if given is not None and request.url.startswith(published):
                return request._replace(url=f"{given}{request.url.removeprefix(published)}")
        return request

    def _compile(self, stored: str) -> Subscription:
        return Subscription.of(self._destination, parse(stored))


def started(options: Options) -> PythonDriver:
    """The engine as *options* want it."""
    tls = lru_cache(1)(lambda: _trusting(options.ca))
    return PythonDriver(options, Client(tls, frozenset(map(host, options.base_urls.values()))))


def _tried(destination: Destination, settings: Object, send: Send) -> None:
    tried_authentication(destination, settings, send)


def _trusting(ca: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False  # the connection does, and says what is in the certificate
    if ca is not None:
        context.load_verify_locations(ca)
    return context
