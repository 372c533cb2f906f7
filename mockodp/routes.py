"""
The emulated surface at a glance: which endpoint answers where, and where we know it from.

Segment's published destination calls exactly these four paths (source of its actions; seen on the wire).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mockodp_contracts import Evidence

from mockodp.errors import MethodNotAllowed, UnknownPath


@dataclass(frozen=True, slots=True)
class Route:
    """One emulated endpoint. *takes_items*: the body is a JSON array of objects; else it has no body to read."""

    path: str
    endpoint: str
    summary: str
    takes_items: bool
    evidence: Evidence
    contract: str | None = None
    """The contract of its body."""
    methods: tuple[str, ...] = ("POST",)


def _batch(endpoint: str, summary: str) -> Route:
    """A batch endpoint; its contract has its name."""
    return Route(f"/twilio_segment/{endpoint}", endpoint, summary, True, Evidence.OBSERVED, f"envelopes/{endpoint}")


ROUTES: Final = (
    Route("/twilio_segment/auth", "auth", "Tests the key; no body.", False, Evidence.OBSERVED),
    _batch("batch_custom_event", "Ecommerce and custom events."),
    _batch("batch_email_event", "Email events."),
    _batch("batch_upsert_contact", "Contacts to create or update."),
)

ROUTE_OF_PATH: Final = {route.path: route for route in ROUTES}
KNOWN_PATHS: Final = tuple(ROUTE_OF_PATH)


def find_route(method: str, path: str) -> Route:
    """The endpoint for *method* and *path*; `UnknownPath` or `MethodNotAllowed` if there is none."""
    route = ROUTE_OF_PATH.get(path)
    if route is None:
        raise UnknownPath(
            f"No endpoint at {path[:200]!r}. Known, also below /us, /eu and /au: {', '.join(KNOWN_PATHS)}.",
            known_paths=list(KNOWN_PATHS),
        )
    if method not in route.methods:
        raise MethodNotAllowed(
            f"{path} takes {', '.join(route.methods)}, not {method[:20]}.", allow=list(route.methods)
        )
    return route
