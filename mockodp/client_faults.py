"""The clock of an account in the Python client; how the client writes times, and says that a fault proved nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from mockodp.fault_words import did_nothing


class Clock:
    """
    The clock of one account: real time until it is frozen, set or advanced. Each call gives the time it shows then.

    A duration is a number of milliseconds, text such as ``"4h"``, or a timedelta.
    """

    def __init__(self, call: Callable[..., Any], account: str) -> None:
        self._call = call
        self.account = account

    def now(self) -> datetime:
        """What it shows."""
        return _time_of(self.shown())

    def shown(self) -> dict[str, Any]:
        """What it shows, and whether it is frozen or real: ``{"account", "now", "frozen", "real"}``."""
        shown: dict[str, Any] = self._call("GET", "/_mock/clock", params={"account": self.account})
        return shown

    def freeze(self, at: datetime | str | None = None) -> datetime:
        """Let time stand still, now or at that time."""
        return self._told(freeze=True, set=at)

    def thaw(self) -> datetime:
        """Let time go on from where it stands."""
        return self._told(freeze=False)

    def set(self, to: datetime | str) -> datetime:
        """Make it that time; a clock that stands still goes on standing."""
        return self._told(set=to)

    def advance(self, by: timedelta | str | float) -> datetime:
        """Let so long pass at once."""
        return self._told(advance=by)

    def reset(self) -> datetime:
        """Real time again."""
        return self._told(reset=True)

    def _told(self, **wanted: Any) -> datetime:
        told = {name: value for name, value in wanted.items() if value is not None}
        return _time_of(self._call("POST", "/_mock/clock", json={"account": self.account, **timed(told)}))


def _time_of(shown: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(shown["now"])


def timed(value: Any) -> Any:
    """*value* with its durations in milliseconds and its times as text, as JSON has them."""
    if isinstance(value, Mapping):
        return {name: timed(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [timed(member) for member in value]
    if isinstance(value, timedelta):
        return value / timedelta(milliseconds=1)
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def unproved(fault: Mapping[str, Any], *, was_there: bool) -> str:
    """Why a fault proves nothing, in words."""
    named = f"The fault {fault['id']} ({fault['name']}) of account {fault['account']!r}"
    if not was_there:
        return f"{named} was taken away by somebody else, so nobody knows whether it met a request."
    return f"{named} {did_nothing(fault)}: {fault['does']}."
