"""Node.js and npm on this machine: where they are, whether they are new enough, and how they are run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from mockodp_harness.node.errors import NodeMissing

OLDEST_NODE = (20, 3)  # the destination's framework needs AbortSignal.any
SECONDS = 60

_EXPECTED = ".".join(map(str, OLDEST_NODE)) + " or newer"


def node(env: Mapping[str, str] = os.environ) -> str:
    """The path of a Node.js that is new enough."""
    program = _program("node", env)
    said = _version(program, env)
    version = re.match(r"v(\d+)\.(\d+)\.", said)
    if version is None or (int(version[1]), int(version[2])) < OLDEST_NODE:
        raise NodeMissing(f"{program} is Node.js {said or 'without a version'}, expected {_EXPECTED}.")
    return program


def npm(env: Mapping[str, str] = os.environ) -> str:
    """The path of npm."""
    return _program("npm", env)


def run(
    command: list[str], env: Mapping[str, str], *, seconds: float = SECONDS, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """The outcome of a program that asks nothing and speaks text."""
    # Options for Node may hold mockodp-preload.cjs, which would keep npm from its registry.
    own = {name: value for name, value in env.items() if name != "NODE_OPTIONS"}
    return subprocess.run(
        command,
        cwd=folder,
        env=own,
        timeout=seconds,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def _program(name: str, env: Mapping[str, str]) -> str:
    program = shutil.which(name, path=env.get("PATH", os.defpath))
    if program is None:
        raise NodeMissing(f"{name} was not found on PATH, expected Node.js {_EXPECTED} and its npm.")
    return program


def _version(program: str, env: Mapping[str, str]) -> str:
    try:
        return run([program, "--version"], env).stdout.strip()
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NodeMissing(f"{program} does not run: {error}") from error
