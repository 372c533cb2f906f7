"""uvicorn's HTTP protocol with a bound on a request's head, and our answer where HTTP itself is broken."""

from __future__ import annotations

import time
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mockodp.answers import envelope


class BoundedProtocol(HttpToolsProtocol):
    """One connection. *max_header* is set on the class by the server that uses it."""

    max_header = 64 * 1024
    _head_bytes = 0
    _in_head = True

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > self.max_header and not self._head_ends_in(data):
                self._refuse(431, "Request Header Fields Too Large", f"The head is over {self.max_header} bytes, the limit.")
                return
        super().data_received(data)

    def _head_ends_in(self, data: bytes) -> bool:
        """Whether the head is whole within the bound, the rest being body."""
        end = data.find(b"\r\n\r\n")
        return end >= 0 and self._head_bytes - len(data) + end <= self.max_header

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head_bytes = 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head = True
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "Bad Request", "This is not an HTTP/1.1 request we can read; the connection is closed.")

    def _refuse(self, status: int, title: str, message: str) -> None:
        if self.transport.is_closing():
            return
        body = orjson.dumps(envelope(title, status, {"message": message}, time.time_ns() // 1000))
        head = (
            f"HTTP/1.1 {status} {title}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
            "connection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


def bounded_protocol(max_header: int) -> type[BoundedProtocol]:
    """A protocol class with its own bound."""
    members: dict[str, Any] = {"max_header": max_header}
    return type("BoundedProtocol", (BoundedProtocol,), members)


