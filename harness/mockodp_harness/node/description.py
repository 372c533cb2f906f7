"""How the published destination describes itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Description:
    """The destination as its own definition describes it, and the versions it runs on."""

    versions: Mapping[str, str]
    tz: str
    hosts: Mapping[str, str]
    settings: tuple[Json, ...]
    actions: tuple[Json, ...]
    presets: tuple[Json, ...]

    @classmethod
    def from_json(cls, said: Json) -> Self:
        lists = {name: tuple(said[name]) for name in ("settings", "actions", "presets")}
        return cls(versions=said["versions"], tz=said["tz"], hosts=said["hosts"], **lists)
