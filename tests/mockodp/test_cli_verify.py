"""`mockodp verify`: the verdict as exit code, and in words that show the nearest misses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mockodp import running
from mockodp.client import Client
from tests.mockodp.commands import at, send

ORDER = {"type": "order", "action": "purchase", "data": {"total": "27.5"}}


@pytest.fixture(scope="module")
def mock() -> Iterator[Client]:
    """A mock that got two orders in one account."""
    with running() as client:
        send(client.url, ORDER, region="eu")
        send(client.url, {**ORDER, "action": "refund"})
        yield client


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--type", "order", "--action", "purchase"), 0),
        (("--match", '{"data":{"total":"27.5"}}', "--count", "2"), 0),
        (("--count", "at-least:1"), 0),
        (("--count", "at-most:1"), 1),
        (("--action", "none-such", "--count", "none"), 0),
        (("--region", "eu", "--within", "5s"), 0),
        (("--endpoint", "batch_email_event"), 1),
        (("--schema", '{"properties":{"action":{"const":"refund"}}}'), 0),
        (("--count", "2", "--quiet", "1ms"), 0),
        (("--count", "many"), 2),
        (("--count", "-1"), 2),
        (("--match", "{"), 2),
        (("--match", "[1]"), 2),
        (("--schema", "@none.json"), 2),
        (("--schema", '{"type":"none-such"}'), 2),
        (("--within", "2 weeks"), 2),
        (("--after", "x"), 2),
        (("no-such-file.json",), 2),
    ],
)
def test_the_verdict_is_the_exit_code(mock: Client, arguments: tuple[str, ...], code: int) -> None:
    result = at(mock, "verify", "shop", *arguments)
    assert result.exit_code == code, result.output
    assert result.stdout.startswith({0: "pass: ", 1: "fail: "}.get(code, ""))
    assert (result.stderr.startswith("mockodp: "), result.stderr.count("\n")) == ((code == 2), (code == 2))


def test_after_a_record_only_later_ones_count(mock: Client) -> None:
    first = mock.records()["records"][0]["id"]
    assert at(mock, "verify", "shop", "--after", first, "--action", "purchase", "--count", "none").exit_code == 0


def test_over_lost_records_nothing_is_proved() -> None:
    with running(keep_records=1) as client:
        for _ in range(3):
            send(client.url, ORDER)
        result = at(client, "verify", "shop", "--count", "3")
        assert result.exit_code == 4
        assert result.stdout.startswith("unknown: ")
        assert "dropped" in result.stdout


def test_a_failure_shows_where_the_nearest_miss_falls_short(mock: Client) -> None:
    result = at(mock, "verify", "shop", "--action", "purchase", "--match", '{"data":{"total":27.5,"coupon":"x"}}')
    assert "Nearest miss: " in result.stdout
    assert '  /data/total\n    - expected 27.5\n    + was "27.5"\n' in result.stdout
    assert '  /data/coupon\n    - expected "x"\n    + was absent\n' in result.stdout
    assert result.stdout.endswith("\n2 accepted records considered.\n")


@pytest.mark.parametrize("stdin", [False, True])
def test_expectations_come_from_a_file_or_stdin(mock: Client, tmp_path: Path, stdin: bool) -> None:
    document = {
        "account": "is-given-on-the-command-line",
        "ordered": True,
        "expectations": [{"action": "purchase"}, {"action": "refund"}],
    }
    file = tmp_path / "expected.json"
    file.write_text(json.dumps(document))
    arguments: tuple[Any, ...] = ("-",) if stdin else (file,)
    result = at(mock, "verify", "shop", *arguments, "--within", "1s", "--json", stdin=file.read_text())
    assert result.exit_code == 0, result.stderr
    assert [tally["found"] for tally in json.loads(result.stdout)["expectations"]] == [1, 1]
    assert at(mock, "verify", "shop", file, "--type", "order").exit_code == 2


def test_a_schema_may_stand_in_a_file(mock: Client, tmp_path: Path) -> None:
    file = tmp_path / "order.schema.json"
    file.write_text('{"required":["data"]}')
    assert at(mock, "verify", "shop", "--schema", f"@{file}", "--count", "2").exit_code == 0
