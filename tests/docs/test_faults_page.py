"""The page on faults: its examples run, and its tables name everything there is and nothing else."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mockodp import Client, running
from mockodp.faults import PRESETS, Wire
from mockodp.faults.files import faults_in
from mockodp.faults.schema import EFFECT, FAULT, MATCH
from mockodp.faults.shown import presets_shown
from tests.docs.written import DOCS
from tests.mockodp.commands import at
from tests.mockodp.commands import send as post

PAGE = (DOCS / "faults.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def examples(kind: str) -> list[str]:
    return [text for found, text in EXAMPLES if found == kind]


@pytest.fixture
def odp() -> Iterator[Client]:
    with running(tls_port=-1) as client:
        yield client


@pytest.fixture
def send(odp: Client) -> Callable[..., int]:
    return lambda **item: post(odp.url, item or {"type": "order"})


@pytest.mark.parametrize("example", examples("python"))
def test_a_python_example_runs(odp: Client, send: Callable[..., int], example: str) -> None:
    names: dict[str, Any] = {}
    exec(example, names)
    (test,) = (value for name, value in names.items() if name.startswith("test_"))
    test(odp, send)


@pytest.mark.parametrize("example", examples("sh"))
def test_the_commands_of_an_example_do_what_is_said(odp: Client, example: str) -> None:
    for line in example.splitlines():
        program, *arguments = shlex.split(line, comments=True)
        result = at(odp, *arguments)
        is_check = arguments[:2] == ["fault", "check"]
        assert (program, result.exit_code) == ("mockodp", 1 if is_check else 0), result.output


def test_the_file_and_the_json_are_faults(odp: Client) -> None:
    (toml,), (document,) = examples("toml"), examples("json")
    assert len(odp.arm_faults(faults_in(toml.encode(), "faults.toml"))) == 2
    assert len(odp.arm_faults([json.loads(document)])) == 1


def test_every_kind_of_example_is_looked_at() -> None:
    assert {kind for kind, _ in EXAMPLES} == {"python", "sh", "toml", "json"}


def table(heading: str) -> list[list[str]]:
    """The rows of the tables below *heading*."""
    part = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in part.splitlines() if line[:1] == "|"]


def named(rows: list[list[str]]) -> set[str]:
    """The names in the first column."""
    return {name for row in rows for name in re.findall(r"`(?:wire: )?([a-z0-9_-]+)`", row[0])}


def test_every_member_is_explained() -> None:
    assert named(table("A fault")) == set(FAULT["properties"]) - {"repeat"}
    assert '"repeat": true' in PAGE
    assert all(f"`{member}`" in PAGE for member in MATCH["properties"])
    assert named(table("Effects")) == {*EFFECT["properties"], *Wire} - {"wire_for"}
    assert "`wire_for`" in PAGE


def test_every_effect_on_the_wire_has_its_evidence() -> None:
    effects = [row for row in table("Effects") if len(row) == 4][2:]
    assert all(re.match(r"observed|docs|client|inferred|unknown", row[3]) for row in effects)


def test_every_preset_stands_there_as_it_is() -> None:
    rows = [[name.strip("`"), summary, evidence] for name, summary, evidence in table("Presets")[2:]]
    assert rows == [[each["name"], each["summary"], each["evidence"]] for each in presets_shown()]
    assert len(rows) == len(PRESETS)


def test_links_lead_somewhere() -> None:
    for page, _, anchor in re.findall(r"\]\((?!https?:)([\w.-]*)(#?)([\w-]*)\)", PAGE):
        text = (Path(DOCS) / page).read_text("utf-8") if page else PAGE
        headings = [re.sub(r"[^\w -]", "", line.lstrip("# ")).lower().replace(" ", "-")
                    for line in text.splitlines() if line.startswith("#")]  # fmt: skip
        assert not anchor or anchor in headings, (page, anchor)
