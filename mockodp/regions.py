"""
The three regions of ODP and where a request for each arrives. Knows nothing of keys or bodies.

A vendor's host name decides; on any other host a path prefix does (``/eu/twilio_segment/…``), and none means US.
Host names: Segment's published destination (function.*), ODP's REST documentation and node SDK (api.*).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Region(StrEnum):
    """One of ODP's data regions; an account's data lives in one."""

    US = "us"
    EU = "eu"
    AU = "au"


FUNCTION_HOSTS: Final = {
    Region.US: "function.zaius.app",
    Region.EU: "function.eu1.ocp.optimizely.com",
    Region.AU: "function.au1.ocp.optimizely.com",
}

API_HOSTS: Final = {
    Region.US: ("api.us1.odp.optimizely.com", "api.zaius.com"),
    Region.EU: ("api.eu1.odp.optimizely.com",),
    Region.AU: ("api.au1.odp.optimizely.com",),
}

REGION_OF_HOST: Final[dict[str, Region]] = {
    **{host: region for region, host in FUNCTION_HOSTS.items()},
    **{host: region for region, hosts in API_HOSTS.items() for host in hosts},
}

VENDOR_HOSTS: Final = tuple(REGION_OF_HOST)


def locate(host: str, path: str) -> tuple[Region, str]:
    """The region a request is for, and its path without the region's prefix."""
    name = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
    at_vendor = REGION_OF_HOST.get(name.lower().rstrip("."))
    if at_vendor is not None:
        return at_vendor, path
    head, _, rest = path[1:].partition("/")
    if head in _PREFIXES:
        return _PREFIXES[head], "/" + rest
    return Region.US, path


_PREFIXES: Final[dict[str, Region]] = {region.value: region for region in Region}
