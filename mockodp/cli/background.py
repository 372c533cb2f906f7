"""
``mockodp up`` and ``mockodp down``: a mock that outlives the shell, one for each state folder.

Settings reach the detached server by its environment, so that a token given as a flag is in no list of processes.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import click

from mockodp.cli.connection import client_of
from mockodp.cli.flags import effective, given, settings_flags
from mockodp.cli.group import complain
from mockodp.errors import ControlError, EnvironmentNotReady, SettingsError
from mockodp.locator import LOCATOR_NAME, Located, locate_mock, prepare_folder
from mockodp.settings import Settings, variable_of

LOG_NAME: Final = "mock.log"
_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 10.0
_PAUSE: Final = 0.05


@click.command(short_help="Start a mock in the background, unless one is up.")
@settings_flags
def up(config: Path | None, **flags: Any) -> int:
    """
    Start a mock in the background, wait until it is ready and print its ready line.

    If one runs already for the state folder, print its ready line instead. The log goes to mock.log in that folder.
    """
    settings = effective(flags, config).settings
    with _alone(settings.state_dir):
        line = _running_line(settings.state_dir)
        if line is None:
            return _start(settings, _in_environment(flags, config))
    click.echo(f"mockodp: already up for {settings.state_dir}.", err=True)
    click.echo(line)
    return 0


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one start at a time look and act in *folder*."""
    try:
        prepare_folder(folder)
        with (folder / "up.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise SettingsError(f"The state folder {str(folder)!r} cannot be used: {error}.") from error


def _running_line(folder: Path) -> str | None:
    """The ready line of the mock that answers for *folder*, if there is one."""
    try:
        file = folder / LOCATOR_NAME
        found = locate_mock({"MOCKODP_LOCATOR": str(file)})
        return json.dumps(json.loads(file.read_text()), separators=(",", ":")) if answers(found) else None
    except (OSError, ValueError, EnvironmentNotReady):
        return None


def answers(found: Located) -> bool:
    """Whether the mock with the token of *found* answers at its URL."""
    try:
        with client_of(found) as client:
            client.settings()
    except (EnvironmentNotReady, ControlError):
        return False
    return True


def _in_environment(flags: Mapping[str, Any], config: Path | None) -> dict[str, str]:
    """The environment of this process, with *flags* as variables."""
    texts = {name: _text(flags[name]) for name in flags if given(flags, name)}
    named = {"MOCKODP_CONFIG": str(config)} if config else {}
    return {**os.environ, **named, **{variable_of(name): text for name, text in texts.items()}}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _start(settings: Settings, env: Mapping[str, str]) -> int:
    log = settings.state_dir / LOG_NAME
    with log.open("wb") as file:
        server = subprocess.Popen(
            [sys.executable, "-m", "mockodp", "serve"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=file, env=env, start_new_session=True,
        )  # fmt: skip
    line = _first_line(server.stdout) if server.stdout else b""
    if line:
        click.echo(line.rstrip(b"\n"))
        server.returncode = 0  # it goes on without us
        return 0
    server.kill()
    code = server.wait()
    click.echo(log.read_text(errors="replace").rstrip("\n"), err=True)
    return code if code > 0 else complain(f"The mock did not become ready in {_START_SECONDS:g} s. See {log}.", 3)


def _first_line(stream: IO[bytes]) -> bytes:
    """The first line of *stream*; nothing if it ends or says nothing for too long."""
    with stream:
        readable, _, _ = select.select([stream], [], [], _START_SECONDS)
        return stream.readline() if readable else b""


@click.command(short_help="Stop the mock that the locator names.")
@click.option("--state-dir", type=click.Path(path_type=Path), metavar="FOLDER",
              help="Stop the one of this state folder; else the one that is found from here.")  # fmt: skip
def down(state_dir: Path | None) -> int:
    """Stop the located mock and wait until it is gone; nothing to do is fine as well."""
    env = {"MOCKODP_LOCATOR": str(state_dir / LOCATOR_NAME)} if state_dir else _without_address(os.environ)
    try:
        found = locate_mock(env)
    except EnvironmentNotReady as nothing:
        click.echo(f"mockodp: nothing to stop. {nothing}", err=True)
        return 0
    _stop(found)
    return 0


def _without_address(env: Mapping[str, str]) -> dict[str, str]:
    """*env* without the variables that name a mock but no process."""
    return {name: value for name, value in env.items() if name not in ("MOCKODP_URL", "MOCKODP_TOKEN")}


def _stop(found: Located) -> None:
    if not is_alive(found.pid):
        Path(found.source).unlink(missing_ok=True)
        click.echo("mockodp: it was gone already; its locator is removed.", err=True)
        return
    if found.pid is None or not answers(found):
        raise EnvironmentNotReady(
            f"Process {found.pid} lives, but no mock with the token of {found.source!r} answers at {found.url}. "
            "It may be another program: nothing was stopped. If it is the mock, end it by hand."
        )
    os.kill(found.pid, signal.SIGTERM)
    if not await_end(found.pid):
        raise EnvironmentNotReady(f"Process {found.pid} did not end within {_STOP_SECONDS:g} s.")
    click.echo(f"mockodp: stopped the mock at {found.url}.", err=True)


def is_alive(pid: int | None) -> bool:
    """Whether a process of that number runs; one that only waits to be reaped does not."""
    try:
        os.kill(pid or 0, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid is not None and not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return False


def await_end(pid: int) -> bool:
    """Wait until the process ended; by the kernel's word where it gives one."""
    try:
        handle = os.pidfd_open(pid)
    except AttributeError:
        return _ended_by_looking(pid)
    except OSError:
        return True
    try:
        return bool(select.select([handle], [], [], _STOP_SECONDS)[0])
    finally:
        os.close(handle)


def _ended_by_looking(pid: int) -> bool:
    deadline = time.monotonic() + _STOP_SECONDS
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(_PAUSE)
    return not is_alive(pid)
