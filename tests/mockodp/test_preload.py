"""The preload file: what a Node client meets under the vendor's names, and what it can no longer reach."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest
import trustme

CLIENTS = Path(__file__).parent / "node_clients.cjs"
ESM_CLIENTS = CLIENTS.with_suffix(".mjs")
PRELOAD = Path(__file__).parents[2] / "mockodp" / "node" / "mockodp-preload.cjs"
US = "function.zaius.app"
VENDOR = (
    US,
    "function.eu1.ocp.optimizely.com",
    "function.au1.ocp.optimizely.com",
    "api.zaius.com",
    "api.us1.odp.optimizely.com",
    "api.eu1.odp.optimizely.com",
    "api.au1.odp.optimizely.com",
)
FOREIGN = "example.com"
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="node was not found on PATH")


@dataclass
class Mock:
    """A server on loopback: *seen* are the Host headers that came, *asked* the names that TLS asked for."""

    url: str
    seen: list[str | None] = field(default_factory=list)
    asked: list[str | None] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        cast("Server", self.server).mock.seen.append(self.headers["host"])
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"mock")

    def log_message(self, *_: object) -> None:
        """Nothing: what matters is in `Mock.seen`."""


class Server(ThreadingHTTPServer):
    daemon_threads = False  # so that server_close waits for them, and no socket is left open
    mock: Mock

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: a client that does not trust the certificate hangs up."""


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Mock]:
    server = Server(("127.0.0.1", 0), Handler)
    mock = server.mock = Mock(f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}")
    if context is not None:
        context.sni_callback = lambda _socket, name, _context: mock.asked.append(name)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield mock
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def serving_tls(authority: trustme.CA, *names: str) -> AbstractContextManager[Mock]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return serving(context)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def mock(authority: trustme.CA) -> Iterator[Mock]:
    with serving_tls(authority, *VENDOR) as mock:
        yield mock


@pytest.fixture
def plain_mock() -> Iterator[Mock]:
    with serving() as mock:
        yield mock


@pytest.fixture
def env(mock: Mock, authority: trustme.CA, tmp_path: Path) -> dict[str, str]:
    """The environment of a client that is led to the mock; nothing else in it can help."""
    pem = tmp_path / "ca of the mock.pem"
    authority.cert_pem.write_to_path(str(pem))
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT") if name in os.environ}
    options = f"--require {json.dumps(str(PRELOAD))}"
    return {**kept, "NODE_OPTIONS": options, "MOCKODP_TLS_URL": mock.url, "MOCKODP_CA": str(pem)}


