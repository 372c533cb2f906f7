"""The three rooms and who may know whom: contracts <- mockodp <- harness, and what each may import of the others."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = {
    "mockodp_contracts": ROOT / "contracts" / "mockodp_contracts",
    "mockodp": ROOT / "mockodp",
    "mockodp_harness": ROOT / "harness" / "mockodp_harness",
}
MAY_KNOW = {
    "mockodp_contracts": {"mockodp_contracts"},
    "mockodp": {"mockodp_contracts", "mockodp"},
    "mockodp_harness": set(ROOMS),
}
OF_THE_SERVER_FOR_THE_HARNESS = {
    "mockodp", "mockodp.client", "mockodp.errors", "mockodp.locator", "mockodp.regions", "mockodp.server",
}  # fmt: skip
OF_THE_JOURNAL_FOR_OTHERS = {"mockodp.journal", "mockodp.journal.search", "mockodp.journal.index"}


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _our_imports(room: str) -> Iterator[tuple[Path, str]]:
    for file in ROOMS[room].rglob("*.py"):
        for name in _imports(file):
            if name.partition(".")[0] in ROOMS:
                yield file, name


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_to_the_left_only(room: str) -> None:
    found = list(_our_imports(room))
    assert found, f"{room} imports nothing of ours: this test looks in the wrong place"
    assert not [(file.name, name) for file, name in found if name.partition(".")[0] not in MAY_KNOW[room]]


def test_the_harness_knows_the_server_by_its_client_and_handle_only() -> None:
    known = {name for _, name in _our_imports("mockodp_harness") if name.partition(".")[0] == "mockodp"}
    assert known <= OF_THE_SERVER_FOR_THE_HARNESS


def test_nothing_outside_the_journal_knows_sql() -> None:
    outside = [file for file in ROOMS["mockodp"].rglob("*.py") if "journal" not in file.parts]
    assert not [file.name for file in outside if {"sqlite3", "zstandard"} & set(_imports(file))]
    known = {name for file, name in _our_imports("mockodp") if "journal" not in file.parts and "journal" in name}
    assert known <= OF_THE_JOURNAL_FOR_OTHERS


def test_importing_the_package_loads_nothing_heavy() -> None:
    program = "import sys, mockodp, mockodp_harness, mockodp_contracts; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"httpx2", "uvicorn", "starlette", "rich", "click", "trustme", "jsonschema_rs"} & set(loaded)


@pytest.mark.parametrize("room", ROOMS)
def test_public_names_are_sorted_and_importable(room: str) -> None:
    module = __import__(room)
    assert list(module.__all__) == sorted(module.__all__)
    assert all(getattr(module, name) is not None for name in module.__all__)
