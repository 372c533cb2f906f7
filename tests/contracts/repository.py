"""Git repositories, wheels and folders with contracts in them, made for one test."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from tests.contracts import planted

INSIDE = "contracts/mockodp_contracts/"
_WHO = {f"GIT_{who}_{what}": "test@example.test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
_QUIET = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], env={**os.environ, **_WHO, **_QUIET}, check=True, text=True,
        capture_output=True,
    )  # fmt: skip
    return done.stdout.strip()


def a_repository(folder: Path) -> Path:
    """A repository with one commit on ``main`` that holds the planted contracts."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, None)
    return folder


def commit(folder: Path, edit: planted.Edit | None, message: str = "change") -> str:
    """A commit of the planted contracts with *edit* done to them; its name."""
    write(folder, edit)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(folder, "rev-parse", "HEAD")


def write(folder: Path, edit: planted.Edit | None) -> None:
    """The planted contracts with *edit* in the work tree."""
    planted.write(folder / INSIDE, edited(edit))


def edited(edit: planted.Edit | None) -> dict[str, Any]:
    found = planted.files()
    if edit:
        edit(found)
    return found


def a_wheel(file: Path, edit: planted.Edit | None = None) -> Path:
    with ZipFile(file, "w") as archive:
        for path, content in planted.as_bytes(edited(edit)).items():
            archive.writestr(f"mockodp_contracts/{path}", content)
        archive.writestr("mockodp/__init__.py", "")
    return file
