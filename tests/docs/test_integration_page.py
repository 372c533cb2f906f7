"""The page on the integration: its examples run, its cases are answered, and its tables name what a trace has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest
from mockodp_harness.conformance import KINDS, answer
from mockodp_harness.drivers import NAMES, EventTrace, Outcome
from mockodp_harness.segment.values import parse

from mockodp import Client, running
from tests.docs.written import DOCS

PAGE = (DOCS / "integration.md").read_text("utf-8")
FIXTURE, *EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
CASES = [line for line in PAGE.splitlines() if line.startswith('{"id"')]


@pytest.fixture
def odp() -> Iterator[Client]:
    with running(tls_port=-1) as client:
        yield client


def test_the_fixture_gives_a_mock() -> None:
    names: dict[str, Any] = {}
    exec(FIXTURE, names)
    given = names["odp"].__wrapped__()
    assert next(given).is_ready()
    given.close()


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_runs(odp: Client, example: str) -> None:
    names: dict[str, Any] = {}
    exec(example, names)
    (test,) = (value for name, value in names.items() if name.startswith("test_"))
    test(odp)


@pytest.mark.parametrize("case", CASES)
def test_a_case_is_answered(case: str) -> None:
    assert answer(parse(case))["ok"]


def test_the_tables_name_every_driver_every_outcome_and_every_part_of_a_trace() -> None:
    assert [name for name in NAMES if f"| `{name}` |" in PAGE] == list(NAMES)
    assert [each for each in Outcome if f"`{each}`" in PAGE] == list(Outcome)
    assert [kind for kind in KINDS if f"`{kind}`" not in PAGE] == []
    assert [each.name for each in fields(EventTrace) if f"`{each.name}`" not in PAGE] == []
