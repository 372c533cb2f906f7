"""A stand-in for Segment's local server, for tests of the driver `serve`: it says what it is told to say."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, cast

from mockodp_harness.destinations import optimizely_data_platform as odp

OK: Final = 200
SERVICE: Final = "http://127.0.0.1:8090/us/twilio_segment/batch_custom_event"


def manifest() -> dict[str, Any]:
    """The definition as the server shows it: no functions, and of a field without default no default."""
    destination = odp.destination()
    return {
        "name": destination.name,
        "mode": "cloud",
        "authentication": {"scheme": "custom", "fields": dict(destination.settings)},
        "actions": {slug: _action(slug, action.fields) for slug, action in destination.actions.items()},
    }


def exchange(sent: str = "[{}]", /, **response: Any) -> dict[str, Any]:
    """One exchange with the service as the server lists it."""
    headers = {"authorization": "<redacted>", "user-agent": "Segment (Actions)", "content-type": "application/json"}
    answer = {"statusCode": 202, "statusMessage": "Accepted", "headers": {"content-type": "application/json"}}
    return {
        "request": {"url": SERVICE, "headers": headers, "method": "POST", "body": sent},
        "response": {**answer, "body": {"status": "queued"}, **response},
    }


def thrown(message: str, name: str = "Error", **more: Any) -> dict[str, Any]:
    """What the server says when the action throws."""
    return {"message": message, "stack": f"{name}: {message}\n    at x.js:1:2", "requestError": True, **more}


@dataclass
class LocalServer:
    """
    Gives *reply* to each run, with *status*; an empty batch gives what it *remembers*.

    *asked* has path and body of every POST but those of empty batches, which are *probes*.
    """

    url: str = ""
    manifest: Any = field(default_factory=manifest)
    reply: Callable[[dict[str, Any]], Any] = lambda _: [exchange()]
    status: int = OK
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    probes: int = 0
    remembers: list[Any] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def answer(self, path: str, body: dict[str, Any]) -> Any:
        if body.get("payload") == []:
            self.probes += 1
            return self.remembers
        self.asked.append((path, body))
        return self.reply(body)


@contextmanager
def serving_locally() -> Iterator[LocalServer]:
    """A stand-in that runs."""
    local = LocalServer()
    server = _Server(local)
    local.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield local
    finally:
        local.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _action(slug: str, fields: Any) -> dict[str, Any]:
    defaults = odp.default_mapping(slug)
    shown = {
        name: {**each, **({"default": defaults[name]} if name in defaults else {})} for name, each in fields.items()
    }
    return {"title": slug, "description": "", "fields": shown}


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, local: LocalServer) -> None:
        self.local = local
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    @property
    def local(self) -> LocalServer:
        return cast("_Server", self.server).local

    def do_GET(self) -> None:
        found = self.path == "/manifest" and self.local.manifest is not None
        self._send(OK if found else 404, self.local.manifest if found else "Cannot GET")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self._send(self.local.status, self.local.answer(self.path, body))

    def log_message(self, *_: object) -> None:
        """Nothing: what matters is in `LocalServer.asked`."""

    def _send(self, status: int, said: Any) -> None:
        text = said if isinstance(said, str) else json.dumps(said)
        self.send_response(status)
        self.end_headers()
        with contextlib.suppress(BrokenPipeError):  # the driver gave up
            self.wfile.write(text.encode())
