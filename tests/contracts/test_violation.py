"""What is told of a value fits in a line, keeps secrets, and gives no orders to a terminal."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mockodp_contracts import Evidence, Severity, Verdict, Violation, judge
from mockodp_contracts.violation import ABSENT, LONGEST_SHOWN, found_at, path_of, pointer_to, shortened

SECRET = "hunter2"
LABEL = " of 1200 characters"


def _nested(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = {"a": value} if level % 2 else [value]
    return value


@pytest.mark.parametrize(
    "name",
    ["authorization", "Authorisation", "api_key", "X-API-Key", "apikey", "accessKey", "private-key", "password",
     "cookie", "session", "client_secret", "idToken", "jwt", "signature", "credentials", "x-auth"],
)  # fmt: skip
def test_the_value_of_a_secret_name_is_masked_wherever_the_name_is(name: str) -> None:
    held = {name: SECRET}
    for value, pointer in [
        (SECRET, f"/{name}"),
        ([SECRET], f"/{name}/0"),
        (held, ""),
        ([held], ""),
        ({"a": {"b": [held]}}, ""),
        ({name: {"deeper": SECRET}}, ""),
        ({"deeper": SECRET}, f"/0/{name}"),
    ]:
        told = shortened(value, pointer)
        assert SECRET not in told
        assert "****" in told


@pytest.mark.parametrize("pointer", ["/0/data/api~1key", "/data/to~0ken/password"])
def test_a_pointer_is_unescaped_before_it_is_asked_for_secrets(pointer: str) -> None:
    assert (shortened(SECRET, pointer) == "****") is ("password" in pointer)


def test_a_verdict_never_shows_a_secret() -> None:
    item = {"user_identifiers": {"email": "ada@example.test"}, "password": SECRET, "api_key": {"x": SECRET}}
    assert SECRET not in json.dumps(judge([item, SECRET[:0]], "batch_custom_event").shown())


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (ABSENT, "absent"),
        (None, "null"),
        (True, "true"),
        (27.5, "27.5"),
        (10**30, "1" + "0" * 30),
        ("Ada", '"Ada"'),
        ("Größe", '"Größe"'),
        ([], "[]"),
        ({}, "{}"),
        ("x" * LONGEST_SHOWN, '"' + "x" * (LONGEST_SHOWN - 2) + "…"),
        ("x" * 1200, '"' + "x" * 40 + '"…' + LABEL),
    ],
)
def test_a_value_is_told_as_json(value: Any, told: str) -> None:
    assert shortened(value) == told


@pytest.mark.parametrize(
    "value",
    [
        ["x" * 500] * 500,
        {f"{'n' * 300}{index}": "v" * 300 for index in range(300)},
        [[list(range(1000))] * 1000] * 1000,
        _nested(5000),
        {"a": "x" * 80},
    ],
)
def test_a_large_value_is_told_in_one_short_line(value: Any) -> None:
    told = shortened(value)
    assert len(told) == LONGEST_SHOWN
    assert told.endswith("…")


@pytest.mark.parametrize("sign", ["\x00", "\n", "\r", "\x1b", "\x7f", "\x9b", "\u2028", "\u202e", "\u2066"])
def test_signs_that_order_a_terminal_about_are_escaped(sign: str) -> None:
    for value in (f"a{sign}b", {f"a{sign}b": 1}, [f"a{sign}b"]):
        told = shortened(value)
        assert sign not in told
        assert json.loads(told) == value


@pytest.mark.parametrize(
    ("path", "pointer"), [([], ""), (["a"], "/a"), ([0, ""], "/0/"), (["a/b~c", "~1"], "/a~1b~0c/~01"), ([""], "/")]
)
def test_a_pointer_leads_back_to_its_path(path: list[str | int], pointer: str) -> None:
    assert pointer_to(path) == pointer
    assert path_of(pointer) == [str(part) for part in path]


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", {"a": [{"": 1}], "0": 2}),
        ("/a/0/", 1),
        ("/0", 2),
        ("/a/1", ABSENT),
        ("/a/-1", ABSENT),
        ("/a/x", ABSENT),
        ("/0/0", ABSENT),
    ],
)
def test_a_value_is_found_by_its_pointer(pointer: str, value: Any) -> None:
    assert found_at({"a": [{"": 1}], "0": 2}, pointer) == value


def _violation(severity: Severity) -> Violation:
    return Violation("wrong-type", severity, "/0/total", "a text", "5", Evidence.DOCS, "Map it.", "items/event")


def test_a_violation_is_one_sentence() -> None:
    assert str(_violation(Severity.ERROR)) == "/0/total: expected a text, was 5 [wrong-type]"


def test_a_verdict_is_shown_as_json() -> None:
    verdict = Verdict("items/event", (_violation(Severity.ERROR),), left_off=3, failed=True)
    assert json.loads(json.dumps(verdict.shown())) == {
        "contract": "items/event",
        "verdict": "fail",
        "violations": [
            {
                "rule": "wrong-type",
                "severity": "error",
                "pointer": "/0/total",
                "expected": "a text",
                "came": "5",
                "evidence": "docs",
                "hint": "Map it.",
                "contract": "items/event",
            }
        ],
        "left_off": 3,
    }


def test_violations_are_told_apart_by_severity() -> None:
    verdict = Verdict("items/event", (_violation(Severity.ERROR), _violation(Severity.INFO)), failed=True)
    assert [len(verdict.of(severity)) for severity in Severity] == [1, 0, 1]


def test_a_verdict_passes_or_fails_in_a_word() -> None:
    assert (Verdict("a", ()).word, Verdict("a", (), failed=True).word) == ("pass", "fail")
    assert Verdict("a", ()).passed
    assert not Verdict("a", (), failed=True).passed


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Bearer abc.DEF-123", '"Bearer ****"'),
        ("see https://x.example/?a=1&access_token=abc123&b=2", '"see https://x.example/?a=1&access_token=****&b=2"'),
        ('{"password":"hush"}', '"{\\"password\\":\\"****\\"}"'),
        ("eyJhbGciOi.eyJzdWIi.c2ln", '"****"'),
        ([["Bearer abc"]], '[["Bearer ****"]]'),
        ({"writeKey": "abc", "pwd": "x", "pinned": 1}, '{"writeKey":"****","pwd":"****","pinned":1}'),
        ("bearer of good news", '"bearer **** good news"'),
    ],
)
def test_a_secret_within_a_text_is_masked(value: Any, shown: str) -> None:
    assert shortened(value) == shown
