"""
Whether our table of the destination says what the real package says: each difference by its place.

``python -m mockodp_harness.upstream`` asks the installed package. Exit code 0 if all is equal, 1 if anything differs,
3 if Node or the packages are missing, 4 if there was nothing to compare.

Not compared, since the runner does not describe them: the destination's own name and slug, and the paths of requests
(a test sends one for each action). Nor what only a form shows, such as descriptions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import click
from mockodp_contracts.destination import Destination, destination

from mockodp_harness.node import Description, NodeDriverError, NodeRunner

Json = Mapping[str, Any]

FOR_THE_EYE: Final = {"description", "defaultObjectUI"}
SHORT: Final = 60  # characters of what only one side has

_ABSENT: Final = object()


class NothingCompared(Exception):
    """The package describes no destination of which anything could be equal."""

    exit_code = 4


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where our table and the package disagree; what each has is JSON, or ``absent``."""

    place: str
    ours: str
    theirs: str

    def __str__(self) -> str:
        return f"{self.place}: ours {self.ours}, theirs {self.theirs}"


def differences(definition: Destination, description: Description) -> list[Difference]:
    """How our *definition* departs from what the real package says of itself; empty means equal."""
    table = definition.shown()
    said = _said(description, package=definition.package.name)
    missing = [name for name, count in _counts(said).items() if not count]
    if missing:
        raise NothingCompared(f"The package describes no {missing[0]}, expected some to compare with ours.")
    return list(_differences((), _comparable(table), _comparable(said)))


def extent(definition: Destination) -> str:
    """How much of *definition* a comparison covers, in words."""
    return ", ".join(f"{count} {name}" for name, count in _counts(definition.shown()).items())


@click.command()
def main() -> None:
    """Compare our table of the destination with the installed package, and say in one line each what differs."""
    definition = destination()
    try:
        with NodeRunner(hosts={}) as runner:
            found = differences(definition, runner.describe())
    except (NodeDriverError, NothingCompared) as error:
        click.echo(f"{type(error).__name__}: {error}", err=True)
        raise SystemExit(error.exit_code) from None
    for difference in found:
        click.echo(difference)
    if found:
        raise SystemExit(1)
    click.echo(f"{extent(definition)} equal to {definition.package.name} {definition.package.version}")


def _counts(table: Json) -> dict[str, int]:
    fields = [field for action in table["actions"] for field in action["fields"]]
    return {
        "actions": len(table["actions"]),
        "fields": len(fields),
        "inner properties": sum(len(field["properties"]) for field in fields),
        "presets": len(table["presets"]),
        "settings": len(table["settings"]),
        "regions": len(table["regions"]),
    }


def _said(description: Description, *, package: str) -> Json:
    """What the package says, in the shape of our table; a member we do not know keeps its name, and will differ."""
    return {
        "package": {"name": package, "version": description.versions.get(package)},
        "settings": [_said_setting(each) for each in description.settings],
        "regions": [{"name": name, "base_url": url} for name, url in description.hosts.items()],
        "actions": [_said_action(each) for each in description.actions],
        "presets": [_said_preset(each) for each in description.presets],
    }


def _said_setting(said: Json) -> Json:
    choices = said.get("choices") or ()
    return {
        **_said_member(said["key"], said),
        "values": [choice["value"] if isinstance(choice, Mapping) else choice for choice in choices],
        "default": said.get("default"),
        **_unknown(said, "key", "label", "type", "required", "choices", "default"),
    }


def _said_action(said: Json) -> Json:
    return {
        "slug": said["slug"],
        "title": said["title"],
        "default_trigger": said["defaultTrigger"],
        "batch": said["batch"],
        "fields": [_said_field(each) for each in said["fields"]],
        **_unknown(said, "slug", "title", "defaultTrigger", "batch", "fields"),
    }


def _said_field(said: Json) -> Json:
    return {
        **_said_member(said["key"], said),
        "multiple": said.get("multiple", False),
        "hidden": said.get("unsafe_hidden", False),
        "default": said.get("default"),
        "properties": [_said_property(name, each) for name, each in (said.get("properties") or {}).items()],
        **_unknown(said, "key", "label", "type", "required", "multiple", "unsafe_hidden", "default", "properties"),
    }


def _said_property(name: str, said: Json) -> Json:
    return {**_said_member(name, said), **_unknown(said, "label", "type", "required")}


def _said_member(name: str, said: Json) -> Json:
    """What settings, fields and properties have in common."""
    return {
        "name": name,
        "label": said.get("label"),
        "type": said.get("type"),
        "required": said.get("required", False),
    }


def _said_preset(said: Json) -> Json:
    return {
        "name": said["name"],
        "action": said["partnerAction"],
        "trigger": said["subscribe"],
        "type": said["type"],
        "mapping": said["mapping"],
        **_unknown(said, "name", "partnerAction", "subscribe", "type", "mapping"),
    }


def _unknown(said: Json, *known: str) -> Json:
    return {name: value for name, value in said.items() if name not in FOR_THE_EYE.union(known)}


def _comparable(table: Json) -> Json:
    """What of a table is compared, each list of named things as a mapping in its order."""
    return {
        "package": table["package"],
        "settings": _by("name", table["settings"]),
        "regions": _by("name", table["regions"]),
        "actions": _by("slug", (_comparable_action(action) for action in table["actions"])),
        "presets": _by("name", table["presets"]),
    }


def _comparable_action(action: Json) -> Json:
    fields = ({**field, "properties": _by("name", field["properties"])} for field in action["fields"])
    return {name: value for name, value in action.items() if name != "path"} | {"fields": _by("name", fields)}


def _by(key: str, rows: Iterable[Json]) -> Json:
    table: dict[str, Json] = {}
    for row in rows:
        name = row[key]
        while name in table:
            name += " (again)"
        table[name] = {member: value for member, value in row.items() if member != key}
    return table


def _differences(place: tuple[str, ...], ours: Any, theirs: Any) -> Iterator[Difference]:
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        for name in {**ours, **theirs}:
            yield from _differences((*place, name), ours.get(name, _ABSENT), theirs.get(name, _ABSENT))
        yield from _order_difference(place, ours, theirs)
    elif isinstance(ours, list | tuple) and isinstance(theirs, list | tuple) and len(ours) == len(theirs):
        for index, pair in enumerate(zip(ours, theirs, strict=True)):
            yield from _differences((*place, str(index)), *pair)
    elif _text(ours) != _text(theirs):  # as JSON: true is not 1, and the order of members counts
        yield Difference(" / ".join(place), *_shown(ours, theirs))


def _order_difference(place: tuple[str, ...], ours: Json, theirs: Json) -> Iterator[Difference]:
    """Members that both have, in another order: from the first that moved to the last."""
    mine, others = [name for name in ours if name in theirs], [name for name in theirs if name in ours]
    moved = [index for index, (one, other) in enumerate(zip(mine, others, strict=True)) if one != other]
    if moved:
        span = slice(moved[0], moved[-1] + 1)
        yield Difference(f"{' / '.join(place)} (order)", ", ".join(mine[span]), ", ".join(others[span]))


def _shown(ours: Any, theirs: Any) -> tuple[str, str]:
    texts = _text(ours), _text(theirs)
    if ours is _ABSENT or theirs is _ABSENT:
        return _shortened(texts[0]), _shortened(texts[1])
    return texts


def _shortened(text: str) -> str:
    return text if len(text) <= SHORT else f"{text[: SHORT - 1]}…"


def _text(value: Any) -> str:
    return "absent" if value is _ABSENT else json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    main(prog_name="python -m mockodp_harness.upstream")
