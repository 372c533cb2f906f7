"""
Puts the published packages, as the lock file pins them, into a cache folder that is shared by all projects.

The folder's name is a digest of everything that goes into it, so a new version never meets an old folder.
Knows npm and the file system; starts no runner.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from mockodp_harness.node.errors import PackagesMissing
from mockodp_harness.node.programs import node, npm, run

SOURCES = Path(__file__).parent
FILES = (
    ".npmrc",
    "canned.mjs",
    "cases.mjs",
    "destination.mjs",
    "package-lock.json",
    "package.json",
    "recorder.mjs",
    "runner.mjs",
    "stand-in/index.js",
    "stand-in/package.json",
    "steps.mjs",
)
NPM_SECONDS = 600
HOW = f"Run '{shlex.quote(sys.executable or 'python')} -m mockodp_harness.node install'."


def home(cache_dir: Path | str | None = None, *, env: Mapping[str, str] = os.environ) -> Path:
    """The folder that the packages are installed in, whether it is there or not."""
    digest = hashlib.sha256()
    for name in FILES:
        digest.update(name.encode() + b"\0" + (SOURCES / name).read_bytes() + b"\0")
    return _cache(cache_dir, env) / f"node-{digest.hexdigest()[:16]}"


def version() -> str:
    """The version of the destination that is pinned."""
    packages = json.loads((SOURCES / "package-lock.json").read_bytes())["packages"]
    return str(packages["node_modules/@segment/action-destinations"]["version"])


def find(cache_dir: Path | str | None = None, *, env: Mapping[str, str] = os.environ) -> Path | None:
    """The folder if everything in it is as pinned; installs nothing."""
    folder = home(cache_dir, env=env)
    return None if differences(folder) else folder


def found(cache_dir: Path | str | None = None, *, env: Mapping[str, str] = os.environ) -> Path:
    """The folder, or `PackagesMissing` with what is wrong in it."""
    folder = home(cache_dir, env=env)
    wrong = differences(folder)
    if wrong:
        raise PackagesMissing(f"The destination's packages are not ready in {folder}: {wrong[0]} {HOW}")
    return folder


def install(cache_dir: Path | str | None = None, *, env: Mapping[str, str] = os.environ) -> Path:
    """The folder, installed by npm if need be; safe with several processes at once."""
    folder = home(cache_dir, env=env)
    if not differences(folder):
        return folder
    node(env)
    installer = npm(env)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(folder.parent):
        if differences(folder):
            _install_beside(folder, installer, env)
    return found(cache_dir, env=env)


def differences(folder: Path) -> list[str]:
    """How *folder* departs from what the lock file pins; empty means ready."""
    if not folder.is_dir():
        return ["The folder does not exist."]
    missing = [f"{name} is missing." for name in FILES if not (folder / name).is_file()]
    packages = json.loads((SOURCES / "package-lock.json").read_bytes())["packages"]
    wrong = (_version_difference(folder, place, entry["version"]) for place, entry in packages.items() if place)
    return missing + [sentence for sentence in wrong if sentence]


def _cache(given: Path | str | None, env: Mapping[str, str]) -> Path:
    own = given or env.get("MOCKODP_CACHE_DIR")
    if own:
        return Path(own).absolute()
    return Path(env.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "mockodp"


def _version_difference(folder: Path, place: str, expected: str) -> str | None:
    try:
        version = json.loads((folder / place / "package.json").read_bytes())["version"]
    except (OSError, ValueError, KeyError):
        return f"{place} is missing, expected {expected}."
    return None if version == expected else f"{place} is {version}, expected {expected}."


def _install_beside(folder: Path, installer: str, env: Mapping[str, str]) -> None:
    """Everything happens in a sibling folder; only what is whole gets the name."""
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _copy_sources(work)
        _npm_ci(installer, work, env)
        wrong = differences(work)
        if wrong:
            raise PackagesMissing(f"npm ci left other packages than are pinned: {' '.join(wrong[:5])}")
        _publish(work, folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _copy_sources(work: Path) -> None:
    for name in FILES:
        (work / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(SOURCES / name, work / name)


def _npm_ci(installer: str, work: Path, env: Mapping[str, str]) -> None:
    try:
        done = run([installer, "ci", "--ignore-scripts"], env, seconds=NPM_SECONDS, folder=work)
    except subprocess.TimeoutExpired as error:
        raise PackagesMissing(
            f"npm ci did not end within {NPM_SECONDS} s. Is the npm registry reachable from here?"
        ) from error
    if done.returncode:
        words = "\n".join(done.stderr.splitlines()[-15:])
        raise PackagesMissing(f"npm ci ended with exit code {done.returncode}. Its last words:\n{words}")


def _publish(work: Path, folder: Path) -> None:
    if not differences(folder):
        return  # another process was quicker, and its folder is as good
    aside = work.with_name(f"{work.name}-old")
    with contextlib.suppress(FileNotFoundError):
        folder.rename(aside)  # there, but damaged
    work.rename(folder)
    shutil.rmtree(aside, ignore_errors=True)


@contextlib.contextmanager
def _one_at_a_time(cache: Path) -> Iterator[None]:
    """Spares the second process the download; where the system has no such lock, both work and one wins."""
    if sys.platform == "win32":  # pragma: no cover
        yield
        return
    import fcntl  # noqa: PLC0415 - not on Windows

    with (cache / ".node-install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
