"""What faults did, in words that server, client and command line share; knows nothing of how they work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def did_nothing(fault: Mapping[str, Any]) -> str:
    """What an idle fault met, as it is listed, and what stood in its way."""
    blocked = fault.get("blocked", 0)
    behind = f"behind {fault['behind']}, which struck {_requests(blocked)} before it" if blocked else ""
    if not fault["met"]:
        return f"never met a request: it stands {behind}" if behind else "never met a request"
    met = f"met {_requests(fault['met'])} and fell on none of them"
    return f"{met}; it stands {behind}" if behind else met


def what_went_out(status: int, faults: Iterable[Mapping[str, Any]]) -> str:
    """Behind a true status what went out: ``→503``, ``→-`` if nothing, ``*`` if it came, but not as it was."""
    struck = [fault["answered"] for fault in faults if fault.get("id")]
    if not struck:
        return ""
    return "*" if struck[-1] == status else f"→{struck[-1] or '-'}"


def _requests(number: int) -> str:
    return f"{number} request{'' if number == 1 else 's'}"
