"""What a client sees of a fault, byte for byte, and what the record says of it."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest

from tests.mockodp.faults.served import Raw, Served, a_mock, told
from tests.mockodp.wire import GOOD_BODY, request

HEAD_OF_201 = (
    b"HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 2\r\nx-mockodp-fault: bad\r\n"
    b"connection: close\r\n\r\n"
)
BOTH = pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with a_mock(tls_port=0) as mock:
        yield mock


@pytest.fixture
def mock(served: Served) -> Iterator[Served]:
    """The mock without records, faults and log of the test before."""
    served.client.reset("wire")
    served.stream.truncate(0)
    served.stream.seek(0)
    yield served
    plan = served.server.mock.armoury.plan
    plan.disarm([armed.fault.id for armed in plan.armed()])
    served.server.mock.clocks.reset("wire")


def bad(mock: Served, effect: dict[str, Any], **members: Any) -> Any:
    return mock.arm(effect, name="bad", **members)


def faults_of(mock: Served) -> list[tuple[str, str, int | None]]:
    (record,) = mock.records()
    assert (record["status"], record["accepted"]) == (201, True), "the truth stays in the record"
    return [(fault["name"], fault["effect"], fault["answered"]) for fault in record["faults"]]


# -- other answers -----------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        (
            {"status": 429, "retry_after": 2, "body": {"slow": "down"}},
            b"HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\ncontent-length: 15\r\n"
            b'retry-after: 2\r\nx-mockodp-fault: bad\r\nconnection: close\r\n\r\n{"slow":"down"}',
        ),
        (
            {"status": 503, "body": "Down.", "headers": {"X-Why": "it is", "Server": "gateway"}},
            b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 5\r\nx-why: it is\r\nserver: gateway\r\n"
            b"content-type: text/plain; charset=utf-8\r\nx-mockodp-fault: bad\r\nconnection: close\r\n\r\nDown.",
        ),
        (
            {"status": 502, "body": "<h1>Bad</h1>", "headers": {"content-type": "text/html"}},
            b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 12\r\ncontent-type: text/html\r\n"
            b"x-mockodp-fault: bad\r\nconnection: close\r\n\r\n<h1>Bad</h1>",
        ),
        (
            {"status": 207, "fail": [1], "fail_status": 422},
            b"HTTP/1.1 207 Multi-Status\r\ncontent-type: application/json\r\ncontent-length: 96\r\n"
            b"x-mockodp-fault: bad\r\nconnection: close\r\n\r\n"
            b'{"results":[{"index":0,"status":201},{"index":1,"status":422,"message":"Unprocessable Entity"}]}',
        ),
        (
            {"status": 301, "location": "/twilio_segment/auth"},
            b"HTTP/1.1 301 Moved Permanently\r\ncontent-type: application/json\r\ncontent-length: 2\r\n"
            b"location: /twilio_segment/auth\r\nx-mockodp-fault: bad\r\nconnection: close\r\n\r\n{}",
        ),
        ({"status": 204}, b"HTTP/1.1 204 No Content\r\nx-mockodp-fault: bad\r\nconnection: close\r\n\r\n"),
        (
            {"status": 205},
            b"HTTP/1.1 205 Reset Content\r\ncontent-length: 0\r\nx-mockodp-fault: bad\r\nconnection: close\r\n\r\n",
        ),
    ],
    ids=lambda value: str(value["status"]) if isinstance(value, dict) else "",
)
def test_another_answer_comes_as_it_was_told(mock: Served, effect: dict[str, Any], expected: bytes, tls: bool) -> None:
    bad(mock, effect)
    assert told(mock, tls=tls) == (expected, "end")
    assert faults_of(mock) == [("bad", f"status {effect['status']}", effect["status"])]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 413, 422, 423, 429, 500, 501, 502, 503, 504, 529, 599])
def test_without_a_body_of_its_own_a_status_has_the_envelope_of_odp(mock: Served, status: int) -> None:
    bad(mock, {"status": status})
    head, _, body = told(mock)[0].partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    document = orjson.loads(body)
    assert document["status"] == status
    assert document["title"]
    assert document["detail"] == {"message": "The fault 'bad' of the mock was asked to answer so."}


def test_every_second_item_of_a_batch_fails(mock: Served) -> None:
    mock.arm(preset="half-batch")
    items = orjson.dumps([{"type": "order"}] * 5)
    results = orjson.loads(told(mock, request(items, "connection: close"))[0].partition(b"\r\n\r\n")[2])["results"]
    assert [result["status"] for result in results] == [201, 400, 201, 400, 201]
    assert [result["index"] for result in results] == [0, 1, 2, 3, 4]


def test_the_header_that_names_the_fault_can_be_switched_off() -> None:
    with a_mock(fault_header=False) as mock:
        mock.arm({"status": 500})
        seen, _ = told(mock)
    assert seen.startswith(b"HTTP/1.1 500 ")
    assert b"x-mockodp" not in seen


# -- the wire ----------------------------------------------------------------------------------------------------


@BOTH
def test_half_a_body_ends_in_its_middle(mock: Served, tls: bool) -> None:
    bad(mock, {"wire": "half_body", "status": 200, "body": "0123456789"})
    assert told(mock, tls=tls) == (
        b"HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\nx-mockodp-fault: bad\r\nconnection: close\r\n"
        b"content-length: 10\r\n\r\n01234",
        "end",
    )
    assert faults_of(mock) == [("bad", "status 200, half body", 200)]


@BOTH
@pytest.mark.parametrize(("wire", "length"), [("short_length", 1), ("long_length", 12)])
def test_a_wrong_length_is_promised(mock: Served, wire: str, length: int, tls: bool) -> None:
    bad(mock, {"wire": wire})
    assert told(mock, tls=tls) == (
        b"HTTP/1.1 201 Created\r\ncontent-type: application/json\r\nx-mockodp-fault: bad\r\nconnection: close\r\n"
        b"content-length: %d\r\n\r\n{}" % length,
        "end",
    )
    assert faults_of(mock) == [("bad", wire.replace("_", " "), 201)]


@BOTH
def test_garbage_is_no_http(mock: Served, tls: bool) -> None:
    bad(mock, {"wire": "garbage"})
    assert told(mock, tls=tls) == (b"\x00\x01\x02 this is no HTTP \xff\xfe\r\n\r\n", "end")
    assert faults_of(mock) == [("bad", "garbage", None)]


@BOTH
def test_a_lost_answer_is_recorded_and_then_the_connection_is_reset(mock: Served, tls: bool) -> None:
    mock.arm(preset="lost-answer")
    assert told(mock, tls=tls) == (b"", "reset")
    assert faults_of(mock) == [("lost-answer", "lost answer", None)]
    assert told(mock, tls=tls)[0].startswith(b"HTTP/1.1 201 Created\r\n"), "only the first one is lost"
    first, second = mock.records()
    assert first["items"] == second["items"], "what is sent again is there twice"


@BOTH
def test_a_reset_leaves_no_record_and_is_counted(mock: Served, tls: bool) -> None:
    armed = bad(mock, {"wire": "reset"})
    assert told(mock, tls=tls) == (b"", "reset")
    assert (armed.met, armed.struck) == (1, 1)
    assert mock.records() == []


@BOTH
def test_a_drip_comes_byte_by_byte(mock: Served, tls: bool) -> None:
    bad(mock, {"wire": "drip", "wire_for": "20ms", "status": 200, "body": "01234"})
    with Raw(mock, tls=tls) as raw:
        raw.send(request(GOOD_BODY, "connection: close"))
        head = raw.until(b"\r\n\r\n")
        pieces = iter(lambda: raw.recv(100), b"")
        assert [*pieces] == [b"0", b"1", b"2", b"3", b"4"]
    assert b"content-length: 5\r\n" in head
    assert faults_of(mock) == [("bad", "status 200, drip 0.02 s", 200)]


@BOTH
@pytest.mark.parametrize("effect", [{"wire": "stall", "wire_for": "50ms"}, {"delay": "50ms"}], ids=["stall", "delay"])
def test_what_is_held_back_comes_whole_and_later(mock: Served, effect: dict[str, Any], tls: bool) -> None:
    bad(mock, effect)
    started = time.monotonic()
    assert told(mock, tls=tls) == (HEAD_OF_201 + b"{}", "end")
    assert time.monotonic() - started >= 0.05
    assert faults_of(mock) == [("bad", "stall 0.05 s" if "wire" in effect else "delay 0.05 s", 201)]


def test_it_is_recorded_before_it_is_held_back(mock: Served) -> None:
    mock.arm(preset="slow-11s")
    with Raw(mock) as raw:
        raw.send(request())
        mock.client.expect("wire", type="order", within="10s")
        assert faults_of(mock) == [("slow-11s", "stall 11 s", 201)]
        assert mock.log, "and logged, with whoever reads along waiting for no answer"
        raw.socket.setblocking(False)
        with pytest.raises(BlockingIOError):
            raw.socket.recv(1)


@BOTH
def test_headers_come_and_the_body_stays_out(mock: Served, tls: bool) -> None:
    bad(mock, {"wire": "stall_after_headers", "wire_for": "1h"})
    with Raw(mock, tls=tls) as raw:
        raw.send(request(GOOD_BODY, "connection: close"))
        assert raw.until(b"\r\n\r\n") == HEAD_OF_201
        raw.socket.settimeout(0.05)
        with pytest.raises(TimeoutError):
            raw.recv(1)


def test_delays_add_up_before_the_answer_of_the_fault_that_strikes(mock: Served) -> None:
    mock.arm({"delay": "30ms"}, name="slow")
    bad(mock, {"status": 503, "delay": "30ms"})
    mock.arm({"delay": "30ms"}, account="*", name="slow for all")
    started = time.monotonic()
    assert b"x-mockodp-fault: bad\r\n" in told(mock)[0]
    assert time.monotonic() - started >= 0.09
    assert faults_of(mock) == [
        ("slow", "delay 0.03 s", 503),
        ("bad", "status 503, delay 0.03 s", 503),
        ("slow for all", "delay 0.03 s", 503),
    ]


# -- connections -------------------------------------------------------------------------------------------------


def test_a_connection_that_was_kept_alive_goes_on_behind_another_answer(mock: Served) -> None:
    mock.arm(sequence=[{"effect": {"status": 503, "body": "no"}}, {"effect": {"wire": "stall", "wire_for": "20ms"}}])
    with Raw(mock) as raw:
        raw.send(request() * 2 + request(GOOD_BODY, "connection: close"))
        seen, end = raw.to_the_end()
    assert re.findall(rb"HTTP/1.1 (\d+)", seen) == [b"503", b"201", b"201"]
    assert end == "end"
    assert len(mock.records()) == 3


@pytest.mark.parametrize("wire", ["reset", "lost_answer", "garbage", "half_body", "long_length", "short_length"])
def test_requests_that_were_pipelined_behind_a_broken_connection_are_gone(mock: Served, wire: str) -> None:
    armed = bad(mock, {"wire": wire})
    told(mock, request() * 3)
    assert (armed.met, len(mock.records())) == (1, 0 if wire == "reset" else 1)
    assert eventually(lambda: mock.delivering() == 0), "the server hears of the end though others waited behind"


@BOTH
@pytest.mark.parametrize("wire", ["stall", "stall_after_headers", "drip"])
def test_a_client_that_goes_away_ends_all_waiting(mock: Served, wire: str, tls: bool) -> None:
    bad(mock, {"wire": wire, "wire_for": "1h"})
    with Raw(mock, tls=tls) as raw:
        raw.send(request())
        mock.client.expect("wire", type="order", within="10s")
        assert eventually(lambda: mock.delivering() == 1)
        raw.vanish()
    assert eventually(lambda: mock.delivering() == 0)


def test_a_client_that_only_ends_its_own_side_still_gets_its_answer(mock: Served) -> None:
    bad(mock, {"wire": "stall", "wire_for": "50ms"})
    with Raw(mock) as raw:
        raw.send(request())
        raw.socket.shutdown(socket.SHUT_WR)
        assert raw.to_the_end() == (HEAD_OF_201 + b"{}", "end")


@pytest.mark.parametrize("effect", [{"delay": "1h"}, {"wire": "stall"}, {"wire": "stall_after_headers"},
                                    {"wire": "drip", "wire_for": "1h"}])  # fmt: skip
def test_a_mock_stops_at_once_whatever_it_holds_back(effect: dict[str, Any], capfd: pytest.CaptureFixture[str]) -> None:
    with a_mock(tls_port=0) as mock:
        mock.arm(effect)
        with Raw(mock) as plain, Raw(mock, tls=True) as tls:
            for raw in (plain, tls):
                raw.send(request())
            mock.client.expect("wire", type="order", within="10s", count={"at_least": 2})
            mock.server.stop()
            mock.thread.join(10)
            assert not mock.thread.is_alive(), "stalls last 11 s and more"
            for raw in (plain, tls):
                assert b"{}" not in raw.to_the_end()[0]
    assert capfd.readouterr().err == ""


# -- requests that are refused anyway ----------------------------------------------------------------------------


def test_a_refused_request_is_struck_too_and_its_refusal_stays_on_record(mock: Served) -> None:
    bad(mock, {"status": 503, "body": "no"})
    assert told(mock, request(b"{", "connection: close"))[0].endswith(b"\r\n\r\nno")
    (record,) = mock.records()
    assert (record["status"], record["refusal"]["code"]) == (400, "undecodable_body")
    assert record["faults"] == [
        {"id": record["faults"][0]["id"], "name": "bad", "effect": "status 503", "answered": 503}
    ]


@pytest.mark.parametrize("effect", [{"delay": "10ms"}, {"wire": "half_body"}, {"wire": "stall_after_headers",
                                    "wire_for": "10ms"}, {"wire": "drip", "wire_for": "1ms"}])  # fmt: skip
def test_the_answer_to_head_has_no_body_whatever_befalls_it(mock: Served, effect: dict[str, Any]) -> None:
    bad(mock, effect)
    seen, end = told(mock, request(b"", "connection: close", line="HEAD /twilio_segment/auth HTTP/1.1"))
    head, _, body = seen.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 405 Method Not Allowed\r\n")
    assert b"x-mockodp-fault: bad" in head
    assert (body, end) == (b"", "end")


@pytest.mark.parametrize("effect", [{"status": 503, "body": "no"}, {"delay": "10ms"}])
def test_a_request_over_the_limit_is_struck_and_its_connection_ends(effect: dict[str, Any]) -> None:
    with a_mock(max_body=100) as mock:
        mock.arm(effect)
        seen, end = told(mock, request(b" " * 150))
        (record,) = mock.records()
    assert seen.startswith(b"HTTP/1.1 503 " if "status" in effect else b"HTTP/1.1 413 ")
    assert b"connection: close\r\n" in seen
    assert (end, record["status"]) == ("end", 413)


def test_nobody_is_struck_who_has_no_account(mock: Served) -> None:
    armed = mock.arm({"status": 503}, account="*")
    assert told(mock, request(GOOD_BODY, "connection: close", key=None))[0].startswith(b"HTTP/1.1 401 ")
    assert told(mock, request(GOOD_BODY, "connection: close", key="no_test_key"))[0].startswith(b"HTTP/1.1 401 ")
    assert (armed.met, armed.struck) == (0, 0)


def test_a_client_that_leaves_in_the_middle_of_its_body_uses_up_nothing(mock: Served) -> None:
    armed = mock.arm({"status": 503}, expires={"requests": 1})
    with Raw(mock) as raw:
        raw.send(request(GOOD_BODY, length=100))
        raw.vanish()
    assert eventually(lambda: [record["status"] for record in mock.records()] == [408])
    assert (armed.met, mock.records()[0]["faults"]) == (0, [])


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether it comes to hold within ten seconds."""
    for _ in range(500):
        if holds():
            return True
        time.sleep(0.02)
    return False
