"""
A destination's definition as data: its settings, regions, actions with their fields, and presets.

Knows how the tables are read, not what they say; nothing here maps, validates or sends an event.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, Final, NamedTuple, Self

from mockodp_contracts.evidence import Label

OPTIMIZELY_DATA_PLATFORM: Final = "actions-optimizely-data-platform"
_FOLDER: Final = os.path.join(os.path.dirname(__file__), "destinations")  # noqa: PTH118, PTH120  see `_tables`

Json = Mapping[str, Any]


class Package(NamedTuple):
    """The published package that a definition describes."""

    name: str
    version: str


class Setting(NamedTuple):
    """
    What a user enters once for the destination.

    *values* are all it may be, none if it is free; *default* is what Segment's form proposes, and nothing fills it in
    later.
    """

    name: str
    label: str
    type: str
    required: bool
    values: tuple[str, ...]
    default: str | None


class Region(NamedTuple):
    """A value of the setting ``region``, and the URL that the paths of the actions are below."""

    name: str
    base_url: str


class Property(NamedTuple):
    """A member that an object field declares."""

    name: str
    label: str
    type: str
    required: bool


class Field(NamedTuple):
    """
    A member of an action's payload.

    *default* is the directive that Segment's form proposes for it, None if there is none. With *properties*, others
    are deleted; an object without any keeps all.
    """

    name: str
    label: str
    type: str
    required: bool
    multiple: bool
    hidden: bool
    default: Any
    properties: tuple[Property, ...]


class Action(NamedTuple):
    """
    One thing the destination can do; its requests go to *path* below the region's base URL.

    *batch* says whether events delivered together share a request.
    """

    slug: str
    title: str
    path: str
    default_trigger: str | None
    batch: bool
    fields: tuple[Field, ...]


class Preset(NamedTuple):
    """A subscription ready to use; the members of *mapping* are in the package's order, which the payload keeps."""

    name: str
    action: str
    trigger: str
    type: str
    mapping: Json


class Destination(NamedTuple):
    """All that a destination's definition says that decides a request, in the definition's order."""

    name: str
    slug: str
    description: str
    package: Package
    evidence: Label
    settings: tuple[Setting, ...]
    regions: tuple[Region, ...]
    authentication_path: str
    actions: tuple[Action, ...]
    presets: tuple[Preset, ...]

    @classmethod
    def from_json(cls, said: Json) -> Self:
        own = {
            "package": Package(**said["package"]),
            "evidence": Label.from_json(said["evidence"]),
            "settings": tuple(Setting(**{**each, "values": tuple(each["values"])}) for each in said["settings"]),
            "regions": tuple(Region(**each) for each in said["regions"]),
            "actions": tuple(_action(each) for each in said["actions"]),
            "presets": tuple(Preset(**each) for each in said["presets"]),
        }
        return cls(**{**said, **own})

    def shown(self) -> dict[str, Any]:
        """As JSON, the reverse of `from_json`."""
        shown: dict[str, Any] = _shown(self)
        return shown


def destination(slug: str = OPTIMIZELY_DATA_PLATFORM) -> Destination:
    """The definition of the destination with this slug, read anew each time: its mappings belong to the caller."""
    known = {said["slug"]: said for said in _tables()}
    if slug not in known:
        raise LookupError(f"There is no destination {slug!r}. Known: {', '.join(sorted(known))}.")
    return Destination.from_json(known[slug])


def _tables() -> Iterator[Json]:
    """All tables. Not by `pathlib`, since to import that takes longer than to read them."""
    for entry in os.scandir(_FOLDER):
        if entry.name.endswith(".json"):
            with open(entry.path, "rb") as file:  # noqa: PTH123
                yield json.loads(file.read())


def _shown(value: Any) -> Any:
    if isinstance(value, tuple):
        members = getattr(value, "_asdict", None)
        return {name: _shown(member) for name, member in members().items()} if members else list(map(_shown, value))
    return deepcopy(value)


def _action(said: Json) -> Action:
    return Action(**{**said, "fields": tuple(_field(each) for each in said["fields"])})


def _field(said: Json) -> Field:
    return Field(**{**said, "properties": tuple(Property(**each) for each in said["properties"])})
