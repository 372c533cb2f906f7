"""Three ways to run an integration, behind one protocol: `driver` gives one by name."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Final, cast

from mockodp_harness.drivers.driver import LIMIT, Driver, Instance, Options
from mockodp_harness.drivers.errors import DriverError, ServerMissing, ServerRefused, UnknownDriver
from mockodp_harness.drivers.trace import Answer, EventTrace, Failure, Outcome, Outgoing, SubscriptionTrace, Trace

NAMES: Final = ("python", "node", "serve")


def driver(
    name: str,
    *,
    base_urls: Mapping[str, str] | None = None,
    ca: str | Path | None = None,
    zone: str = "UTC",
    server: str = "http://127.0.0.1:3000",
) -> Driver:
    """The driver called *name*: ``python``, ``node`` or ``serve``; the rest as in `Options`, regions in any case."""
    if name not in NAMES:
        raise UnknownDriver(f"{name!r} is no driver. Known: {', '.join(NAMES)}.")
    options = Options(
        base_urls={region.upper(): url for region, url in (base_urls or {}).items()},
        ca=None if ca is None else str(ca),
        zone=zone,
        server=server,
    )
    # Here, so that running one driver does not load the others.
    return cast("Driver", import_module(f"mockodp_harness.drivers.{name}").started(options))


__all__ = [
    "LIMIT",
    "NAMES",
    "Answer",
    "Driver",
    "DriverError",
    "EventTrace",
    "Failure",
    "Instance",
    "Options",
    "Outcome",
    "Outgoing",
    "ServerMissing",
    "ServerRefused",
    "SubscriptionTrace",
    "Trace",
    "UnknownDriver",
    "driver",
]
