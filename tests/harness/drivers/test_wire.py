"""The driver ``python`` on the wire: the same bytes, answers and errors as the published destination."""

from __future__ import annotations

import datetime
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from mockodp_harness.drivers import Driver, Instance, Trace, driver
from mockodp_harness.drivers.wire import Client
from mockodp_harness.segment.exchange import CallError, post

from tests.harness.drivers.odd_answers import BROKEN, SOUND, WITHOUT_END, acts, answer, coded, led
from tests.harness.drivers.odd_server import HOLD, Act, OddServer, odd_server

EVENT = {"type": "track", "userId": "u-1", "properties": {"city": "Zürich 😀", "n": 1.50}}
SUBSCRIPTION = {
    "subscribe": 'type = "track"',
    "partnerAction": "nonEcommCustomEvent",
    "mapping": {
        "user_identifiers": {"userId": {"@path": "$.userId"}},
        "event_action": "a",
        "data": {"@path": "$.properties"},
        "timestamp": "t",
    },
}
SETTINGS = {"apiKey": "secret-key", "region": "US"}
INSTANCE = Instance(SETTINGS, [SUBSCRIPTION])
AMPLE, SCARCE = 20.0, 0.5


@pytest.fixture
def server() -> Iterator[OddServer]:
    with odd_server() as server:
        yield server


@pytest.fixture(scope="module")
def both(packages: Path) -> Iterator[tuple[OddServer, Driver, Driver]]:
    """A server, the published destination and ours before it."""
    with odd_server() as server:
        base_urls = {"US": f"{server.url}/twilio_segment"}
        with driver("node", base_urls=base_urls) as node, driver("python", base_urls=base_urls) as python:
            yield server, node, python


def ours(url: str, **options: Any) -> Driver:
    return driver("python", base_urls={"US": url}, **options)


def failure(trace: Trace) -> tuple[str, str, str | None]:
    assert trace.error is not None
    return trace.error.name, trace.error.message, trace.error.code


# -- against the published destination ----------------------------------------------------------------------------


@pytest.mark.node
@pytest.mark.parametrize("name", [*SOUND, *BROKEN])
def test_an_answer_comes_to_the_same_as_in_the_published_client(
    both: tuple[OddServer, Driver, Driver], name: str
) -> None:
    assert_same(both, {**SOUND, **BROKEN}[name], AMPLE)


@pytest.mark.node
@pytest.mark.parametrize("name", WITHOUT_END)
def test_what_the_published_client_waits_for_without_end_ends_the_call_in_the_same_way(
    both: tuple[OddServer, Driver, Driver], name: str
) -> None:
    assert_same(both, WITHOUT_END[name], SCARCE)


def assert_same(both: tuple[OddServer, Driver, Driver], play: tuple[Act, ...], limit: float) -> None:
    server, *drivers = both
    told = []
    for each in drivers:
        server.play(*play)
        told.append((each.event(EVENT, INSTANCE, limit=limit).to_json(), list(server.seen)))
    (real, bytes_of_real), (own, own_bytes) = told
    assert own == real
    assert own_bytes == bytes_of_real


@pytest.mark.node
@pytest.mark.parametrize("name", ["plain", "no reason", "redirect by 301", "redirect by 308", "half a head", "zipped"])
def test_a_try_of_the_key_is_the_same_on_the_wire(both: tuple[OddServer, Driver, Driver], name: str) -> None:
    server, *drivers = both
    told = []
    for each in drivers:
        server.play(*{**SOUND, **BROKEN}[name])
        told.append((each.test_authentication(SETTINGS, limit=AMPLE).to_json(), list(server.seen)))
    assert told[1] == told[0]


