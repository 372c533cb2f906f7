"""
What is wrong with a request, byte by byte over a raw connection: it is refused in the one documented shape, the journal
holds what really arrived, and the server goes on.
"""

from __future__ import annotations

import contextlib
import gzip
import resource
import socket
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from typing import Any

import httpx2
import pytest

from mockodp import Client, running
from tests.mockodp.wire import ACCOUNT, GOOD_BODY, KEY, Reply, Wire, chunked, request

LIMIT = 10 * 1024 * 1024
MEMORY_MB = 150


@contextmanager
def a_mock(**switches: Any) -> Iterator[Client]:
    with running(tls_port=-1, **switches) as mock:
        yield mock


def records(mock: Client) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = mock.records(account=ACCOUNT)["records"]
    return listed


def assert_goes_on(wire: Wire) -> None:
    """The same connection takes another request."""
    wire.send(request())
    assert wire.answer().status == 201


def assert_lives(mock: Client) -> None:
    """A new connection is served."""
    with Wire(mock) as wire:
        assert_goes_on(wire)


def bomb(mebibytes: int) -> bytes:
    """A gzip stream of that many MiB of zeros: the same deflate block again and again."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = deflate.compress(bytes(1024 * 1024)) + deflate.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + block * mebibytes + b"\x03\0" + bytes(8)


def nested(levels: int) -> bytes:
    return b'[{"a":' + b"[" * (levels - 2) + b"]" * (levels - 2) + b"}]"


@dataclass(frozen=True)
class Case:
    """A body that is refused, and how."""

    body: bytes
    words: str
    status: int = 400
    code: str = "undecodable_body"
    headers: tuple[str, ...] = ()
    content_type: str | None = "application/json"
    invalids: int | None = None


GZIP = ("content-encoding: gzip",)
ZIPPED = gzip.compress(GOOD_BODY, mtime=0)

BODIES = {
    "empty": Case(b"", "Body is empty (0 bytes), expected a JSON array of objects."),
    "blank": Case(b" \r\n\t", "Body is empty (4 bytes, all blank)"),
    "10 MiB of spaces": Case(b" " * LIMIT, "Body is empty (10485760 bytes, all blank)"),
    "not JSON": Case(b"hello", "Body is not JSON: unexpected character, expected a JSON value at line 1 column 1"),
    "JSON cut off": Case(b'[{"a":1', "unexpected end of data at line 1 column 8; near"),
    "trailing comma": Case(b'[{"a":1},]', "trailing comma is not allowed at line 1 column"),
    "two documents": Case(b"[{}] [{}]", "unexpected content after document at line 1 column 6; near '[{}] [{}]'"),
    "single quotes": Case(b"[{'a':1}]", "Body is not JSON"),
    "comment": Case(b"[/* none */]", "Body is not JSON"),
    "control character": Case(b'[{"a":"\x01"}]', "unexpected control character in string at line 1 column 8"),
    "leading zero": Case(b"[01]", "number with leading zero"),
    "number beyond doubles": Case(b'[{"a":1e999}]', "number is infinity when parsed as double"),
    "NaN": Case(b'[{"a":NaN}]', "Body has NaN or Infinity at line 1 column 7, which JSON does not know; near"),
    "nan": Case(b'[{"a":nan}]', "Body has NaN or Infinity at line 1"),
    "Infinity": Case(b'[{"a":Infinity}]', "Body has NaN or Infinity at line 1"),
    "-Infinity": Case(b'[{"a":\n-Infinity}]', "Body has NaN or Infinity at line 2"),
    "lone surrogate": Case(b'[{"a":"\\ud800"}]', "Body has a lone surrogate in the text at line 1 column 8"),
    "lone low surrogate": Case(b'[{"a":"\\udc00 x"}]', "Body has a lone surrogate"),
    "name twice": Case(
        b'[{},{"a":1,"a":2}]', "same name twice, so that one of the two values would be lost. The name 'a'", invalids=1
    ),
    "name twice, nested": Case(b'[{"x":{"y~":[{"a":1,"a":1}]}}]', "in the object at '/0/x/y~0/0'.", invalids=1),
    "name twice, spelt differently": Case(b'[{"a":1,"\\u0061":2}]', "The name 'a' stands twice", invalids=1),
    "name twice, behind an escaped colon": Case(b'[{"a":1,"a":"\\u003a"}]', "The name 'a' stands twice", invalids=1),
    "name twice, behind an escaped Colon": Case(b'[{"a":1,"a":"\\u003A"}]', "The name 'a' stands twice", invalids=1),
    "names twice": Case(b'[{"a":1,"a":1,"b":1,"b":1},{"c":1,"c":1}]', "The name 'a' stands twice", invalids=3),
    "name twice, deep in what is lost": Case(
        b'[{"a":' + b"[" * 1000 + b"]" * 1000 + b',"a":1}]', "nested deeper than 240 levels."
    ),
    "huge name": Case(b'[{"%b":1,"%b":1}]' % (b"k" * 100_000, b"k" * 100_000), "k' stands twice", invalids=1),
    "241 levels": Case(nested(241), "Body is nested deeper than 240 levels."),
    "300 levels": Case(nested(300), "Body is nested deeper than 240 levels."),
    "1,000 levels": Case(nested(1_000), "Body is nested deeper than 240 levels."),
    "10,000 levels": Case(nested(10_000), "Body is nested deeper than 240 levels."),
    "10,000 open brackets": Case(b"[" * 10_000, "Body is nested deeper than 240 levels."),
    "byte order mark": Case(b"\xef\xbb\xbf[{}]", "Body begins with a byte order mark, which JSON does not allow."),
    "Latin-1": Case('[{"a":"é"}]'.encode("latin-1"), "Body is not UTF-8: byte 0xe9 at position 7"),
    "UTF-16": Case('[{"a":1}]'.encode("utf-16"), "Body is not UTF-8: byte 0xff at position 0"),
    "surrogate in UTF-8": Case(b'[{"a":"\xed\xa0\x80"}]', "Body is not UTF-8: byte 0xed at position 7"),
    "object": Case(b'{"a":1}', "Body is an object, expected an array of objects."),
    "text": Case(b'"a"', "Body is a string, expected an array of objects."),
    "number": Case(b"12", "Body is a number, expected an array of objects."),
    "null": Case(b"null", "Body is null, expected an array of objects."),
    "items that are no objects": Case(b'[{},1,"a",null,true,[],{}]', "5 of 7 items are not objects.", invalids=5),
    "more wrong items than are listed": Case(
        b"[%b]" % b",".join([b"0"] * 300), "300 of 300 items are not objects. The first 100 are listed.", invalids=100
    ),
    "501 items": Case(
        b"[%b]" % b",".join([b"{}"] * 501), "Batch has 501 items, the limit is 500.", status=413, code="too_large"
    ),
    "content type missing": Case(
        GOOD_BODY, "Header 'content-type' is missing, expected", 415, "unsupported_media", content_type=None
    ),
    "another content type": Case(
        GOOD_BODY, "Content type is 'text/plain', expected", 415, "unsupported_media", content_type="text/plain"
    ),
    "empty content type": Case(GOOD_BODY, "expected 'application/json'.", 415, "unsupported_media", content_type=""),
    "charset that is not true": Case(
        '[{"a":"é"}]'.encode("latin-1"), "Body is not UTF-8", content_type="application/json; charset=iso-8859-1"
    ),
    "unknown encoding": Case(
        GOOD_BODY, "Content encoding is 'br', expected gzip", 415, "unsupported_media", ("content-encoding: br",)
    ),
    "two encodings": Case(
        GOOD_BODY, "Content encoding is 'gzip, br'", 415, "unsupported_media", ("content-encoding: gzip, br",)
    ),
    "gzip that is none": Case(GOOD_BODY, "Body is not gzip, though its content encoding says so", headers=GZIP),
    "gzip cut off": Case(ZIPPED[:-4], "gzip stream of the body ends too early, after 38 inflated bytes.", headers=GZIP),
    "gzip with a wrong sum": Case(ZIPPED[:-8] + bytes(4) + ZIPPED[-4:], "Body is not gzip", headers=GZIP),
    "gzip with garbage behind it": Case(ZIPPED + b"garbage", "Body is not gzip", headers=GZIP),
    "gzip of nothing": Case(gzip.compress(b"", mtime=0), "Body is empty (0 bytes)", headers=GZIP),
    "gzip, empty": Case(b"", "Body is empty (0 bytes)", headers=GZIP),
    "gzip bomb of 1 GiB": Case(
        bomb(1024), "Body inflates to more than 10485760 bytes, the limit.", 413, "too_large", headers=GZIP
    ),
    "gzip of a hundred thousand members": Case(
        gzip.compress(b"", mtime=0) * 100_000, "has more than 100 members", headers=GZIP
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BODIES.values(), ids=BODIES)
def test_a_bad_body_is_refused_and_kept_as_it_came(case: Case) -> None:
    with a_mock() as mock, Wire(mock) as wire:
        wire.send(request(case.body, *case.headers, content_type=case.content_type))
        reply = wire.answer()
        assert (reply.status, case.words in reply.message) == (case.status, True), reply.message
        assert len(reply.json["detail"].get("invalids", [])) == (case.invalids or 0)
        (record,) = records(mock)
        assert (record["status"], record["accepted"], record["items"]) == (case.status, False, [])
        assert record["refusal"]["code"] == case.code
        assert record["refusal"]["message"] == reply.message
        assert mock.body(record["id"]) == case.body
        assert_goes_on(wire)


@pytest.mark.parametrize(
    ("body", "headers", "content_type"),
    [
        (b"[]", (), "application/json"),
        (b"[{}]", (), "application/json"),
        (b" \n[ { } ] ", (), "application/json"),
        (b"[%b]" % b",".join([b"{}"] * 500), (), "application/json"),
        (b'[{"a":"\\u003a:","b":"\\ud83d\\ude00"}]', (), "application/json"),
        (b'[{"%b":1}]' % (b"k" * 1_000_000), (), "application/json"),
        (b'[{"a":-0,"b":1E5,"c":12345678901234567890123,"d":1.0}]', (), "application/json"),
        (nested(240), (), "application/json"),
        (GOOD_BODY, (), "application/json; charset=utf-8"),
        (GOOD_BODY, (), "Application/JSON ;charset=UTF-8"),
        (ZIPPED, GZIP, "application/json"),
        (ZIPPED, ("content-encoding: GZIP",), "application/json"),
        (ZIPPED, ("content-encoding: x-gzip",), "application/json"),
        (GOOD_BODY, ("content-encoding: identity",), "application/json"),
        (gzip.compress(GOOD_BODY[:9], mtime=0) + gzip.compress(GOOD_BODY[9:], mtime=0), GZIP, "application/json"),
        (ZIPPED + bytes(7), GZIP, "application/json"),
    ],
)  # fmt: skip
def test_what_looks_odd_but_is_right_is_taken(body: bytes, headers: tuple[str, ...], content_type: str) -> None:
    with a_mock() as mock, Wire(mock) as wire:
        wire.send(request(body, *headers, content_type=content_type))
        assert wire.answer().status == 201
        (record,) = records(mock)
        assert record["accepted"]
        assert len(record["items"]) == record["item_count"]
        assert mock.body(record["id"]) == body


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_body_over_the_limit_is_kept_up_to_the_limit(is_chunked: bool) -> None:
    body = b" " * (LIMIT + 1)
    sent = request(chunked(body), "transfer-encoding: chunked", length=None) if is_chunked else request(body)
    with a_mock() as mock, Wire(mock) as wire:
        wire.send(sent)
        reply = wire.answer()
        assert reply.status == 413
        assert reply.message.startswith("Body is over the limit of 10485760 bytes")
        (record,) = records(mock)
        assert record["refusal"]["code"] == "too_large"
        assert mock.body(record["id"]) == body[:LIMIT]
        assert wire.is_closed()
        assert_lives(mock)


def test_a_body_that_goes_on_for_ever_is_cut_off_and_costs_no_memory() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with a_mock() as mock, Wire(mock) as wire:
        wire.send(request(b"", "transfer-encoding: chunked", length=None))
        piece = chunked(b" " * 1024 * 1024)[: -len(chunked())]
        sent = sum(1 for _ in iter(lambda: wire.send_if_open(piece), False))
        assert sent < 100
        assert records(mock)[0]["refusal"]["code"] == "too_large"
        assert_lives(mock)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEMORY_MB * 1024


# -- the length is wrong ------------------------------------------------------------------------------------------


def test_a_length_that_is_too_short_refuses_both_parts() -> None:
    with a_mock() as mock, Wire(mock) as wire:
        wire.send(request(length=5))
        first, second = wire.answer(), wire.answer()
        assert (first.status, "unexpected end of data" in first.message) == (400, True)
        assert (second.status, "not HTTP/1.1 as we can read it" in second.message) == (400, True)
        assert wire.is_closed()
        (record,) = records(mock)
        assert mock.body(record["id"]) == GOOD_BODY[:5]
        assert_lives(mock)


def test_a_body_that_stands_still_is_refused_after_a_time() -> None:
    with a_mock(body_timeout=1) as mock, Wire(mock) as wire:
        wire.send(request(length=50))
        reply = wire.answer()
        assert reply.status == 408
        assert reply.message == "Body broke off after 38 of 50 bytes: nothing came for 1 s."
        assert wire.is_closed()
        (record,) = records(mock)
        assert (record["refusal"]["code"], record["status"]) == ("body_incomplete", 408)
        assert mock.body(record["id"]) == GOOD_BODY
        assert_lives(mock)


def test_half_a_body_of_a_client_that_goes_away_is_kept() -> None:
    with a_mock() as mock:
        with Wire(mock) as wire:
            wire.send(request(length=50))
            wire.end()
            assert wire.is_closed()
        mock.verify(ACCOUNT, count="none")
        (record,) = records(mock)
        assert record["refusal"] == {
            "code": "body_incomplete",
            "message": "Body broke off after 38 of 50 bytes: the client went away.",
            "reasons": [],
        }
        assert mock.body(record["id"]) == GOOD_BODY
        assert_lives(mock)


def test_a_client_that_says_it_has_no_more_to_send_still_gets_its_answer() -> None:
    with a_mock() as mock, Wire(mock) as wire:
        wire.send(request())
        wire.end()
        assert wire.answer().status == 201
        assert wire.is_closed()


# -- chunks and pipelines -----------------------------------------------------------------------------------------


def test_a_chunked_body_is_read() -> None:
    with a_mock() as mock, Wire(mock) as wire:
        wire.send(
            request(chunked(GOOD_BODY[:1], GOOD_BODY[1:9], GOOD_BODY[9:]), "transfer-encoding: chunked", length=None)
        )
        assert wire.answer().status == 201
        assert mock.body(records(mock)[0]["id"]) == GOOD_BODY
        assert_goes_on(wire)


def test_broken_chunks_are_refused_and_what_came_is_kept() -> None:
    with a_mock() as mock, Wire(mock) as wire:
        wire.send(request(b"2\r\n[{\r\nZZ\r\n", "transfer-encoding: chunked", length=None))
        reply = wire.answer()
        assert reply.status == 400
        assert reply.message == (
            "Body is misframed after 2 bytes: Invalid character in chunk size. The connection is closed."
        )
        assert wire.is_closed()
        (record,) = records(mock)
        assert (record["refusal"]["code"], mock.body(record["id"])) == ("undecodable_body", b"[{")
        assert_lives(mock)


def test_pipelined_requests_are_answered_in_order_before_what_cannot_be_read() -> None:
    with a_mock() as mock, Wire(mock) as wire:
        wire.send(request() + request(b"[1]") + request(line="GET /nowhere HTTP/1.1") + b"nonsense\r\n\r\n")
        assert [wire.answer().status for _ in range(4)] == [201, 400, 404, 400]
        assert wire.is_closed()
        assert [record["status"] for record in records(mock)] == [201, 400, 404]


# -- the head -----------------------------------------------------------------------------------------------------

BROKEN_HEADS = {
    "garbage": (b"\x00\x01\x02\xff\r\n\r\n", "not HTTP/1.1 as we can read it: Invalid method"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "it looks like TLS, and this port takes plain HTTP"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "it is HTTP/2"),
    "an unknown method": (request(line="BREW / HTTP/1.1"), "Invalid method"),
    "a negative length": (request(length=-5), "Invalid character in Content-Length"),
    "a length that is no number": (request(GOOD_BODY, "content-length: x", length=None), "Content-Length"),
    "two lengths": (request(GOOD_BODY, "content-length: 3"), "Content-Length"),
    "length and chunks": (request(chunked(GOOD_BODY), "transfer-encoding: chunked"), "Transfer-Encoding"),
    "a header without a colon": (request(GOOD_BODY, "nonsense"), "header"),
    "a blank in a header's name": (request(GOOD_BODY, "a b: c"), "header"),
    "letters that are not ASCII in the path": (
        request(line="POST /caf\xe9 HTTP/1.1"),
        "the target of the request is no path",
    ),
    "a blank in the path": (request(line="POST /a b HTTP/1.1"), "HTTP/1.1"),
    "a target without a path": (request(line="POST http://mock.test HTTP/1.1"), "the target of the request is no path"),
    "a tunnel": (request(line="CONNECT mock.test:443 HTTP/1.1"), "the target of the request is no path"),
}


@pytest.mark.parametrize(("sent", "words"), BROKEN_HEADS.values(), ids=BROKEN_HEADS)
def test_a_broken_head_is_answered_400_and_ends_the_connection(sent: bytes, words: str) -> None:
    with a_mock() as mock, Wire(mock) as wire:
        wire.send(sent)
        reply = wire.answer()
        assert (reply.status, words in reply.message) == (400, True), reply.message
        assert reply.headers["connection"] == "close"
        assert wire.is_closed()
        assert records(mock) == []
        assert_lives(mock)


@pytest.mark.parametrize(
    "head",
    [
        request(GOOD_BODY, "x-huge: " + "a" * 100_000),
        request(GOOD_BODY, *(f"x-{number}: a" for number in range(10_000))),
        request(line="POST /" + "a" * 100_000 + " HTTP/1.1"),
        request(GOOD_BODY, "x" * 100_000 + ": a"),
    ],
    ids=["one huge header", "many headers", "a huge path", "a huge name"],
)
def test_a_head_over_the_limit_is_answered_431(head: bytes) -> None:
    with a_mock() as mock, Wire(mock) as wire:
        wire.send_if_open(head)
        assert_too_long(wire.reply())
        assert records(mock) == []
        assert_lives(mock)


def test_a_head_without_end_is_cut_off_and_costs_no_memory() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with a_mock() as mock, Wire(mock) as wire:
        wire.send(b"POST / HTTP/1.1\r\nx: ")
        sent = sum(1 for _ in iter(lambda: wire.send_if_open(b"a" * 1024 * 1024), False))
        assert sent < 100
        assert_too_long(wire.reply())
        assert_lives(mock)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEMORY_MB * 1024


def assert_too_long(reply: Reply | None) -> None:
    """The connection may be reset before the answer is read: more was on its way."""
    if reply is not None:
        assert (reply.status, "head of the request is over 65536 bytes" in reply.message) == (431, True)


def test_the_limit_counts_the_head_alone_wherever_the_pieces_end() -> None:
    body = b"[%b]" % b",".join([b'{"type":"order","action":"purchase"}'] * 500) + b" " * 200_000
    whole = request(body)
    end = whole.index(b"\r\n\r\n") + 3
    with a_mock(max_header=1024) as mock, Wire(mock) as wire:
        for _ in range(3):
            wire.send(whole[:end])
            wire.send(whole[end:])
            assert wire.answer().status == 201
        wire.send(request(GOOD_BODY, "x: " + "a" * 700))
        assert wire.answer().status == 201
        wire.send(request(GOOD_BODY, "x: " + "a" * 1000))
        assert wire.answer().status == 431
        assert wire.is_closed()


# -- the road there -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "status", "code", "words"),
    [
        (
            "POST /nowhere HTTP/1.1",
            404,
            "unknown_path",
            "No endpoint at '/nowhere'. Known, also below /us, /eu and /au",
        ),
        ("POST / HTTP/1.1", 404, "unknown_path", "No endpoint at '/'."),
        ("OPTIONS * HTTP/1.1", 404, "unknown_path", "No endpoint at '*'."),
        (
            "POST //twilio_segment/batch_custom_event HTTP/1.1",
            404,
            "unknown_path",
            "'//twilio_segment/batch_custom_event'",
        ),
        ("POST /twilio_segment/batch_custom_event/ HTTP/1.1", 404, "unknown_path", "batch_custom_event/'"),
        ("POST /%ff%00%zz HTTP/1.1", 404, "unknown_path", "No endpoint at"),
        ("GET /twilio_segment/batch_custom_event HTTP/1.1", 405, "method_not_allowed", "takes POST, not GET."),
        ("DELETE /eu/twilio_segment/auth HTTP/1.1", 405, "method_not_allowed", "takes POST, not DELETE."),
    ],
)
def test_a_wrong_way_is_told_and_kept(line: str, status: int, code: str, words: str) -> None:
    with a_mock() as mock, Wire(mock) as wire:
        wire.send(request(line=line))
        reply = wire.answer()
        assert (reply.status, words in reply.message) == (status, True), reply.message
        assert reply.headers.get("allow") == ("POST" if status == 405 else None)
        (record,) = records(mock)
        assert (record["refusal"]["code"], record["status"]) == (code, status)
        assert mock.body(record["id"]) == GOOD_BODY
        assert_goes_on(wire)


@pytest.mark.parametrize(
    "line",
    [
        "POST http://function.zaius.app/twilio_segment/batch_custom_event HTTP/1.1",
        "POST /twilio%5Fsegment/batch%5fcustom_event HTTP/1.1",
        "POST /twilio_segment/batch_custom_event?a=b HTTP/1.1",
        "POST /us/twilio_segment/batch_custom_event HTTP/1.1",
    ],
)
def test_other_spellings_of_a_path_find_it(line: str) -> None:
    with a_mock() as mock, Wire(mock) as wire:
        wire.send(request(line=line))
        assert wire.answer().status == 201
        assert records(mock)[0]["endpoint"] == "batch_custom_event"


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (None, "Header 'authorization' is missing, expected 'Bearer KEY'."),
        ("", "Header 'authorization' is not of the form 'Bearer KEY'."),
        ("abc.def", "does not begin with the test prefix 'odp_test_'"),
        ("odp_test_", "What follows 'odp_test_' in the key must be 1 to 80 letters"),
        ("odp_test_a b", "What follows 'odp_test_' in the key must be"),
    ],
)
def test_without_a_test_key_nothing_is_kept_and_the_connection_goes_on(key: str | None, words: str) -> None:
    with a_mock() as mock, Wire(mock) as wire:
        wire.send(request(key=key))
        reply = wire.answer()
        assert (reply.status, words in reply.message) == (401, True), reply.message
        assert reply.headers["www-authenticate"].startswith("Bearer")
        assert mock.accounts() == []
        assert_goes_on(wire)


def test_http_1_0_is_answered_and_closed() -> None:
    with a_mock() as mock, Wire(mock) as wire:
        wire.send(request(line="POST /twilio_segment/batch_custom_event HTTP/1.0"))
        assert wire.answer().status == 201
        assert wire.is_closed()


def test_who_expects_to_be_told_to_continue_is_told() -> None:
    with a_mock() as mock, Wire(mock) as wire:
        wire.send(request(b"", "expect: 100-continue", length=len(GOOD_BODY)))
        assert wire.line() == b"HTTP/1.1 100 Continue\r\n"
        assert wire.line() == b"\r\n"
        wire.send(GOOD_BODY)
        assert wire.answer().status == 201


@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.parametrize("in_one_piece", [False, True])
def test_an_offer_to_upgrade_is_ignored_and_the_body_is_read(is_chunked: bool, in_one_piece: bool) -> None:
    """Java's HTTP client sends this offer with every request."""
    offer = ("connection: Upgrade, HTTP2-Settings", "upgrade: h2c", "http2-settings: AAEAAEAAAAIAAAAB")
    body, framing = (chunked(GOOD_BODY), ("transfer-encoding: chunked",)) if is_chunked else (GOOD_BODY, ())
    head = request(b"", *offer, *framing, length=None if is_chunked else len(GOOD_BODY))
    with a_mock() as mock, Wire(mock) as wire:
        if in_one_piece:
            wire.send(head + body)
        else:
            wire.send(head)
            wire.send(body)
        reply = wire.answer()
        assert (reply.status, reply.headers["connection"]) == (201, "close")
        assert wire.is_closed()
        assert mock.body(records(mock)[0]["id"]) == GOOD_BODY


