"""Keys appear nowhere: not in files, log, listings, exports, metrics, stream or answers."""

from __future__ import annotations

import contextlib
import io
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
import uvloop

from mockodp.client import Client
from mockodp.log import Log
from mockodp.server import Server
from mockodp.settings import Settings
from tests.mockodp.wire import ACCOUNT, GOOD_BODY, KEY, Wire, request

SECRET = "W4WzcEs-ABgXorzY7h1LCQ.real-one"  # made up, in the shape of a real key
FINGERPRINT = re.compile(r"#[0-9a-f]{8}\b")


@dataclass
class Run:
    """A mock with a journal in a file, and all that it wrote."""

    client: Client
    folder: Path
    log: io.StringIO
    answers: list[bytes] = field(default_factory=list)

    def send(
        self, *headers: str, key: str | None = KEY, line: str = "POST /twilio_segment/batch_custom_event HTTP/1.1"
    ) -> int:
        """The status of a request with *headers*; its answer is kept."""
        with Wire(self.client) as wire:
            wire.send(request(GOOD_BODY, *headers, key=key, line=line))
            answer = wire.answer()
        self.answers.append(repr(answer.headers).encode() + answer.body)
        return answer.status

    def everything_shown(self) -> bytes:
        """Every listing and export, whatever the answer."""
        paths = [
            *("accounts", "records", "items", "records.ndjson", "records.har", "metrics", "fidelity", "settings"),
            *(f"records/{record['id']}" for record in self.client.records()["records"]),
            f"accounts/{ACCOUNT}",
        ]
        headers = {"authorization": f"Bearer {self.client.token}"}
        shown = [httpx2.get(f"{self.client.url}/_mock/{path}", headers=headers).content for path in paths]
        verify = {"account": ACCOUNT, "match": {"type": "nothing"}}
        shown.append(httpx2.post(f"{self.client.url}/_mock/verify", json=verify, headers=headers).content)
        return b"\n".join([*shown, *self._streamed()])

    def _streamed(self) -> list[bytes]:
        count = len(self.client.records()["records"])
        stream = self.client.stream(after="0" * 16)
        return [repr(next(stream)).encode() for _ in range(count)]

    def everything_kept(self) -> bytes:
        """The bytes of every file: journal, write-ahead log, index; the locator while it is there."""
        files = [file for file in self.folder.rglob("*") if file.is_file() and file.suffix != ".pem"]
        assert {"journal.db", "journal.db-index"} <= {file.name for file in files}
        return b"\n".join(file.read_bytes() for file in files)

    def everything(self) -> bytes:
        return b"\n".join(
            [*self.answers, self.everything_shown(), self.everything_kept(), self.log.getvalue().encode()]
        )


@contextlib.contextmanager
def a_run(folder: Path) -> Iterator[Run]:
    log = io.StringIO()
    settings = Settings(port=0, tls_port=-1, store=str(folder / "journal.db"), state_dir=folder)
    server = Server(settings, {}, log=Log("requests", log))
    ready = threading.Event()
    thread = threading.Thread(target=lambda: uvloop.run(server.run(lambda _: ready.set())))
    thread.start()
    assert ready.wait(20)
    try:
        with Client(server.ready.url, server.ready.token) as client:
            yield Run(client, folder, log)
    finally:
        server.stop()
        thread.join()
        server.close()


def test_of_a_request_with_a_foreign_key_nothing_is_kept(tmp_path: Path) -> None:
    with a_run(tmp_path) as run:
        assert run.send(key=SECRET) == 401
        assert run.client.accounts() == []
        assert b"purchase" not in run.everything_kept()
        assert run.send() == 201
        assert b"does not begin with the test prefix" in run.answers[0]
        assert SECRET.encode() not in run.everything()
    assert SECRET.encode() not in run.everything_kept()


