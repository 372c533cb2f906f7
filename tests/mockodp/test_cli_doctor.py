"""`mockodp doctor`: finds what is wrong, says what to do, and shows no secret."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mockodp import running
from mockodp.cli import checks
from mockodp.cli.checks import Check, check_names, check_node, check_preload, check_tls, resolved
from mockodp.client import Client
from mockodp.locator import Located
from mockodp.settings import Settings
from tests.mockodp.commands import a_server, at, run, send

FREE_PORTS = {"MOCKODP_PORT": "0", "MOCKODP_TLS_PORT": "0"}


def nowhere(host: str) -> set[str]:
    raise socket.gaierror(f"{host} is not known")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_addresses", nowhere)


@pytest.fixture(scope="module")
def mock() -> Iterator[Client]:
    """A mock that nothing is sent to."""
    with running() as client:
        yield client


def test_all_is_well_with_a_running_mock(tmp_path: Path) -> None:
    with a_server(tmp_path) as (_, ready):
        result = run("doctor", MOCKODP_LOCATOR=ready["locator"])
    assert result.exit_code == 0
    words = [line.split()[:2] for line in result.stdout.split("\n\n")[0].splitlines()]
    assert [word for word in words if word[1] != "node"] == [["ok", name] for name in (
        "locator", "server", "faults", "tls", "names", "preload"
    )]  # fmt: skip


def test_faults_and_moved_clocks_are_told() -> None:
    with running(tls_port=-1) as mock:
        mock.arm_fault("shop", effect={"status": 503})
        mock.clock("shop").freeze()
        said = at(mock, "doctor").stdout
    assert "warn  faults    faults armed: 1; accounts whose clock is not real: 1" in said
    assert "'mockodp fault rm --all'" in said


def test_the_source_of_each_setting_is_shown_and_no_secret(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('max_items = 7\nkey = ["real-key-1"]\n')
    env = {**FREE_PORTS, "MOCKODP_TOKEN": "s3cret", "MOCKODP_LOCATOR": str(tmp_path / "none.json")}
    result = run("doctor", "--config", file, "--json", **env)
    shown = json.loads(result.stdout)["settings"]
    assert shown["max_items"] == {"value": 7, "source": str(file)}
    assert shown["token"] == {"value": "****", "source": "env"}
    assert shown["strict"] == {"value": False, "source": "default"}
    text = run("doctor", "--config", file, **env).stdout
    assert re.search(rf"max_items +7 +{file}\n", text)
    assert re.search(r"token +\*\*\*\* +env\n", text)
    for said in (result.output, text):
        assert "s3cret" not in said
        assert "real-key-1" not in said


def test_no_mock_at_all_is_a_warning_and_taken_ports_are_a_failure(tmp_path: Path) -> None:
    none = {"MOCKODP_LOCATOR": str(tmp_path / "none.json")}
    assert run("doctor", **FREE_PORTS, **none).exit_code == 0
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run("doctor", **{**FREE_PORTS, "MOCKODP_PORT": port}, **none)
    assert result.exit_code == 3
    assert f"fail  port      127.0.0.1:{port} is taken by another program" in result.stdout
    assert "Choose another --port, or 0 for a free one." in result.stdout
    assert run("doctor", **{**FREE_PORTS, "MOCKODP_PORT": port}, **none).exit_code == 0


def test_a_locator_of_a_killed_mock_is_a_failure(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    file = tmp_path / "locator.json"
    file.write_text(json.dumps({"url": "http://127.0.0.1:1", "token": "t", "pid": gone.pid}))
    result = run("doctor", MOCKODP_LOCATOR=str(file))
    assert result.exit_code == 3
    assert "which is gone" in result.stdout
    assert "fail  server    No mock answers" in result.stdout


def test_an_authority_that_did_not_sign_is_a_failure(mock: Client) -> None:
    with running() as other:
        found = check_tls(Located(mock.url, mock.token, "here", mock.tls_url, other.ca))
    assert found.level == "fail"
    assert "CERTIFICATE_VERIFY_FAILED" in found.found
    assert check_tls(Located(mock.url, mock.token, "here", mock.tls_url, mock.ca)).level == "ok"
    assert check_tls(Located(mock.url, mock.token, "here")).level == "warn"


@pytest.mark.parametrize(
    ("found", "level", "words"),
    [
        ({"a.test": None, "b.test": None}, "ok", "lead nowhere"),
        ({"a.test": {"127.0.0.1", "::1"}, "b.test": None}, "ok", "1 of 2 vendor names lead to this machine"),
        ({"a.test": {"127.0.0.1"}, "b.test": {"93.184.216.34"}}, "warn", "such as b.test"),
    ],
)
def test_where_the_names_of_the_vendor_lead(found: dict[str, set[str] | None], level: str, words: str) -> None:
    check = check_names(found)
    assert check.level == level
    assert words in check.found


def test_names_are_looked_up_and_none_is_a_fault() -> None:
    assert resolved(["a.test", "b.test"], lambda host: {"127.0.0.1"} if host == "a.test" else nowhere(host)) == {
        "a.test": {"127.0.0.1"},
        "b.test": None,
    }


@pytest.mark.parametrize(("said", "level"), [("v20.1.0", "ok"), ("v18.20.0", "warn"), ("nonsense", "warn")])
def test_the_version_of_node_is_judged(tmp_path: Path, said: str, level: str) -> None:
    node = tmp_path / "node"
    node.write_text(f"#!/bin/sh\necho {said}\n")
    node.chmod(0o755)
    assert check_node(str(node)).level == level


def test_what_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_preload(tmp_path / "none.cjs").level == "fail"
    assert check_node(str(tmp_path / "none")).level == "warn"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert check_node() == Check("node", "warn", "not found", "Only clients in Node need it: install Node 20 or newer.")


def test_a_server_of_another_version_is_a_warning(mock: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "version", lambda name: "0.0.1")
    found = checks.check_server(Located(mock.url, mock.token, "here"))
    assert found.level == "warn"
    assert "this is 0.0.1" in found.found


def test_ports_that_are_free_are_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    found = list(checks.check_ports(Settings(port=port, tls_port=-1)))
    assert found == [Check("port", "ok", f"127.0.0.1:{port} is free")]


def test_token_and_key_are_in_no_output(mock: Client) -> None:
    send(mock.url, {"type": "order"})
    record = mock.records()["records"][0]["id"]
    commands = (("doctor",), ("doctor", "--json"), ("records",), ("records", "--json"), ("records", "--format", "har"),
                ("items", "--json"), ("show", record), ("show", record, "--json"), ("show", f"{record}.0"),
                ("accounts", "--json"), ("verify", "shop"), ("ready",))  # fmt: skip
    for command in commands:
        said = at(mock, *command).output
        assert mock.token not in said, command
        assert "odp_test_shop" not in said, command
