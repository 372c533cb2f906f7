"""``mockodp show``: one record or one item with everything that is known of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from mockodp.cli.connection import connected
from mockodp.cli.output import console, print_json, printable
from mockodp.errors import ContractBroken, QueryError
from mockodp.fault_words import what_went_out

if TYPE_CHECKING:
    from rich.console import Console

    from mockodp.client import Client

_ID: Final = re.compile(r"[0-9a-f]{16}(\.[0-9]{1,6})?")
_MOST_TEXT: Final = 4_000
_MOST_VIOLATIONS: Final = 50


@click.command(short_help="Show one record or item in full.")
@click.argument("name", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@connected
def show(client: Client, name: str, as_json: bool) -> None:
    """Show the record or item ID in full: request, items, answer, why it was refused, and how to send it again."""
    if not _ID.fullmatch(name):
        raise QueryError(f"{name!r} is not an id, expected one such as '019a3f0c2b400001' or '019a3f0c2b400001.0'.")
    found = client.item(name) if "." in name else client.record(name)
    if as_json:
        print_json(found)
    elif "." in name:
        _print_item(console(), found)
    else:
        _print_record(console(), found)


def _print_item(out: Console, item: Mapping[str, Any]) -> None:
    _facts(out, f"Item {item['id']}", "", {
        "record": item["record"], "account": item["account"], "region": item["region"],
        "endpoint": item["endpoint"], "received": item["received_at"], "verdict": item["verdict"],
    })  # fmt: skip
    _json(out, item["item"])
    _print_violations(out, item["violations"])


def _print_record(out: Console, record: Mapping[str, Any]) -> None:
    accepted, went_out = record["accepted"], what_went_out(record["status"], record["faults"])
    _facts(out, f"Record {record['id']}", "green" if accepted else "red", {
        "answer": f"{record['status']}{went_out} {'accepted' if accepted else 'refused'}",
        "verdict": _verdict(record), "account": record["account"], "region": record["region"],
        "endpoint": record["endpoint"], "received": f"{record['received_at']}, ready in {record['duration_ms']:g} ms",
    })  # fmt: skip
    if record["refusal"]:
        _print_refusal(out, record["refusal"])
    _print_faults(out, record)
    _heading(out, "Request")
    _line(out, f"{record['method']} {record['path']}")
    for name, value in record["headers"]:
        _line(out, f"{name}: {value}")
    _print_content(out, record)
    _print_violations(out, record["violations"])
    _heading(out, "Answer, had there been no fault" if record["faults"] else "Answer")
    _json(out, record["answer"])
    _heading(out, "Send it again, with a key in $MOCKODP_KEY")
    _line(out, record["curl"], keep="\n")


def _print_refusal(out: Console, refusal: Mapping[str, Any]) -> None:
    _heading(out, "Refused because")
    _line(out, f"{refusal['message']} [{refusal['code']}]")
    for reason in refusal["reasons"] if refusal["code"] != ContractBroken.code else ():  # told by the contract below
        _line(out, "  " + str(reason.get("message") or reason.get("reason") or reason))


def _print_faults(out: Console, record: Mapping[str, Any]) -> None:
    """What touched the request on purpose; the answer above is the one without it."""
    if record["faults"]:
        _heading(out, "Faults")
    for fault in record["faults"]:
        named = f"{fault['name']} ({fault['id']})" if "id" in fault else fault["name"]
        went = f"answered {fault['answered']}" if fault["answered"] is not None else "no answer"
        _line(out, f"{named}: {fault['effect']}" + (f"; {went}" if "id" in fault else ""))


def _verdict(record: Mapping[str, Any]) -> str | None:
    """The verdict with the contract it is from."""
    return f"{record['verdict']} by {record['contract']}" if record["verdict"] else None


def _print_violations(out: Console, violations: Sequence[Mapping[str, Any]]) -> None:
    """Each violation with its hint; the first fifty."""
    if violations:
        _heading(out, "What the contract says")
    for violation in violations[:_MOST_VIOLATIONS]:
        place = violation["pointer"] or "(document)"
        _line(out, f"{violation['severity']:<7} {place}: expected {violation['expected']}, was {violation['came']}"
                   f" [{violation['rule']}, {violation['evidence']}]")  # fmt: skip
        _line(out, f"        {violation['hint']}")
    if len(violations) > _MOST_VIOLATIONS:
        _line(out, f"and {len(violations) - _MOST_VIOLATIONS} more; --json shows all")


def _print_content(out: Console, record: Mapping[str, Any]) -> None:
    """The items one by one; where there are none, the body as it came."""
    for index, item in enumerate(record["items"]):
        _heading(out, f"Item {record['id']}.{index}")
        _json(out, item)
    if record["items"] or not record["size"]:
        return
    text = record["body"].get("text")
    _heading(out, f"Body, {record['size']} bytes" + ("" if text is not None else ", not text"))
    if text is not None:
        _line(out, text[:_MOST_TEXT] + (" …" if len(text) > _MOST_TEXT else ""), keep="\n\t")


def _facts(out: Console, title: str, style: str, facts: Mapping[str, Any]) -> None:
    from rich.text import Text  # noqa: PLC0415  programs need no layout

    out.print(Text(title, f"bold {style}".strip()))
    for name, value in facts.items():
        if value is not None:
            _line(out, f"{name:<9} {value}")


def _heading(out: Console, text: str) -> None:
    from rich.text import Text  # noqa: PLC0415

    out.print()
    out.print(Text(text, "bold"))


def _json(out: Console, value: Any) -> None:
    from rich.json import JSON  # noqa: PLC0415

    shown = JSON(printable(json.dumps(value, indent=2, ensure_ascii=False), keep="\n"))
    out.print(shown, soft_wrap=True)


def _line(out: Console, text: str, *, keep: str = "") -> None:
    from rich.text import Text  # noqa: PLC0415

    out.print(Text(printable(text, keep=keep)), soft_wrap=True)
