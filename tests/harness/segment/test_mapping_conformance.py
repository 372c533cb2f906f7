"""The recorded cases of Segment's own tests: what its mapping kit answered, word for word."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from mockodp_harness.segment import mapping as kit
from mockodp_harness.segment.values import UNDEFINED, parse, stringify

FOLDER: Final = os.environ.get("MOCKODP_CONFORMANCE", "")


def _compiled(case: dict[str, Any]) -> Any:
    return kit.compiled(case["mapping"])(case.get("payload", UNDEFINED))


def _validated(case: dict[str, Any]) -> None:
    kit.validate(case["mapping"])


ANSWERS: Final[dict[str, list[Callable[[dict[str, Any]], Any]]]] = {
    "mapping": [lambda case: kit.transform(case["mapping"], case.get("payload", UNDEFINED)), _compiled],
    "mapping_validate": [_validated],
    "get": [lambda case: kit.get(case["payload"], case.get("path", UNDEFINED))],
    "render": [lambda case: kit.render(case["template"], case.get("data", UNDEFINED))],
    "flatten": [
        lambda case: kit.flatten(
            case["value"],
            case.get("prefix", ""),
            separator=case.get("separator", "."),
            omit_arrays=case.get("omit_arrays", False),
        )
    ],
    "keys": [lambda case: kit.keys(case["mapping"])],
}


def _cases() -> Iterator[Any]:
    for file in sorted(Path(FOLDER).glob("*.ndjson")) if FOLDER else ():
        answers = file.with_suffix(".expected").read_bytes().splitlines()
        for case, answer in zip(map(parse, file.read_bytes().splitlines()), map(parse, answers), strict=True):
            if case["kind"] in ANSWERS:
                yield pytest.param(case, answer, id=case["id"])


def _as_recorded(kind: str, answer: Callable[[dict[str, Any]], Any], case: dict[str, Any]) -> dict[str, Any]:
    try:
        value = answer(case)
    except kit.AggregateError as error:
        return {"error": {"name": error.name, "errors": [each.message for each in error.errors]}}
    except kit.MappingError as error:
        return {"error": {"name": error.name, "message": error.message}}
    if kind in ("keys", "mapping_validate"):
        return {"result": value if kind == "keys" else {}}
    json = stringify(value)
    return {"result": {"value": None, "undefined": True} if json is None else {"value": parse(json), "json": json}}


@pytest.mark.skipif(not FOLDER, reason="MOCKODP_CONFORMANCE names no folder of recorded cases")
@pytest.mark.parametrize(("case", "expected"), list(_cases()))
def test_answers_are_those_recorded(case: dict[str, Any], expected: dict[str, Any]) -> None:
    members = {name: expected[name] for name in ("result", "error") if name in expected}
    for answer in ANSWERS[case["kind"]]:
        assert _as_recorded(case["kind"], answer, case) == members
