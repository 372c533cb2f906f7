"""A small catalogue in the four directions as data, and changes to plant in it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mockodp_contracts import Catalog
from mockodp_contracts.changes.sources import Side, Stored

Edit = Callable[[dict[str, Any]], None]
EVIDENCE = {"grade": "docs", "source": "a test", "checked": "2026-01-01"}
SHAPE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "minLength": 1, "maxLength": 40, "pattern": "^[a-z]*$"},
        "kind": {"enum": ["big", "small"]},
        "total": {"type": ["number", "null"], "minimum": 0},
        "note": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 4},
        "who": {"$ref": "urn:mockodp:shared/person"},
    },
    "required": ["id", "kind"],
    "additionalProperties": False,
}
GOOD = [
    {"shows": "little", "value": {"id": "abc", "kind": "big"}},
    {
        "shows": "much",
        "value": {
            "id": "abc", "kind": "small", "total": 7.5, "note": "hello", "tags": ["a", "b"], "who": {"name": "Ada"},
        },
    },
]  # fmt: skip
PERSON: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
}
RULE: dict[str, Any] = {
    "name": "id-short",
    "severity": "error",
    "statement": "An id is short.",
    "expected": "a short id",
    "hint": "Shorten it.",
    "evidence": EVIDENCE,
    "contracts": ["own/request", "own/event"],
    "at": "/id",
    "schema": {"maxLength": 20},
    "examples": {"good": ["abc"], "bad": ["a" * 21]},
}


def contract(name: str, direction: str, shape: dict[str, Any], good: list[dict[str, Any]]) -> dict[str, Any]:
    head = {"$id": f"urn:mockodp:{name}", "x-version": "1.0.0", "x-direction": direction, "title": name}
    return copy.deepcopy(
        {**head, "description": name, "x-evidence": EVIDENCE, **shape, "x-examples": {"good": good, "bad": []}}
    )


def files() -> dict[str, Any]:
    """The files of the catalogue as JSON, by path."""
    person = [{"shows": "Ada", "value": {"name": "Ada"}}]
    found: dict[str, Any] = {"rules.json": [copy.deepcopy(RULE)]}
    found["schemas/shared/person.json"] = contract("shared/person", "request", PERSON, person)
    for direction in ("request", "event"):
        found[f"schemas/own/{direction}.json"] = contract(f"own/{direction}", direction, SHAPE, GOOD)
    for direction in ("answer", "report"):
        is_open = {**SHAPE, "additionalProperties": True}
        found[f"schemas/own/{direction}.json"] = contract(f"own/{direction}", direction, is_open, GOOD)
    return found


def side(edit: Edit | None = None, origin: str = "test") -> Side:
    """The catalogue with *edit* done to its files."""
    found = files()
    if edit:
        edit(found)
    return Side(origin, Catalog(Stored(origin, as_bytes(found))))


def as_bytes(found: dict[str, Any]) -> dict[str, bytes]:
    return {path: json.dumps(content).encode() for path, content in found.items()}


def write(folder: Path, found: dict[str, Any]) -> Path:
    """*folder* with these files in it."""
    for path, content in as_bytes(found).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


def shape(direction: str, change: Edit) -> Edit:
    """An edit of the contract of that direction."""
    return lambda found: change(found[f"schemas/own/{direction}.json"])


def member(name: str, **said: Any) -> Edit:
    """An edit of what is asked of a member."""
    return lambda schema: schema["properties"].setdefault(name, {}).update(said)


def require(*names: str) -> Edit:
    return lambda schema: schema.update(required=list(names))


def forget(name: str) -> Edit:
    """An edit that takes a member out of the named ones."""
    return lambda schema: schema["properties"].pop(name)


def rule(**said: Any) -> Edit:
    """An edit of the rule beyond shape."""
    return lambda found: found["rules.json"][0].update(said)


def grade(word: str, change: Edit) -> Edit:
    """*change*, and evidence of that grade for the whole contract."""

    def edit(schema: dict[str, Any]) -> None:
        change(schema)
        schema["x-evidence"] = {**EVIDENCE, "grade": word}

    return edit
