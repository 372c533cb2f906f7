"""A lock on a file, for what only one process may use at a time. The file names its owner."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import TextIO

from mockodp.errors import SettingsError


def claimed(file: Path, what: str, remedy: str = "") -> TextIO:
    """A lock held while the answer is open; `SettingsError` names *what* is in use, by whom, and the *remedy*."""
    file.parent.mkdir(parents=True, exist_ok=True)
    claim = file.open("a+")
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        claim.seek(0)
        owner = claim.read().strip() or "unknown"
        claim.close()
        raise SettingsError(f"{what} is in use by another mock (process {owner}).{remedy}") from None
    claim.truncate(0)
    claim.write(str(os.getpid()))
    claim.flush()
    return claim
