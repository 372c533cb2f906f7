"""The command line in tests: in this process where that says enough, as a process of its own where it must be one."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
from click.testing import CliRunner, Result

from mockodp.cli.environment import REPLACING
from mockodp.cli.group import cli
from mockodp.client import Client

SECONDS = 30  # the longest any test waits for a process
FREE = ("--port", "0", "--tls-port", "0")


def run(*arguments: str | Path, stdin: str | None = None, **env: str) -> Result:
    """What a command said in this process, in an environment without settings of ours but *env*."""
    cleared: dict[str, str | None] = {name: None for name in os.environ if _is_ours(name)}
    runner = CliRunner(env={**cleared, **env})
    return runner.invoke(
        cli, [str(each) for each in arguments], prog_name="mockodp", input=stdin, catch_exceptions=False
    )


def at(client: Client, *arguments: str | Path, stdin: str | None = None) -> Result:
    """What a command said that was led to the mock of *client*."""
    return run(*arguments, stdin=stdin, MOCKODP_URL=client.url, MOCKODP_TOKEN=client.token)


def clean_env(**more: str) -> dict[str, str]:
    return {**{name: value for name, value in os.environ.items() if not _is_ours(name)}, **more}


def _is_ours(name: str) -> bool:
    """Whether a variable would change what our commands do."""
    return name.startswith("MOCKODP_") or name in ("COLUMNS", "NODE_OPTIONS", "NODE_EXTRA_CA_CERTS", *REPLACING)


@contextmanager
def process(*arguments: str | Path, cwd: Path, **env: str) -> Iterator[subprocess.Popen[str]]:
    """A command as a process in *cwd*; killed if it is still there at the end."""
    command = [sys.executable, "-m", "mockodp", *(str(each) for each in arguments)]
    with subprocess.Popen(
        command, cwd=cwd, env=clean_env(**env), text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as started:  # fmt: skip
        try:
            yield started
        finally:
            started.kill()


@dataclass
class Ended:
    """How a process ended, and what it said."""

    code: int
    out: str
    err: str


def ended(started: subprocess.Popen[str]) -> Ended:
    out, err = started.communicate(timeout=SECONDS)
    return Ended(started.returncode, out, err)


def first_line(started: subprocess.Popen[str]) -> str:
    """The first line on its stdout; what it said on stderr instead is the failure."""
    assert started.stdout is not None
    assert started.stderr is not None
    assert select.select([started.stdout], [], [], SECONDS)[0], "nothing was said in time"
    return started.stdout.readline() or started.stderr.read()


@contextmanager
def a_server(folder: Path, *flags: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """`mockodp serve` in *folder* on free ports, and its ready line."""
    with process("serve", *FREE, *flags, cwd=folder) as server:
        yield server, json.loads(first_line(server))


def is_refused(url: str) -> bool:
    """Whether nobody listens at *url* any more."""
    address = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((address.hostname or "", address.port or 0)) != 0


def send(url: str, *items: Any, account: str = "shop", region: str = "us", endpoint: str = "batch_custom_event") -> int:
    """The status of a write of *items*."""
    key = {"authorization": f"Bearer odp_test_{account}"}
    with httpx2.Client(trust_env=False) as http:
        return http.post(f"{url}/{region}/twilio_segment/{endpoint}", json=list(items), headers=key).status_code
