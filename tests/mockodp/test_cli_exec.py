"""`mockodp exec`: exit codes and signals pass through, and nothing stays behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

import pytest

from mockodp.cli.background import await_end
from tests.mockodp.commands import ended, first_line, is_refused, process

PRINT_ENV = "import json, os; print(json.dumps(dict(os.environ)))"


@contextmanager
def a_sleeper(folder: Path) -> Iterator[tuple[Popen[str], int, str]]:
    """An exec whose program does nothing: the exec, the program's process id, the URL of the mock."""
    with process(
        "exec", "--", "sh", "-c", "echo $$ $MOCKODP_URL; exec sleep 600", cwd=folder, TMPDIR=str(folder)
    ) as run:
        pid, url = first_line(run).split()
        assert not is_refused(url)
        yield run, int(pid), url


@pytest.mark.parametrize(
    ("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143), ("kill -KILL $$", 137)]
)
def test_the_exit_code_of_the_program_is_ours(tmp_path: Path, script: str, code: int) -> None:
    with process("exec", "sh", "-c", script, cwd=tmp_path, TMPDIR=str(tmp_path)) as run:
        how = ended(run)
    assert (how.code, how.out, how.err) == (code, "", "")
    assert list(tmp_path.iterdir()) == []


def test_a_killed_program_takes_the_mock_with_it(tmp_path: Path) -> None:
    with a_sleeper(tmp_path) as (run, program, url):
        os.kill(program, signal.SIGKILL)
        assert ended(run).code == 128 + signal.SIGKILL
        assert is_refused(url)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_is_passed_on_and_ends_both(tmp_path: Path, number: signal.Signals) -> None:
    with a_sleeper(tmp_path) as (run, program, url):
        run.send_signal(number)
        assert ended(run).code == 128 + number
        assert await_end(program)
        assert is_refused(url)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a program that its parent was killed")
def test_a_killed_exec_leaves_neither_mock_nor_program(tmp_path: Path) -> None:
    with a_sleeper(tmp_path) as (run, program, url):
        run.kill()
        run.wait()
        assert is_refused(url)
        assert await_end(program)


def test_the_program_gets_all_it_needs_to_reach_the_mock(tmp_path: Path) -> None:
    python = [sys.executable, "-c", PRINT_ENV]
    with process("exec", "--", *python, cwd=tmp_path, NODE_OPTIONS="--no-warnings", MOCKODP_URL="http://stale") as run:
        env = json.loads(ended(run).out)
    assert env["MOCKODP_URL"].startswith("http://127.0.0.1:")
    assert env["MOCKODP_TLS_URL"].startswith("https://127.0.0.1:")
    assert env["MOCKODP_KEY"] == f"odp_test_{env['MOCKODP_ACCOUNT']}"
    assert len(env["MOCKODP_TOKEN"]) > 20
    assert env["MOCKODP_CA"] == str(Path(env["MOCKODP_LOCATOR"]).with_name("ca.pem"))
    assert env["NODE_OPTIONS"].startswith("--no-warnings --require ")
    assert env["SSL_CERT_FILE"] == env["REQUESTS_CA_BUNDLE"] == env["CURL_CA_BUNDLE"]


def test_without_tls_nothing_leads_to_the_port_of_another_mock(tmp_path: Path) -> None:
    stale = {"MOCKODP_TLS_URL": "https://localhost:1", "MOCKODP_CA": "/stale"}
    with process("exec", "--tls-port=-1", "--", sys.executable, "-c", PRINT_ENV, cwd=tmp_path, **stale) as run:
        env = json.loads(ended(run).out)
    assert "MOCKODP_TLS_URL" not in env
    assert "MOCKODP_CA" not in env


def test_our_own_commands_find_the_mock(tmp_path: Path) -> None:
    script = f"{sys.executable} -m mockodp ready && {sys.executable} -m mockodp verify $MOCKODP_ACCOUNT --count none"
    with process("exec", "--", "sh", "-c", script, cwd=tmp_path) as run:
        how = ended(run)
    assert how.code == 0
    assert "pass: As expected." in how.out


def test_ports_and_folder_of_a_settings_file_are_not_taken(tmp_path: Path) -> None:
    (tmp_path / "mockodp.toml").write_text('port = 1\ntls_port = 1\nstate_dir = "elsewhere"\nkey_prefix = "own_"\n')
    with process("exec", "--", "sh", "-c", "echo $MOCKODP_KEY", cwd=tmp_path) as run:
        how = ended(run)
    assert (how.code, how.err) == (0, "")
    assert how.out.startswith("own_exec-")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        ("no-such-program", 127, "mockodp: Command 'no-such-program' is not found.\n"),
        ("./plain.txt", 126, "mockodp: Command './plain.txt' cannot be run: Permission denied.\n"),
    ],
)
def test_what_cannot_be_run_is_told(tmp_path: Path, command: str, code: int, words: str) -> None:
    (tmp_path / "plain.txt").touch(mode=0o600)
    with process("exec", "--", command, cwd=tmp_path) as run:
        how = ended(run)
    assert (how.code, how.err) == (code, words)


@pytest.mark.skipif(shutil.which("node") is None, reason="node was not found on PATH")
def test_node_reaches_the_mock_under_the_name_of_the_vendor(tmp_path: Path) -> None:
    script = """
        fetch('https://function.eu1.ocp.optimizely.com/twilio_segment/auth',
              {method: 'POST', headers: {authorization: `Bearer ${process.env.MOCKODP_KEY}`}})
          .then((answer) => console.log(answer.status))
    """
    with process("exec", "--", "node", "-e", script, cwd=tmp_path) as run:
        assert ended(run).out == "200\n"
