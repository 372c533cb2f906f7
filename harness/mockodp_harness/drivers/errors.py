"""
What can go wrong around an integration, as a tree.

* DriverError
  - UnknownDriver          there is no driver of that name
  - OptionRefused          a driver cannot start with what it was told
  - CallRefused            what a driver was asked is no call: no event, no settings, no JSON
  - DriverClosed           a driver was asked after its end
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


class OptionRefused(DriverError, ValueError):
    """A driver cannot start with what it was told: a region, URL, time zone or authority."""

    exit_code = 2


class CallRefused(DriverError, ValueError):
    """What a driver was asked is no call: no event, no settings, no list, no JSON."""

    exit_code = 2


class DriverClosed(DriverError):
    """A driver was asked after its end."""


class ServerMissing(DriverError):
    """No local server of Segment answers where the driver was told to look."""


class ServerRefused(DriverError):
    """Segment's local server would not take a call, or answered as it never does."""
