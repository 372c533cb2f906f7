"""
uvicorn's HTTP protocol with a bound on a request's head, and our answer where HTTP itself is broken.

A request whose head cannot be read reaches no account and leaves no record. One whose body cannot be read does: the
application gets what came of it, and the reason under `MISFRAMED` or `STALLED` in the scope.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

import httptools
import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from mockodp.answers import envelope

MISFRAMED: Final = "mockodp.misframed"
STALLED: Final = "mockodp.stalled"
TRANSPORT: Final = "mockodp.transport"
"""The connection itself, in the scope: for faults that break what uvicorn would not send."""
_BROKEN: Final = "This is not HTTP/1.1 as we can read it: {}. The connection is closed."
_FRAMING: Final = (b"content-length", b"transfer-encoding")


class BoundedProtocol(HttpToolsProtocol):
    """One connection. Limits, and whom to tell of a head that was refused, are set on the class by the server."""

    max_header = 64 * 1024
    timeout = 10
    _head_bytes = 0
    _timer: asyncio.TimerHandle | None = None
    _heads = 0
    _in_head = True
    _is_long = False
    _is_muted = False
    _data = b""
    _answering: RequestResponseCycle | None = None
    """The request that is being answered; `cycle` is the newest, which may have to wait for it."""
    _last_words: tuple[int, str] | None = None
    """What is left to say before the connection is closed; nothing that comes after it is read."""

    @staticmethod
    def on_refused(status: int, message: str) -> None:
        """Told of each request whose head could not be read."""

    def data_received(self, data: bytes) -> None:
        if self._last_words is not None or self.transport.is_closing():
            return
        was_in_head, heads, self._data = self._in_head, self._heads, data
        self._is_long = self._head_bytes + len(data) > self.max_header
        super().data_received(data)
        self._head_bytes += len(data) if was_in_head and self._in_head and heads == self._heads else -self._head_bytes
        if self._head_bytes > self.max_header:
            self._say_last(431, self._too_long())
        self._data = b""
        if self._timer is not None:
            self._unset_timer()
        if self._head_bytes or (self.cycle is not None and self.cycle.more_body):
            self._timer = self.loop.call_later(self.timeout, self._stand_still)

    def connection_lost(self, exc: Exception | None) -> None:
        self._unset_timer()
        super().connection_lost(exc)
        if self._answering is not None and not self._answering.response_complete:  # uvicorn tells the newest only
            self._answering.disconnected = True
            self._answering.message_event.set()

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Whether to stay: a client that has said all it wants to say may still wait for its answer."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete or cycle.more_body or self.scheme == "https":
            return None
        if cycle.scope["path"].startswith("/_mock"):
            return None  # a stream or a verification may take long: whoever leaves ends it
        cycle.keep_alive = False
        return True

    def on_message_begin(self) -> None:
        if not self._is_muted:
            super().on_message_begin()
            self._in_head = True

    def on_url(self, url: bytes) -> None:
        if not self._is_muted:
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._is_muted:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._is_muted:
            return
        self._in_head = False
        self._heads += 1
        if self._is_long and self._head_size() > self.max_header:
            self._last_words = (431, self._too_long())
            raise ValueError("head too long")  # ends the parser; nothing of this request goes on
        super().on_headers_complete()
        if self._answering is None or self._answering.response_complete:
            self._answering = self.cycle
        self.scope[TRANSPORT] = self.transport  # type: ignore[typeddict-unknown-key]
        if self.parser.should_upgrade():
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        self._in_head = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._answering = self.pipeline[-1][0] if self.pipeline else None
        super().on_response_complete()
        if self._last_words is not None and not self.pipeline and self.cycle.response_complete:
            self._refuse(*self._last_words)

    def _unsupported_upgrade_warning(self) -> None:
        """
        Read the body of a request that offers another protocol, as Java's client and ``curl --http2`` do on each one.

        Called while the parser's `HttpParserUpgrade` is being handled. The offer may be ignored, but the parser takes
        what follows the head for the other protocol: a fresh one is told of the framing and reads on.
        """
        upgrade = sys.exc_info()[1]
        framing = [b"%b: %b\r\n" % header for header in self.headers if header[0] in _FRAMING]
        if not (framing and isinstance(upgrade, httptools.HttpParserUpgrade)):
            return
        self.parser = httptools.HttpRequestParser(self)
        self.cycle.more_body = True
        self._is_muted = True
        self.parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n" % b"".join(framing))
        self._is_muted = False
        HttpToolsProtocol.data_received(self, self._data[upgrade.args[0] :])

    def send_400_response(self, msg: str) -> None:
        """Called while the parser's error is being handled."""
        if self._last_words is not None:
            self._say_last(*self._last_words)
            return
        reason = _reason(sys.exc_info()[1], self._data) or msg
        if self._is_answering() and self.cycle.more_body:
            self._end_body(MISFRAMED, reason)
        self._say_last(400, _BROKEN.format(reason))

    def _unset_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _stand_still(self) -> None:
        """Nothing came for a while, though a head or a body is not whole."""
        self._timer = None
        if self._head_bytes:
            self._say_last(408, f"The head of the request broke off: nothing came for {self.timeout} s.")
        elif self._is_answering() and self.cycle.more_body:
            self._end_body(STALLED, f"nothing came for {self.timeout} s")

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _too_long(self) -> str:
        return f"The head of the request is over {self.max_header} bytes, the limit. The connection is closed."

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _end_body(self, what: str, reason: str) -> None:
        """Give the application what came of a body whose rest cannot be read or does not come; it answers."""
        self.cycle.scope[what] = reason  # type: ignore[literal-required]
        self.cycle.keep_alive = False
        self.cycle.more_body = False
        self.cycle.message_event.set()

    def _say_last(self, status: int, message: str) -> None:
        """Refuse what came last, after the answers to what came before it."""
        self._last_words = (status, message)
        if not self._is_answering():
            self._refuse(status, message)

    def _refuse(self, status: int, message: str) -> None:
        if self.transport.is_closing():
            return
        self.on_refused(status, message)
        title = HTTPStatus(status).phrase
        body = orjson.dumps(envelope(title, status, {"message": message}, time.time_ns() // 1000))
        head = (
            f"HTTP/1.1 {status} {title}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
            "connection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


def _reason(error: BaseException | None, data: bytes) -> str:
    """What is wrong, in words for a person who used the wrong port or protocol, else in the parser's."""
    if data.startswith(b"\x16\x03"):
        return "it looks like TLS, and this port takes plain HTTP"
    if data.startswith(b"PRI * HTTP/2"):
        return "it is HTTP/2"
    if isinstance(error, httptools.HttpParserCallbackError | httptools.HttpParserInvalidURLError):
        return "the target of the request is no path"
    return str(error or "")


def bounded_protocol(max_header: int, timeout: int, on_refused: Callable[[int, str], None]) -> type[BoundedProtocol]:
    """A protocol class with its own bounds."""
    members: dict[str, Any] = {
        "max_header": max_header,
        "timeout": timeout,
        "on_refused": staticmethod(on_refused),
    }
    return type("BoundedProtocol", (BoundedProtocol,), members)
