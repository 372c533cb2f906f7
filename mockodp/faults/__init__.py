"""Faults: how the mock misbehaves on purpose. Which requests, what befalls them, how often and until when."""

from mockodp.faults.clock import Clocks
from mockodp.faults.model import EVERY_ACCOUNT, Effect, Fault, Wire
from mockodp.faults.plan import Armed, FaultPlan, Occasion, Strike
from mockodp.faults.presets import PRESETS
from mockodp.faults.reading import duration_us, read_fault

__all__ = [
    "EVERY_ACCOUNT",
    "PRESETS",
    "Armed",
    "Clocks",
    "Effect",
    "Fault",
    "FaultPlan",
    "Occasion",
    "Strike",
    "Wire",
    "duration_us",
    "read_fault",
]
