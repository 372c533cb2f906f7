"""
The ASGI edge: reads what arrives, asks `Ingest`, commits, answers. Everything below ``/_mock`` goes to the control API.

The emulated endpoints are served here directly, since every microsecond of them is paid on each request; the control
API is a Starlette application.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from mockodp.answers import Answer, envelope
from mockodp.control import control_app
from mockodp.faults.answering import FAULT_HEADER, faulted, leaves_record, sent, told
from mockodp.faults.armoury import misunderstood
from mockodp.faults.delivery import Line, deliver, send_answer
from mockodp.faults.plan import Strike
from mockodp.http_protocol import MISFRAMED, STALLED, TRANSPORT
from mockodp.ingest import Ingest, Judged
from mockodp.mock import MockODP
from mockodp.records import Received, Record, RecordIds
from mockodp.regions import locate

CONTROL = "/_mock"
_GONE = "the client went away"


class App:
    """The ASGI application of a mock."""

    def __init__(self, mock: MockODP) -> None:
        self._mock = mock
        self._limit = mock.settings.max_body
        self._ingest = Ingest(mock.settings, mock.keyring, RecordIds(mock.journal.last_id()), mock.clocks)
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
        strikes: Sequence[Strike] = ()
        if not self._mock.armoury.is_idle and judged.record is not None and received.broken_off != _GONE:
            judged, strikes = self._struck(judged, judged.record)
        if judged.record is not None and judged.is_kept:
            try:
                await self._mock.writer.commit(judged.record)
            except Exception as error:
                self._mock.log.trouble(f"A record could not be kept: {error}")
                judged, strikes = Judged(_not_kept(error, received.at_us), None, judged.refusal), ()
        self._count(judged, received)
        close = received.over_limit or bool(received.broken_off or received.misframed)
        if strikes:
            self._mock.log.request(judged, received)  # before it is delivered, which may take long
            await deliver(judged.answer, strikes, self._line(scope, receive, send, close))
            return
        if received.broken_off != _GONE:
            await send_answer(judged.answer, send, close=close)
        self._mock.log.request(judged, received)

    def _line(self, scope: Scope, receive: Receive, send: Send, close: bool) -> Line:
        return Line(
            send=send,
            receive=receive,
            transport=scope[TRANSPORT],
            is_head=scope["method"] == "HEAD",
            close=close,
            stopping=self._mock.stopping,
        )

    def _struck(self, judged: Judged, record: Record) -> tuple[Judged, Sequence[Strike]]:
        """What the faults that are armed make of a request; what would have been answered stays in its record."""
        strikes, complaint = self._mock.armoury.strikes(record)
        misfits = () if complaint is None else (misunderstood(complaint),)
        if complaint is not None:
            self._mock.log.trouble(complaint)
        if not strikes:
            return (replace(judged, record=replace(record, faults=misfits)) if misfits else judged), strikes
        settings, answer = self._mock.settings, judged.answer
        for strike in strikes:
            self._mock.faulted[strike.fault.name] += 1
            answer = faulted(
                answer, strike, items=record.items or 0, status=settings.write_status, at_us=record.at_us,
                is_named=settings.fault_header,
            )  # fmt: skip
        if settings.fault_header:
            name = next((strike for strike in strikes if not strike.effect.is_delay_only), strikes[0]).fault.name
            answer = replace(answer, headers=(*answer.headers, (FAULT_HEADER, name.encode())))
        faults = (*told(strikes, answer), *misfits)
        record = replace(record, faults=faults)
        return Judged(answer, record, judged.refusal, faults, sent(strikes, answer), leaves_record(strikes)), strikes

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

    def _count(self, judged: Judged, received: Received) -> None:
        endpoint = judged.record.endpoint if judged.record else None
        self._mock.answered[received.region.value, endpoint or "none", judged.status] += 1
        if judged.record is not None and judged.record.verdict is not None:
            self._mock.judged[judged.record.verdict] += 1
        if judged.record is None and judged.refusal is not None:
            self._mock.unrecorded[judged.refusal.code] += 1


def _not_kept(error: Exception, at_us: int) -> Answer:
    detail = {"message": f"The mock could not keep a record of this request, so it was not accepted: {error}."}
    return Answer(503, orjson.dumps(envelope("Service Unavailable", 503, detail, at_us)))


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
