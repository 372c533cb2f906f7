"""A raw connection to a running mock: sends any bytes, reads answers one by one."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import orjson

from mockodp.client import Client

KEY = "odp_test_wire"
ACCOUNT = "wire"
EVENTS = "/twilio_segment/batch_custom_event"
GOOD_BODY = b'[{"type":"order","action":"purchase"}]'
_SECONDS = 20


@dataclass(frozen=True)
class Reply:
    """One answer as it came; *interim* are the statuses that came before it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    interim: tuple[int, ...] = ()

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def message(self) -> str:
        """The message of a refusal, which must have the one documented shape."""
        document = self.json
        assert self.headers["content-type"] == "application/json"
        assert set(document) == {"title", "status", "timestamp", "detail"}, document
        assert document["status"] == self.status
        return str(document["detail"]["message"])


class Wire:
    """One connection."""

    def __init__(self, client: Client) -> None:
        url = urlsplit(client.url)
        self._socket = socket.create_connection((url.hostname, url.port), timeout=_SECONDS)
        self._reader = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.close()
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def send_if_open(self, data: bytes) -> bool:
        """Whether the other side still took *data*."""
        with contextlib.suppress(ConnectionError):
            self._socket.sendall(data)
            return True
        return False

    def end(self) -> None:
        """Say that nothing more will be sent."""
        self._socket.shutdown(socket.SHUT_WR)

    def line(self) -> bytes:
        return self._reader.readline()

    def reply(self) -> Reply | None:
        """The next answer, or None if the connection was closed instead."""
        interim: list[int] = []
        try:
            while (head := self._head()) is not None:
                status, headers = head
                if status >= 200:
                    body = self._reader.read(int(headers.get("content-length", 0)))
                    return Reply(status, headers, body, tuple(interim))
                interim.append(status)
        except ConnectionResetError:
            return None
        return None

    def answer(self) -> Reply:
        """The next answer, which must come."""
        reply = self.reply()
        assert reply is not None, "the connection was closed without an answer"
        return reply

    def is_closed(self) -> bool:
        return self.reply() is None

    def _head(self) -> tuple[int, dict[str, str]] | None:
        status_line = self._reader.readline()
        if not status_line:
            return None
        headers = {}
        while line := self._reader.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return int(status_line.split()[1]), headers


def request(
    body: bytes = GOOD_BODY,
    *headers: str,
    line: str = f"POST {EVENTS} HTTP/1.1",
    key: str | None = KEY,
    content_type: str | None = "application/json",
    length: int | None = -1,
) -> bytes:
    """A request as bytes; *length* None leaves Content-Length out, -1 is the true one."""
    lines = [line, "host: mock.test", *headers]
    if key is not None:
        lines.append(f"authorization: Bearer {key}")
    if content_type is not None:
        lines.append(f"content-type: {content_type}")
    if length is not None:
        lines.append(f"content-length: {len(body) if length == -1 else length}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def chunked(*chunks: bytes) -> bytes:
    """A body in chunked transfer coding."""
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))
