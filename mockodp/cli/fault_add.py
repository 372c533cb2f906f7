"""``mockodp fault add``: a fault from options, or faults from a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import click
import orjson

from mockodp.cli.connection import connected
from mockodp.cli.filters import ENDPOINT, REGION
from mockodp.cli.output import print_json, printable
from mockodp.errors import ControlError, QueryError, SettingsError
from mockodp.faults.files import faults_in
from mockodp.faults.model import Wire

if TYPE_CHECKING:
    from mockodp.client import Client

_OF_EFFECT: Final = ("status", "retry_after", "location", "body", "delay", "wire", "wire_for")
_OF_MATCH: Final = ("region", "endpoint", "nth", "every", "probability", "seed")
_OF_END: Final = {"times": "requests", "expires": "after"}
_OF_ITEM: Final = ("type", "action", "contract")


@click.command(short_help="Arm a fault.")
@click.argument("account", required=False)
@click.option("--preset", metavar="NAME", help="A ready fault: see 'mockodp fault presets'.")
@click.option("--status", type=click.IntRange(200, 599), metavar="NUMBER", help="Answer this status.")
@click.option("--retry-after", type=click.IntRange(0), metavar="SECONDS", help="With --status: the header Retry-After.")
@click.option("--location", metavar="URL", help="With a redirect: where it leads.")
@click.option("--body", metavar="JSON|TEXT", help="With --status: the body answered.")
@click.option("--delay", metavar="TIME", help="Hold the answer back: 200ms, or 1s..3s to draw it for each request.")
@click.option(
    "--wire",
    type=click.Choice([each.value for each in Wire]),
    metavar="KIND",
    help=f"What befalls the bytes: {', '.join(Wire)}.",
)
@click.option("--wire-for", metavar="TIME", help="How long it stalls, or waits between two bytes.")
@click.option("--effect", metavar="JSON", help="All members of an effect; the options above replace its own.")
@click.option("--region", type=REGION, help="Only requests that come here.")
@click.option("--endpoint", type=ENDPOINT, help="Only requests that come here.")
@click.option(
    "--match",
    multiple=True,
    metavar="PATH=VALUE",
    help="Only requests with an item with this value (JSON or text) at a dotted path or JSON Pointer. May be repeated.",
)
@click.option("--type", metavar="TEXT", help="Only requests with an item of this event type.")
@click.option("--action", metavar="TEXT", help="Only requests with an item of this event action.")
@click.option("--contract", metavar="ID", help="Only requests with an item that passes this contract.")
@click.option(
    "--nth",
    type=click.IntRange(1),
    multiple=True,
    metavar="NUMBER",
    help="Only the request of this number among these, from 1. May be repeated.",
)
@click.option(
    "--every", type=click.IntRange(1), metavar="NUMBER", help="Only every second (2), third (3) … of these requests."
)
@click.option(
    "--probability", type=float, metavar="P", help="How likely each of these requests is met: over 0, at most 1."
)
@click.option("--seed", type=int, metavar="NUMBER", help="What is drawn from: the same seed draws the same.")
@click.option("--budget", metavar="N/TIME", help="Only requests over this rate, such as 10/1s.")
@click.option("--times", type=click.IntRange(1), metavar="NUMBER", help="Fall on so many requests, then let all be.")
@click.option("--expires", metavar="TIME", help="End after so long on the account's clock, such as 4h.")
@click.option("--name", metavar="TEXT", help="What it is called in records, in the log and in the header.")
@click.option("--file", type=click.File("rb"), help="Arm the faults of this file (- for stdin): TOML or JSON.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@connected
def add(client: Client, account: str | None, file: BinaryIO | None, as_json: bool, **given: Any) -> None:
    """
    Arm a fault for the requests of ACCOUNT; '*' is every account.

    FILE holds [[fault]] tables as TOML, or the same as JSON. Those that name no account are for ACCOUNT. All of them
    are armed, or none.

    A TIME is a number with its unit: ms, s, m, h or d.

    \b
      mockodp fault add shop --preset 429-storm
      mockodp fault add shop --status 503 --times 3
      mockodp fault add shop --wire lost_answer --nth 2 --endpoint batch_custom_event
      mockodp fault add shop --status 207 --effect '{"fail":[0]}' --match data.plan=pro
      mockodp fault add --file faults.toml
    """  # noqa: D301  click wants this character
    told = {name: value for name, value in given.items() if value not in (None, ())}
    armed = _armed_from(client, file, account, told) if file else [client.arm_fault(**_of_options(account, told))]
    if as_json:
        print_json({"faults": armed})
        return
    for each in armed:
        named = f" ({each['name']})" if each["name"] != each["id"] else ""
        whose = "every account" if each["account"] == "*" else each["account"]
        click.echo(printable(f"{each['id']}{named} is armed for {whose}: {each['does']}"))


def _armed_from(client: Client, file: BinaryIO, account: str | None, told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Arm the faults of *file*; options have nothing to say about them."""
    if told:
        option = next(iter(told)).replace("_", "-")
        raise SettingsError(f"--{option} and --file do not go together: write it into the file.")
    name = getattr(file, "name", "<stdin>")
    faults = faults_in(file.read(), name)
    faults = [{"account": account, **one} if account and isinstance(one, dict) else one for one in faults]
    try:
        return client.arm_faults(faults)
    except ControlError as error:
        raise ControlError(f"{name}: {error}", error.status) from error


