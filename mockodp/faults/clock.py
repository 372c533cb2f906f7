"""
The clock of each account: real time until somebody freezes, sets or advances it. Microseconds since 1970.

It drives time stamps, rates and the expiry of faults, so that four hours pass in no time. It does not wait: what a
client has to sit through is real.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class _Setting:
    """A clock that is *offset_us* ahead of real time, or stands at *frozen_us*."""

    offset_us: int = 0
    frozen_us: int | None = None


class Clocks:
    """The clocks of all accounts; one that nobody touched is real time."""

    def __init__(self, real_us: Callable[[], int] = lambda: time.time_ns() // 1000) -> None:
        self._real_us = real_us
        self._set: dict[str, _Setting] = {}

    def now_us(self, account: str, real_us: int | None = None) -> int:
        """The time in *account*, where real time is *real_us* or now."""
        real = self._real_us() if real_us is None else real_us
        setting = self._set.get(account)
        if setting is None:
            return real
        return real + setting.offset_us if setting.frozen_us is None else setting.frozen_us

    def is_frozen(self, account: str) -> bool:
        setting = self._set.get(account)
        return setting is not None and setting.frozen_us is not None

    def is_real(self, account: str) -> bool:
        return account not in self._set

    def moved(self) -> dict[str, int]:
        """The time in each account where it is not real."""
        return {account: self.now_us(account) for account in self._set}

    def set(self, account: str, now_us: int) -> None:
        """Make it *now_us* in *account*; a clock that stood goes on standing."""
        setting = self._set.setdefault(account, _Setting())
        if setting.frozen_us is None:
            setting.offset_us = now_us - self._real_us()
        else:
            setting.frozen_us = now_us

    def advance(self, account: str, by_us: int) -> None:
        """Let *by_us* pass in *account* at once."""
        self.set(account, self.now_us(account) + by_us)

    def freeze(self, account: str) -> None:
        """Let time stand still in *account*."""
        self._set.setdefault(account, _Setting()).frozen_us = self.now_us(account)

    def thaw(self, account: str) -> None:
        """Let time go on in *account* from where it stands."""
        setting = self._set.get(account)
        if setting is not None and setting.frozen_us is not None:
            setting.offset_us, setting.frozen_us = setting.frozen_us - self._real_us(), None

    def reset(self, account: str) -> None:
        """Real time again."""
        self._set.pop(account, None)

    def reset_all(self) -> None:
        """Real time everywhere."""
        self._set.clear()
