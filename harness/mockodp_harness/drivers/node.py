"""The driver ``node``: the published destination itself, in a Node process of its own. What it sends is the truth."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

from mockodp_harness.drivers.driver import LIMIT, Instance, Options
from mockodp_harness.drivers.trace import Trace
from mockodp_harness.node.runner import NodeRunner

Json = Mapping[str, Any]


class NodeDriver:
    """The published destination, asked through a `NodeRunner` that ends with this driver."""

    name: Final = "node"

    def __init__(self, runner: NodeRunner) -> None:
        self._runner = runner

    def event(self, event: Json, instance: Instance, *, limit: float = LIMIT) -> Trace:
        """What becomes of one event."""
        settings, subscriptions = instance.settings, instance.subscriptions
        return self._runner.event(event, limit=limit, settings=settings, subscriptions=subscriptions, trace=True)

    def batch(self, events: Sequence[Json], instance: Instance, *, limit: float = LIMIT) -> Trace:
        """What becomes of several events delivered together, as Segment does in production."""
        settings, subscriptions = instance.settings, instance.subscriptions
        return self._runner.batch(events, limit=limit, settings=settings, subscriptions=subscriptions, trace=True)

    def test_authentication(self, settings: Json, *, limit: float = LIMIT) -> Trace:
        """What the integration says when Segment tries the key."""
        return self._runner.test_authentication(settings, limit=limit)

    def close(self) -> None:
        """End the process, after what is in flight."""
        self._runner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def started(options: Options) -> NodeDriver:
    """A Node process as *options* want it; the packages must be installed."""
    env = {**os.environ, "TZ": options.zone}
    if options.ca is not None:
        env["NODE_EXTRA_CA_CERTS"] = options.ca
    return NodeDriver(NodeRunner(hosts=options.base_urls, env=env))