def ran(env: Mapping[str, str], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [cast("str", NODE), *map(str, arguments)],
        env=env,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def said(env: Mapping[str, str], *arguments: str | Path) -> Any:
    """What the client was told, or the error that it met."""
    done = ran(env, *arguments)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("host", VENDOR)
def test_each_name_of_the_vendor_leads_to_the_mock(env: dict[str, str], mock: Mock, host: str) -> None:
    assert said(env, CLIENTS, "fetch", f"https://{host}/") == "mock"
    assert (mock.seen, mock.asked) == ([host], [host])


@pytest.mark.parametrize(
    "client",
    [
        "https",
        "https with an agent",
        "https with a lookup of its own",
        "https without verification",
        "tls by host and port",
        "tls by options",
        "tls over a socket",
        "tls with a context of its own",
        "worker",
        "child",
    ],
)
def test_every_kind_of_client_is_led(env: dict[str, str], mock: Mock, client: str) -> None:
    assert said(env, CLIENTS, client, f"https://{US}/") == "mock"
    assert (mock.seen, mock.asked) == ([US], [US])


@pytest.mark.parametrize("client", ["https", "fetch", "tls"])
def test_code_that_imports_by_name_is_led(env: dict[str, str], mock: Mock, client: str) -> None:
    assert said(env, ESM_CLIENTS, client, f"https://{US}/") == "mock"
    assert mock.seen == [US]


def test_a_port_of_its_own_is_led_as_well(env: dict[str, str], mock: Mock) -> None:
    assert said(env, CLIENTS, "https", f"https://{US}:8443/") == "mock"
    assert mock.seen == [f"{US}:8443"]


def test_tls_over_a_socket_still_knows_whom_it_meant(env: dict[str, str], mock: Mock) -> None:
    assert said(env, CLIENTS, "tls over a socket that names its host", f"https://{US}/") == "mock"


def test_the_vendor_by_address_is_led_by_the_name_that_tls_asks_for(env: dict[str, str], mock: Mock) -> None:
    assert said({**env, "MOCKODP_ALLOW_HOSTS": "*"}, CLIENTS, "tls to an address", f"https://{US}/") == "mock"
    assert mock.asked == [US]


def test_the_command_line_alone_covers_children_too(env: dict[str, str], mock: Mock) -> None:
    del env["NODE_OPTIONS"]
    assert said(env, "--require", PRELOAD, CLIENTS, "child", f"https://{US}/") == "mock"


@pytest.mark.parametrize("client", ["https", "fetch"])
def test_a_certificate_of_another_authority_is_refused(env: dict[str, str], client: str) -> None:
    with serving_tls(trustme.CA(), *VENDOR) as impostor:
        error = said({**env, "MOCKODP_TLS_URL": impostor.url}, CLIENTS, client, f"https://{US}/")

    assert error["code"] == "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
    assert impostor.seen == []


@pytest.mark.parametrize("client", ["https", "fetch", "tls over a socket that names its host"])
def test_a_certificate_for_another_name_is_refused(env: dict[str, str], authority: trustme.CA, client: str) -> None:
    with serving_tls(authority, "localhost") as other:
        error = said({**env, "MOCKODP_TLS_URL": other.url}, CLIENTS, client, f"https://{US}/")

    assert error["code"] == "ERR_TLS_CERT_ALTNAME_INVALID"
    assert US in error["message"]


@pytest.mark.parametrize(
    ("client", "url"),
    [
        ("http", f"http://{FOREIGN}/"),
        ("https", f"https://{FOREIGN}/"),
        ("https with a lookup of its own", f"https://{FOREIGN}/"),
        ("fetch", f"https://{FOREIGN}/"),
        ("fetch", f"http://{FOREIGN}/"),
        ("tls by host and port", f"https://{FOREIGN}/"),
        ("net", f"http://{FOREIGN}:25/"),
        ("worker", f"https://{FOREIGN}/"),
        ("child", f"https://{FOREIGN}/"),
    ],
)
def test_a_foreign_host_is_refused(env: dict[str, str], client: str, url: str) -> None:
    error = said(env, CLIENTS, client, url)

    assert error["code"] == "EMOCKODP"
    assert f"A connection to '{FOREIGN}' was stopped." in error["message"]
    assert US in error["message"], "what may be reached"
    assert "MOCKODP_ALLOW_HOSTS names (now nothing)" in error["message"]


@pytest.mark.parametrize("client", ["https", "fetch", "tls"])
def test_code_that_imports_by_name_is_refused_too(env: dict[str, str], client: str) -> None:
    assert said(env, ESM_CLIENTS, client, f"https://{FOREIGN}/")["code"] == "EMOCKODP"


@pytest.mark.parametrize("url", ["http://203.0.113.1/", "http://[2001:db8::1]/", "https://zaius.app/"])
def test_neither_addresses_nor_neighbours_of_the_vendor_are_reached(env: dict[str, str], url: str) -> None:
    assert said(env, CLIENTS, "fetch", url)["code"] == "EMOCKODP"


@pytest.mark.parametrize("allowed", ["other.example", "a.example, Other.Example.", "*.example", "*"])
def test_a_host_that_is_allowed_is_reached(env: dict[str, str], mock: Mock, allowed: str) -> None:
    url = f"https://other.example:{mock.port}/"  # the client's own lookup finds it on loopback
    env["MOCKODP_ALLOW_HOSTS"] = allowed

    assert said(env, CLIENTS, "https with a lookup of its own", url) == "mock"
    assert mock.seen == [f"other.example:{mock.port}"]


def test_what_is_allowed_is_not_more_than_named(env: dict[str, str]) -> None:
    env["MOCKODP_ALLOW_HOSTS"] = "other.example,*.example.org"
    error = said(env, CLIENTS, "fetch", "https://an.other.example/")

    assert "names (now other.example, *.example.org)" in error["message"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_stays_as_it_is(env: dict[str, str], plain_mock: Mock, host: str) -> None:
    assert said(env, CLIENTS, "http", f"http://{host}:{plain_mock.port}/") == "mock"
    assert said(env, CLIENTS, "fetch", f"http://{host}:{plain_mock.port}/") == "mock"


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this system has no Unix sockets")
def test_a_unix_socket_stays_as_it_is(env: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        answering = threading.Thread(target=answer_once, args=(listening,))
        answering.start()
        assert said(env, CLIENTS, "pipe", path) == "unix"
        answering.join()


def answer_once(listening: socket.socket) -> None:
    accepted, _ = listening.accept()
    with accepted:
        accepted.recv(1000)
        accepted.sendall(b"\r\n\r\nunix")


@pytest.mark.parametrize("client", ["http", "fetch", "net"])
def test_plain_http_to_the_vendor_is_refused(env: dict[str, str], mock: Mock, client: str) -> None:
    error = said(env, CLIENTS, client, f"http://{US}/")

    assert error["code"] == "EMOCKODP"
    assert f"Plain HTTP to '{US}' was stopped" in error["message"]
    assert "MOCKODP_URL" in error["message"]
    assert mock.seen == []


@pytest.mark.parametrize("client", ["http", "fetch"])
def test_plain_http_is_led_where_the_mock_speaks_it(env: dict[str, str], plain_mock: Mock, client: str) -> None:
    env["MOCKODP_URL"] = plain_mock.url

    assert said(env, CLIENTS, client, f"http://{US}/") == "mock"
    assert plain_mock.seen == [US]


def test_tls_to_the_vendor_through_a_proxy_is_refused(env: dict[str, str], plain_mock: Mock) -> None:
    env["PROXY_PORT"] = str(plain_mock.port)
    error = said(env, CLIENTS, "tls through a proxy", f"https://{US}/")

    assert error["code"] == "EMOCKODP"
    assert "its socket does not end at the mock" in error["message"]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("MOCKODP_TLS_URL", None, "MOCKODP_TLS_URL is not set, expected the mock's address"),
        ("MOCKODP_TLS_URL", "", "MOCKODP_TLS_URL is not set"),
        (
            "MOCKODP_TLS_URL",
            "127.0.0.1:8443",
            "MOCKODP_TLS_URL is '127.0.0.1:8443', expected an address such as",
        ),
        ("MOCKODP_TLS_URL", "http://127.0.0.1:1", "expected an address such as https://127.0.0.1:8443"),
        ("MOCKODP_URL", "https://127.0.0.1:1", "expected an address such as http://127.0.0.1:8090"),
        ("MOCKODP_CA", None, "MOCKODP_CA is not set, expected the path of the PEM file"),
        ("MOCKODP_CA", "/nowhere/ca.pem", "MOCKODP_CA is '/nowhere/ca.pem', which cannot be read"),
        ("MOCKODP_CA", str(CLIENTS), "which holds no PEM certificate"),
    ],
)
def test_without_its_settings_the_process_does_not_start(
    env: dict[str, str], name: str, value: str | None, words: str
) -> None:
    env.pop(name, None)
    if value is not None:
        env[name] = value
    done = ran(env, "-e", "console.log('reached')")

    assert (done.returncode, done.stdout) == (1, "")
    assert words in done.stderr.partition("\n")[0]
    assert "This process does not start, lest it reach the real platform." in done.stderr
