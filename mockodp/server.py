"""
Runs a mock: binds its ports, serves HTTP and HTTPS from one event loop, says when it is ready, stops cleanly.

`serve` runs in the calling thread until a signal; `running` runs one in a thread of its own, for tests and notebooks.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TextIO

import orjson
import uvicorn
import uvloop

from mockodp.app import App
from mockodp.claims import claimed
from mockodp.errors import QueryError, SettingsError
from mockodp.faults.files import place_in, read_fault_file
from mockodp.http_protocol import bounded_protocol
from mockodp.journal import SqliteJournal
from mockodp.keys import Keyring, admit
from mockodp.locator import LOCATOR_NAME, prepare_folder, remove_locator, write_locator
from mockodp.log import Log
from mockodp.mock import MockODP
from mockodp.settings import MEMORY, Settings
from mockodp.tls import Certificates, certificates

if TYPE_CHECKING:
    from mockodp.client import Client

_BACKLOG = 2048
_GRACE_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Ready:
    """What a mock says when it takes requests."""

    url: str
    tls_url: str | None
    token: str
    pid: int
    locator: str
    ca: str | None
    store: str
    version: str
    event: str = "ready"

    def content(self) -> dict[str, Any]:
        names = ("event", "url", "tls_url", "token", "pid", "locator", "ca", "store", "version")
        return {name: getattr(self, name) for name in names}


class _Listener(uvicorn.Server):
    """A uvicorn server that leaves signals to us, and that starts to stop at once, not at the next tick of a clock."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stopping = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def main_loop(self) -> None:
        await self.stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if self.server_state.tasks:
            await asyncio.wait(set(self.server_state.tasks), timeout=_GRACE_SECONDS)
        for task in self.server_state.tasks:
            task.cancel()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)


class Server:
    """A mock with its ports bound; `run` serves until `stop`."""

    def __init__(self, settings: Settings, env: Mapping[str, str], *, log: Log | None = None) -> None:
        check_json(settings)
        faults = read_fault_file(settings.faults) if settings.faults else []
        self.settings = settings
        self._sockets = [_bound(settings.host, settings.port, "port")]
        self._certificates: Certificates | None = None
        self._claim: TextIO | None = None
        try:
            prepare_folder(settings.state_dir)
            self._claim = _claim(settings.state_dir)
            if settings.tls_port >= 0:
                self._sockets.append(_bound(settings.host, settings.tls_port, "tls_port"))
                self._certificates = certificates(settings.state_dir)
            keyring = Keyring(settings.key_prefix, admit(settings.key, env))
            journal = SqliteJournal(settings.store, keep_records=settings.keep_records, keep_bytes=settings.keep_bytes)
        except BaseException:
            self._close_sockets()
            raise
        token = settings.token or secrets.token_urlsafe(24)
        self.mock = MockODP(settings, keyring, journal, log=log or Log(settings.log), token=token)
        try:
            self.mock.armoury.arm(faults, place_in(settings.faults))
        except QueryError as error:
            self.close()
            raise SettingsError(str(error)) from error
        self._app = App(self.mock)
        self.ready = self._ready(token)
        self._stop: Callable[[], object] | None = None

    def _ready(self, token: str) -> Ready:
        return Ready(
            url=f"http://{_url_host(self.settings.host)}:{_port(self._sockets[0])}",
            tls_url=f"https://{_tls_host(self.settings.host)}:{_port(self._sockets[1])}"
            if self._certificates
            else None,
            token=token,
            pid=os.getpid(),
            locator=str((self.settings.state_dir / LOCATOR_NAME).resolve()),
            ca=str(self._certificates.ca.resolve()) if self._certificates else None,
            store=self.settings.store if self.settings.store == MEMORY else str(Path(self.settings.store).resolve()),
            version=version("mockodp"),
        )

    async def run(self, on_ready: Callable[[Ready], None], *, signals: bool = False) -> None:
        """Serve until `stop` or, with *signals*, SIGINT or SIGTERM; a second one of these does not wait."""
        loop = asyncio.get_running_loop()
        stopped = asyncio.Event()
        self._stop = partial(loop.call_soon_threadsafe, stopped.set)
        if signals:
            _stop_on_signals(loop, stopped)
        listeners = [self._listener(bound, tls=index == 1) for index, bound in enumerate(self._sockets)]
        serving = [
            loop.create_task(each.serve(sockets=[bound])) for each, bound in zip(listeners, self._sockets, strict=True)
        ]
        while not all(each.started for each in listeners):
            for task in serving:
                if task.done():
                    task.result()  # a listener that failed says why, instead of never starting
            await asyncio.sleep(0)
        self.mock.start_tidying()
        write_locator(Path(self.ready.locator), self.ready.content())
        try:
            on_ready(self.ready)
            await stopped.wait()
        finally:
            remove_locator(Path(self.ready.locator), self.ready.pid)
            await self.mock.stop()
            for each in listeners:
                each.stopping.set()
            await asyncio.gather(*serving)

    def stop(self) -> None:
        """Ask `run` to end; may be called from any thread."""
        if self._stop is not None:
            self._stop()

    def close(self) -> None:
        """Release ports and journal; after `run` ended, or instead of it."""
        self._close_sockets()
        self.mock.close()

    def _close_sockets(self) -> None:
        for each in self._sockets:
            each.close()
        if self._claim is not None:
            self._claim.close()

    def _listener(self, bound: socket.socket, *, tls: bool) -> _Listener:
        config = uvicorn.Config(
            self._app,
            loop="none",
            http=bounded_protocol(self.settings.max_header, self.settings.body_timeout, self.mock.unreadable),
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            backlog=_BACKLOG,
            timeout_keep_alive=75,
        )
        config.load()
        config.ssl = self._certificates.context(self.mock.fails_handshake) if tls and self._certificates else None
        return _Listener(config)


