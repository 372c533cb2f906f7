"""A server on loopback that remembers what it saw: what the Node driver's tests have in place of the mock."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast


@dataclass(frozen=True)
class Seen:
    """One request as it came off the wire; *headers* in their order and case."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True)
class Reply:
    """What the server answers; *length* lies about the body's length, then hangs up."""

    status: int = 202
    body: bytes = b'{"status":"queued"}'
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None


@dataclass
class Upstream:
    """A server on loopback that remembers what it saw; *reply* decides each answer."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    reply: Callable[[Seen], Reply] = lambda _: Reply()
    ended: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Upstream]:
    """An upstream that runs; with *context* it speaks TLS."""
    upstream = Upstream()
    server = _Server(upstream, context)
    upstream.url = f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield upstream
    finally:
        upstream.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that server_close waits for them, and no socket is left open
    request_queue_size = 128

    def __init__(self, upstream: Upstream, context: ssl.SSLContext | None) -> None:
        self.upstream = upstream
        super().__init__(("127.0.0.1", 0), _Handler)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        upstream = cast("_Server", self.server).upstream
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        seen = Seen(self.command, self.path, tuple(self.headers.items()), body)
        upstream.seen.append(seen)
        self._send(upstream.reply(seen))

    do_POST = do_GET  # noqa: N815 - the name that http.server looks for

    def log_message(self, *_: object) -> None:
        """Nothing: what matters is in `Upstream.seen`."""

    def _send(self, reply: Reply) -> None:
        self.close_connection = True
        if reply.status == 0:  # hang up without a word
            return
        self.send_response(reply.status)
        for name, value in {"content-type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("connection", "close")
        self.send_header("content-length", str(len(reply.body) if reply.length is None else reply.length))
        self.end_headers()
        self.wfile.write(reply.body)
