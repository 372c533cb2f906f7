"""Where the contracts of another version are: a commit, a wheel, a folder; and which two are compared."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile, ZipFile

from mockodp_contracts.catalogue import Catalog, catalog
from mockodp_contracts.changes.repository import (
    ROOTS,
    RULES_FILE,
    NoContracts,
    Repository,
    SourceDamaged,
    SourceError,
    SourceMissing,
    Uncommitted,
    is_ours,
    is_schema,
    root_of,
)


class Stored:
    """Contracts as the bytes of their files; *files* are by path, of whatever stands beside them too."""

    def __init__(self, origin: str, files: Mapping[str, bytes]) -> None:
        self.origin = origin
        root = root_of(files)
        if root is None:
            raise NoContracts(f"There are no contracts in {origin}: expected {RULES_FILE} beside a folder 'schemas'.")
        inside = {path.removeprefix(root): content for path, content in files.items() if path.startswith(root)}
        self._rules = inside[RULES_FILE]
        self._schemas = {path[len("schemas/") : -len(".json")]: c for path, c in inside.items() if is_schema(path)}

    def names(self) -> list[str]:
        return sorted(self._schemas)

    def read(self, name: str) -> bytes:
        return self._schemas[name]

    def rules(self) -> bytes:
        return self._rules


class GitFiles(Stored):
    """The contracts of a commit."""

    def __init__(self, repository: Repository, ref: str) -> None:
        commit = repository.commit(ref)
        named = "" if commit.startswith(ref) else f" ({ref})"
        super().__init__(f"commit {commit[:12]}{named}", repository.files(commit))


class WheelFiles(Stored):
    """The contracts in a wheel."""

    def __init__(self, wheel: Path) -> None:
        try:
            with ZipFile(wheel) as archive:
                files = {name: archive.read(name) for name in archive.namelist() if is_ours(name)}
        except BadZipFile:
            raise SourceError(f"{str(wheel)!r} is not a wheel: a wheel is a ZIP archive.") from None
        except OSError as error:
            raise SourceMissing(f"{str(wheel)!r} cannot be read: {error.strerror}.") from None
        except (RuntimeError, EOFError, zlib.error) as error:  # encrypted, cut, packed in a way that nobody knows
            raise SourceDamaged(f"{str(wheel)!r} cannot be read: {str(error) or 'it is damaged'}.") from None
        super().__init__(f"wheel {wheel.name}", files)


class FolderFiles(Stored):
    """The contracts in a folder as they are now: with ``schemas`` and ``rules.json`` in it, or a whole checkout."""

    def __init__(self, folder: Path) -> None:
        try:
            files = {path: content for root in ROOTS for path, content in _below(folder, root)}
        except OSError as error:
            raise SourceMissing(f"{str(folder)!r} cannot be read: {error.strerror}.") from None
        super().__init__(f"folder {folder}", files)


class Side(NamedTuple):
    """One side of a comparison, in words where it is from, and what the work tree has besides."""

    origin: str
    catalog: Catalog
    uncommitted: Uncommitted | None = None


def side(source: str, here: Path) -> Side:
    """The contracts of *source*, which is a wheel, a folder or a git ref of the repository around *here*."""
    path = here / Path(source).expanduser()
    if source.endswith(".whl"):
        return _side(WheelFiles(path))
    is_path = source.startswith(("/", "./", "../", "~")) or source in (".", "..")
    if is_path and not path.is_dir():
        raise SourceMissing(f"There is no folder {source!r}.")
    if not path.is_dir():
        return _side(GitFiles(_repository_for(source, here), source))
    if not is_path and _is_ref(source, here):
        raise SourceError(f"{source!r} is both a folder and a git ref: write './{source}' or 'refs/heads/{source}'.")
    return _side(FolderFiles(path))


def sides(old: str | None, new: str | None, against: str | None, here: Path) -> tuple[Side, Side]:
    """
    Both sides of a comparison.

    Without *new* it is HEAD of our repository, or what is installed. Without *old* it is the commit where *new* left
    the branch *against*, or the default branch.
    """
    if new is None and _is_repository_of_ours(here):
        new = "HEAD"
    newer = Side("the installed contracts", catalog()) if new is None else _with_uncommitted(side(new, here), new, here)
    if old is None:
        old = _before(new, against, here)
    return side(old, here), newer


def _with_uncommitted(newer: Side, new: str, here: Path) -> Side:
    """*newer*, which is *new*, with what the work tree has besides."""
    return newer if _is_file(new, here) else newer._replace(uncommitted=Repository(here).uncommitted(new))


def _is_file(source: str, here: Path) -> bool:
    """Whether *source* is a wheel or a folder."""
    return source.endswith(".whl") or (here / Path(source).expanduser()).is_dir()


def _before(new: str | None, against: str | None, here: Path) -> str:
    """What to compare *new* with."""
    if new is None or _is_file(new, here):
        if against is None:
            raise SourceError("Name what to compare with: a git ref, a wheel, or a folder.")
        return against
    if against is not None and not _is_ref(against, here):
        return against
    repository = Repository(here)
    return repository.before(new, against or repository.default_branch())


def _repository_for(source: str, here: Path) -> Repository:
    try:
        return Repository(here)
    except SourceMissing as error:
        raise SourceMissing(f"{source!r} is no wheel and no folder, and {error}") from None


def _side(files: Stored) -> Side:
    return Side(files.origin, Catalog(files))


def _is_ref(source: str, here: Path) -> bool:
    try:
        return Repository(here).commit_or_none(source) is not None
    except SourceMissing:
        return False


def _is_repository_of_ours(here: Path) -> bool:
    try:
        return Repository(here).is_of_ours()
    except SourceMissing:
        return False


def _below(folder: Path, root: str) -> Iterable[tuple[str, bytes]]:
    """The files of ours below *root* of *folder*, by path from *folder*."""
    inside = folder / root
    found = [inside / RULES_FILE, *sorted((inside / "schemas").glob("*/*.json"))]
    return [(root + file.relative_to(inside).as_posix(), file.read_bytes()) for file in found if file.is_file()]