def _claim(folder: Path) -> TextIO:
    """Two mocks in one state folder would take each other's locator."""
    remedy = " Choose another --state-dir, or stop it with 'mockodp down'."
    return claimed(folder / "mock.lock", f"The state folder {str(folder)!r}", remedy)


def _stop_on_signals(loop: asyncio.AbstractEventLoop, stopped: asyncio.Event) -> None:
    """Set *stopped* at the first SIGINT or SIGTERM; end the process at the second."""

    def on_signal(number: int) -> None:
        if stopped.is_set():
            os._exit(128 + number)  # what was answered is committed, and the locator is gone
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal, number)


def serve(settings: Settings, env: Mapping[str, str], on_ready: Callable[[Ready], None]) -> None:
    """Serve in this thread until SIGINT or SIGTERM."""
    server = Server(settings, env)
    gc.freeze()  # what is loaded stays; and batches make many objects that die young
    gc.set_threshold(50_000, 50, 100)
    try:
        uvloop.run(server.run(on_ready, signals=True))
    finally:
        server.close()


@contextlib.contextmanager
def running(**switches: Any) -> Iterator[Client]:
    """A mock on free ports in a thread of this process, and a client that has its token."""
    from mockodp.client import Client  # noqa: PLC0415  a server alone needs no client

    with TemporaryDirectory(prefix="mockodp-") as folder:
        defaults = {"port": 0, "tls_port": 0, "log": "none", "state_dir": Path(folder)}
        server = Server(Settings(**{**defaults, **switches}), os.environ)
        ready: Future[Ready] = Future()
        thread = threading.Thread(target=_run_until_stopped, args=(server, ready), name="mockodp")
        thread.start()
        try:
            ready.result()
            with Client(
                server.ready.url, server.ready.token, tls_url=server.ready.tls_url, ca=server.ready.ca
            ) as client:
                yield client
        finally:
            server.stop()
            thread.join()
            server.close()


def _run_until_stopped(server: Server, ready: Future[Ready]) -> None:
    try:
        uvloop.run(server.run(ready.set_result))
    except BaseException as error:
        if ready.done():
            raise
        ready.set_exception(error)


def check_json(settings: Settings) -> None:
    """Refuse a configured answer that is no JSON."""
    for name in ("auth_answer", "write_answer"):
        try:
            orjson.loads(getattr(settings, name))
        except orjson.JSONDecodeError as error:
            raise SettingsError(f"{name} is {getattr(settings, name)!r}, expected JSON: {error}.") from None


def _bound(host: str, port: int, name: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(_BACKLOG)  # at once, for only then is the port ours
    except OSError as error:
        bound.close()
        raise SettingsError(
            f"Cannot listen on {host}:{port} ({error.strerror}). Is a mock already up? "
            f"Choose another --{name.replace('_', '-')}, or 0 for a free one."
        ) from None
    return bound


def _port(bound: socket.socket) -> int:
    port: int = bound.getsockname()[1]
    return port


def _tls_host(host: str) -> str:
    """A name the certificate has."""
    reachable = _url_host(host)
    return reachable if reachable in ("127.0.0.1", "[::1]") else "localhost"


def _url_host(host: str) -> str:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104  only compared
    return f"[{reachable}]" if ":" in reachable and not reachable.startswith("[") else reachable
