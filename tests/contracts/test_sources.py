"""Contracts of a commit, a wheel and a folder; what is compared with what, and what is said where that fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mockodp_contracts import catalog
from mockodp_contracts.changes.repository import NoContracts, SourceDamaged, SourceError, SourceMissing, Uncommitted
from mockodp_contracts.changes.sources import side, sides

from tests.contracts import planted
from tests.contracts.repository import INSIDE, a_repository, a_wheel, commit, git, write


def versioned(version: str) -> planted.Edit:
    return planted.shape("request", lambda schema: schema.update({"x-version": version}))


def version(of: Any) -> str:
    return str(of.catalog["own/request"].version)


NAMES = ["own/answer", "own/event", "own/report", "own/request", "shared/person"]


def test_a_commit_a_wheel_and_a_folder_hold_the_same(tmp_path: Path) -> None:
    here = a_repository(tmp_path / "ours")
    a_wheel(tmp_path / "ours-1.0-py3-none-any.whl")
    planted.write(tmp_path / "bare", planted.files())
    for source in ("HEAD", "main", "../ours-1.0-py3-none-any.whl", "../bare", ".", "./contracts", str(here)):
        found = side(source, here)
        assert list(found.catalog.names) == NAMES
        assert list(found.catalog.rules) == ["id-short"]
        assert found.catalog["own/event"].direction == "event"
        with pytest.raises(Exception, match="is not a contract"):
            found.catalog["own/nosuch"]
    assert side("main", here).origin == f"commit {git(here, 'rev-parse', 'HEAD')[:12]} (main)"
    assert side("../bare", here).origin.startswith("folder ")
    assert side("../ours-1.0-py3-none-any.whl", here).origin == "wheel ours-1.0-py3-none-any.whl"


def test_a_dirty_work_tree_is_not_read(tmp_path: Path) -> None:
    here = a_repository(tmp_path)
    commit(here, versioned("1.1.0"))
    write(here, versioned("9.9.9"))
    git(here, "add", "--all")
    old, new = sides(None, None, None, here)
    assert (version(old), version(new)) == ("1.0.0", "1.1.0")
    assert version(side(".", here)) == "9.9.9"


def test_uncommitted_changes_of_contracts_are_told_if_head_is_the_new_side(tmp_path: Path) -> None:
    here = a_repository(tmp_path / "ours")
    commit(here, versioned("1.1.0"))
    (here / "contracts" / "README.md").write_text("Words.")
    (here / "rules.json").write_text("[]")
    assert sides(None, None, None, here)[1].uncommitted is None
    write(here, versioned("9.9.9"))
    (here / INSIDE / "schemas" / "own" / "new.json").write_text("{}")
    (here / INSIDE / "schemas" / "own" / "event.json").unlink()
    (here / INSIDE / "checks.py").write_text("")
    files = tuple(f"{INSIDE}schemas/own/{name}.json" for name in ("event", "new", "request"))
    told = Uncommitted("contracts/mockodp_contracts", files, "./")
    for new in (None, "HEAD", "main", git(here, "rev-parse", "HEAD")):
        assert sides("HEAD~1", new, None, here)[1].uncommitted == told
    git(here, "add", "--all")
    assert sides("HEAD~1", None, None, here)[1].uncommitted == told
    below = here / "contracts"
    assert sides("HEAD~1", None, None, below)[1].uncommitted == told._replace(work_tree="../")
    for new in ("HEAD~1", "./"):
        assert sides("HEAD", new, None, here)[1].uncommitted is None
    git(tmp_path, "clone", "--quiet", "--bare", str(here), "bare")
    assert sides("HEAD~1", None, None, tmp_path / "bare")[1].uncommitted is None


def test_a_branch_is_compared_with_where_it_left_the_default_branch(tmp_path: Path) -> None:
    here = a_repository(tmp_path)
    git(here, "switch", "--quiet", "--create", "topic")
    commit(here, versioned("1.1.0"))
    commit(here, versioned("1.2.0"))
    git(here, "switch", "--quiet", "main")
    commit(here, versioned("3.0.0"))
    git(here, "switch", "--quiet", "topic")
    old, new = sides(None, None, None, here)
    assert (version(old), version(new)) == ("1.0.0", "1.2.0")
    assert [version(each) for each in sides(None, None, "main", here)] == ["1.0.0", "1.2.0"]
    assert [version(each) for each in sides("main", None, None, here)] == ["3.0.0", "1.2.0"]
    assert [version(each) for each in sides("HEAD~1", "main", None, here)] == ["1.1.0", "3.0.0"]
    assert [version(each) for each in sides(None, ".", "main", here)] == ["3.0.0", "1.2.0"]


def test_the_default_branch_is_compared_with_its_last_commit(tmp_path: Path) -> None:
    here = a_repository(tmp_path)
    commit(here, versioned("1.1.0"))
    for against in (None, "main"):
        assert [version(each) for each in sides(None, None, against, here)] == ["1.0.0", "1.1.0"]


@pytest.mark.parametrize("name", ["master", "refs/remotes/origin/main", "refs/remotes/origin/HEAD"])
def test_the_default_branch_has_several_names(tmp_path: Path, name: str) -> None:
    here = a_repository(tmp_path)
    base = git(here, "rev-parse", "HEAD")
    git(here, "update-ref", name if "/" in name else f"refs/heads/{name}", base)
    git(here, "switch", "--quiet", "--create", "topic")
    commit(here, versioned("1.1.0"))
    git(here, "branch", "--quiet", "--delete", "--force", "main")
    assert [version(each) for each in sides(None, None, None, here)] == ["1.0.0", "1.1.0"]


def test_outside_of_our_repository_the_installed_contracts_are_the_new_side(tmp_path: Path) -> None:
    a_wheel(tmp_path / "old.whl")
    old, new = sides("old.whl", None, None, tmp_path)
    assert version(old) == "1.0.0"
    assert new.origin == "the installed contracts"
    assert new.catalog.names == catalog().names
    assert sides(None, None, "old.whl", tmp_path)[0].origin == "wheel old.whl"
    with pytest.raises(SourceError, match="Name what to compare with"):
        sides(None, None, None, tmp_path)


def test_a_ref_that_is_none_is_told_with_near_names(tmp_path: Path) -> None:
    here = a_repository(tmp_path)
    git(here, "tag", "v1.0.0")
    with pytest.raises(SourceError, match=r"'v1\.0\.1' is not a commit, wheel or folder\. Near: v1\.0\.0\.") as caught:
        side("v1.0.1", here)
    assert caught.value.exit_code == 2
    for odd in ("--all", "a\0b", ""):
        with pytest.raises(SourceError, match=r"is not a commit|both a folder|no contracts"):
            side(odd or "nosuch", here)


def test_a_name_that_is_a_ref_and_a_folder_must_be_told_apart(tmp_path: Path) -> None:
    here = a_repository(tmp_path)
    planted.write(here / "main", planted.files())
    with pytest.raises(SourceError, match=r"both a folder and a git ref: write './main' or 'refs/heads/main'"):
        side("main", here)
    assert side("./main", here).origin.startswith("folder")
    assert side("refs/heads/main", here).origin.startswith("commit")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nosuch.whl", "cannot be read: No such file"),
        ("./nosuch", "There is no folder './nosuch'"),
        ("main", "'main' is no wheel and no folder, and .* is not in a git repository"),
    ],
)
def test_what_is_not_there_is_told(tmp_path: Path, source: str, words: str) -> None:
    with pytest.raises(SourceMissing, match=words) as caught:
        side(source, tmp_path)
    assert caught.value.exit_code == 3


def test_a_file_that_is_no_wheel_is_told(tmp_path: Path) -> None:
    (tmp_path / "odd.whl").write_text("no")
    with pytest.raises(SourceError, match="is not a wheel: a wheel is a ZIP archive") as caught:
        side("odd.whl", tmp_path)
    assert caught.value.exit_code == 2


def test_a_wheel_that_is_encrypted_or_damaged_is_told(tmp_path: Path) -> None:
    whole = a_wheel(tmp_path / "odd.whl").read_bytes()
    name = b"mockodp_contracts/schemas/own/event.json"
    local, central = whole.index(name) - 30, whole.rindex(name) - 46
    changed = bytearray(whole)
    changed[local + 6] |= 1
    changed[central + 8] |= 1
    cut = bytearray(whole)
    cut[central + 10] = 97  # a way of packing that nobody knows
    for content in (changed, cut):
        (tmp_path / "odd.whl").write_bytes(content)
        with pytest.raises(SourceDamaged, match=r"'.*odd\.whl' cannot be read: ") as caught:
            side("odd.whl", tmp_path)
        assert caught.value.exit_code == 4


def test_sources_without_contracts_are_told(tmp_path: Path) -> None:
    here = a_repository(tmp_path)
    git(here, "rm", "-r", "--quiet", INSIDE)
    git(here, "commit", "--quiet", "--message", "gone")
    (tmp_path / "empty").mkdir()
    for source in ("HEAD", "./empty"):
        with pytest.raises(NoContracts, match=r"There are no contracts in .*: expected rules\.json") as caught:
            side(source, here)
        assert caught.value.exit_code == 4


def test_the_first_commit_has_nothing_before_it(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing, match="HEAD has no commit before it to compare with"):
        sides(None, None, None, a_repository(tmp_path))


def test_a_clone_without_a_default_branch_is_told_what_to_do(tmp_path: Path) -> None:
    here = a_repository(tmp_path)
    git(here, "branch", "--quiet", "--move", "topic")
    with pytest.raises(SourceMissing, match=r"No default branch is here .*origin/HEAD.*git fetch"):
        sides(None, None, None, here)


def test_a_shallow_clone_without_the_merge_base_is_told_what_to_do(tmp_path: Path) -> None:
    origin = a_repository(tmp_path / "origin")
    git(origin, "switch", "--quiet", "--create", "topic")
    commit(origin, versioned("1.1.0"))
    git(origin, "switch", "--quiet", "main")
    commit(origin, versioned("1.2.0"))
    git(tmp_path, "clone", "--quiet", "--depth=1", "--no-single-branch", origin.as_uri(), "clone")
    clone = tmp_path / "clone"
    git(clone, "switch", "--quiet", "topic")
    with pytest.raises(SourceMissing, match=r"merge base of HEAD and origin/HEAD is not here\. .*--unshallow"):
        sides(None, None, None, clone)
    git(clone, "switch", "--quiet", "main")
    with pytest.raises(SourceMissing, match=r"no commit before it.*shallow: run 'git fetch --unshallow'"):
        sides(None, None, None, clone)


def test_git_that_is_not_installed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceMissing, match="git is not installed"):
        side("main", tmp_path)
    a_wheel(tmp_path / "a.whl")
    assert version(side("a.whl", tmp_path)) == "1.0.0"
