"""
The git repository around a folder: commits, where a branch was left, and the files of ours in a commit.

Files are read from git's objects, never from the work tree, so that a comparison says the same on every machine; of the
work tree it is only told that it has changes.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import ClassVar, Final, NamedTuple

from mockodp_contracts.errors import ContractError

ROOTS: Final = ("contracts/mockodp_contracts/", "mockodp_contracts/", "")
"""Where contracts may stand below a folder, a commit or a wheel."""

BRANCHES: Final = ("origin/HEAD", "origin/main", "main", "master")
"""What the default branch may be called; the first that is there counts."""

RULES_FILE: Final = "rules.json"
"""The file of rules beyond shape; contracts stand beside it, under ``schemas``."""

_LONGEST: Final = 60


class SourceError(ContractError):
    """One side of a comparison cannot be had; *exit_code* is that of the command line."""

    exit_code: ClassVar[int] = 2


class SourceMissing(SourceError):
    """Something is not on this machine: git, a file, a part of the history."""

    exit_code = 3


class NoContracts(SourceError):
    """The source is there, but holds no contracts: nothing can be said of them."""

    exit_code = 4


class SourceDamaged(SourceError):
    """The source is there, but cannot be read to its end: nothing can be said of it."""

    exit_code = 4


class Uncommitted(NamedTuple):
    """What a work tree has changed in its contracts: *files* below *folder*; *work_tree* is the way to it from here."""

    folder: str
    files: tuple[str, ...]
    work_tree: str


class Repository:
    """The git repository around *folder*."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        found = self._ask("rev-parse", "--git-dir")
        if found.returncode:
            said = found.stderr.decode(errors="replace").strip().partition("\n")[0]
            raise SourceMissing(f"{str(folder)!r} is not in a git repository ({said}). Name a wheel or a folder.")

    def commit(self, ref: str) -> str:
        """The whole name of the commit that *ref* means."""
        commit = self.commit_or_none(ref)
        if commit is None:
            raise SourceError(f"{ref!r} is not a commit, wheel or folder.{self._near(ref)}")
        return commit

    def commit_or_none(self, ref: str) -> str | None:
        """The whole name of the commit that *ref* means, or None if it means none."""
        if not ref or ref.startswith("-") or "\0" in ref:
            return None
        found = self._ask("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
        return found.stdout.decode().strip() if found.returncode == 0 else None

    def default_branch(self) -> str:
        """The name of the default branch, as far as this clone knows it."""
        branch = next((name for name in BRANCHES if self.commit_or_none(name)), None)
        if branch is None:
            raise SourceMissing(
                f"No default branch is here (looked for {', '.join(BRANCHES)}): name what to compare with, "
                "or fetch it with 'git fetch origin main:refs/remotes/origin/main'."
            )
        return branch

    def before(self, ref: str, branch: str) -> str:
        """
        The commit where the work of *ref* left *branch*.

        Where *ref* is part of the branch itself, that is its first parent.
        """
        tip = self.commit(ref)
        found = self._ask("merge-base", tip, self.commit(branch))
        if found.returncode:
            raise SourceMissing(f"The merge base of {ref} and {branch} is not here.{self._depth()}")
        base = found.stdout.decode().strip()
        return self._first_parent(ref) if base == tip else base

    def files(self, commit: str) -> dict[str, bytes]:
        """The files of ours in *commit*, by path."""
        blobs = self._blobs(commit)
        return dict(zip(blobs, self._contents(blobs.values()), strict=True))

    def uncommitted(self, ref: str) -> Uncommitted | None:
        """What the work tree has changed in its contracts if *ref* is HEAD; None if nothing."""
        head = self.commit_or_none("HEAD")
        root = root_of(self._blobs(head)) if head and head == self.commit(ref) else None
        if root is None:
            return None
        asked = self._ask("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", f":/{root}")
        if asked.returncode:  # without a work tree
            return None
        paths = [entry[len("XY ") :] for entry in asked.stdout.decode(errors="replace").split("\0") if entry]
        files = tuple(sorted(path for path in paths if path.startswith(root) and is_ours(path)))
        way = self._said("rev-parse", "--show-cdup").decode().strip() or "./"
        return Uncommitted(root.rstrip("/") or ".", files, way) if files else None

    def is_of_ours(self) -> bool:
        """Whether HEAD holds contracts."""
        head = self.commit_or_none("HEAD")
        return head is not None and root_of(self._blobs(head)) is not None

    def _blobs(self, commit: str) -> dict[str, str]:
        """The names of the blobs of our files in *commit*, by path."""
        listed = self._said("ls-tree", "-r", "-z", "--full-tree", commit).decode(errors="surrogateescape")
        entries = [entry.partition("\t") for entry in listed.split("\0") if entry]
        return {path: head.split()[2] for head, _, path in entries if head.startswith("100") and is_ours(path)}

    def _first_parent(self, ref: str) -> str:
        parent = self.commit_or_none(f"{ref}^1")
        if parent is None:
            raise SourceMissing(f"{ref} has no commit before it to compare with.{self._depth()}")
        return parent

    def _contents(self, blobs: Iterable[str]) -> list[bytes]:
        said = self._said("cat-file", "--batch", stdin="".join(f"{blob}\n" for blob in blobs).encode())
        contents, at = [], 0
        while at < len(said):
            line_end = said.index(b"\n", at)
            head = said[at:line_end].split()
            if len(head) != 3:  # noqa: PLR2004  name, type and size, or "missing"
                raise SourceMissing(f"A part of the commit is not in this clone: {said[at:line_end].decode()}.")
            contents.append(said[line_end + 1 : line_end + 1 + int(head[2])])
            at = line_end + int(head[2]) + 2
        return contents

    def _near(self, ref: str) -> str:
        refs = self._said("for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes", "refs/tags")
        near = get_close_matches(ref, refs.decode(errors="replace").split(), n=3, cutoff=0.5)
        return f" Near: {', '.join(near)}." if near else ""

    def _depth(self) -> str:
        if self._said("rev-parse", "--is-shallow-repository").strip() != b"true":
            return ""
        return " This clone is shallow: run 'git fetch --unshallow', or let CI check out with its whole history."

    def _said(self, *arguments: str, stdin: bytes = b"") -> bytes:
        asked = self._ask(*arguments, stdin=stdin)
        if asked.returncode:
            said = asked.stderr.decode(errors="replace").strip()
            raise SourceMissing(f"'git {arguments[0]}' failed: {said or asked.returncode}.")
        return asked.stdout

    def _ask(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = ["git", "--no-optional-locks", "--no-pager", "-C", str(self._folder), *arguments]
        try:
            return subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=_LONGEST)
        except FileNotFoundError:
            raise SourceMissing("git is not installed. Install it, or name wheels or folders.") from None
        except subprocess.TimeoutExpired:
            raise SourceMissing(f"'git {arguments[0]}' took longer than {_LONGEST} s.") from None


def root_of(paths: Iterable[str]) -> str | None:
    """Where among *paths* contracts stand, or None."""
    known = set(paths)
    for root in ROOTS:
        if root + RULES_FILE in known and any(p.startswith(root) and is_schema(p.removeprefix(root)) for p in known):
            return root
    return None


def is_schema(path: str) -> bool:
    """Whether *path*, from where contracts stand, is the file of one."""
    return path.startswith("schemas/") and path.endswith(".json") and path.count("/") == 2  # noqa: PLR2004


def is_ours(path: str) -> bool:
    """Whether *path* may be a file of contracts."""
    inside = next(path.removeprefix(root) for root in ROOTS if path.startswith(root))
    return inside == RULES_FILE or is_schema(inside)
