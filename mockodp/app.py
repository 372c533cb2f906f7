"""
The ASGI edge: reads what arrives, asks `Ingest`, commits, answers. Everything below ``/_mock`` goes to the control API.

The emulated endpoints are served here directly, since every microsecond of them is paid on each request; the control
API is a Starlette application.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, TypeVar

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from mockodp.answers import JSON_TYPE, Answer, envelope
from mockodp.http_protocol import MISFRAMED, STALLED
from mockodp.ingest import Ingest, Judged
from mockodp.journal import Arrivals, GroupCommit, Journal
from mockodp.keys import Keyring
from mockodp.log import Log
from mockodp.records import Received, RecordIds
from mockodp.regions import locate
from mockodp.settings import MEMORY, Settings

CONTROL = "/_mock"
T = TypeVar("T")

_QUIET_SECONDS = 0.2
_PIECE = 25


class MockODP:
    """A local ODP: an ASGI application over one journal. Needs no start; `close` releases the journal."""

    def __init__(self, settings: Settings, keyring: Keyring, journal: Journal, *, log: Log, token: str) -> None:
        from mockodp.control import control_app  # noqa: PLC0415  the two know each other

        self.settings = settings
        self.keyring = keyring
        self.journal = journal
        self.token = token
        self.log = log
        self.arrivals = Arrivals()
        self.answered: Counter[tuple[str, str, int]] = Counter()
        self.unrecorded: Counter[str] = Counter()
        self.writer = GroupCommit(journal, self.arrivals)
        self.stopping = asyncio.Event()
        self._ingest = Ingest(settings, keyring, RecordIds(journal.last_id()))
        self._control: ASGIApp = control_app(self)
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="mockodp-read") if settings.store != MEMORY else None
        self._tidier: asyncio.Task[None] | None = None

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
                await self.writer.commit(judged.record)
            except Exception as error:
                self.log.trouble(f"A record could not be kept: {error}")
                answer = _not_kept(error, received.at_us)
        self._count(judged, received)
        if received.broken_off != _GONE:
            await _answer(send, answer, close=received.over_limit or bool(received.broken_off or received.misframed))
        self.log.request(judged, received)

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
            return body[: self.settings.max_body], len(body) > self.settings.max_body, ""
        limit, chunks, size = self.settings.max_body, [message.get("body", b"")], len(message.get("body", b""))
        while message.get("more_body") and size <= 2 * limit:
            message = await receive()
            size += len(message.get("body", b""))
            if size <= limit + len(message.get("body", b"")):
                chunks.append(message.get("body", b""))
        return b"".join(chunks)[:limit], size > limit, _GONE if message["type"] == "http.disconnect" else ""

    def _count(self, judged: Judged, received: Received) -> None:
        record = judged.record
        if record is not None:
            self.answered[record.region, record.endpoint or "none", record.status] += 1
        elif judged.refusal is not None:
            self.answered[received.region.value, "none", judged.answer.status] += 1
            self.unrecorded[judged.refusal.code] += 1

    def unreadable(self, status: int, message: str) -> None:
        """A request came whose head could not be read: it reached no endpoint and no account."""
        self.unrecorded["unreadable"] += 1
        self.log.unreadable(status, message)

    async def read(self, question: Callable[[], T]) -> T:
        """Ask the journal without keeping the event loop waiting, where the store allows that."""
        if self._readers is None:
            return question()
        return await asyncio.get_running_loop().run_in_executor(self._readers, question)

    async def woken(self, arrival: asyncio.Future[Any], seconds: float) -> bool:
        """Whether *arrival* came within *seconds*; at once when the mock stops."""
        stopping = asyncio.ensure_future(self.stopping.wait())
        await asyncio.wait([arrival, stopping], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        return arrival.done() or self.stopping.is_set()

    def start_tidying(self) -> None:
        """Index and sweep in the background whenever no request has come for a moment."""
        self._tidier = asyncio.get_running_loop().create_task(self._tidy())
        self.sweep()

    async def _tidy(self) -> None:
        while True:
            await self.arrivals.next(None)
            commits = await self._quiet_moment()
            while commits == self.writer.commits and await self.read(  # noqa: ASYNC110  a pause between pieces
                lambda: self.journal.catch_up(_PIECE)
            ):
                await asyncio.sleep(0)

    async def _quiet_moment(self) -> int:
        """Wait until nothing was committed for a moment; the number of commits by then."""
        commits = -1
        while commits != self.writer.commits:
            commits = self.writer.commits
            await asyncio.sleep(_QUIET_SECONDS)  # being woken by each commit would cost more
        return commits

    def sweep(self) -> None:
        """Work off what large resets left behind, a piece at a time between requests."""
        if not self.stopping.is_set() and self.journal.sweep():
            asyncio.get_running_loop().call_later(0.002, self.sweep)

    async def stop(self) -> None:
        """End streams, waits and background work."""
        self.stopping.set()
        if self._tidier is not None:
            self._tidier.cancel()
            await asyncio.gather(self._tidier, return_exceptions=True)

    def close(self) -> None:
        """Release the journal."""
        if self._readers is not None:
            self._readers.shutdown(cancel_futures=True)
        self.journal.close()


_GONE = "the client went away"


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
