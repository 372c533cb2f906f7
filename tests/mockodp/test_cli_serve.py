"""`mockodp serve`: the ready line, the locator, the settings, and the end."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mockodp import running
from mockodp import server as server_module
from mockodp.cli.flags import effective
from mockodp.cli.serve import banner
from mockodp.server import Ready
from mockodp.settings import Settings
from tests.mockodp.commands import FREE, a_server, ended, first_line, is_refused, process, run


def test_the_ready_line_says_all_that_a_program_needs(tmp_path: Path) -> None:
    with a_server(tmp_path) as (server, ready):
        assert list(ready) == ["event", "url", "tls_url", "token", "pid", "locator", "ca", "store", "version"]
        assert (ready["event"], ready["pid"], ready["store"]) == ("ready", server.pid, ":memory:")
        assert urlsplit(ready["url"]).port not in (0, 8090)
        assert urlsplit(ready["tls_url"]).port not in (0, 8443)
        assert Path(ready["ca"]).is_file()
        assert json.loads(Path(ready["locator"]).read_text()) == ready


def test_the_locator_is_private_and_goes_with_the_server(tmp_path: Path) -> None:
    with a_server(tmp_path) as (server, ready):
        locator = Path(ready["locator"])
        assert locator == tmp_path / ".mockodp" / "locator.json"
        assert stat.S_IMODE(locator.stat().st_mode) == 0o600
        server.terminate()
        assert ended(server).code == 0
        assert not locator.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_cleanly_though_connections_are_open(tmp_path: Path, number: int) -> None:
    with a_server(tmp_path) as (server, ready):
        netloc = urlsplit(ready["url"]).netloc
        kept, streaming = http.client.HTTPConnection(netloc), http.client.HTTPConnection(netloc)
        kept.request("GET", "/_mock/ready")
        kept.getresponse().read()
        streaming.request("GET", "/_mock/stream", headers={"authorization": f"Bearer {ready['token']}"})
        answer = streaming.getresponse()
        assert answer.readline() == b": mockodp\n"
        server.send_signal(number)
        how = ended(server)
        answer.close()
        kept.close()
        streaming.close()
        assert (how.code, how.err) == (0, "")
        assert is_refused(ready["url"])


def test_a_second_signal_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    async def stop_twice() -> int:
        stopped, forced = asyncio.Event(), asyncio.get_running_loop().create_future()
        monkeypatch.setattr(os, "_exit", forced.set_result)
        server_module._stop_on_signals(asyncio.get_running_loop(), stopped)
        os.kill(os.getpid(), signal.SIGINT)
        await stopped.wait()
        assert not forced.done()
        os.kill(os.getpid(), signal.SIGINT)
        code: int = await forced
        return code

    assert asyncio.run(asyncio.wait_for(stop_twice(), 10)) == 128 + signal.SIGINT


def test_a_port_in_use_is_wrong_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with process("serve", "--port", str(port), "--tls-port", "0", cwd=tmp_path) as server:
            how = ended(server)
    assert (how.code, how.out) == (2, "")
    assert how.err.startswith(f"mockodp: Cannot listen on 127.0.0.1:{port} (Address already in use).")
    assert how.err.count("\n") == 1


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--port", "x"), "--port is 'x', expected a whole number from 0 to 65535."),
        (("--port", "70000"), "--port is '70000', expected a whole number from 0 to 65535."),
        (("--log", "all"), "--log is 'all', expected one of: requests, refusals, none."),
        (("--auth-answer", "{"), "auth_answer is '{', expected JSON"),
        (("--key", "shop:mars", *FREE), "'mars' is not a region. Known: us, eu, au."),
        (("--config", "none.toml"), "The settings file 'none.toml' is not there."),
        (("--prot", "1"), "No such option"),
    ],
)
def test_wrong_flags_are_told_in_one_line(tmp_path: Path, flags: tuple[str, ...], words: str) -> None:
    result = run("serve", "--state-dir", tmp_path, *flags)
    assert result.exit_code == 2
    assert result.stderr.startswith("mockodp: ")
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_a_flag_wins_over_the_environment_that_over_the_file_that_over_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "own.toml"
    file.write_text('port = 1001\nmax-items = 11\nlog = "refusals"\nstrict = true\n')
    for name, value in (("PORT", "1002"), ("MAX_ITEMS", "12"), ("CORS_ORIGIN", "http://a.test,http://b.test")):
        monkeypatch.setenv(f"MOCKODP_{name}", value)
    found = effective({"port": "1003", "strict": False, "key": ()}, file)
    assert (found.settings.port, found.sources["port"]) == (1003, "flag")
    assert (found.settings.strict, found.sources["strict"]) == (False, "flag")
    assert (found.settings.max_items, found.sources["max_items"]) == (12, "env")
    assert found.settings.cors_origin == ("http://a.test", "http://b.test")
    assert (found.settings.log, found.sources["log"]) == ("refusals", str(file))
    assert (found.settings.key, found.sources["key"]) == ((), "default")


def test_the_key_of_a_client_is_not_a_key_to_admit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCKODP_KEY", "odp_test_shop")
    assert effective({}, None).settings.key == ()
    monkeypatch.setenv("MOCKODP_KEYS", "one,two:eu")
    assert effective({}, None).settings.key == ("one", "two:eu")


def test_each_setting_has_its_flag_default_and_variable_in_the_help() -> None:
    text = " ".join(run("serve", "--help").stdout.split())
    for name in Settings.__dataclass_fields__:
        assert f"--{name.replace('_', '-')} " in text
        assert f"[env: MOCKODP_{'KEYS' if name == 'key' else name.upper()}; default: " in text


def test_a_start_loads_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    certificates_are_there = ("serve", "--tls-port", "0", "--port", "0")
    with a_server(tmp_path):
        pass
    with process(*certificates_are_there, cwd=tmp_path, PYTHONPROFILEIMPORTTIME="1") as server:
        first_line(server)
        server.terminate()
        imported = {line.rpartition("|")[2].strip() for line in ended(server).err.splitlines()}
    assert "mockodp.server" in imported
    assert imported.isdisjoint({"rich", "httpx2", "trustme", "cryptography", "harfile", "mockodp.client"})


def test_the_banner_says_how_to_begin_and_hides_the_token() -> None:
    ready = Ready("http://127.0.0.1:8090", None, "t0ken", 1, "locator.json", None, ":memory:", "1.0")
    text = banner(ready, Settings())
    assert "http://127.0.0.1:8090/eu/twilio_segment" in text
    assert "authorization: Bearer odp_test_demo" in text
    assert "TLS         switched off" in text
    assert "Ctrl-C" in text
    assert "t0ken" not in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_a_second_mock_is_kept_off_the_state_folder(tmp_path: Path) -> None:
    with running(state_dir=tmp_path / "state", tls_port=-1):
        command = ["serve", "--port", "0", "--tls-port", "-1", "--state-dir", str(tmp_path / "state")]
        done = subprocess.run(
            [sys.executable, "-m", "mockodp", *command], capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 2
    assert f"is in use by another mock (process {os.getpid()}). Choose another --state-dir" in done.stderr
