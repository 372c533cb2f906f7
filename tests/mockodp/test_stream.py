"""The live stream: records as they arrive, from where a reader left off, until the mock stops."""

from __future__ import annotations

import threading
from typing import Any

import httpx2
import orjson

from mockodp import running
from tests.mockodp.control_api import Api, an_api

ORDER = {"type": "order", "action": "purchase"}
VIEW = {"type": "page", "action": "view"}


class Stream:
    """An open stream, read event by event."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.answer = answer
        self._lines = answer.iter_lines()
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert next(self._lines) == ": mockodp"

    def event(self) -> dict[str, str]:
        """The next event, which must come before the mock says that nothing came."""
        event: dict[str, str] = {}
        for line in self._lines:
            assert line != ": alive"
            if not line and event:
                return event
            if line:
                name, _, value = line.partition(": ")
                event[name] = value
        raise EOFError

    def ids(self, count: int) -> list[str]:
        return [self.event()["id"] for _ in range(count)]


def streaming(api: Api, headers: dict[str, str] | None = None, **parameters: str) -> Any:
    token = {"authorization": f"Bearer {api.mock.token}", **(headers or {})}
    return api.http.stream("GET", "/_mock/stream", params=parameters, headers=token)


def test_the_stream_gives_records_as_they_arrive() -> None:
    with an_api() as api:
        api.send(VIEW)
        with streaming(api) as answer:
            stream = Stream(answer)
            record = api.send(ORDER)
            event = stream.event()
            assert (event["id"], event["event"]) == (record, "record")
            assert orjson.loads(event["data"]) == api.get("/records", order="newest", limit=1)["records"][0]
            assert stream.ids(0) == []
            assert [api.send(ORDER), api.send(7)] == stream.ids(2)


def test_the_stream_of_one_account_knows_no_other() -> None:
    with an_api() as api, streaming(api, account="shop") as answer:
        stream = Stream(answer)
        api.send(ORDER, account="other")
        record = api.send(ORDER)
        assert stream.ids(1) == [record]


def test_a_stream_that_was_cut_off_goes_on_where_it_was() -> None:
    with an_api() as api:
        first, second, third = (api.send(ORDER) for _ in range(3))
        with streaming(api, after=first) as answer:
            assert Stream(answer).ids(2) == [second, third]
        with streaming(api, {"last-event-id": second}) as answer:
            assert Stream(answer).ids(1) == [third]
        with streaming(api, {"last-event-id": second}, after="0" * 16) as answer:
            assert Stream(answer).ids(1) == [third]
        with streaming(api, {"last-event-id": ""}, after="0" * 16) as answer:
            assert Stream(answer).ids(3) == [first, second, third]


def test_a_stream_goes_on_after_no_record_that_cannot_be() -> None:
    with an_api() as api:
        detail = api.refused(400, "GET", "/stream", headers={"last-event-id": "x"})
    assert detail["message"] == "Header 'last-event-id' is 'x', expected a record's id."


def test_the_stream_ends_when_the_mock_stops() -> None:
    opened, ended = threading.Event(), threading.Event()

    def read(url: str, token: str) -> None:
        headers = {"authorization": f"Bearer {token}"}
        with httpx2.stream("GET", f"{url}/_mock/stream", headers=headers, timeout=20) as answer:
            for _ in answer.iter_lines():
                opened.set()
        ended.set()

    with running(tls_port=-1) as mock:
        reader = threading.Thread(target=read, args=(mock.url, mock.token))
        reader.start()
        assert opened.wait(20)
    assert ended.wait(20)
    reader.join()
