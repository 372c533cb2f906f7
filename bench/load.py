"""
A load generator for one keep-alive route on loopback: many connections, one request in flight on each.

Knows HTTP only as far as a mock's short answers need: a status line, a content-length, a body. Runs as a
process of its own so that it does not share an interpreter with the server it measures.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import uvloop

HEADER_END = b"\r\n\r\n"


class Client(asyncio.Protocol):
    """One connection that sends the next request as soon as the last answer is whole."""

    def __init__(self, requests: Iterator[bytes], done: asyncio.Event, statuses: dict[bytes, int]) -> None:
        self._requests = requests
        self._done = done
        self._statuses = statuses
        self._answer = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, found, rest = self._answer.partition(HEADER_END)
        if not found or len(rest) < _content_length(head):
            return
        status = head[9:12]
        self._statuses[status] = self._statuses.get(status, 0) + 1
        self._answer = b""
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._done.set()

    def _send(self) -> None:
        assert self._transport is not None
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
        else:
            self._transport.write(request)


def _content_length(head: bytes) -> int:
    lower = head.lower()
    start = lower.index(b"content-length:") + 15
    end = lower.find(b"\r\n", start)
    return int(lower[start : end if end > 0 else len(lower)])


def request_bytes(path: str, body: bytes, key: str) -> bytes:
    """One POST as Segment's client would send it, but for the connection, which stays open."""
    head = (
        f"POST {path} HTTP/1.1\r\nauthorization: Bearer {key}\r\nuser-agent: Segment (Actions)\r\n"
        f"content-type: application/json\r\nAccept: */*\r\nContent-Length: {len(body)}\r\n"
        "Accept-Encoding: gzip,deflate\r\nHost: 127.0.0.1\r\n\r\n"
    )
    return head.encode() + body


async def drive(host: str, port: int, requests: list[bytes], count: int, connections: int) -> dict[str, object]:
    """Send *count* requests over *connections* connections; seconds, rate and answers by status."""
    loop = asyncio.get_running_loop()
    queue = itertools.islice(itertools.cycle(requests), count)
    statuses: dict[bytes, int] = {}
    finished = [asyncio.Event() for _ in range(connections)]
    started = time.perf_counter()
    for done in finished:
        await loop.create_connection(lambda done=done: Client(queue, done, statuses), host, port)  # type: ignore[misc]
    for done in finished:
        await done.wait()
    seconds = time.perf_counter() - started
    answered = sum(statuses.values())
    return {
        "requests": answered,
        "seconds": seconds,
        "rate": answered / seconds,
        "statuses": {status.decode(): n for status, n in statuses.items()},
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--path", required=True)
    options.add_argument("--key", default="odp_test_bench")
    options.add_argument("--body", type=Path, required=True, help="a file with the request body")
    options.add_argument("--count", type=int, default=20_000)
    options.add_argument("--connections", type=int, default=32)
    args = options.parse_args()
    request = request_bytes(args.path, args.body.read_bytes(), args.key)
    figures = uvloop.run(drive("127.0.0.1", args.port, [request], args.count, args.connections))
    json.dump(figures, sys.stdout)


if __name__ == "__main__":
    main()
