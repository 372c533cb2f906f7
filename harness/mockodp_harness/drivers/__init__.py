"""Three ways to run an integration, behind one protocol: `driver` gives one by name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Final, cast

from mockodp_harness.drivers.calls import guarded
from mockodp_harness.drivers.driver import LIMIT, Driver, Instance, Options
from mockodp_harness.drivers.errors import (
    CallRefused,
    DriverClosed,
    DriverError,
    OptionRefused,
    ServerMissing,
    ServerRefused,
    UnknownDriver,
)
from mockodp_harness.drivers.options import base_urls_of, checked
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
    """
    The driver called *name*: ``python``, ``node`` or ``serve``; the rest as in `Options`, regions in any case.

    Without *base_urls* they are those that the environment names (``MOCKODP_BASE_URL_US`` and its like), as
    `mockodp exec` sets it; with ``{}`` there are none.
    `OptionRefused` if any of it is unfit, whichever driver it is for.
    """
    if name not in NAMES:
        raise UnknownDriver(f"{name!r} is no driver. Known: {', '.join(NAMES)}.")
    given = base_urls_of(os.environ) if base_urls is None else base_urls
    options = checked(Options(base_urls=given, ca=None if ca is None else str(ca), zone=zone, server=server))
    # Here, so that running one driver does not load the others.
    return guarded(cast("Driver", import_module(f"mockodp_harness.drivers.{name}").started(options)))


__all__ = [
    "LIMIT",
    "NAMES",
    "Answer",
    "CallRefused",
    "Driver",
    "DriverClosed",
    "DriverError",
    "EventTrace",
    "Failure",
    "Instance",
    "OptionRefused",
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