def _of_options(account: str | None, told: Mapping[str, Any]) -> dict[str, Any]:
    """The fault that the options tell, as the control API takes it."""
    if account is None:
        raise SettingsError("Name the account whose requests are meant ('*' for every account), or give --file.")
    if not told.keys() & {"preset", "effect", *_OF_EFFECT}:
        raise SettingsError("Say what is to happen: --preset, --status, --delay, --wire or --effect.")
    effect = {**_object(told.get("effect", "{}"), "--effect"), **_effect(told)}
    parts = {
        "preset": told.get("preset"),
        "name": told.get("name"),
        "effect": effect,
        "match": _match(told),
        "budget": _budget(told["budget"]) if "budget" in told else None,
        "expires": {name: told[option] for option, name in _OF_END.items() if option in told},
    }
    return {"account": account, **{name: part for name, part in parts.items() if part}}


def _effect(told: Mapping[str, Any]) -> dict[str, Any]:
    read = {"body": _json_or_text, "delay": _delay}
    return {name: read[name](told[name]) if name in read else told[name] for name in _OF_EFFECT if name in told}


def _match(told: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: told[name] for name in _OF_MATCH if name in told}
    item = {name: told[name] for name in _OF_ITEM if name in told}
    partial: dict[str, Any] = {}
    for text in told.get("match", ()):
        _put(partial, text)
    item = {**item, "match": partial} if partial else item
    return {**found, "item": item} if item else found


def _put(partial: dict[str, Any], text: str) -> None:
    """Put the value of ``PATH=VALUE`` into *partial*, the objects on its way as well."""
    path, equals, value = text.partition("=")
    *way, last = path[1:].split("/") if path.startswith("/") else path.split(".")
    if not equals or not all([*way, last]) or any(part.isdecimal() for part in (*way, last)):
        raise SettingsError(
            f"--match is {text!r}, expected PATH=VALUE with names of members, such as data.plan=pro; "
            "for items of arrays write a match.item.schema into a --file."
        )
    if path.startswith("/"):
        *way, last = (part.replace("~1", "/").replace("~0", "~") for part in (*way, last))
    place = partial
    for part in way:
        place = place.setdefault(part, {})
        if not isinstance(place, dict):
            raise SettingsError(f"--match {text!r} goes through {part!r}, which another --match gives a value.")
    if place.setdefault(last, _json_or_text(value)) != _json_or_text(value):
        raise SettingsError(f"--match {text!r} contradicts another --match of the same path.")


def _budget(text: str) -> dict[str, Any]:
    requests, slash, per = text.partition("/")
    if not (requests.isdecimal() and requests.isascii() and slash and per):
        raise SettingsError(f"--budget is {text!r}, expected a number of requests and a time, such as 10/1s.")
    return {"requests": int(requests), "per": per}


def _delay(text: str) -> Any:
    low, dots, high = text.partition("..")
    if dots:
        return {"uniform": [low, high]}
    return _object(text, "--delay") if text.startswith("{") else text


def _json_or_text(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _object(text: str, option: str) -> dict[str, Any]:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise QueryError(f"{option} is not JSON: {error}.") from None
    if not isinstance(document, dict):
        raise QueryError(f"{option} is {text!r}, expected a JSON object.")
    return document