@pytest.mark.parametrize(
    "header",
    [
        f"x-api-key: {SECRET}",
        f"X_API_KEY: {SECRET}",
        f"apikey: {SECRET}",
        f"x-access-key: {SECRET}",
        f"x-odp-private-key: {SECRET}",
        f"cookie: session={SECRET}",
        f"proxy-authorization: Basic {SECRET}",
        f"x-amz-security-token: {SECRET}",
        f"x-auth: {SECRET} and more",
        f"x-signature: {SECRET}",
        f"authorization: Bearer {SECRET}",
    ],
)
def test_secrets_in_other_headers_of_a_good_request_are_masked(tmp_path: Path, header: str) -> None:
    with a_run(tmp_path) as run:
        assert run.send(header, "x-trace: shown", key=None if header.startswith("authorization") else KEY) in (201, 401)
        run.send("x-trace: shown")
        shown = run.everything()
        assert SECRET.encode() not in shown
        assert b"shown" in shown
    assert SECRET.encode() not in run.everything_kept()


@pytest.mark.parametrize(
    "line",
    [
        f"POST /twilio_segment/batch_custom_event?api_key={SECRET} HTTP/1.1",
        f"POST /twilio_segment/batch_custom_event?{SECRET} HTTP/1.1",
        f"POST /twilio_segment/batch_custom_event?a=b&{SECRET}&c={SECRET}={SECRET} HTTP/1.1",
        f"GET /nowhere?token={SECRET} HTTP/1.1",
        f"POST http://user:{SECRET}@function.zaius.app/twilio_segment/batch_custom_event HTTP/1.1",
    ],
)
@pytest.mark.parametrize("key", [KEY, SECRET, None])
def test_secrets_in_the_target_are_masked(tmp_path: Path, line: str, key: str | None) -> None:
    with a_run(tmp_path) as run:
        run.send(key=key, line=line)
        run.send()
        assert SECRET.encode() not in run.everything()


@pytest.mark.parametrize(
    "authorization",
    [
        f"Basic {SECRET}",
        f"{SECRET}",
        f"{SECRET} again",
        f"Bearer  {SECRET}",
        f"Bearer odp_test_{SECRET}/x",
        f"bearer\t{SECRET}",
    ],
)
def test_a_secret_in_a_malformed_authorization_is_not_repeated(tmp_path: Path, authorization: str) -> None:
    with a_run(tmp_path) as run:
        assert run.send(f"authorization: {authorization}", key=None) == 401
        run.send()
        assert SECRET.encode() not in run.everything()


def test_two_authorizations_leave_no_trace_of_the_foreign_one(tmp_path: Path) -> None:
    with a_run(tmp_path) as run:
        run.send(f"authorization: Bearer {SECRET}")
        run.send(f"authorization: Bearer {KEY}", key=SECRET)
        assert SECRET.encode() not in run.everything()


def test_a_fingerprint_tells_keys_apart_within_one_run_only(tmp_path: Path) -> None:
    prints = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        with a_run(tmp_path / name) as run:
            for key in (SECRET, SECRET, SECRET + "x"):
                run.send(key=key)
            first, again, other = FINGERPRINT.findall(run.log.getvalue())
            assert first == again != other
            assert first.encode() in run.answers[0]
            prints.append(first)
    assert prints[0] != prints[1]


def test_test_keys_are_not_shown_either(tmp_path: Path) -> None:
    with a_run(tmp_path) as run:
        run.client.open_account(ACCOUNT)
        assert run.send() == 201
        assert run.send(f"x-api-key: {KEY}", f"cookie: {KEY}", line=f"POST /nowhere?key={KEY} HTTP/1.1") == 404
        assert run.client.token.encode() not in run.everything_shown()
        assert KEY.encode() not in run.everything()


def test_only_the_locator_holds_the_token(tmp_path: Path) -> None:
    with a_run(tmp_path) as run:
        run.send()
        token = run.client.token.encode()
        assert token not in b"".join([*run.answers, run.everything_shown(), run.log.getvalue().encode()])
        holders = [file.name for file in tmp_path.iterdir() if token in file.read_bytes()]
        assert holders == ["locator.json"]
        assert (tmp_path / "locator.json").stat().st_mode & 0o077 == 0
