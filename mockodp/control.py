"""
The control API below ``/_mock``: accounts, records, items, verification, a live stream, what the mock says of itself;
faults and clocks are in `control_faults`.

Guarded by a bearer token. Every call is checked against the schemas of the OpenAPI description, all faults at once.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from dataclasses import asdict
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

import jsonschema_rs
import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from mockodp import openapi, shapes, shown
from mockodp.control_answers import json_answer, refused
from mockodp.control_faults import fault_routes
from mockodp.errors import QueryError
from mockodp.fidelity import fidelity
from mockodp.guard import Guard
from mockodp.journal import Page, Query, RowFilter, find_items, find_records
from mockodp.metrics import metrics
from mockodp.mock import MockODP
from mockodp.parameters import read_body, read_parameters, read_query
from mockodp.records import Record, id_number, id_text
from mockodp.regions import Region
from mockodp.verification import read_verification, verify

_HEARTBEAT_SECONDS = 15.0


def control_app(mock: MockODP) -> Starlette:
    """The control API of one mock."""
    calls = Control(mock)
    routes = [
        Route("/_mock/ready", calls.ready, methods=["GET"]),
        Route("/_mock/accounts", calls.accounts, methods=["GET"]),
        Route("/_mock/accounts", calls.open_account, methods=["POST"]),
        Route("/_mock/accounts", calls.reset_all, methods=["DELETE"]),
        Route("/_mock/accounts/{name}", calls.account, methods=["GET"]),
        Route("/_mock/accounts/{name}", calls.reset, methods=["DELETE"]),
        Route("/_mock/records", calls.records, methods=["GET"]),
        Route("/_mock/records.ndjson", calls.export_ndjson, methods=["GET"]),
        Route("/_mock/records.har", calls.export_har, methods=["GET"]),
        Route("/_mock/records/{id}", calls.record, methods=["GET"]),
        Route("/_mock/records/{id}/body", calls.body, methods=["GET"]),
        Route("/_mock/items", calls.items, methods=["GET"]),
        Route("/_mock/items/{id}", calls.item, methods=["GET"]),
        Route("/_mock/verify", calls.verify, methods=["POST"]),
        *fault_routes(mock),
        Route("/_mock/stream", calls.stream, methods=["GET"]),
        Route("/_mock/fidelity", calls.fidelity, methods=["GET"]),
        Route("/_mock/metrics", calls.metrics, methods=["GET"]),
        Route("/_mock/settings", calls.settings, methods=["GET"]),
        Route("/_mock/openapi.json", calls.openapi, methods=["GET"]),
    ]
    middleware = [Middleware(Guard, token=mock.token, open_control=mock.settings.open_control)]
    if mock.settings.cors_origin:
        middleware.insert(0, _cors(mock.settings.cors_origin))
    app = Starlette(
        routes=routes,
        middleware=middleware,
        exception_handlers={QueryError: _bad_call, HTTPException: _http_fault, 405: _wrong_method, Exception: _trouble},
    )
    app.router.redirect_slashes = False  # a path we do not have is told, with those we have
    return app


def _cors(origins: Collection[str]) -> Middleware:
    headers = ["authorization", "content-type", "last-event-id"]
    return Middleware(CORSMiddleware, allow_origins=list(origins), allow_methods=["*"], allow_headers=headers)


class Control:
    """The calls, each a Starlette endpoint."""

    def __init__(self, mock: MockODP) -> None:
        self._mock = mock
        self._journal = mock.journal

    async def ready(self, request: Request) -> Response:
        return json_answer({"ready": True, "version": version("mockodp")})

    # -- accounts -----------------------------------------------------------------------------------------------

    async def accounts(self, request: Request) -> Response:
        read_parameters(request, ())
        return json_answer({"accounts": [shown.account_shown(info) for info in self._journal.accounts()]})

    async def open_account(self, request: Request) -> Response:
        read_parameters(request, ())
        wanted = await read_body(request, lambda _: openapi.NEW_ACCOUNT, default={})
        region = wanted.get("region")
        name = wanted.get("name") or f"account-{secrets.token_hex(6)}"
        if region and not name.endswith(f"-{region}1"):
            name = f"{name}-{region}1"
        info = self._journal.open_account(name, time.time_ns() // 1000)
        key = self._mock.keyring.key_for(name)
        region = self._mock.keyring.account(f"Bearer {key}").bound_to
        base = _base_url(request)
        urls = {each.value: f"{base}/{each.value}/twilio_segment" for each in Region}
        return json_answer({"name": info.name, "key": key, "region": region, "base_urls": urls}, 201)

    async def account(self, request: Request) -> Response:
        read_parameters(request, ())
        info = self._journal.account(request.path_params["name"])
        if info is None:
            raise HTTPException(
                404, f"There is no account {request.path_params['name'][:80]!r}. {self._known_accounts()}"
            )
        return json_answer(shown.account_shown(info))

    async def reset(self, request: Request) -> Response:
        read_parameters(request, ())
        name = request.path_params["name"]
        if not jsonschema_rs.is_valid(shapes.NAME, name):
            raise HTTPException(404, f"{name[:80]!r} cannot be an account's name.")
        held = self._journal.reset(name)
        disarmed = self._mock.armoury.forget(name)
        self._mock.sweep()
        return json_answer({"name": name, "forgotten": held.records if held else 0, "disarmed": len(disarmed)})

    async def reset_all(self, request: Request) -> Response:
        read_parameters(request, ())
        forgotten = [info for known in self._journal.accounts() if (info := self._journal.reset(known.name))]
        self._mock.armoury.forget_all()
        self._mock.sweep()
        return json_answer({"accounts": [shown.account_shown(info) for info in forgotten]})

    def _known_accounts(self) -> str:
        names = [info.name for info in self._journal.accounts()]
        return f"Known: {', '.join(names[:20])}{' …' if len(names) > 20 else ''}." if names else "There is none yet."  # noqa: PLR2004

    # -- records and items --------------------------------------------------------------------------------------

    async def records(self, request: Request) -> Response:
        query = read_query(read_parameters(request, (*openapi.FILTERS, *openapi.PAGING)))
        page: Page[Record] = await self._mock.read(lambda: find_records(self._journal, query))
        listed = [shown.record_shown(record) for record in page.found]
        return json_answer({"records": listed, "dropped": self._dropped(query.rows), "next": page.next})

    async def items(self, request: Request) -> Response:
        query = read_query(read_parameters(request, (*openapi.FILTERS, *openapi.PAGING)))
        page = await self._mock.read(lambda: find_items(self._journal, query))
        listed = shown.items_shown(page.found)
        return json_answer({"items": listed, "dropped": self._dropped(query.rows), "next": page.next})

    async def record(self, request: Request) -> Response:
        record = await self._found(request, request.path_params["id"])
        return json_answer(shown.record_whole(record, _base_url(request)))

    async def body(self, request: Request) -> Response:
        record = await self._found(request, request.path_params["id"])
        return Response(record.body, media_type="application/octet-stream")

    async def item(self, request: Request) -> Response:
        record_id, _, index = request.path_params["id"].partition(".")
        record = await self._found(request, record_id)
        items = record.parsed_items()
        if not index.isdecimal() or not index.isascii() or len(index) > 6 or int(index) >= len(items):  # noqa: PLR2004
            raise HTTPException(404, f"Record {record_id} has {len(items)} items, none with index {index[:20]!r}.")
        return json_answer(shown.items_shown([(record, int(index), items[int(index)])])[0])

    async def _found(self, request: Request, text: str) -> Record:
        read_parameters(request, ())
        number = id_number(text)
        record = await self._mock.read(lambda: self._journal.get(number)) if number is not None else None
        if record is None:
            raise HTTPException(404, f"There is no record {text[:40]!r}; it may have been dropped or reset.")
        return record

    def _dropped(self, rows: RowFilter) -> int:
        if rows.account is not None:
            info = self._journal.account(rows.account)
            return info.dropped_records if info else 0
        return sum(info.dropped_records for info in self._journal.accounts())

    async def export_ndjson(self, request: Request) -> Response:
        query = self._export_query(request)
        lines = shown.ndjson(_matching(self._mock, query))
        return StreamingResponse(self._in_pieces(lines), media_type="application/x-ndjson")

    async def export_har(self, request: Request) -> Response:
        query = self._export_query(request)
        archive = await self._mock.read(lambda: shown.har(_matching(self._mock, query)))
        return Response(archive, media_type="application/json")

    def _export_query(self, request: Request) -> Query:
        return read_query({**read_parameters(request, openapi.FILTERS), "limit": 10**9})

    async def _in_pieces(self, lines: Iterator[bytes]) -> AsyncIterator[bytes]:
        """A few lines at a time, each taken where reading may take its time."""

        def some() -> bytes:
            return b"".join(line for _, line in zip(range(100), lines, strict=False))

        while piece := await self._mock.read(some):
            yield piece

    # -- verification and the live stream -----------------------------------------------------------------------

    async def verify(self, request: Request) -> Response:
        read_parameters(request, ())
        wanted = read_verification(await read_body(request, openapi.verification_schema))
        verifying = asyncio.ensure_future(
            verify(self._mock.read, self._journal, self._mock.arrivals, wanted, self._mock.woken)
        )
        leaving = asyncio.ensure_future(request.receive())  # the body is read: only a farewell can come
        try:
            await asyncio.wait([verifying, leaving], return_when=asyncio.FIRST_COMPLETED)
            if not verifying.done():
                return refused(408, "Request Timeout", "The client left before the verification was over.")
            return json_answer(verifying.result().shown())
        finally:
            verifying.cancel()
            leaving.cancel()

    async def stream(self, request: Request) -> Response:
        given = read_parameters(request, openapi.STREAM_FILTERS)
        after = self._last_event(request) or given.get("after")
        start = id_number(after) if after else await self._mock.read(self._journal.last_id)
        events = self._events(given.get("account"), start or 0) if request.method == "GET" else _nothing()
        return StreamingResponse(events, media_type="text/event-stream", headers={"cache-control": "no-store"})

    def _last_event(self, request: Request) -> str | None:
        """Where a reader that was cut off goes on; it repeats the URL it began with, so this outweighs 'after'."""
        last = request.headers.get("last-event-id")
        if last and id_number(last) is None:
            raise QueryError(f"Header 'last-event-id' is {last[:80]!r}, expected a record's id.")
        return last

    async def _events(self, account: str | None, after: int) -> AsyncIterator[bytes]:
        """Records after that id, now and later; a comment now and then keeps the connection alive."""
        yield b": mockodp\n\n"
        query = RowFilter(account=account)
        while not self._mock.stopping.is_set():
            arrival = self._mock.arrivals.next(account)
            try:
                records = await self._mock.read(
                    lambda: self._journal.scan(query, after=after, descending=False, limit=100)  # noqa: B023
                )
                for record in records:
                    after = record.id
                    yield b"id: %b\nevent: record\ndata: %b\n\n" % (
                        id_text(record.id).encode(), orjson.dumps(shown.record_shown(record)),
                    )  # fmt: skip
                if not records and not await self._mock.woken(arrival, _HEARTBEAT_SECONDS):
                    yield b": alive\n\n"
            finally:
                self._mock.arrivals.forget(account, arrival)

    # -- about the mock -----------------------------------------------------------------------------------------

    async def fidelity(self, request: Request) -> Response:
        read_parameters(request, ())
        return json_answer({"rules": fidelity()})

    async def metrics(self, request: Request) -> Response:
        read_parameters(request, ())
        return PlainTextResponse(metrics(self._mock), media_type="text/plain; version=0.0.4")

    async def settings(self, request: Request) -> Response:
        read_parameters(request, ())
        shown_settings = asdict(self._mock.settings)
        shown_settings["key"] = [entry.partition(":")[0] for entry in self._mock.settings.key]
        shown_settings["token"] = "****"  # noqa: S105
        return json_answer({name: str(v) if hasattr(v, "parts") else v for name, v in shown_settings.items()})

    async def openapi(self, request: Request) -> Response:
        read_parameters(request, ())
        return json_answer(openapi.description())


def _matching(mock: MockODP, query: Query) -> Iterable[Record]:
    """Every record that meets *query*, read page by page."""
    cursor = None
    while True:
        page = find_records(mock.journal, Query(rows=query.rows, where=query.where, jsonpath=query.jsonpath,
                                                cursor=cursor, limit=200))  # fmt: skip
        yield from page.found
        if page.next is None:
            return
        cursor = (id_number(page.next) or 0, 0)


async def _nothing() -> AsyncIterator[bytes]:
    """The body of an answer to HEAD."""
    return
    yield b""


def _base_url(request: Request) -> str:
    """Where the caller reached us: it may see other names and ports than we do."""
    return f"{request.url.scheme}://{request.url.netloc}"


async def _bad_call(_: Request, error: Any) -> Response:
    more: dict[str, Any] = {"invalids": list(error.reasons)} if error.reasons else {}
    return refused(error.status, HTTPStatus(error.status).phrase, str(error), **more)


async def _http_fault(request: Request, error: Any) -> Response:
    if error.status_code == 404 and error.detail == "Not Found":  # noqa: PLR2004
        known = sorted(path for path in openapi.description()["paths"] if path.startswith("/_mock"))
        return refused(404, "Not Found", f"No control call at {request.url.path[:200]!r}.", known_paths=known)
    return refused(error.status_code, HTTPStatus(error.status_code).phrase, error.detail)


async def _wrong_method(request: Request, _: Any) -> Response:
    routes = [route for route in request.app.routes if route.path_regex.match(request.url.path)]
    own = [route for route in routes if route.path == routes[0].path]  # not those that take the path for an id
    allowed = sorted({method for route in own for method in route.methods})
    message = f"{request.url.path} takes {', '.join(allowed)}, not {request.method[:20]}."
    response = refused(405, "Method Not Allowed", message, allow=allowed)
    response.headers["allow"] = ", ".join(allowed)
    return response


async def _trouble(_: Request, error: Exception) -> Response:
    message = f"The mock failed at this call, which is a fault of its own: {error!r}."
    return refused(500, "Internal Server Error", message)
