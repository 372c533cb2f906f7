"""`mockodp fault` and `mockodp clock`, and a mock that starts with a file of faults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from mockodp import Client, running
from mockodp.cli.tail import record_line
from mockodp.errors import SettingsError
from mockodp.faults.files import read_fault_file
from tests.mockodp.commands import FREE, a_server, at, ended, process, send


@pytest.fixture(scope="module")
def shared() -> Iterator[Client]:
    with running(tls_port=-1) as client:
        yield client


@pytest.fixture
def mock(shared: Client) -> Client:
    for account in ("shop", "other"):
        shared.reset(account)
    shared.disarm_all()
    return shared


def told(mock: Client, *arguments: str) -> Any:
    """The fault that these options arm, as it was told."""
    result = at(mock, "fault", "add", "shop", *arguments, "--json")
    assert result.exit_code == 0, result.output
    (armed,) = json.loads(result.stdout)["faults"]
    assert armed["told"].pop("account") == "shop"
    return armed["told"]


# -- add ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--preset", "429-storm"), {"preset": "429-storm"}),
        (("--status", "503", "--times", "3"), {"effect": {"status": 503}, "expires": {"requests": 3}}),
        (("--status", "429", "--retry-after", "7"), {"effect": {"status": 429, "retry_after": 7}}),
        (("--status", "302", "--location", "/x"), {"effect": {"status": 302, "location": "/x"}}),
        (("--status", "500", "--body", '{"a":1}'), {"effect": {"status": 500, "body": {"a": 1}}}),
        (("--status", "500", "--body", "Oops"), {"effect": {"status": 500, "body": "Oops"}}),
        (("--delay", "200ms"), {"effect": {"delay": "200ms"}}),
        (("--delay", "1s..3s"), {"effect": {"delay": {"uniform": ["1s", "3s"]}}}),
        (("--delay", '{"median":"1s","sigma":1}'), {"effect": {"delay": {"median": "1s", "sigma": 1}}}),
        (("--wire", "stall", "--wire-for", "11s"), {"effect": {"wire": "stall", "wire_for": "11s"}}),
        (("--effect", '{"status":207,"fail":[0]}'), {"effect": {"status": 207, "fail": [0]}}),
        (("--effect", '{"status":500}', "--status", "501"), {"effect": {"status": 501}}),
        (("--wire", "reset", "--region", "eu", "--endpoint", "auth"),
         {"effect": {"wire": "reset"}, "match": {"region": "eu", "endpoint": "auth"}}),
        (("--status", "500", "--nth", "2", "--nth", "4", "--every", "2"),
         {"effect": {"status": 500}, "match": {"nth": [2, 4], "every": 2}}),
        (("--status", "500", "--probability", "0.5", "--seed", "7"),
         {"effect": {"status": 500}, "match": {"probability": 0.5, "seed": 7}}),
        (("--status", "500", "--type", "order", "--match", "data.plan=pro", "--match", "/data/total=27.5"),
         {"effect": {"status": 500},
          "match": {"item": {"type": "order", "match": {"data": {"plan": "pro", "total": 27.5}}}}}),
        (("--status", "500", "--match", "/a~1b/c~0d=x", "--expires", "1d"),
         {"effect": {"status": 500}, "match": {"item": {"match": {"a/b": {"c~d": "x"}}}}, "expires": {"after": "1d"}}),
        (("--preset", "slow-11s", "--wire-for", "3s"), {"preset": "slow-11s", "effect": {"wire_for": "3s"}}),
        (("--status", "429", "--budget", "10/1s", "--expires", "4h", "--name", "my rate"),
         {"effect": {"status": 429}, "budget": {"requests": 10, "per": "1s"}, "expires": {"after": "4h"},
          "name": "my rate"}),
    ],
)  # fmt: skip
def test_a_fault_is_made_of_options(mock: Client, options: tuple[str, ...], expected: dict[str, Any]) -> None:
    assert told(mock, *options) == expected


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ((), "Name the account whose requests are meant ('*' for every account), or give --file."),
        (("shop",), "Say what is to happen: --preset, --status, --delay, --wire or --effect."),
        (("shop", "--region", "eu"), "Say what is to happen"),
        (("shop", "--preset", "429"), '/preset: "429" is not known. Known: slow-11s, lost-answer, 429-storm,'),
        (("shop", "--wire", "rest"), "'rest' is not one of 'reset', 'lost_answer',"),
        (("shop", "--status", "600"), "600 is not in the range 200<=x<=599"),
        (("shop", "--status", "503", "--probability", "2"), "/match/probability: 2 is greater than the maximum of 1"),
        (("shop", "--status", "503", "--effect", "{"), "--effect is not JSON"),
        (("shop", "--effect", "[1]"), "--effect is '[1]', expected a JSON object."),
        (("shop", "--status", "503", "--match", "plan"), "--match is 'plan', expected PATH=VALUE"),
        (("shop", "--status", "503", "--match", "lines.0.sku=1"), "for items of arrays write"),
        (("shop", "--status", "503", "--match", "a=1", "--match", "a.b=1"), "goes through 'a'"),
        (("shop", "--status", "503", "--match", "a=1", "--match", "a=2"), "contradicts another"),
        (("shop", "--status", "503", "--budget", "10"), "--budget is '10', expected a number of requests and a time"),
        (("shop", "--status", "503", "--expires", "4"), "/expires/after: \"4\" is not what is expected."),
        (("shop", "--wire", "reset", "--status", "503"), "/effect/status: is never sent, since 'reset' leaves no"),
        (("sh/op", "--status", "503"), "/account: \"sh/op\" is not what is expected."),
    ],
)  # fmt: skip
def test_wrong_options_are_told_in_one_line(mock: Client, arguments: tuple[str, ...], part: str) -> None:
    result = at(mock, "fault", "add", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("mockodp: ")
    assert result.stderr.count("\n") == 1
    assert part in result.stderr
    assert mock.faults() == []


FAULTS = """
[[fault]]
account = "other"
preset = "auth-rotated"

