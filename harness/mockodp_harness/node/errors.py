"""
What can go wrong around the destination, as a tree.

* NodeDriverError (a DriverError)
  - NodeMissing            no Node.js or no npm here, or one that is too old
  - PackagesMissing        the pinned packages are not installed, or cannot be
  - RunnerDied             the Node process ended while it was needed
  - RunnerSilent           the Node process gave no answer in time
  - RequestNotUnderstood   the runner was asked for what it does not know (a ValueError)

What the destination itself refuses or fails at is not here: that is a verdict, the `error` of a `Trace`.
"""

from mockodp_harness.drivers.errors import DriverError


class NodeDriverError(DriverError):
    """The environment is not ready to run the published destination."""


class NodeMissing(NodeDriverError):
    """Node.js or npm is not here, or too old."""


class PackagesMissing(NodeDriverError):
    """The pinned packages are not installed, or cannot be."""


class RunnerDied(NodeDriverError):
    """The Node process ended while it was needed."""


class RunnerSilent(NodeDriverError):
    """The Node process lives, and gave no answer in time."""


class RequestNotUnderstood(NodeDriverError, ValueError):
    """The runner was asked for what it does not know."""

    exit_code = 2
