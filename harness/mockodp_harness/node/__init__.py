"""The published destination itself, run by Node.js: pinned, asked over pipes, its requests recorded."""

from mockodp_harness.drivers.trace import Answer, Failure, Outgoing, Trace
from mockodp_harness.node.description import Description
from mockodp_harness.node.errors import (
    NodeDriverError,
    NodeMissing,
    PackagesMissing,
    RequestNotUnderstood,
    RunnerDied,
    RunnerSilent,
)
from mockodp_harness.node.packages import find, home, install
from mockodp_harness.node.runner import Instance, NodeRunner
from mockodp_harness.node.tls import preload, tls_environment

__all__ = [
    "Answer",
    "Description",
    "Failure",
    "Instance",
    "NodeDriverError",
    "NodeMissing",
    "NodeRunner",
    "Outgoing",
    "PackagesMissing",
    "RequestNotUnderstood",
    "RunnerDied",
    "RunnerSilent",
    "Trace",
    "find",
    "home",
    "install",
    "preload",
    "tls_environment",
]
