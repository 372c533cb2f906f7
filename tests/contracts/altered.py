"""The installed catalogue with a file or a rule of it altered, so that a test can plant a defect."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import mockodp_contracts
import orjson
from mockodp_contracts.catalogue import Catalog, Folder

INSTALLED: Final = Folder(Path(mockodp_contracts.__file__).parent)
Change = Callable[[Any], Any]


class Altered:
    """The installed files, some of them others."""

    def __init__(self, files: dict[str, bytes] | None = None, rules: bytes | None = None) -> None:
        self._files = files or {}
        self._rules = rules

    def names(self) -> list[str]:
        return sorted({*INSTALLED.names(), *self._files})

    def read(self, name: str) -> bytes:
        return self._files[name] if name in self._files else INSTALLED.read(name)

    def rules(self) -> bytes:
        return INSTALLED.rules() if self._rules is None else self._rules


def with_schema(name: str, change: Change) -> Catalog:
    """The installed catalogue with the schema *name* changed."""
    schema = orjson.loads(INSTALLED.read(name))
    change(schema)
    return Catalog(Altered({name: orjson.dumps(schema)}))


def with_rules(change: Change) -> Catalog:
    """The installed catalogue with its rules, by name, changed."""
    rules = {rule["name"]: rule for rule in orjson.loads(INSTALLED.rules())}
    change(rules)
    return Catalog(Altered(rules=orjson.dumps(list(rules.values()))))
