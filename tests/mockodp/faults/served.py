"""A running mock whose faults and clocks a test reaches directly, and what its clients and its log saw."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import uvloop

from mockodp.client import Client
from mockodp.faults.plan import Armed
from mockodp.log import Log
from mockodp.server import Ready, Server
from mockodp.settings import Settings
from tests.mockodp.wire import ACCOUNT, request

T = TypeVar("T")

_SECONDS = 20


@dataclass(frozen=True)
class Served:
    """A mock in a thread of this process."""

    server: Server
    client: Client
    stream: io.StringIO
    thread: threading.Thread
    loop: asyncio.AbstractEventLoop

    def arm(self, effect: dict[str, Any] | None = None, account: str = ACCOUNT, **members: Any) -> Armed:
        document = {"account": account, **({"effect": effect} if effect else {}), **members}
        return self.server.mock.armoury.arm([document])[0]

    def records(self, **filters: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.records(**{"account": ACCOUNT, **filters})["records"]
        return found

    def record(self) -> dict[str, Any]:
        """The one record, whole."""
        (found,) = self.records()
        return self.client.record(found["id"])

    def delivering(self) -> int:
        """How many requests are being answered."""
        seen: Future[int] = Future()

        def count() -> None:
            seen.set_result(sum("run_asgi" in str(task) for task in asyncio.all_tasks()))

        self.loop.call_soon_threadsafe(count)
        return seen.result(_SECONDS)

    @property
    def log(self) -> list[str]:
        return self.stream.getvalue().splitlines()


@contextmanager
def a_mock(**switches: Any) -> Iterator[Served]:
    with TemporaryDirectory(prefix="mockodp-") as folder:
        stream = io.StringIO()
        settings = Settings(**{"port": 0, "tls_port": -1, "state_dir": Path(folder), **switches})
        server = Server(settings, os.environ, log=Log("requests", stream))
        ready: Future[Ready] = Future()
        loops: list[asyncio.AbstractEventLoop] = []

        async def run() -> None:
            loops.append(asyncio.get_running_loop())
            await server.run(ready.set_result)

        thread = threading.Thread(target=lambda: uvloop.run(run()))
        thread.start()
        try:
            ready.result(_SECONDS)
            tls = {"tls_url": server.ready.tls_url, "ca": server.ready.ca}
            with Client(server.ready.url, server.ready.token, **tls) as client:
                yield Served(server, client, stream, thread, loops[0])
        finally:
            if thread.is_alive():
                server.stop()
            thread.join(_SECONDS)
            server.close()


class Raw:
    """One connection, plain or over TLS, whose bytes and end are seen as they are."""

    def __init__(self, mock: Served, *, tls: bool = False, name: str | None = None) -> None:
        url = urlsplit(str(mock.server.ready.tls_url if tls else mock.server.ready.url))
        self.socket = socket.create_connection((url.hostname, url.port), timeout=_SECONDS)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None
        if tls:
            context = ssl.create_default_context(cafile=mock.server.ready.ca)
            self._tls = context.wrap_bio(self._in, self._out, server_hostname=name or url.hostname)
            try:
                self._until_done(self._tls.do_handshake)
            except BaseException:
                self.socket.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.vanish()

    def send(self, data: bytes) -> None:
        if self._tls is None:
            self.socket.sendall(data)
        else:
            self._tls.write(data)
            self.socket.sendall(self._out.read())

    def recv(self, most: int = 65536) -> bytes:
        """What comes next; nothing at the end of the connection."""
        if self._tls is None:
            return self.socket.recv(most)
        with contextlib.suppress(ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return self._until_done(partial(self._tls.read, most))
        return b""

    def until(self, end: bytes) -> bytes:
        """What comes up to *end*, which must come."""
        seen = b""
        while not seen.endswith(end):
            piece = self.recv(1)
            assert piece, seen
            seen += piece
        return seen

    def to_the_end(self) -> tuple[bytes, str]:
        """All that comes, and how it ended: ``end`` or ``reset``."""
        seen = b""
        try:
            while piece := self.recv():
                seen += piece
        except ConnectionResetError:
            return seen, "reset"
        return seen, "end"

    def vanish(self) -> None:
        """Go away at once, as a process that dies."""
        with contextlib.suppress(OSError):  # it has gone already
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def _until_done(self, step: Callable[[], T]) -> T:
        """A step of TLS with all that it wants to read and write."""
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                self.socket.sendall(self._out.read())
                data = self.socket.recv(65536)
                self._in.write(data) if data else self._in.write_eof()
            else:
                self.socket.sendall(self._out.read())
                return done


def told(mock: Served, data: bytes | None = None, *, tls: bool = False) -> tuple[bytes, str]:
    """What one connection sees from the sending of *data*, or of a good batch, to its end."""
    with Raw(mock, tls=tls) as raw:
        raw.send(data or request(CLOSED, "connection: close"))
        return raw.to_the_end()


CLOSED = b'[{"type":"order","action":"purchase"},{"type":"product","action":"detail"}]'