[[fault]]
name = "outage"
match = {region = "eu", item.type = "order"}
sequence = [{effect = {status = 503}, times = 2}]
"""


def test_faults_come_from_a_file(mock: Client, tmp_path: Path) -> None:
    file = tmp_path / "faults.toml"
    file.write_text(FAULTS)
    result = at(mock, "fault", "add", "shop", "--file", file)
    assert [line.partition(" ")[2] for line in result.stdout.splitlines()] == [
        "(auth-rotated) is armed for other: status 401",
        "(outage) is armed for shop: 2 times status 503; only eu; only with such an item",
    ]
    assert send(mock.url, {}, account="other") == 401
    assert [send(mock.url, {"type": "order"}, region="eu") for _ in range(3)] == [503, 503, 201]


def test_a_file_may_be_json_and_come_from_stdin(mock: Client) -> None:
    for document in ({"account": "shop", "preset": "half-batch"}, [{"account": "shop", "preset": "half-batch"}],
                     {"fault": {"account": "shop", "preset": "half-batch"}}):  # fmt: skip
        assert at(mock, "fault", "add", "--file", "-", stdin=json.dumps(document)).exit_code == 0
    assert len(mock.faults("shop")) == 3


def test_what_is_wrong_in_a_file_is_told_with_its_place_and_nothing_is_armed(mock: Client, tmp_path: Path) -> None:
    file = tmp_path / "faults.toml"
    file.write_text(FAULTS.replace("503", "203").replace("sequence", "repeat = true\nsequense"))
    result = at(mock, "fault", "add", "shop", "--file", file)
    assert result.exit_code == 2
    assert f"mockodp: {file}: /1: Member 'sequense' is not known here. Did you mean 'sequence'?" in result.stderr
    assert mock.faults() == []
    both = at(mock, "fault", "add", "--file", file, "--retry-after", "3")
    assert "--retry-after and --file do not go together" in both.stderr


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("x.toml", "fault = ", "x.toml is not TOML: "),
        ("x.json", "{", "x.json is not JSON: "),
        ("x.toml", "[[faults]]\n", "x.toml holds no faults; expected [[fault]] tables as TOML"),
        ("x.json", "7", "x.json holds no faults"),
        ("x.json", "[]", "x.json holds an empty list of faults"),
        ("x.toml", "colour = 1\n[[fault]]\n", "'colour' is not known beside 'fault'"),
        ("x.json", "[" * 600 + "]" * 600, "x.json is nested too deep, at most 254 levels are read here."),
    ],
)
def test_a_file_that_holds_no_faults_is_refused(tmp_path: Path, name: str, text: str, part: str) -> None:
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_fault_file(str(file))
    assert part in str(caught.value)


# -- ls, rm, check, presets ---------------------------------------------------------------------------------------


def test_faults_are_listed_with_what_they_did(mock: Client) -> None:
    assert at(mock, "fault", "ls").stderr == "No fault is armed.\n"
    mock.arm_fault("shop", effect={"status": 503}, expires={"requests": 1}, name="outage")
    mock.arm_fault("*", preset="half-batch", match={"region": "eu"})
    send(mock.url, {})
    head, first, second = at(mock, "fault", "ls").stdout.splitlines()
    assert head.split() == ["ID", "NAME", "ACCOUNT", "MET", "STRUCK", "STATE", "WHAT", "IT", "DOES"]
    assert " ".join(first.split()[1:]) == "outage shop 1 1 used up status 503; 1 request at most"
    assert " ".join(second.split()[1:]) == "half-batch * 0 0 armed status 207, items failed: every second; only eu"
    assert json.loads(at(mock, "fault", "ls", "--json").stdout) == {"faults": mock.faults()}
    assert len(json.loads(at(mock, "fault", "ls", "other", "--json").stdout)["faults"]) == 1


def test_faults_are_taken_away(mock: Client) -> None:
    wanted = [{"account": account, "preset": "half-batch"} for account in ("shop", "shop", "other", "*")]
    one, two, three, four = (fault["id"] for fault in mock.arm_faults(wanted))
    assert at(mock, "fault", "rm", one).stdout == f"{one} (half-batch) is gone; met 0, struck 0\n"
    gone = at(mock, "fault", "rm", one)
    assert (gone.exit_code, gone.stderr) == (
        2, f"mockodp: There is no fault '{one}'. Armed: {two}, {three}, {four}.\n"
    )  # fmt: skip
    assert at(mock, "fault", "rm", "--account", "shop").stdout.startswith(f"{two} (")
    assert at(mock, "fault", "rm", "--account", "*").stdout.startswith(f"{four} (")
    assert [each["id"] for each in json.loads(at(mock, "fault", "rm", "--all", "--json").stdout)["faults"]] == [three]
    assert at(mock, "fault", "rm", "--all").stderr == "No fault was armed.\n"
    for wrong in ((), ("f1", "--all"), ("--all", "--account", "shop")):
        assert at(mock, "fault", "rm", *wrong).exit_code == 2


def test_a_reset_of_all_takes_away_faults_and_clocks_of_accounts_without_records(mock: Client) -> None:
    mock.arm_faults([{"account": account, "preset": "half-batch"} for account in ("nobody", "*")])
    mock.clock("nobody").freeze()
    assert at(mock, "reset", "--all", "--yes").exit_code == 0
    assert (mock.faults(), mock.clock("nobody").shown()["real"]) == ([], True)


def test_a_status_that_only_went_out_is_asked_for_otherwise(mock: Client) -> None:
    mock.arm_fault("shop", effect={"status": 503})
    send(mock.url, {"type": "x"})
    found = at(mock, "records", "--account", "shop", "--status", "503")
    assert "--answered for what was." in found.stderr


def test_a_record_that_came_late_is_marked(mock: Client) -> None:
    mock.arm_fault("shop", effect={"delay": "1ms"})
    send(mock.url, {"type": "x"})
    assert " 201* " in at(mock, "records", "--account", "shop").stdout
    (record,) = mock.records(account="shop")["records"]
    assert " 201* us " in record_line(record)
    assert "201* accepted" in at(mock, "show", record["id"]).stdout


def test_a_check_is_an_exit_code(mock: Client) -> None:
    none = at(mock, "fault", "check")
    assert (none.exit_code, none.stdout) == (1, "fail: No fault is armed, so nothing was checked.\n")
    mock.arm_fault("shop", effect={"status": 503})
    assert at(mock, "fault", "check", "shop").exit_code == 1
    send(mock.url, {})
    done = at(mock, "fault", "check", "shop")
    assert (done.exit_code, done.stdout) == (0, "pass: 1 fault did what it was armed for.\n")
    assert json.loads(at(mock, "fault", "check", "--json").stdout)["verdict"] == "pass"


def test_the_presets_are_listed(mock: Client) -> None:
    head, first, *_ = at(mock, "fault", "presets").stdout.splitlines()
    assert (head.split()[:2], first.split()[:2]) == (["NAME", "EVIDENCE"], ["slow-11s", "client"])
    assert json.loads(at(mock, "fault", "presets", "--json").stdout) == {"presets": mock.fault_presets()}


# -- what a record shows ------------------------------------------------------------------------------------------


def test_a_record_shows_what_touched_it(mock: Client) -> None:
    mock.arm_fault("shop", preset="429-storm", expires={"requests": 1})
    assert [send(mock.url, {"type": "x"}), send(mock.url, {"type": "x"})] == [429, 201]
    table = at(mock, "records", "--account", "shop", "--oldest").stdout.splitlines()
    assert [line.split()[1] for line in table] == ["STATUS", "201→429", "201"]
    first, second = (record["id"] for record in mock.records(account="shop")["records"])
    shown = at(mock, "show", first).stdout
    assert "\nFaults\n429-storm (f" in shown
    assert "; answered 429\n" in shown
    assert "\nAnswer, had there been no fault\n" in shown
    assert "Faults" not in at(mock, "show", second).stdout
    lines = [record_line(record) for record in mock.records(account="shop")["records"]]
    assert [line.endswith("  fault 429-storm: status 429") for line in lines] == [True, False]


def test_a_lost_answer_shows_as_none(mock: Client) -> None:
    mock.arm_fault("shop", preset="lost-answer")
    with pytest.raises(OSError, match=r"disconnected|reset"):
        send_and_lose(mock)
    assert " 201→- " in at(mock, "records", "--account", "shop").stdout
    assert ": lost answer; no answer\n" in at(mock, "show", mock.records(account="shop")["records"][0]["id"]).stdout


def test_what_went_out_is_asked_for(mock: Client) -> None:
    mock.arm_fault("shop", effect={"status": 503}, expires={"requests": 2})
    assert [send(mock.url, {"type": "x"}) for _ in range(3)] == [503, 503, 201]
    assert at(mock, "verify", "shop", "--answered", "2xx").exit_code == 0
    assert at(mock, "verify", "shop", "--answered", "503", "--count", "2").exit_code == 0
    surplus = at(mock, "verify", "shop")
    assert surplus.exit_code == 1
    assert "2 of the requests were answered otherwise by a fault (503)" in surplus.stdout
    assert at(mock, "records", "--account", "shop", "--answered", "5xx").stdout.count("201→503") == 2
    refused = at(mock, "records", "--answered", "ok")
    assert (refused.exit_code, "expected a status such as 503, 2xx for all" in refused.stderr) == (2, True)


def send_and_lose(mock: Client) -> None:
    try:
        send(mock.url, {"type": "x"})
    except httpx2.TransportError as error:
        raise OSError(str(error)) from error


# -- clock --------------------------------------------------------------------------------------------------------


def test_a_clock_is_frozen_set_advanced_and_reset(mock: Client) -> None:
    def said(*arguments: str) -> str:
        result = at(mock, "clock", *arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    assert said("show", "shop").endswith(", real time\n")
    assert said("freeze", "shop", "--at", "2026-01-02T12:00:00Z") == "shop: 2026-01-02T12:00:00.000Z, frozen\n"
    assert said("advance", "shop", "4h") == "shop: 2026-01-02T16:00:00.000Z, frozen\n"
    assert said("set", "shop", "2026-01-02T12:00:00+01:00") == "shop: 2026-01-02T11:00:00.000Z, frozen\n"
    assert said("thaw", "shop").endswith(", moved, and going on\n")
    assert json.loads(said("reset", "shop", "--json"))["real"]


@pytest.mark.parametrize("arguments", [("advance", "shop", "4"), ("set", "shop", "noon"), ("show",), ("show", "a/b")])
def test_a_clock_refuses_what_makes_no_sense(mock: Client, arguments: tuple[str, ...]) -> None:
    result = at(mock, "clock", *arguments)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)


# -- at the start -------------------------------------------------------------------------------------------------


def test_a_mock_starts_with_a_file_of_faults(tmp_path: Path) -> None:
    (tmp_path / "faults.toml").write_text(FAULTS.replace('name = "outage"', 'account = "shop"'))
    with a_server(tmp_path, "--faults", "faults.toml") as (_, ready):
        assert send(ready["url"], {}, account="other") == 401
        with Client(ready["url"], ready["token"]) as client:
            assert [fault["account"] for fault in client.faults()] == ["other", "shop"]


def test_a_wrong_file_of_faults_ends_the_start_with_every_reason(tmp_path: Path) -> None:
    (tmp_path / "faults.toml").write_text(FAULTS.replace("auth-rotated", "auth-lost"))
    with process("serve", *FREE, "--faults", "faults.toml", cwd=tmp_path) as server:
        end = ended(server)
    assert (end.code, end.out) == (2, "")
    assert 'mockodp: faults.toml: fault 1 at /preset: "auth-lost" is not known. Known: ' in end.err
    assert 'faults.toml: fault 2: "account" is a required property' in end.err
    with process("serve", *FREE, "--faults", "none.toml", cwd=tmp_path) as server:
        end = ended(server)
    assert (end.code, "'none.toml' cannot be read: No such file" in end.err) == (2, True)
