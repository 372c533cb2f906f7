"""The filters of listings as options, the same as those of the control API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from mockodp.regions import Region
from mockodp.routes import ROUTES

F = TypeVar("F", bound=Callable[..., Any])


class Moment(click.ParamType[str]):
    """A time as ISO 8601; where it names no zone, it is meant as the clock on the wall says."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a time, expected one such as 2026-11-23T10:00 or 2026-11-23T10:00:00Z.")
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


REGION = click.Choice([region.value for region in Region])
ENDPOINT = click.Choice([route.endpoint for route in ROUTES])
_FILTERS = (
    click.option("--account", metavar="NAME", help="Only this account."),
    click.option("--region", type=REGION, help="Only this region."),
    click.option("--endpoint", type=ENDPOINT, help="Only this endpoint."),
    click.option("--type", metavar="TEXT", help="Only items of this event type."),
    click.option("--action", metavar="TEXT", help="Only items of this event action."),
    click.option("--status", type=click.IntRange(100, 599), metavar="NUMBER",
                 help="Only this status, as it would be without faults; what went out is --answered."),
    click.option("--accepted/--refused", default=None, help="Only accepted or only refused requests."),
    click.option("--verdict", type=click.Choice(["pass", "fail"]), help="Only this verdict of the contracts."),
    click.option("--rule", metavar="NAME", help="Only what breaks this rule of the contracts, such as wrong-type."),
    click.option("--fault", metavar="NAME", help="Only what a fault of this name touched."),
    click.option("--answered", metavar="STATUS", help="Only what was answered so, a fault or not: 503, 2xx, none."),
    click.option("--where", multiple=True, metavar="PATH=VALUE",
                 help="Only items with this value at a dotted path or JSON Pointer. May be repeated."),
    click.option("--jsonpath", metavar="PATH", help="Only items in which this JSONPath finds something."),
    click.option("--since", type=Moment(), metavar="TIME", help="Received at this time or later."),
    click.option("--until", type=Moment(), metavar="TIME", help="Received before this time."),
    click.option("--limit", type=click.IntRange(1), metavar="NUMBER", help="Most to show; 100 in a table and as JSON."),
    click.option("--newest/--oldest", default=None, help="Which come first; the newest in a table and as JSON."),
)  # fmt: skip


def filters(command: F) -> F:
    """Give *command* the options that narrow a listing."""
    for option in reversed(_FILTERS):
        command = option(command)
    return command
