"""``mockodp parity`` and ``mockodp engine --driver node`` with the real package."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from mockodp_harness.cli.engine import engine
from mockodp_harness.cli.parity import parity
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


def test_a_line_that_is_no_json_cannot_be_replayed(packages: Path) -> None:
    result = CliRunner().invoke(parity, ["--replay", "-"], input='{"kind":"get","payload":{},"path":""}\n{')
    assert result.exit_code == 1
    assert "1: Both agree." in result.output
    assert "Line 2 of <stdin> is not JSON" in result.output


@pytest.mark.parametrize("command", [[parity], [engine, "--driver", "node"]])
def test_without_the_packages_it_says_so(
    command: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOCKODP_CACHE_DIR", str(tmp_path))
    result = _ran(command[0], *map(str, command[1:]))
    assert result.return_value == 3
    assert "mockodp: The destination's packages are not ready in " in result.stderr
    assert "Run 'python -m mockodp_harness.node install'." in result.stderr


@pytest.mark.parametrize("driver", ["python", "node"])
def test_the_engine_answers_cases_by_either_driver(packages: Path, driver: str) -> None:
    lines = ['{"id":1,"kind":"get","payload":{"a":1.0},"path":"a"}', "", "{", '{"id":2,"kind":"oops"}']
    result = _ran(engine, "--driver", driver, sent="\n".join(lines))
    answers = [json.loads(line) for line in result.output.splitlines()]
    assert answers[0] == {"id": 1, "ok": True, "result": {"value": 1, "json": "1"}}
    assert [(each["ok"], each["error"]["name"]) for each in answers[1:]] == [(False, "CaseError")] * 2


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