@pytest.mark.node
@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1",
        "http://127.0.0.1:1/",
        "http://localhost:1/x",
        "http://[::1]:1/x",
        "https://127.0.0.1:1/x",
        "http://nowhere.invalid/x",
        "http://u:p@127.0.0.1:1/x",
        "http://127.0.0.1:1/a b/é/../c//?q='1#f",
        "http://127.0.0.1:1/€",
        "HTTP://LocalHost:1/X",
    ],
)
def test_a_place_that_cannot_be_reached_fails_in_the_same_words(packages: Path, url: str) -> None:
    told = []
    for name in ("node", "python"):
        with driver(name, base_urls={"US": url}) as each:
            told.append(each.event(EVENT, INSTANCE, limit=AMPLE).to_json())
    assert told[1] == told[0]


@pytest.mark.node
@pytest.mark.parametrize("key", ["", "é b", "  padded ", "line\nend", "a key\nof two lines", "€uro"])
def test_a_key_goes_out_or_is_refused_as_in_the_published_client(
    both: tuple[OddServer, Driver, Driver], key: str
) -> None:
    server, *drivers = both
    told = []
    for each in drivers:
        server.play(Act())
        trace = each.event(EVENT, Instance({"apiKey": key, "region": "US"}, [SUBSCRIPTION]), limit=AMPLE)
        told.append((trace.to_json(), list(server.seen)))
    assert told[1] == told[0]


@pytest.mark.node
@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("names", [("127.0.0.1", "localhost"), ("example.com", "*.example.org"), ("127.0.0.2", "::1")])
def test_a_certificate_is_taken_or_refused_in_the_same_words(
    packages: Path, tmp_path: Path, names: tuple[str, ...], trusted: bool
) -> None:
    pem, context = certified(tmp_path, *names)
    with odd_server(context) as server:
        for host in ("127.0.0.1", "localhost"):
            url = server.url.replace("127.0.0.1", host)
            told = []
            for name in ("node", "python"):
                with driver(name, base_urls={"US": url}, ca=pem if trusted else None) as each:
                    told.append(each.event(EVENT, INSTANCE, limit=AMPLE).to_json())
            assert told[1] == told[0]


