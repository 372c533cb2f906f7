"""
The ASGI edge: reads what arrives, asks `Ingest`, commits, answers. Everything below ``/_mock`` goes to the control API.

The emulated endpoints are served here directly, since every microsecond of them is paid on each request; the control
API is a Starlette application.
"""

from __future__ import annotations

import time
from http import HTTPStatus

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from mockodp.answers import JSON_TYPE, Answer, envelope
from mockodp.control import control_app
from mockodp.http_protocol import MISFRAMED, STALLED
from mockodp.ingest import Ingest, Judged
from mockodp.mock import MockODP
from mockodp.records import Received, RecordIds
from mockodp.regions import locate

CONTROL = "/_mock"
_GONE = "the client went away"


class App:
    """The ASGI application of a mock."""

    def __init__(self, mock: MockODP) -> None:
        self._mock = mock
        self._limit = mock.settings.max_body
        self._ingest = Ingest(mock.settings, mock.keyring, RecordIds(mock.journal.last_id()))
        self._control: ASGIApp = control_app(mock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await _lifespan(receive, send)
        elif scope["path"].startswith(CONTROL) and scope["path"][len(CONTROL) :][:1] in ("", "/"):
            await self._control(scope, receive, send)
        else:
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter_ns()
        received = await self._received(scope, receive)
        judged = self._ingest(received, started)
        answer = judged.answer
        if judged.record is not None:
            try:
                await self._mock.writer.commit(judged.record)
            except Exception as error:
                self._mock.log.trouble(f"A record could not be kept: {error}")
                answer = _not_kept(error, received.at_us)
                judged = Judged(answer, None, judged.refusal)
        self._count(judged, received, answer.status)
        if received.broken_off != _GONE:
            await _answer(send, answer, close=received.over_limit or bool(received.broken_off or received.misframed))
        self._mock.log.request(judged, received)

    async def _received(self, scope: Scope, receive: Receive) -> Received:
        """The whole request, or as much of it as may be kept."""
        headers = tuple(scope["headers"])
        host = next((value for name, value in headers if name == b"host"), b"")
        region, path = locate(host.decode("latin-1"), scope["path"])
        at_us = time.time_ns() // 1_000
        body, over_limit, broken_off = await self._read(receive)
        announced = next((value for name, value in headers if name == b"content-length"), b"")
        return Received(
            region=region,
            method=scope["method"],
            path=path,
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            body=body,
            at_us=at_us,
            announced=int(announced) if announced.isdigit() else None,
            over_limit=over_limit,
            broken_off=broken_off or scope.get(STALLED, ""),
            misframed=scope.get(MISFRAMED, ""),
        )

    async def _read(self, receive: Receive) -> tuple[bytes, bool, str]:
        """The body, whether it went over the limit, and why it broke off if it did."""
        message = await receive()
        if message.get("type") == "http.request" and not message.get("more_body"):
            body: bytes = message.get("body", b"")
            return body[: self._limit], len(body) > self._limit, ""
        limit, chunks, size = self._limit, [message.get("body", b"")], len(message.get("body", b""))
        while message.get("more_body") and size <= 2 * limit:
            message = await receive()
            size += len(message.get("body", b""))
            if size <= limit + len(message.get("body", b"")):
                chunks.append(message.get("body", b""))
        return b"".join(chunks)[:limit], size > limit, _GONE if message["type"] == "http.disconnect" else ""

    def _count(self, judged: Judged, received: Received, status: int) -> None:
        endpoint = judged.record.endpoint if judged.record else None
        self._mock.answered[received.region.value, endpoint or "none", status] += 1
        if judged.record is not None and judged.record.verdict is not None:
            self._mock.judged[judged.record.verdict] += 1
        if judged.record is None and judged.refusal is not None:
            self._mock.unrecorded[judged.refusal.code] += 1


async def _answer(send: Send, answer: Answer, *, close: bool = False) -> None:
    headers, body = [JSON_TYPE, (b"content-length", b"%d" % len(answer.body)), *answer.headers], answer.body
    if answer.status == HTTPStatus.NO_CONTENT:
        headers, body = [], b""  # a client would take a body for the beginning of the next answer
    if close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _not_kept(error: Exception, at_us: int) -> Answer:
    detail = {"message": f"The mock could not keep a record of this request, so it was not accepted: {error}."}
    return Answer(503, orjson.dumps(envelope("Service Unavailable", 503, detail, at_us)))


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
