"""
A call in its shares, one for each subscription: how they run, and what they come to together.

Nothing here knows of settings or of the wire.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from mockodp_harness.drivers.steps import failure, told
from mockodp_harness.drivers.wire import CallTimeout, Exchange
from mockodp_harness.segment.destination import UNFIT, Subscription, refused
from mockodp_harness.segment.exchange import CallError
from mockodp_harness.segment.values import CRASHES, Object, crash


@dataclass(slots=True)
class Share:
    """
    What one subscription has of a call.

    *failed* says when it failed, on the monotonic clock; 0 if before it sent anything. *spoils* is an error that its
    results are for the call which puts all results together.
    """

    subscription: Subscription
    walks: list[Object]
    exchanges: list[Exchange] = field(default_factory=list)
    outcome: Object = field(default_factory=dict)
    failed: float = 0.0
    spoils: Object | None = None

    @property
    def sends(self) -> bool:
        return any("payload" in walk for walk in self.walks)

    def run(self, work: Callable[[], Any]) -> None:
        self.outcome = outcome(work)
        self.failed = time.monotonic() if self.exchanges else 0.0

    def leave_blank(self) -> None:
        """For an action that does not exist: a batch has nothing where its events' results should be."""
        if self.subscription.is_of_no_action:
            nodes = [None if walk["matched"] else refused(UNFIT) for walk in self.walks]
            self.spoils = self.outcome.pop("error", None)
            self.outcome = {"results": [{"multistatus": nodes}]} if self.spoils else self.outcome

    def to_json(self, positions: Mapping[int, int]) -> Object:
        requests = [positions[id(exchange)] for exchange in self.exchanges]
        return {**self.outcome, "requests": requests, "events": self.walks}


def together(run: Callable[[Share], None], shares: Sequence[Share]) -> None:
    """Run all *shares*, those that send at the same time, as the framework does."""
    senders = [share for share in shares if share.sends]
    for share in shares:
        if not share.sends:
            run(share)
    if len(senders) == 1:
        run(senders[0])
    elif senders:
        with ThreadPoolExecutor(len(senders)) as pool:
            list(pool.map(run, senders))


def ended(error: Object, shares: Sequence[Share]) -> Object:
    """A call that ended by *error* before its subscriptions had their turn."""
    return {"error": error, "requests": [], "subscriptions": [share.to_json({}) for share in shares]}


def call(shares: Sequence[Share], late: Object) -> Object:
    """
    What a call comes to: all results, or what failed first.

    A share that did not come back outweighs both: then the error is *late*. Requests are in the order of the
    subscriptions, redirected ones after all others.
    """
    hops = [(hop, exchange) for share in shares for hop, exchange in enumerate(share.exchanges)]
    exchanges = [exchange for _, exchange in sorted(hops, key=lambda each: each[0])]
    positions = {id(exchange): position for position, exchange in enumerate(exchanges)}
    requests = [exchange.to_json() for exchange in exchanges]
    subscriptions = [share.to_json(positions) for share in shares]
    return {**_together(shares, late), "requests": requests, "subscriptions": subscriptions}


def outcome(work: Callable[[], Any]) -> Object:
    """The ``results`` or the ``error`` of *work*; nothing if it did not come back."""
    try:
        return told("results", work())
    except CallError as error:
        return {"error": failure(error)}
    except CRASHES as error:
        return {"error": {"name": crash(error).name, "message": crash(error).message}}
    except CallTimeout:
        return {}


def _together(shares: Sequence[Share], late: Object) -> Object:
    if not all(share.outcome for share in shares):
        return {"error": late}
    failed = [share for share in shares if "error" in share.outcome]
    if failed:
        return {"error": min(failed, key=lambda share: share.failed).outcome["error"]}
    spoiled = [share.spoils for share in shares if share.spoils]
    if spoiled:
        return {"error": spoiled[0]}
    return {"results": [result for share in shares for result in share.outcome["results"]]}
