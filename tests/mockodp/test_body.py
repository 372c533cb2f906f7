"""Any bytes as a body: decoded or refused with a reason, as Python's own reader does but where we are stricter."""

from __future__ import annotations

import gzip
import json
import os
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mockodp.body import decode
from mockodp.errors import Refusal, TooLarge, Undecodable, UnsupportedMedia

CASES: Final = int(os.environ.get("CASES", "300"))
DEEPEST: Final = 240
BOUNDED = settings(max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.too_slow])

names = st.sampled_from(["a", "b", "a:b", "\u00e9", ""]) | st.text(max_size=4)
texts = st.text(max_size=8) | st.sampled_from([":", '":', "\\u003a", "\U0001f600", "\ud800", "NaN"])
numbers = st.integers() | st.floats() | st.sampled_from([10**30, 1e308, -0.0, 5e-324])
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
bodies = st.lists(st.dictionaries(names, values, max_size=4), max_size=4)


def read(body: bytes, **members: Any) -> list[dict[str, Any]]:
    return decode(
        body, **{"content_type": "application/json", "encoding": None, "max_body": 10_000, "max_items": 500, **members}
    )


def refusal(body: bytes, **members: Any) -> Refusal | None:
    try:
        read(body, **members)
    except Refusal as refused:
        return refused
    return None


class Strange(Exception):
    """Something that Python's reader takes and we refuse on purpose."""


def strict(body: bytes) -> Any:
    """Python's own reader, with every documented strictness on top."""

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise Strange("a name twice")
        return dict(pairs)

    def number(text: str) -> float:
        if float(text) in (float("inf"), float("-inf")):
            raise Strange("beyond doubles")
        return float(text)

    def whole(text: str) -> float:
        return int(text) if -(2**63) <= int(text) < 2**64 else number(text)

    def no_number(text: str) -> None:
        raise Strange(text)

    document = json.loads(
        body.decode("utf-8"), object_pairs_hook=members, parse_float=number, parse_int=whole, parse_constant=no_number
    )
    json.dumps(document, ensure_ascii=False).encode("utf-8")  # a lone surrogate fails here
    if levels(document) > DEEPEST:
        raise Strange("too deep")
    return document


def levels(value: Any) -> int:
    if not isinstance(value, dict | list):
        return 0
    return 1 + max(map(levels, value.values() if isinstance(value, dict) else value), default=0)


def is_read_by_python(body: bytes) -> tuple[bool, Any]:
    try:
        items = strict(body)
    except (ValueError, Strange):
        return False, None
    return isinstance(items, list) and all(isinstance(item, dict) for item in items), items


def assert_agreement(body: bytes) -> None:
    is_read, items = is_read_by_python(body)
    refused = refusal(body)
    assert (refused is None) is is_read, (body, refused)
    if is_read:
        assert read(body) == items
    else:
        assert type(refused) is Undecodable
        assert refused.message.startswith("Body ") or " items are not objects." in refused.message


@st.composite
def written(draw: st.DrawFn) -> bytes:
    """A body as one writer or another writes it, at times damaged."""
    text = json.dumps(
        draw(bodies),
        ensure_ascii=draw(st.booleans()),
        indent=draw(st.sampled_from([None, 0, 2])),
        separators=draw(st.sampled_from([None, (",", ":"), (" , ", " : ")])),
    )
    if draw(st.booleans()):
        text = text.replace('"b"', '"a"').replace(":", draw(st.sampled_from([":", "\\u003a", "::"])), 1)
    body = bytearray(text.encode("utf-8", "surrogatepass"))
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(body)))
        body[place : place + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
    return bytes(body)


@BOUNDED
@given(written())
@example(b'[{"a":1,"a":"\\u003a"}]')
@example(b'[{"a":":","\\u0061":2}]')
@example(b'[{"a":{"b":1,"b":":"},"c":"\\u003A"}]')
@example(b'[{"a":1.7976931348623159e308}]')
@example(b'[{"a":123456789012345678901234567890}]')
@example(b"[" * 240 + b"]" * 240)
@example(b'[{"a":' + b"[" * 238 + b"]" * 238 + b"}]")
@example(b'[{"a":' + b"[" * 239 + b"]" * 239 + b"}]")
def test_what_writers_write_is_read_as_python_reads_it(body: bytes) -> None:
    assert_agreement(body)


@BOUNDED
@given(st.binary(max_size=60) | st.text('[]{}",:\\u0039aAeE+-. nulNtrefs\x00\ufeff', max_size=30).map(str.encode))
def test_any_bytes_are_read_as_python_reads_them(body: bytes) -> None:
    assert_agreement(body)


@BOUNDED
@given(
    body=st.binary(max_size=200) | written() | written().map(gzip.compress),
    content_type=st.none() | st.text(max_size=20) | st.sampled_from(["application/json", "application/json;charset=x"]),
    encoding=st.none() | st.text(max_size=10) | st.sampled_from(["gzip", "X-GZIP", "identity", "br", ""]),
    max_body=st.integers(1, 100),
    max_items=st.integers(1, 3),
)
def test_nothing_but_a_refusal_ever_comes_out(
    body: bytes, content_type: str | None, encoding: str | None, max_body: int, max_items: int
) -> None:
    refused = refusal(body, content_type=content_type, encoding=encoding, max_body=max_body, max_items=max_items)
    assert refused is None or (refused.message.endswith(".") and len(refused.message) < 1_000)


@BOUNDED
@given(st.lists(written(), min_size=1, max_size=3), st.integers(0, 8))
def test_gzip_in_members_is_what_it_was_before(parts: list[bytes], zeros: int) -> None:
    body = b"".join(parts)
    zipped = b"".join(map(gzip.compress, parts)) + bytes(zeros)
    plain, inflated = refusal(body), refusal(zipped, encoding="gzip")
    assert (plain and plain.message) == (inflated and inflated.message)


@pytest.mark.parametrize(
    ("body", "members", "kind"),
    [
        (gzip.compress(b"[]" + b" " * 98, mtime=0), {"max_body": 100}, None),
        (gzip.compress(b"[]" + b" " * 99, mtime=0), {"max_body": 100}, TooLarge),
        (gzip.compress(b"[]" + b" " * 60, mtime=0) + gzip.compress(b" " * 60, mtime=0), {"max_body": 100}, TooLarge),
        (gzip.compress(b"[]", mtime=0) + gzip.compress(b"", mtime=0), {"max_body": 2}, None),
        (gzip.compress(b"[]", mtime=0)[:-1], {}, Undecodable),
        (gzip.compress(b"[]", mtime=0), {"content_type": "text/json"}, UnsupportedMedia),
    ],
)
def test_the_limit_holds_for_what_is_inflated(body: bytes, members: dict[str, Any], kind: type[Refusal] | None) -> None:
    refused = refusal(body, encoding="gzip", **members)
    assert (type(refused) if refused else None) is kind


def test_every_double_name_is_named_with_its_place() -> None:
    refused = refusal(b'[{"a":1,"a":2},{"x":[{"b/":{"c":1,"c":1,"d":1,"d":2}}]}]')
    assert refused is not None
    assert refused.reasons == (
        {"event": 0, "message": "The name 'a' stands twice in the object at '/0'."},
        {"event": 1, "message": "The name 'c' stands twice in the object at '/1/x/0/b~1'."},
        {"event": 1, "message": "The name 'd' stands twice in the object at '/1/x/0/b~1'."},
    )