def test_no_content_is_answered_without_a_body() -> None:
    with a_mock(write_status=204) as mock, Wire(mock) as wire:
        for _ in range(2):
            wire.send(request())
            reply = wire.answer()
            assert (reply.status, reply.headers) == (204, {})


def test_the_key_reads_as_it_was_written() -> None:
    with a_mock() as mock, Wire(mock) as wire:
        wire.send(request(key=None).replace(b"host:", f"Authorization: bearer  {KEY} \r\nhost:".encode()))
        assert wire.answer().status == 201
        assert len(records(mock)) == 1


def test_a_head_that_stands_still_is_refused_told_and_counted() -> None:
    log = StringIO()
    with contextlib.redirect_stderr(log), a_mock(body_timeout=1, log="refusals") as odp:
        host, port = odp.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            connection.sendall(b"POST /twilio_segment/auth HTTP/1.1\r\nhost: loc")
            answer = connection.makefile("rb").read()
        unrecorded = httpx2.get(f"{odp.url}/_mock/metrics", headers={"authorization": f"Bearer {odp.token}"}).text
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"The head of the request broke off: nothing came for 1 s." in answer
    assert 'mockodp_unrecorded_total{reason="unreadable"} 1' in unrecorded
    assert "408 The head of the request broke off" in log.getvalue()
