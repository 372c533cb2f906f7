"""`mockodp up`, `down` and `ready`: a mock that outlives the shell, found and stopped by its locator."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mockodp.cli.background import await_end
from mockodp.client import Client
from tests.mockodp.commands import FREE, a_server, ended, is_refused, process, run, send


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A state folder, whose mock is stopped in the end."""
    state = tmp_path / "state"
    yield state
    assert run("down", "--state-dir", state).exit_code == 0


def test_up_starts_one_and_down_stops_it(folder: Path) -> None:
    started = run("up", *FREE, "--state-dir", folder, "--token", "t0ken-of-this-test")
    assert (started.exit_code, started.stderr) == (0, "")
    ready = json.loads(started.stdout)
    assert (ready["event"], ready["token"]) == ("ready", "t0ken-of-this-test")
    assert send(ready["url"], {"email": "ada@example.test"}) == 201

    again = run("up", *FREE, "--state-dir", folder)
    assert (again.exit_code, again.stdout) == (0, started.stdout)
    assert again.stderr == f"mockodp: already up for {folder}.\n"

    log = (folder / "mock.log").read_text()
    assert "batch_custom_event" in log
    assert "t0ken" not in log
    listed = subprocess.run(["ps", "-o", "args=", "-p", str(ready["pid"])], capture_output=True, text=True, check=True)
    assert "mockodp serve" in listed.stdout
    assert "t0ken" not in listed.stdout

    stopped = run("down", "--state-dir", folder)
    assert (stopped.exit_code, stopped.stderr) == (0, f"mockodp: stopped the mock at {ready['url']}.\n")
    assert is_refused(ready["url"])
    assert not Path(ready["locator"]).exists()


def test_flags_of_all_kinds_reach_the_detached_server(folder: Path) -> None:
    flags = ("--strict", "--key", "one:eu", "--key", "two", "--max-items", "3", "--log", "none")
    ready = json.loads(run("up", *FREE, "--state-dir", folder, *flags).stdout)
    with Client(ready["url"], ready["token"]) as client:
        settings = client.settings()
    assert (settings["strict"], settings["key"], settings["max_items"]) == (True, ["one", "two"], 3)
    assert send(ready["url"], *[{}] * 4) == 413


def test_a_stale_locator_is_no_running_mock(folder: Path) -> None:
    first = json.loads(run("up", *FREE, "--state-dir", folder).stdout)
    os.kill(first["pid"], signal.SIGKILL)
    assert await_end(first["pid"])
    assert Path(first["locator"]).exists()
    second = json.loads(run("up", *FREE, "--state-dir", folder).stdout)
    assert second["pid"] != first["pid"]


def test_what_keeps_it_from_starting_is_told(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run("up", "--state-dir", folder, "--tls-port", "0", "--port", str(taken.getsockname()[1]))
    assert result.exit_code == 2
    assert result.stderr.startswith("mockodp: Cannot listen on 127.0.0.1:")
    assert result.stderr.count("\n") == 1


def test_down_without_a_mock_has_nothing_to_do(tmp_path: Path) -> None:
    result = run("down", "--state-dir", tmp_path)
    assert result.exit_code == 0
    assert result.stderr.startswith("mockodp: nothing to stop.")


def test_down_never_stops_another_program(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"]) as other:
        content = {"url": "http://127.0.0.1:1", "token": "t", "pid": other.pid}
        (tmp_path / "locator.json").write_text(json.dumps(content))
        result = run("down", "--state-dir", tmp_path)
        lives = other.poll() is None
        other.kill()
    assert (result.exit_code, lives) == (3, True)
    assert "nothing was stopped" in result.stderr


def test_down_tidies_after_a_mock_that_was_killed(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    (tmp_path / "locator.json").write_text(json.dumps({"url": "http://127.0.0.1:1", "token": "t", "pid": gone.pid}))
    result = run("down", "--state-dir", tmp_path)
    assert (result.exit_code, (tmp_path / "locator.json").exists()) == (0, False)


def test_ready_says_no_by_its_exit_code(tmp_path: Path) -> None:
    result = run("ready", "--url", "http://127.0.0.1:1")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == "mockodp: No mock answers at http://127.0.0.1:1 (from --url). Is it up?\n"
    assert run("ready", MOCKODP_LOCATOR=str(tmp_path / "none.json")).exit_code == 3


def test_ready_waits_for_locator_and_server(tmp_path: Path) -> None:
    locator = tmp_path / ".mockodp" / "locator.json"
    waiting_for = process("ready", "--wait", "25", cwd=tmp_path, MOCKODP_LOCATOR=str(locator))
    with waiting_for as waiting, a_server(tmp_path) as (_, ready):
        how = ended(waiting)
    assert (how.code, how.out, how.err) == (0, ready["url"] + "\n", "")


def test_an_address_that_is_none_is_wrong_use() -> None:
    result = run("ready", "--url", "127.0.0.1:8090")
    assert result.exit_code == 2
    assert "--url is '127.0.0.1:8090', expected an address such as http://127.0.0.1:8090." in result.stderr
