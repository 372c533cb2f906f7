"""
What can go wrong around an integration, as a tree.

* DriverError
  - UnknownDriver          there is no driver of that name
  - ServerMissing          no local server of Segment answers where the driver was told to look
  - ServerRefused          Segment's local server would not take a call, or answered as it never does
  - NodeDriverError        see `mockodp_harness.node.errors`

What the integration itself refuses or fails at is not here: that is a verdict, in the `Trace`.
"""


class DriverError(Exception):
    """A driver cannot do its work here."""

    exit_code = 3


class UnknownDriver(DriverError, ValueError):
    """There is no driver of that name."""

    exit_code = 2


class ServerMissing(DriverError):
    """No local server of Segment answers where the driver was told to look."""


class ServerRefused(DriverError):
    """Segment's local server would not take a call, or answered as it never does."""
