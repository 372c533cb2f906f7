"""
A destination's definition as data: its settings, regions, actions with their fields, and presets.

Knows how the tables are read, not what they say; nothing here maps, validates or sends an event.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final, Self

from mockodp_contracts.evidence import Label

OPTIMIZELY_DATA_PLATFORM: Final = "actions-optimizely-data-platform"

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """The published package that a definition describes."""

    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A value of the setting ``region``, and the URL that the paths of the actions are below."""

    name: str
    base_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """A member that an object field declares."""

    name: str
    label: str
    type: str
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A subscription ready to use; the members of *mapping* are in the package's order, which the payload keeps."""

    name: str
    action: str
    trigger: str
    type: str
    mapping: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
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


def destination(slug: str = OPTIMIZELY_DATA_PLATFORM) -> Destination:
    """The definition of the destination with this slug, read anew each time: its mappings belong to the caller."""
    folder = files("mockodp_contracts").joinpath("destinations")
    tables = [json.loads(file.read_text("utf-8")) for file in folder.iterdir() if file.name.endswith(".json")]
    known = {said["slug"]: said for said in tables}
    if slug not in known:
        raise LookupError(f"There is no destination {slug!r}. Known: {', '.join(sorted(known))}.")
    return Destination.from_json(known[slug])


def _action(said: Json) -> Action:
    return Action(**{**said, "fields": tuple(_field(each) for each in said["fields"])})


def _field(said: Json) -> Field:
    return Field(**{**said, "properties": tuple(Property(**each) for each in said["properties"])})
