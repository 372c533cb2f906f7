"""Who may use the control API, from where, and what a browser may read of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx2
import pytest
from starlette.types import Message, Receive, Scope, Send

from mockodp.guard import Guard
from tests.mockodp.control_api import Api, an_api

TOKEN = "t0ken-of-this-mock"
ORIGIN = "https://inspector.example.test"


@pytest.fixture(scope="module")
def closed() -> Iterator[Api]:
    with an_api(token=TOKEN) as api:
        yield api


@pytest.fixture(scope="module")
def opened() -> Iterator[Api]:
    with an_api(token=TOKEN, open_control=True) as api:
        yield api


def status(api: Api, headers: dict[str, str] | None = None, method: str = "GET", path: str = "/accounts") -> int:
    return api.http.request(method, f"/_mock{path}", headers=headers).status_code


@pytest.mark.parametrize(
    ("authorization", "words"),
    [
        (None, "Header 'authorization' is missing, expected 'Bearer TOKEN'."),
        ("", "does not hold the token of this mock"),
        (TOKEN, "does not hold the token of this mock"),
        ("Bearer", "does not hold the token of this mock"),
        (f"Bearer {TOKEN}x", "does not hold the token of this mock"),
        (f"Bearer {TOKEN[:-1]}", "does not hold the token of this mock"),
        (f"Bearer {TOKEN.upper()}", "does not hold the token of this mock"),
        (f"Bearer {TOKEN} {TOKEN}", "does not hold the token of this mock"),
        (f"Basic {TOKEN}", "does not hold the token of this mock"),
        ("Bearer odp_test_shop", "does not hold the token of this mock"),
        ("Bearer caf\xe9", "does not hold the token of this mock"),
    ],
)
def test_without_the_token_nothing_is_told(closed: Api, authorization: str | None, words: str) -> None:
    headers = [] if authorization is None else [(b"authorization", authorization.encode("latin-1"))]
    answer = closed.http.get("/_mock/accounts", headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="mockodp control"')
    document = answer.json()
    assert set(document) == {"title", "status", "timestamp", "detail"}
    assert words in document["detail"]["message"]
    assert TOKEN not in answer.text


@pytest.mark.parametrize("authorization", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"BEARER  {TOKEN}"])
def test_with_the_token_everything_is(closed: Api, authorization: str) -> None:
    assert status(closed, {"authorization": authorization}) == 200
    assert status(closed, {"authorization": authorization, "origin": ORIGIN, "host": "mock.example.test"}) == 200


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/ready", 200),
        ("GET", "/ready/", 401),
        ("GET", "/nowhere", 401),
        ("POST", "/accounts", 401),
        ("DELETE", "/accounts/shop", 401),
        ("OPTIONS", "/accounts", 401),
        ("GET", "/openapi.json", 401),
        ("GET", "/stream", 401),
        ("GET", "/metrics", 401),
    ],
)
def test_only_readiness_needs_no_token(closed: Api, method: str, path: str, expected: int) -> None:
    assert status(closed, method=method, path=path) == expected


def test_a_path_that_only_begins_like_the_control_api_is_none_of_it(closed: Api) -> None:
    answer = closed.http.get("/_mockery/accounts")
    assert (answer.status_code, "No endpoint at '/_mockery/accounts'" in answer.text) == (404, True)


def test_an_open_mock_needs_no_token_of_this_machine(opened: Api) -> None:
    assert status(opened) == 200
    assert status(opened, method="DELETE", path="/accounts/shop") == 200


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8090", "127.0.0.1", "[::1]:8090", "[::1]", "LOCALHOST:1", "api.zaius.com"]
)
def test_an_open_mock_knows_its_own_names(opened: Api, host: str) -> None:
    assert status(opened, {"host": host}) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": ORIGIN},
        {"origin": "null"},
        {"origin": "http://localhost"},
        {"host": "evil.example.test"},
        {"host": "evil.example.test:8090"},
        {"host": "localhost.evil.example.test"},
        {"host": "127.0.0.1.evil.example.test"},
        {"host": ""},
        {"authorization": "Bearer wrong"},
    ],
)
def test_an_open_mock_is_not_open_to_pages_of_other_sites(opened: Api, headers: dict[str, str]) -> None:
    assert status(opened, headers) == 401


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        (("127.0.0.1", 1), True),
        (("127.1.2.3", 1), True),
        (("::1", 1), True),
        (("192.0.2.1", 1), False),
        (("::", 1), False),
        (("testclient", 1), False),
        (None, False),
    ],
)
def test_an_open_mock_is_open_to_this_machine_alone(client: tuple[str, int] | None, expected: bool) -> None:
    assert asyncio.run(passes(client)) is expected


async def passes(client: tuple[str, int] | None) -> bool:
    """Whether an open guard lets a call of *client* through."""
    reached: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope)

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        return None

    scope: Scope = {"type": "http", "path": "/_mock/accounts", "headers": [(b"host", b"localhost")], "client": client}
    await Guard(app, token=TOKEN, open_control=True)(scope, receive, send)
    return bool(reached)


def test_browsers_may_read_nothing_by_default(closed: Api) -> None:
    answer = closed("GET", "/accounts", headers={"origin": ORIGIN})
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control")]
    preflight = closed.http.options(
        "/_mock/accounts", headers={"origin": ORIGIN, "access-control-request-method": "GET"}
    )
    assert preflight.status_code == 401
    assert not [name for name in preflight.headers if name.startswith("access-control")]


def preflight(api: Api, origin: str, method: str = "DELETE") -> httpx2.Response:
    headers = {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-headers": "authorization,last-event-id",
    }
    return api.http.options("/_mock/accounts/shop", headers=headers)


def test_browsers_may_read_from_named_origins_and_still_need_the_token() -> None:
    with an_api(token=TOKEN, cors_origin=(ORIGIN,)) as api:
        allowed = preflight(api, ORIGIN)
        assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, ORIGIN)
        assert "access-control-allow-credentials" not in allowed.headers
        refused = api.http.get("/_mock/accounts", headers={"origin": ORIGIN})
        assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, ORIGIN)
        answer = api("GET", "/accounts", headers={"origin": ORIGIN})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, ORIGIN)
        for other in ("https://evil.example.test", f"{ORIGIN}.evil.example.test", "null"):
            assert preflight(api, other).status_code == 400
            assert "access-control-allow-origin" not in preflight(api, other).headers
            assert "access-control-allow-origin" not in api("GET", "/accounts", headers={"origin": other}).headers


def test_the_emulated_endpoints_know_no_browsers() -> None:
    with an_api(cors_origin=(ORIGIN,)) as api:
        headers = {"origin": ORIGIN, "authorization": "Bearer odp_test_shop"}
        answer = api.http.post("/twilio_segment/auth", headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control")]
