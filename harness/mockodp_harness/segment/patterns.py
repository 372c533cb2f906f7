"""Regular expressions that are compiled for the first text they meet: few events need more than some of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import AnyStr


def pattern(written: AnyStr, flags: int = 0) -> Callable[[], re.Pattern[AnyStr]]:
    """A function that gives the expression *written*; at import all of them would take a tenth of the engine's time."""
    return cache(lambda: re.compile(written, flags))