def certified(folder: Path, *names: str, **validity: Any) -> tuple[Path, ssl.SSLContext]:
    """The PEM file of an authority, and a server's context with a certificate of it."""
    authority, pem = trustme.CA(), folder / "ca.pem"
    authority.cert_pem.write_to_path(str(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, **validity).configure_cert(context)
    return pem, context


# -- without Node: what was measured, by value --------------------------------------------------------------------


def test_a_request_has_the_headers_of_the_published_client_in_their_order_and_case(server: OddServer) -> None:
    with ours(f"{server.url}/us/twilio_segment") as python:
        assert python.event(EVENT, INSTANCE).ok
        assert python.test_authentication(SETTINGS).ok
    host = server.url.removeprefix("http://")
    body = (
        '[{"user_identifiers":{"userId":"u-1"},"action":"a","type":"custom","timestamp":"t",'
        '"data":{"city":"Zürich 😀","n":1.5}}]'
    ).encode()
    assert server.seen == [
        (
            "POST /us/twilio_segment/batch_custom_event HTTP/1.1\r\n"
            "authorization: Bearer secret-key\r\n"
            "user-agent: Segment (Actions)\r\n"
            "content-type: application/json\r\n"
            "Accept: */*\r\n"
            f"Content-Length: {len(body)}\r\n"
            "Accept-Encoding: gzip,deflate\r\n"
            "Connection: close\r\n"
            f"Host: {host}\r\n\r\n"
        ).encode()
        + body,
        (
            "POST /us/twilio_segment/auth HTTP/1.1\r\n"
            "authorization: Bearer secret-key\r\n"
            "user-agent: Segment (Actions)\r\n"
            "Accept: */*\r\n"
            "Content-Length: 0\r\n"
            "Accept-Encoding: gzip,deflate\r\n"
            "Connection: close\r\n"
            f"Host: {host}\r\n\r\n"
        ).encode(),
    ]


@pytest.mark.parametrize(
    ("status", "repeated"), [("301", False), ("302", False), ("303", False), ("307", True), ("308", True)]
)
def test_a_redirect_is_followed_without_body_or_with_it_and_always_with_the_key(
    server: OddServer, status: str, repeated: bool
) -> None:
    server.play(*led(status.encode(), b"/there"))
    with ours(server.url) as python:
        trace = python.event(EVENT, INSTANCE)
    assert [request.method for request in trace.requests] == ["POST", "POST" if repeated else "GET"]
    assert [request.body is None for request in trace.requests] == [False, not repeated]
    assert b"\r\nauthorization: Bearer secret-key\r\n" in server.seen[1]
    assert (b"\r\nContent-Length: " in server.seen[1]) is repeated
    assert trace.ok


def test_after_twenty_redirects_the_client_gives_up(server: OddServer) -> None:
    server.play(*SOUND["redirect that never ends"])
    with ours(server.url) as python:
        trace = python.event(EVENT, INSTANCE)
    assert failure(trace) == ("FetchError", f"maximum redirect reached at: {server.url}/loop", None)
    assert len(trace.requests) == 21


@pytest.mark.parametrize(
    ("name", "words", "code"),
    [
        ("nothing", "socket hang up", "ECONNRESET"),
        ("nothing, and a reset", "read ECONNRESET", "ECONNRESET"),
        ("no HTTP", "Parse Error: Expected HTTP/, RTSP/ or ICE/", "HPE_INVALID_CONSTANT"),
        ("two lengths", "Parse Error: Duplicate Content-Length", "HPE_UNEXPECTED_CONTENT_LENGTH"),
        ("a head that is too long", "Parse Error: Header overflow", "HPE_HEADER_OVERFLOW"),
        ("a blank in a name", "Parse Error: Invalid header token", "HPE_INVALID_HEADER_TOKEN"),
    ],
)
def test_a_broken_answer_is_a_fetch_error_in_the_words_of_node(
    server: OddServer, name: str, words: str, code: str
) -> None:
    server.play(*BROKEN[name])
    with ours(server.url) as python:
        trace = python.event(EVENT, INSTANCE)
    assert failure(trace) == ("FetchError", f"request to {server.url}/batch_custom_event failed, reason: {words}", code)
    assert trace.requests[0].answer is None
    assert trace.requests[0].error is not None
    assert (trace.requests[0].error.message, trace.requests[0].error.code) == (words, code)


def test_a_refused_connection_names_the_address() -> None:
    with ours("http://127.0.0.1:1/x") as python:
        trace = python.test_authentication(SETTINGS)
        reason = "request to http://127.0.0.1:1/x/auth failed, reason: connect ECONNREFUSED 127.0.0.1:1"
        assert failure(trace) == ("Error", f"Credentials are invalid:  {reason}", None)


@pytest.mark.parametrize("name", ["a body cut short", "chunks without the last", "zipped, wrong sum", "deflated, cut"])
def test_a_body_that_cannot_be_read_ends_the_call_as_one_that_did_not_come_back(server: OddServer, name: str) -> None:
    server.play(*WITHOUT_END[name])
    with ours(server.url) as python:
        trace = python.event(EVENT, INSTANCE, limit=600)
    assert failure(trace) == ("CallTimeout", "The destination did not come back within 600000 ms.", None)
    assert trace.requests[0].answer is not None


def test_a_server_that_stays_silent_is_given_up_after_the_limit_of_the_call(server: OddServer) -> None:
    server.play(Act((), HOLD))
    with ours(server.url) as python:
        trace = python.event(EVENT, INSTANCE, limit=0.1)
    assert failure(trace) == ("CallTimeout", "The destination did not come back within 100 ms.", None)
    assert trace.requests[0].error is not None
    assert trace.requests[0].error.name == "Unfinished"


def test_without_a_head_of_an_answer_the_client_itself_gives_up_after_ten_seconds(server: OddServer) -> None:
    server.play(Act((b"HTTP/1.1 200 OK\r\nA:",), HOLD))
    exchanges: list[Any] = []
    client = Client(ssl.create_default_context, patience=0.05)
    with pytest.raises(CallError) as caught:
        client.send(post(f"{server.url}/x", "key", "[]"), time.monotonic() + AMPLE, exchanges)
    assert (caught.value.name, caught.value.code) == ("TimeoutError", "ETIMEDOUT")
    assert caught.value.message == "Request timed out after 50ms"
    assert exchanges[0].error["name"] == "Abandoned"
    assert Client(ssl.create_default_context).patience == 10.0


def test_an_answer_that_is_deflated_to_nothing_is_waited_for_like_a_head(server: OddServer) -> None:
    server.play(*WITHOUT_END["deflated nothing"])
    with ours(server.url) as python:
        assert failure(python.event(EVENT, INSTANCE)) == (
            "TimeoutError",
            "Request timed out after 10000ms",
            "ETIMEDOUT",
        )


def test_brotli_is_refused_with_a_way_out(server: OddServer) -> None:
    server.play(*coded(b"br", b"\x0b\x03\x80{}\x03"))
    with ours(server.url) as python:
        name, message, _ = failure(python.event(EVENT, INSTANCE))
    assert name == "UnreadAnswer"
    assert "compressed with brotli, expected gzip or deflate" in message
    assert "use the driver 'node'" in message


def test_a_redirect_that_is_no_url_ends_the_call(server: OddServer) -> None:
    server.play(*led(b"302", b"http://[::1/x"))
    with ours(server.url) as python:
        assert failure(python.event(EVENT, INSTANCE)) == ("TypeError", "Invalid URL", "ERR_INVALID_URL")


@pytest.mark.parametrize("location", [b"http://example.com/x", b"//10.0.0.1/x", b"https://127.evil.example/x"])
def test_no_redirect_leads_to_a_host_that_was_not_named(server: OddServer, location: bytes) -> None:
    server.play(*led(b"302", location))
    with ours(server.url) as python:
        name, message, code = failure(python.event(EVENT, INSTANCE))
    assert (name, code) == ("Error", "EMOCKODP")
    assert "was stopped before it left: only loopback and the hosts of given base URLs are reached." in message


def test_an_expired_certificate_is_refused(tmp_path: Path) -> None:
    past = datetime.datetime(2019, 1, 1, tzinfo=datetime.UTC)
    pem, context = certified(tmp_path, "127.0.0.1", not_before=past, not_after=past + datetime.timedelta(days=1))
    with odd_server(context) as server, ours(server.url, ca=pem) as python:
        name, message, code = failure(python.event(EVENT, INSTANCE))
    assert (name, code) == ("FetchError", "CERT_HAS_EXPIRED")
    assert message.endswith("failed, reason: certificate has expired")


def test_a_certificate_of_another_host_is_refused(tmp_path: Path) -> None:
    pem, context = certified(tmp_path, "example.com")
    with odd_server(context) as server, ours(server.url.replace("127.0.0.1", "localhost"), ca=pem) as python:
        name, message, code = failure(python.event(EVENT, INSTANCE))
    assert (name, code) == ("FetchError", "ERR_TLS_CERT_ALTNAME_INVALID")
    assert message.endswith("Host: localhost. is not in the cert's altnames: DNS:example.com")


def test_a_server_without_tls_is_no_server_for_https(server: OddServer) -> None:
    server.play(*acts(answer()))
    with ours(server.url.replace("http:", "https:")) as python:
        name, message, _ = failure(python.event(EVENT, INSTANCE, limit=0.3))
    assert name in ("CallTimeout", "FetchError")
    assert message


def test_the_proxies_of_the_environment_are_not_used(server: OddServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with ours(server.url) as python:
        assert python.event(EVENT, INSTANCE).ok
