"""
Where a running mock is found: a small file with its URLs and token, readable by its owner alone.

A command looks at its flags, then ``MOCKODP_URL`` and ``MOCKODP_TOKEN``, then the file ``MOCKODP_LOCATOR`` names, then
the folder ``MOCKODP_STATE_DIR`` names, then ``.mockodp/locator.json`` here and in the folders above.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mockodp.errors import EnvironmentNotReady

LOCATOR_NAME: Final = "locator.json"
STATE_FOLDER: Final = ".mockodp"


@dataclass(frozen=True, slots=True)
class Located:
    """A mock that runs, or did when its locator was written, and where we know it from."""

    url: str
    token: str
    source: str
    tls_url: str | None = None
    ca: str | None = None
    pid: int | None = None


def write_locator(file: Path, content: Mapping[str, Any]) -> None:
    """Write *content* so that a reader sees all of it or the file before it."""
    prepare_folder(file.parent)
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(content, indent=2) + "\n")
    fresh.replace(file)


def remove_locator(file: Path, pid: int) -> None:
    """Remove the locator if it is still ours."""
    try:
        if json.loads(file.read_text()).get("pid") == pid:
            file.unlink()
    except (OSError, ValueError):
        return  # gone or not ours: nothing to tidy


def prepare_folder(folder: Path) -> None:
    """Make a state folder that version control leaves alone."""
    folder.mkdir(parents=True, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")


def locate_mock(
    env: Mapping[str, str], *, url: str | None = None, token: str | None = None, cwd: Path | None = None
) -> Located:
    """The mock to talk to; `EnvironmentNotReady` says where was looked."""
    if url or env.get("MOCKODP_URL"):
        source = "--url" if url else "MOCKODP_URL"
        return Located(
            (url or env["MOCKODP_URL"]).rstrip("/"), token or env.get("MOCKODP_TOKEN", ""), source,
            env.get("MOCKODP_TLS_URL"), env.get("MOCKODP_CA"),
        )  # fmt: skip
    file = _found(env, cwd or Path.cwd())
    if file is None:
        raise EnvironmentNotReady(
            f"No mock found: neither --url nor MOCKODP_URL is given, and there is no {STATE_FOLDER}/{LOCATOR_NAME} "
            "here or above. Start one with 'mockodp serve' or 'make mock-up'; for one with another state folder, set "
            "MOCKODP_STATE_DIR to it."
        )
    try:
        content = json.loads(file.read_text())
        return Located(
            content["url"],
            token or content["token"],
            str(file),
            content.get("tls_url"),
            content.get("ca"),
            content.get("pid"),
        )
    except (OSError, ValueError, KeyError) as error:
        raise EnvironmentNotReady(
            f"The locator {str(file)!r} cannot be read: {error!r}. Start the mock again."
        ) from error


def _found(env: Mapping[str, str], cwd: Path) -> Path | None:
    if env.get("MOCKODP_LOCATOR"):
        named = Path(env["MOCKODP_LOCATOR"])
        if not named.is_file():
            raise EnvironmentNotReady(f"MOCKODP_LOCATOR names {str(named)!r}, which is not there. Is the mock up?")
        return named
    if env.get("MOCKODP_STATE_DIR") and (file := Path(env["MOCKODP_STATE_DIR"]) / LOCATOR_NAME).is_file():
        return file
    files = (folder / STATE_FOLDER / LOCATOR_NAME for folder in (cwd, *cwd.parents))
    return next((file for file in files if file.is_file()), None)
