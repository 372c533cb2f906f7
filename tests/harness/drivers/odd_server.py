"""A server on loopback that answers with the bytes it is told and keeps the bytes it saw."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

CLOSE, RESET, HOLD = "close", "reset", "hold"
LINGER = struct.pack("ii", 1, 0)  # a close that resets the connection


@dataclass(frozen=True)
class Act:
    """What a connection answers, in pieces, and how it ends; ``URL`` and ``PORT`` in it stand for the server's own."""

    pieces: tuple[bytes, ...] = (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",)
    end: str = CLOSE


@dataclass
class OddServer:
    """The n-th connection plays the n-th of *acts*, then the last one again and again."""

    acts: Sequence[Act] = (Act(),)
    url: str = ""
    seen: list[bytes] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def play(self, *acts: Act) -> None:
        self.acts = acts
        self.seen.clear()


@contextmanager
def odd_server(context: ssl.SSLContext | None = None) -> Iterator[OddServer]:
    server = OddServer()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.url = f"{'https' if context else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
        thread = threading.Thread(target=_listen, args=(server, listener, context))
        thread.start()
        try:
            yield server
        finally:
            server.ended.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _listen(server: OddServer, listener: socket.socket, context: ssl.SSLContext | None) -> None:
    threads: list[threading.Thread] = []
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            break
        threads.append(threading.Thread(target=_converse, args=(server, connection, context)))
        threads[-1].start()
    for thread in threads:
        thread.join()


def _converse(server: OddServer, connection: socket.socket, context: ssl.SSLContext | None) -> None:
    with contextlib.suppress(OSError), _secured(connection, context) as open_connection:
        said = _heard(open_connection)
        server.seen.append(said)
        act = server.acts[min(len(server.seen), len(server.acts)) - 1]
        for piece in act.pieces:
            open_connection.sendall(_filled(piece, server.url))
        if act.end == HOLD:
            open_connection.settimeout(0.02)
            while not server.ended.is_set():
                with contextlib.suppress(TimeoutError):
                    if not open_connection.recv(1):
                        break
        if act.end == RESET:
            open_connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)


def _secured(connection: socket.socket, context: ssl.SSLContext | None) -> socket.socket:
    try:
        return connection if context is None else context.wrap_socket(connection, server_side=True)
    except OSError:
        connection.close()
        raise


def _filled(piece: bytes, url: str) -> bytes:
    return piece.replace(b"URL", url.encode()).replace(b"PORT", url.rpartition(":")[2].encode())


def _heard(connection: socket.socket) -> bytes:
    """One request, to the end of its body."""
    said = b""
    while b"\r\n\r\n" not in said:
        piece = connection.recv(65536)
        if not piece:
            return said
        said += piece
    head, _, body = said.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    while length and len(body) < int(length[1]):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
