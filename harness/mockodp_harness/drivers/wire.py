"""
What the package's HTTP client does with a request: node-fetch 2.6.1 inside Segment's framework, on Node.

The same bytes, one connection for each request, the same redirects, and errors in the same words. What that client
waits for without end, such as a body that broke off, ends the call as a ``CallTimeout`` at once. Proxies of the
environment are not used.
"""

from __future__ import annotations

import ipaddress
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from mockodp_contracts.destination import destination as definition

from mockodp_harness.drivers import answers, urls
from mockodp_harness.drivers.connection import Broken, Connection, Late
from mockodp_harness.segment.exchange import CallError, Request, Response
from mockodp_harness.segment.values import Object

PATIENCE: Final = 10.0  # seconds until the head of an answer
MOST_REDIRECTS: Final = 20
REPEATED: Final = (307, 308)
REDIRECTS: Final = (301, 302, 303, *REPEATED)
LARGEST_PORT: Final = 65535
MASKED: Final = ("authorization", "proxy-authorization", "x-api-key", "cookie")

ABANDONED: Final = {"name": "Abandoned", "message": "The client gave up before an answer came."}
CUT_OFF: Final = {"name": "CutOff", "message": "The connection ended in the middle of the answer."}
UNFINISHED: Final = {"name": "Unfinished", "message": "The answer was not complete when the call ended."}
STOPPED: Final = (
    "A request to '{}' was stopped before it left: only loopback and the hosts of given base URLs are reached. {}"
)

BROTLI: Final = (
    "The answer is compressed with brotli, expected gzip or deflate, which the request asked for. "
    "The published destination reads it, this driver does not: answer without, or use the driver 'node'."
)


class CallTimeout(Exception):
    """The call ran out of time, or waits for what cannot come any more."""


@dataclass(slots=True)
class Exchange:
    """One request on the wire, and what came of it."""

    method: str
    url: urls.Url
    headers: tuple[tuple[str, str], ...]
    body: str | None
    answer: answers.Arriving = field(default_factory=answers.Arriving)
    error: Object | None = None

    def to_json(self) -> Object:
        """The exchange as a trace tells it, the key masked."""
        said: Object = {
            "method": self.method,
            "url": f"{self.url.protocol}//{self.url.authority}{self.url.path}",
            "headers": {name: _masked(name, value) for name, value in self.headers},
            "body": self.body or None,
        }
        if self.answer.has_head:
            # The client hangs up on a redirect as soon as it has read where to go.
            body = answers.shown(self.answer.body, self.answer.coding) if self.location is None else ""
            said["answer"] = {"status": self.answer.status, "headers": self.answer.headers, "body": body}
        return said if self.error is None else {**said, "error": self.error}

    def to_bytes(self) -> bytes:
        lines = [f"{self.method} {self.url.path} HTTP/1.1", *(f"{name}: {value}" for name, value in self.headers)]
        return "\r\n".join([*lines, "", ""]).encode("latin1") + (self.body or "").encode("utf-8", "replace")

    @property
    def location(self) -> str | None:
        """Where the answer sends the client; None if it does not."""
        return str(self.answer.headers["location"]) if self._is_redirect else None

    @property
    def _is_redirect(self) -> bool:
        return self.answer.status in REDIRECTS and "location" in self.answer.headers


@dataclass(frozen=True, slots=True)
class Client:
    """
    Sends requests as the package's client does.

    *reachable* names hosts beside loopback. *patience* is how long it waits for the head of an answer.
    """

    tls: Callable[[], ssl.SSLContext]
    reachable: frozenset[str] = frozenset()
    patience: float = PATIENCE

    def send(self, request: Request, until: float, exchanges: list[Exchange]) -> Response:
        """
        The answer to *request*, at the end of all redirects; each request on the way is added to *exchanges*.

        At *until*, of the monotonic clock, it raises `CallTimeout`; what the package's client would raise is a
        `CallError`.
        """
        head_until = min(until, time.monotonic() + self.patience)
        try:
            return _response(self._followed(request, head_until, until, exchanges))
        except Late:
            if head_until == until:
                raise CallTimeout from None
            said = f"Request timed out after {self.patience * 1000:.0f}ms"
            raise CallError("TimeoutError", said, code="ETIMEDOUT") from None

    def _followed(self, request: Request, head_until: float, until: float, exchanges: list[Exchange]) -> Exchange:
        url = _parsed(request.url)
        for _ in range(MOST_REDIRECTS + 1):
            exchange = self._made(request, url)
            exchanges.append(exchange)
            self._exchange(exchange, head_until, until)
            if exchange.location is None:
                return exchange
            where = _resolved(url, exchange.location)
            if exchange.answer.status not in REPEATED:
                request = request._replace(method="GET", body=None)
            last, url = url, where
        raise CallError("FetchError", f"maximum redirect reached at: {last}")

    def _made(self, request: Request, url: urls.Url) -> Exchange:
        _check(url)
        if not (_is_loopback(url.host) or url.host in self.reachable):
            raise CallError("Error", _stopped(url.host), code="EMOCKODP")
        length = () if request.method == "GET" else (("Content-Length", str(_size(request.body))),)
        added = (("Accept-Encoding", "gzip,deflate"), ("Connection", "close"), ("Host", url.authority))
        headers = (*request.headers, ("Accept", "*/*"), *length, *added)
        return Exchange(request.method, url, headers, request.body)

    def _exchange(self, exchange: Exchange, head_until: float, until: float) -> None:
        url = exchange.url
        connection = None
        try:
            tls = self.tls() if url.protocol == "https:" else None
            connection = Connection(url.host, url.number, head_until, tls)
            connection.send(exchange.to_bytes(), head_until)
            _hear_head(connection, exchange, head_until)
        except Broken as broken:
            exchange.error = broken.to_json()
            said = f"request to {url} failed, reason: {broken.message}"
            raise CallError("FetchError", said, code=broken.code) from None
        except Late:
            exchange.error = UNFINISHED if head_until == until else ABANDONED
            raise
        else:
            if exchange.location is None:
                _hear_body(connection, exchange, until)
        finally:
            if connection is not None:
                connection.close()


