"""What arrived, told by `records`, `items`, `show`, `tail`, `accounts` and `reset`, to people and to programs."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
from click.testing import Result

from mockodp import running
from mockodp.cli.tables import clock
from mockodp.client import Client
from tests.mockodp.commands import SECONDS, at, clean_env, ended, first_line, process, run, send

ORDER = {"type": "order", "action": "purchase", "data": {"total": "27.5"}, "note": "[red]\x1b[31m\x9b31m"}
CONTACT = {"email": "ada@example.test", "first_name": "Ada"}


@pytest.fixture(scope="module")
def mock() -> Iterator[Client]:
    """A mock with three records for tests that only read: two accepted, one refused."""
    with running() as client:
        assert send(client.url, ORDER, {"type": "page", "action": "view"}) == 201
        assert send(client.url, CONTACT, account="other-one", region="eu", endpoint="batch_upsert_contact") == 201
        assert send(client.url, 7, CONTACT) == 400
        yield client


def lines(result: Result) -> list[str]:
    assert result.exit_code == 0, result.stderr
    return result.stdout.splitlines()


def ids(mock: Client) -> list[str]:
    return [record["id"] for record in mock.records()["records"]]


# -- records and items --------------------------------------------------------------------------------------------


def test_the_table_has_a_line_a_record_the_newest_first(mock: Client) -> None:
    head, *rows = lines(at(mock, "records"))
    assert head.split() == ["TIME", "STATUS", "VERDICT", "REG", "ENDPOINT", "ITEMS", "ACCOUNT", "ID"]
    assert [row.split()[-1] for row in rows] == ids(mock)[::-1]
    assert rows[1].split()[1:-1] == ["201", "fail", "eu", "batch_upsert_contact", "1", "other-one"]


@pytest.mark.parametrize("listing", ["records", "items", "accounts"])
def test_a_table_fits_a_terminal_of_80_columns_and_keeps_whole_ids(listing: str) -> None:
    with running() as client:
        assert send(client.url, ORDER, account="a-very-long-name" * 5, endpoint="batch_upsert_contact") == 201
        assert send(client.url, CONTACT, account="b") == 201
        table = run(listing, COLUMNS="80", MOCKODP_URL=client.url, MOCKODP_TOKEN=client.token)
        assert max(len(line) for line in lines(table)) <= 80
        assert len(lines(table)) == 3
        if listing != "accounts":
            assert all(found in table.stdout for found in ids(client))


def test_each_format_of_records_is_what_it_says(mock: Client, tmp_path: Path) -> None:
    page = json.loads(at(mock, "records", "--json").stdout)
    assert [record["id"] for record in page["records"]] == ids(mock)[::-1]
    assert (page["dropped"], page["next"]) == (0, None)
    assert page == json.loads(at(mock, "records", "--format", "json").stdout)
    exported = [json.loads(line) for line in lines(at(mock, "records", "--format", "ndjson"))]
    assert exported == page["records"][::-1]
    archive = tmp_path / "records.har"
    assert at(mock, "records", "--format", "har", "--output", archive).stdout == ""
    entries = json.loads(archive.read_text())["log"]["entries"]
    assert [entry["response"]["status"] for entry in entries] == [201, 201, 400]


def test_each_format_of_items_is_what_it_says(mock: Client) -> None:
    page = json.loads(at(mock, "items", "--json").stdout)
    assert [item["item"] for item in page["items"]] == [CONTACT, {"type": "page", "action": "view"}, ORDER]
    exported = [json.loads(line) for line in lines(at(mock, "items", "--format", "ndjson"))]
    assert exported == page["items"][::-1]
    assert [row.split()[0] for row in lines(at(mock, "items"))] == ["ID", *(item["id"] for item in page["items"])]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (("--account", "shop"), [2, 0]),
        (("--region", "eu"), [1]),
        (("--endpoint", "batch_upsert_contact"), [1]),
        (("--status", "400"), [2]),
        (("--accepted",), [1, 0]),
        (("--refused",), [2]),
        (("--type", "order"), [0]),
        (("--action", "view"), [0]),
        (("--where", "data.total=27.5", "--where", "type=order"), [0]),
        (("--jsonpath", "$.first_name"), [1]),
        (("--oldest",), [0, 1, 2]),
        (("--limit", "2"), [2, 1]),
        (("--limit", "2", "--oldest"), [0, 1]),
        (("--limit", "1", "--format", "ndjson"), [0]),
        (("--newest", "--format", "ndjson"), [2, 1, 0]),
        (("--since", "2000-01-01", "--until", "2999-01-01T00:00:00+02:00"), [2, 1, 0]),
        (("--since", "2999-01-01"), []),
    ],
)
def test_filters_narrow_as_those_of_the_api(mock: Client, filters: tuple[str, ...], found: list[int]) -> None:
    text = at(mock, "records", "--json", *filters).stdout
    records = [json.loads(line) for line in text.splitlines()] if "ndjson" in filters else json.loads(text)["records"]
    assert [record["id"] for record in records] == [ids(mock)[index] for index in found]


def test_more_than_a_page_is_put_together() -> None:
    with running() as client:
        for _ in range(3):
            send(client.url, *[CONTACT] * 500)
        page = json.loads(at(client, "items", "--json", "--limit", "1200", "--oldest").stdout)
        assert len({item["id"] for item in page["items"]}) == 1200
        rest = client.items(cursor=page["next"], limit=1000)
        assert (len(rest["items"]), rest["next"]) == (300, None)
        assert len(lines(at(client, "items", "--format", "ndjson"))) == 1500


def test_what_a_table_does_not_show_is_told() -> None:
    with running(keep_records=2) as client:
        assert at(client, "records").stderr == "No records meet this.\n"
        for _ in range(3):
            send(client.url, CONTACT)
        said = at(client, "records", "--limit", "1").stderr
        assert "These are the newest 1; there are more." in said
        assert "older records were dropped" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--status", "5"), "'--status': 5 is not in the range 100<=x<=599."),
        (("--since", "yesterday"), "'yesterday' is not a time, expected one such as 2026-11-23T10:00"),
        (("--where", "novalue"), "'where' is 'novalue', expected PATH=VALUE"),
        (("--format", "har", "--limit", "1"), "A HAR holds all records that meet the filters"),
        (("--output", "/no/such/folder/file"), "'/no/such/folder/file' cannot be written: No such file or directory."),
        (("--token", "wrong"), "does not hold the token of this mock"),
    ],
)
def test_wrong_use_is_told_in_one_line(mock: Client, arguments: tuple[str, ...], words: str) -> None:
    result = at(mock, "records", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("mockodp: ")
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "command", [("records",), ("records", "--format", "har"), ("tail",), ("show", "0" * 16), ("accounts",), ("env",)]
)
def test_a_mock_that_is_not_there_is_an_environment_not_ready(command: tuple[str, ...]) -> None:
    result = run(*command, "--url", "http://127.0.0.1:1")
    assert result.exit_code == 3
    assert result.stderr.startswith("mockodp: No mock answers at http://127.0.0.1:1")
    assert result.stderr.count("\n") == 1


def test_times_of_another_day_have_their_date(monkeypatch: pytest.MonkeyPatch) -> None:
    stamps = ["2026-11-23T12:00:00.000Z", "2026-11-23T12:00:01.000Z"]
    assert [len(time) for time in clock(stamps, date(2026, 11, 23))] == [8, 8]
    assert [len(time) for time in clock(stamps, date(2026, 11, 25))] == [14, 14]


def test_a_reader_that_goes_away_ends_it_quietly(tmp_path: Path) -> None:
    for command in ("fidelity", "records"):
        with running() as client:
            send(client.url, ORDER)
            env = clean_env(MOCKODP_URL=client.url, MOCKODP_TOKEN=client.token)
            reading, writing = os.pipe()
            os.close(reading)
            arguments = [sys.executable, "-m", "mockodp", command]
            with Popen(arguments, cwd=tmp_path, env=env, stdout=writing, stderr=PIPE) as started:
                os.close(writing)
                _, said = started.communicate(timeout=SECONDS)
            assert (started.returncode, said) == (141, b"")


# -- show ---------------------------------------------------------------------------------------------------------


def test_show_tells_all_of_a_record_but_the_key(mock: Client) -> None:
    text = at(mock, "show", ids(mock)[0]).stdout
    assert f"Record {ids(mock)[0]}" in text
    assert "201 accepted" in text
    assert "authorization: Bearer ****" in text
    assert '  "total": "27.5"' in text
    assert f"Item {ids(mock)[0]}.1" in text
    assert "Bearer $MOCKODP_KEY" in text
    assert "odp_test_" not in text


def test_show_says_why_a_record_was_refused_and_what_it_was(mock: Client) -> None:
    text = at(mock, "show", ids(mock)[2]).stdout
    assert "400 refused" in text
    assert "Item 0 is a number, expected an object." in text
    assert '[7,{"email":"ada@example.test","first_name":"Ada"}]' in text


def test_show_takes_an_item_too(mock: Client) -> None:
    assert json.loads(at(mock, "show", f"{ids(mock)[1]}.0", "--json").stdout)["item"] == CONTACT
    assert '"first_name": "Ada"' in at(mock, "show", f"{ids(mock)[1]}.0").stdout


def test_what_arrived_cannot_steer_a_terminal(mock: Client) -> None:
    for command in (("show", ids(mock)[0]), ("show", f"{ids(mock)[0]}.0"), ("items",), ("records",)):
        text = at(mock, *command).stdout
        assert not {"\x1b", "\x9b"} & set(text)
    assert "[red]" in at(mock, "show", ids(mock)[0]).stdout


@pytest.mark.parametrize("name", ["0000000000000001", "nonsense", "../accounts", "0000000000000001.0"])
def test_show_of_nothing_is_wrong_use(mock: Client, name: str) -> None:
    result = at(mock, "show", name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert ("There is no record" if name[0] == "0" else f"{name!r} is not an id") in result.stderr


def test_a_body_that_is_no_text_is_left_out() -> None:
    import httpx2

    with running() as client:
        headers = {"authorization": "Bearer odp_test_shop", "content-type": "application/json"}
        with httpx2.Client(trust_env=False) as http:
            http.post(f"{client.url}/twilio_segment/batch_email_event", content=b"\xff\x00", headers=headers)
        assert "Body, 2 bytes, not text" in at(client, "show", ids(client)[0]).stdout


# -- tail ---------------------------------------------------------------------------------------------------------


def test_tail_follows_until_ctrl_c(mock: Client, tmp_path: Path) -> None:
    where = {"MOCKODP_URL": mock.url, "MOCKODP_TOKEN": mock.token}
    with process("tail", "--after", "0" * 16, cwd=tmp_path, **where) as tail:
        _, *said = first_line(tail).split()
        assert said[:6] == ["201", "us", "batch_custom_event", "2", ids(mock)[0], "shop"]
        assert said[6:] == ["fail:", "missing-member,", "unknown-member,", "purchase-incomplete,", "type-not-standard"]
        tail.send_signal(signal.SIGINT)
        how = ended(tail)
    assert (how.code, how.err) == (0, "")
    assert "2 of 2 items" not in how.out
    assert "items are not objects" in how.out or how.out.count("\n") < 2


def test_tail_gives_programs_whole_records_and_says_when_the_mock_stops(tmp_path: Path) -> None:
    with running() as client:
        send(client.url, ORDER)
        where = {"MOCKODP_URL": client.url, "MOCKODP_TOKEN": client.token}
        arguments = ("tail", "--json", "--account", "shop", "--after", "0" * 16)
        started = process(*arguments, cwd=tmp_path, **where)
        tail = started.__enter__()
        assert json.loads(first_line(tail))["items"] == [ORDER]
    try:
        how = ended(tail)
    finally:
        started.__exit__(None, None, None)
    assert (how.code, how.err) == (0, "mockodp: the mock has stopped.\n")


# -- accounts and reset -------------------------------------------------------------------------------------------


def test_accounts_are_listed(mock: Client) -> None:
    head, *rows = lines(at(mock, "accounts"))
    assert head.split() == ["ACCOUNT", "RECORDS", "BYTES", "DROPPED", "OPENED"]
    assert [row.split()[:2] for row in rows] == [["other-one", "1"], ["shop", "2"]]
    assert [each["name"] for each in json.loads(at(mock, "accounts", "--json").stdout)["accounts"]] == [
        "other-one",
        "shop",
    ]


def test_reset_forgets_the_accounts_it_names_and_no_others() -> None:
    with running() as client:
        for account in ("one", "two", "three"):
            send(client.url, ORDER, account=account)
        assert at(client, "reset", "one", "none").stdout == "one: 1 records forgotten\nnone: 0 records forgotten\n"
        assert [account["name"] for account in client.accounts()] == ["three", "two"]
        assert at(client, "reset", "--all", "--yes").exit_code == 0
        assert client.accounts() == []
        assert at(client, "accounts").stderr.startswith("No account yet")


@pytest.mark.parametrize("arguments", [(), ("shop", "--all"), ("--all",), ("../settings",)])
def test_reset_wants_to_know_what_is_meant(mock: Client, arguments: tuple[str, ...]) -> None:
    assert at(mock, "reset", *arguments).exit_code == 2
    assert len(mock.accounts()) == 2
