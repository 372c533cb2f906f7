"""
Cases that once came out otherwise, and a sample of generated ones, with what the published package answered.

`mockodp engine --compare tests/harness/segment/cases` tells the same, `--driver node` with the package itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from mockodp_harness.parity.comparison import answered, compared, first_difference
from mockodp_harness.parity.trees import read, written

FOLDER: Final = Path(__file__).parent / "cases"


def _cases() -> Iterator[Any]:
    for file in sorted(FOLDER.glob("*.ndjson")):
        cases, answers = (
            path.read_text(encoding="utf-8").splitlines() for path in (file, file.with_suffix(".expected"))
        )
        for number, (case, answer) in enumerate(zip(cases, answers, strict=True), 1):
            yield pytest.param(case, answer, id=f"{file.stem}-{number}")


@pytest.mark.parametrize(("case", "answer"), list(_cases()))
def test_answers_are_those_of_the_package(case: str, answer: str) -> None:
    ours = written(read(answered(case)))
    outcome = compared(case, ours, answer)
    assert outcome.agrees, first_difference(read(ours), read(answer))
