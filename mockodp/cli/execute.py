"""
``mockodp exec``: run a program with a mock of its own.

The mock lives in this very process, so whatever ends the process ends the mock; the program gets a signal when this
process dies without a word (Linux).
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import secrets
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import click

from mockodp.cli.environment import Access, variables, without_tls
from mockodp.cli.flags import effective, settings_flags
from mockodp.cli.group import complain
from mockodp.settings import MEMORY, Effective, Settings

if TYPE_CHECKING:
    from mockodp.server import Ready, Server

NOT_FOUND: Final = 127
NOT_RUNNABLE: Final = 126
_PASSED_ON: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SIGNALLED: Final = 128
_SET_PARENT_DEATH_SIGNAL: Final = 1


@click.command("exec", short_help="Run a program with a mock of its own.",
               context_settings={"ignore_unknown_options": False, "allow_interspersed_args": False})  # fmt: skip
@settings_flags
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def execute(command: tuple[str, ...], config: Path | None, **flags: Any) -> int:
    """
    Run COMMAND with a mock of its own, on free ports, and end with its exit code.

    The command finds the mock by MOCKODP_URL, MOCKODP_TLS_URL, MOCKODP_TOKEN, MOCKODP_CA and MOCKODP_LOCATOR, has a
    fresh test key in MOCKODP_KEY, and what 'mockodp env' sets for Node, Python and curl.

    \b
      mockodp exec -- pytest
      mockodp exec --strict -- node send.js
    """  # noqa: D301  click wants this character
    if shutil.which(command[0]) is None and not Path(command[0]).is_file():
        return complain(f"Command {command[0]!r} is not found.", NOT_FOUND)
    with TemporaryDirectory(prefix="mockodp-") as folder:
        return _run(_settings(flags, config, Path(folder)), command)


def _settings(flags: Mapping[str, Any], config: Path | None, folder: Path) -> Settings:
    """As for `serve`, but ports, folder, store and token are its own unless a flag says else."""
    own = {"port": 0, "tls_port": 0, "state_dir": folder, "store": MEMORY, "token": secrets.token_urlsafe(24)}
    found: Effective = effective(flags, config, own)
    if found.sources["log"] == "default":
        found = effective(flags, config, {**own, "log": "none"})
    return found.settings


def _run(settings: Settings, command: tuple[str, ...]) -> int:
    import uvloop  # noqa: PLC0415  not needed to say that a command is missing

    from mockodp.server import Server  # noqa: PLC0415

    server = Server(settings, os.environ)
    try:
        return uvloop.run(_serve_and_run(server, command))
    finally:
        server.close()


async def _serve_and_run(server: Server, command: tuple[str, ...]) -> int:
    """Serve for as long as *command* runs."""
    program = _Program(command)
    program.listen()
    ready: asyncio.Future[Ready] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(server.run(ready.set_result))
    serving.add_done_callback(lambda _: ready.done() or ready.cancel())
    await asyncio.wait([ready])
    try:
        return await program.run(child_environment(server, os.environ)) if not ready.cancelled() else 0
    finally:
        server.stop()
        await serving  # which raises what kept it from being ready


class _Program:
    """The program, and the signals that are passed on to it; one that comes before its start keeps it from starting."""

    def __init__(self, command: tuple[str, ...]) -> None:
        self._command = command
        self._child: asyncio.subprocess.Process | None = None
        self._early = 0

    def listen(self) -> None:
        """Take the signals that are passed on."""
        loop = asyncio.get_running_loop()
        for number in _PASSED_ON:
            loop.add_signal_handler(number, self._on_signal, number)

    async def run(self, env: Mapping[str, str]) -> int:
        """Its exit code, as a shell counts."""
        if self._early:
            return _SIGNALLED + self._early
        try:
            self._child = await asyncio.create_subprocess_exec(*self._command, env=env, preexec_fn=_death_signal())
        except OSError as error:
            return complain(f"Command {self._command[0]!r} cannot be run: {error.strerror}.", NOT_RUNNABLE)
        if self._early:
            self._on_signal(self._early)
        code = await self._child.wait()
        return code if code >= 0 else _SIGNALLED - code

    def _on_signal(self, number: int) -> None:
        if self._child is None:
            self._early = number
        elif self._child.returncode is None and not (number == signal.SIGINT and _is_in_foreground()):
            self._child.send_signal(number)


def _is_in_foreground() -> bool:
    """Whether a terminal sends Ctrl-C to us and the program alike, so that passing it on would double it."""
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False


def _death_signal() -> Callable[[], object] | None:
    """What makes the kernel end the program when this process is killed; this process has one thread, so it may."""
    if sys.platform != "linux":
        return None
    set_option = ctypes.CDLL(None).prctl
    return lambda: set_option(_SET_PARENT_DEATH_SIGNAL, int(signal.SIGTERM), 0, 0, 0)


def child_environment(server: Server, env: Mapping[str, str]) -> dict[str, str]:
    """*env* and what leads its programs to *server*."""
    account = f"exec-{secrets.token_hex(4)}"
    ready = server.ready
    access = Access(
        url=ready.url, tls_url=ready.tls_url, ca=ready.ca, token=ready.token, locator=ready.locator,
        key=server.settings.key_prefix + account, account=account,
    )  # fmt: skip
    base = dict(env) if ready.tls_url else without_tls(env)
    return {**base, **{each.name: each.value for each in variables(access, base)}}
