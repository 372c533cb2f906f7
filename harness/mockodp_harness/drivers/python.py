"""The driver ``python``: our own engine, over the same wire as the published destination. It needs no Node."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from functools import lru_cache
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from mockodp_contracts.destination import destination as definition

from mockodp_harness.destinations import optimizely_data_platform as odp
from mockodp_harness.drivers.driver import LIMIT, Instance, Options
from mockodp_harness.drivers.errors import DriverError
from mockodp_harness.drivers.masking import masked_call
from mockodp_harness.drivers.shares import Share, ended, outcome, together
from mockodp_harness.drivers.shares import call as whole
from mockodp_harness.drivers.steps import failure, walked
from mockodp_harness.drivers.trace import Trace
from mockodp_harness.drivers.wire import Client, Exchange
from mockodp_harness.segment.destination import (
    Destination,
    Subscription,
    batch_results,
    event_results,
    own_settings,
    tried_authentication,
    validated,
)
from mockodp_harness.segment.exchange import CallError, Request, Send
from mockodp_harness.segment.triggers import compiled
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
        self._zone: tzinfo = UTC if options.zone == "UTC" else _zone(options.zone)
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
        read, exchanges, until = _read(settings), list[Exchange](), time.monotonic() + limit
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
        call = Call(_read(list(events)), _read(instance.settings), time.monotonic() + limit, single)
        shares = [self._share(json.dumps(stored, allow_nan=False), call) for stored in instance.subscriptions]
        try:
            fit = validated(self._destination, own_settings(call.settings))
        except CallError as error:
            said = ended(failure(error), shares)
        else:
            together(lambda share: self._run(share, call, fit), shares)
            said = whole(shares, late(limit))
        return Trace.from_json(masked_call(said, call.settings.get("apiKey")), instance, events)

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
                return replace(request, url=f"{given}{request.url.removeprefix(published)}")
        return request

    def _compile(self, stored: str) -> Subscription:
        read = parse(stored)
        subscription = Subscription.of(self._destination, read)
        subscribe = read.get("subscribe") if subscription.crash and isinstance(read, dict) else None
        # What crashes over the name of its action has judged the event by its trigger before.
        if not isinstance(subscribe, str) or not subscribe:
            return subscription
        return replace(subscription, trigger=compiled(subscribe))


def started(options: Options) -> PythonDriver:
    """The engine as *options* want it."""
    known = [region.name for region in definition().regions]
    for region, url in options.base_urls.items():
        if region not in known:
            raise DriverError(f"base_urls has region {region!r}. Known: {', '.join(known)}.")
        if not _host(url):
            raise DriverError(f"base_urls has {url!r} for {region}, expected one such as http://127.0.0.1:8090/us/...")
    tls = lru_cache(1)(lambda: _trusting(options.ca))
    if options.ca is not None:
        tls()  # here, so that a file that cannot be read is known before anything is sent
    return PythonDriver(options, Client(tls, frozenset(map(_host, options.base_urls.values()))))


def late(limit: float) -> Object:
    """The error of a call that did not come back within *limit* seconds."""
    message = f"The destination did not come back within {round(limit * 1000)} ms."
    return {"name": "CallTimeout", "message": message}


def _tried(destination: Destination, settings: Object, send: Send) -> None:
    tried_authentication(destination, settings, send)


def _read(value: Any) -> Any:
    """*value* as JavaScript reads it from JSON."""
    return parse(json.dumps(value, allow_nan=False))


def _host(url: str) -> str:
    parts = urlsplit(url)
    return (parts.hostname or "") if parts.scheme in ("http", "https") else ""


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise DriverError(
            f"zone is {name!r}, which is no time zone here; expected one such as Europe/Berlin."
        ) from None


def _trusting(ca: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False  # the connection does, and says what is in the certificate
    if ca is None:
        return context
    try:
        context.load_verify_locations(ca)
    except OSError as error:
        raise DriverError(f"ca is {ca!r}, expected the PEM file of an authority: {error}.") from None
    return context