def _hear_head(connection: Connection, exchange: Exchange, until: float) -> None:
    answer = exchange.answer
    while not answer.has_head:
        piece = connection.receive(until)
        if not piece:
            raise Broken("socket hang up", "ECONNRESET")
        try:
            answer.feed(piece)
        except answers.Upgraded:
            raise Late from None
        except Broken as broken:
            if not answer.has_head:
                raise
            exchange.error = broken.to_json()
            raise CallTimeout from None


def _hear_body(connection: Connection, exchange: Exchange, until: float) -> None:
    answer = exchange.answer
    try:
        while not answer.complete:
            piece = connection.receive(until)
            if not piece:
                break
            answer.feed(piece)
    except Late:
        exchange.error = UNFINISHED
        raise CallTimeout from None
    except Broken as broken:
        if not (answer.ends_with_connection and broken.message.startswith("read")):
            exchange.error = broken.to_json()
            raise CallTimeout from None
    if not (answer.complete or answer.ends_with_connection):
        exchange.error = CUT_OFF
        raise CallTimeout


def _response(exchange: Exchange) -> Response:
    answer = exchange.answer
    coding = None if answer.status in answers.BODILESS else answer.coding
    if coding == "br":
        raise CallError("UnreadAnswer", BROTLI)
    if coding in answers.DEFLATE and not answer.body:
        raise Late  # the client decides by the first byte how to inflate, and waits for it
    try:
        body = answers.decoded(answer.body, coding).decode(errors="replace")
    except answers.Undecodable:
        raise CallTimeout from None
    headers = {name: value for name, value in answer.headers.items() if isinstance(value, str)}
    return Response(answer.status, body, headers, answer.reason)


def _parsed(text: str) -> urls.Url:
    try:
        return urls.parsed(text)
    except ValueError:
        raise CallError("TypeError", "Invalid URL", code="ERR_INVALID_URL") from None


def _resolved(base: urls.Url, location: str) -> urls.Url:
    try:
        return urls.resolved(base, location)
    except ValueError:
        # In the published package nobody catches this error: it ends the whole process.
        raise CallError("TypeError", "Invalid URL", code="ERR_INVALID_URL") from None


def _stopped(host: str) -> str:
    region = next((each.name for each in definition().regions if urls.parsed(each.base_url).host == host), None)
    if region is None:
        return STOPPED.format(host, "The destination has no region there.")
    advice = f"Region {region} has none: give base_urls to the driver, or hosts or tls to a NodeRunner."
    return STOPPED.format(host, advice)


def _check(url: urls.Url) -> None:
    if not url.host:
        raise CallError("TypeError", "Only absolute URLs are supported")
    if url.protocol not in urls.PORTS:
        raise CallError("TypeError", "Only HTTP(S) protocols are supported")
    if url.number > LARGEST_PORT:
        said = f"Port should be >= 0 and < 65536. Received type string ('{url.port}')."
        raise CallError("RangeError", said, code="ERR_SOCKET_BAD_PORT")
    if any(not "!" <= letter <= "\xff" for letter in url.path):
        raise CallError("TypeError", "Request path contains unescaped characters", code="ERR_UNESCAPED_CHARACTERS")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _size(body: str | None) -> int:
    return len((body or "").encode("utf-8", "replace"))


def _masked(name: str, value: str) -> str:
    if name.lower() not in MASKED:
        return value
    scheme, blank, secret = value.partition(" ")
    return "****" if not blank else f"{scheme} ****" if secret.split(" ")[0] else value


__all__ = ["CallTimeout", "Client", "Exchange"]
