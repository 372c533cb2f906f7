"""``mockodp parity`` and ``mockodp engine --driver node`` with the real package."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from mockodp_harness.cases import NEEDED
from mockodp_harness.cli.engine import engine
from mockodp_harness.cli.parity import parity
from mockodp_harness.conformance import KINDS
from mockodp_harness.node import RunnerDied
from mockodp_harness.node.cases import NodeCases
from mockodp_harness.segment import exchange

pytestmark = pytest.mark.node

CASES = Path(__file__).parents[1] / "segment" / "cases"


def _ran(command: object, *arguments: str, sent: str = "") -> Result:
    result = CliRunner().invoke(command, arguments, input=sent, standalone_mode=False)  # type: ignore[arg-type]
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_generated_cases_agree(packages: Path) -> None:
    result = _ran(parity, "--cases", "300", "--seed", "5")
    lines = result.output.splitlines()
    assert lines[-1] == "300 cases of seed 5: no differences"
    assert re.search(r"\baction \d+", lines[0])
    assert re.fullmatch(r"(sent|refused|not subscribed) \d+ .*of whole calls", lines[1])
    assert result.return_value == 0


def test_a_fault_of_the_engine_is_found_shrunk_printed_and_kept(
    packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "USER_AGENT", ("user-agent", "Segment"))
    kept = tmp_path / "kept.ndjson"
    result = _ran(parity, "--cases", "40", "--seed", "5", "--keep", str(kept))
    assert result.return_value == 1
    assert 'user-agent: ours is "Segment", the package\'s is "Segment (Actions)"' in result.output
    assert "Replay: echo CASE | mockodp parity --replay -" in result.output
    cases = kept.read_text().splitlines()
    assert cases
    assert all(case in result.output and len(case) < 400 for case in cases)
    replayed = _ran(parity, "--replay", str(kept))
    assert (replayed.return_value, replayed.output.count("They differ at ")) == (1, len(cases))
    monkeypatch.undo()
    healed = _ran(parity, "--replay", "-", sent="\n".join(cases))
    assert (healed.return_value, healed.output.count("Both agree.")) == (0, len(cases))


SOUND = b'{"id":"sound","kind":"get","payload":{},"path":""}'
DEEP = b'{"id":"deep","kind":"get","payload":' + b"[" * 3000 + b"]" * 3000 + b"}"


def _replayed(sent: bytes, *more: str) -> Result:
    return CliRunner().invoke(parity, ["--replay", "-", *more], input=sent, standalone_mode=False)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", "2: Malformed, not compared. Line 2 is not JSON: "),
        (b"[]", "2: Malformed, not compared. The case is an array, expected an object."),
        (b"5", "2: Malformed, not compared. The case is the number 5, expected an object."),
        (b'{"id":"2"}', '2 (id "2"): Malformed, not compared. /kind is null, expected one of: '),
        (b'{"kind":"keys"}', "2: Malformed, not compared. /mapping is missing, which a case of the kind 'keys' needs."),
        (b'{"kind":"auth","\\ud800":1}', "2: Malformed, not compared. /\\ud800 is no member of a case, expected "),
        (b'{"id":"\xff"}', "2: Malformed, not compared. Line 2 is not UTF-8: byte 0xff at position 7 (invalid start"),
        (DEEP, "2: Malformed, not compared. Line 2 is nested too deep, expected at most several hundred levels."),
        (DEEP.replace(b"[" * 2200, b"").replace(b"]" * 2200, b""),
         '2 (id "deep"): Malformed, not compared. It is nested too deep, expected at most several hundred levels.'),
    ],
)  # fmt: skip
def test_what_is_no_case_is_told_and_the_others_are_compared(packages: Path, line: bytes, said: str) -> None:
    result = _replayed(b"\n".join([SOUND, line, SOUND]))
    first, malformed, third, counts = result.output.splitlines()
    assert (first, third) == ('1 (id "sound"): Both agree.', '3 (id "sound"): Both agree.')
    assert malformed.startswith(said)
    assert (counts, result.return_value) == ("3 cases: no differences, 1 malformed", 2)


def test_a_difference_counts_more_than_a_malformed_case(packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "USER_AGENT", ("user-agent", "Segment"))
    result = _replayed(b'{"id":7,"kind":"auth"}\n{')
    assert result.output.startswith("1 (id 7): They differ at /result/requests/0/headers/user-agent: ours is ")
    assert result.output.endswith("2 cases: 1 difference, 1 malformed\n")
    assert result.return_value == 1


def test_no_cases_are_no_success(packages: Path) -> None:
    result = _replayed(b"\n \n")
    assert (result.output, result.return_value) == ("0 cases, expected one a line.\n", 2)


@pytest.mark.parametrize("option", ["--cases", "--seed", "--keep"])
def test_options_of_generated_cases_are_refused_for_given_ones(option: str) -> None:
    result = CliRunner().invoke(parity, ["--replay", "-", option, "5"], input="")
    assert result.exit_code == 2
    assert f"{option} is for generated cases and --replay for given ones, expected one of them." in result.output


def test_a_folder_to_keep_cases_in_is_looked_for_first(packages: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(parity, ["--keep", str(tmp_path / "nowhere" / "kept.ndjson")])
    assert result.exit_code == 2
    assert "nowhere is no folder." in result.output


def test_what_cannot_be_compared_is_told(tmp_path: Path) -> None:
    def refused() -> str:
        result = CliRunner().invoke(engine, ["--compare", str(tmp_path)])
        assert result.exit_code == 1
        return result.output

    assert "has no file *.ndjson, expected cases with FILE.expected beside each." in refused()
    (tmp_path / "a.ndjson").write_text('{"kind":"auth"}\n')
    assert "a.expected is not there, expected the recorded answers to a.ndjson." in refused()
    (tmp_path / "a.expected").write_text("")
    assert "a.ndjson has 1 cases and a.expected 0 answers, expected one to each case." in refused()


@pytest.mark.parametrize("command", [[parity], [engine, "--driver", "node"]])
def test_without_the_packages_it_says_so(
    command: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOCKODP_CACHE_DIR", str(tmp_path))
    result = _ran(command[0], *map(str, command[1:]))
    assert result.return_value == 3
    assert "mockodp: The destination's packages are not ready in " in result.stderr
    assert f"Run '{sys.executable} -m mockodp_harness.node install'." in result.stderr


@pytest.mark.parametrize("driver", ["python", "node"])
def test_the_engine_answers_cases_by_either_driver(packages: Path, driver: str) -> None:
    lines = ['{"id":1,"kind":"get","payload":{"a":1.0},"path":"a"}', "", "{", '{"id":2,"kind":"oops"}']
    result = _ran(engine, "--driver", driver, sent="\n".join(lines))
    answers = [json.loads(line) for line in result.output.splitlines()]
    assert answers[0] == {"id": 1, "ok": True, "result": {"value": 1, "json": "1"}}
    assert [(each["ok"], each["error"]["name"]) for each in answers[1:]] == [(False, "CaseError")] * 2


def test_both_drivers_refuse_what_is_no_case_alike(packages: Path) -> None:
    lines = [
        b"",
        SOUND,
        b'{"id":"\xff"}',
        b"{",
        b"[]",
        b'{"id":4,"kind":"keys"}',
        DEEP,
        b'{"kind":"auth","evnt":1}',
        SOUND,
    ]
    ours, theirs = (
        CliRunner().invoke(engine, ["--driver", driver], input=b"\n".join(lines), standalone_mode=False).output
        for driver in ("python", "node")
    )
    assert ours == theirs
    answers = [json.loads(line) for line in ours.splitlines()]
    assert [each["id"] for each in answers] == ["sound", None, None, None, 4, None, None, "sound"]
    assert answers[1]["error"] == {
        "name": "CaseError", "message": "Line 3 is not UTF-8: byte 0xff at position 7 (invalid start byte).",
    }  # fmt: skip
    assert {each["error"]["name"] for each in answers[1:-1]} == {"CaseError"}


def test_what_fails_while_cases_are_read_is_raised_where_answers_are_awaited(packages: Path) -> None:
    def broken() -> Iterator[str | bytes]:
        yield b"known"
        yield SOUND.decode()
        raise OSError("the disk is gone")

    with NodeCases(folder=packages) as node:
        answers = node.stream(broken())
        assert (next(answers), json.loads(next(answers))["id"]) == (b"known", "sound")
        with pytest.raises(OSError, match="the disk is gone"):
            next(answers)


@pytest.mark.parametrize("driver", ["python", "node"])
def test_where_answers_part_from_recorded_ones_is_told(packages: Path, tmp_path: Path, driver: str) -> None:
    cases = [{"id": f"c{n}", "kind": "get", "payload": {"a": True}, "path": "a"} for n in range(6)]
    told = [{"id": f"c{n}", "ok": True, "result": {"value": n or True, "json": "true"}} for n in range(6)]
    for name, lines in (("a.ndjson", cases), ("a.expected", told)):
        (tmp_path / name).write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    result = _ran(engine, "--driver", driver, "--compare", str(tmp_path))
    side = {"python": "ours", "node": "the package's"}[driver]
    assert result.return_value == 1
    assert [line.strip() for line in result.output.splitlines()] == [
        "1 of     6  a",
        *(f'"c{n}": /result/value: {side} is true, the recorded is the number {n}' for n in (1, 2, 3)),
        "and 2 more",
        "1 of     6  all",
    ]


def test_recorded_answers_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_text('{"kind":"auth"}\n')
    (tmp_path / "a.expected").write_bytes(b'"\xff"\n')
    result = CliRunner().invoke(engine, ["--compare", str(tmp_path)])
    assert result.exit_code == 1
    assert "a.expected: Line 1 is not UTF-8: byte 0xff at position 1 (invalid start byte)." in result.output


def test_help_lists_the_kinds_and_what_each_needs() -> None:
    said = CliRunner().invoke(engine, ["--help"]).output
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert all(f"{kind} {', '.join(NEEDED[kind]) or '-'}" in lines for kind in KINDS)
    assert "docs/integration.md" in said


def test_the_package_meets_what_was_recorded_of_it(packages: Path) -> None:
    result = _ran(engine, "--driver", "node", "--compare", str(CASES))
    assert result.return_value == 0, result.output
    passed, total = re.findall(r"\d+", result.output.splitlines()[-1])
    assert passed == total != "0"


def test_whatever_is_asked_is_answered_in_order(packages: Path) -> None:
    big = json.dumps({"id": "big", "kind": "get", "payload": {"a": "x" * 3_000_000}, "path": "a"})
    with NodeCases(folder=packages) as node:
        small = [json.dumps({"id": index, "kind": "get", "payload": {}, "path": ""}) for index in range(2000)]
        answers = [json.loads(line)["id"] for line in node.ask([big, *small, big])]
    assert answers == ["big", *range(2000), "big"]


def test_the_death_of_the_process_is_told(packages: Path) -> None:
    import os
    import signal

    with NodeCases(folder=packages) as node:
        assert node.ask(['{"kind":"get","payload":{},"path":""}'])
        os.kill(node.pid, signal.SIGKILL)
        with pytest.raises(RunnerDied, match="The Node process that answers cases ended with exit code -9"):
            node.ask(['{"kind":"get","payload":{},"path":""}'] * 10_000)
        with pytest.raises(RunnerDied):
            node.take()
