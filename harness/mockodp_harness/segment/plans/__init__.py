"""
Plans: one function from a raw event to the item that is sent for it, source code generated once for a subscription.

A plan judges the trigger, reads paths, coerces what is usual and builds the item in one go, without a payload in
between. It decides nothing that is not plain: whatever needs thought, above all what has to be refused, it hands back
as `ODD`, for the mapping and the validation to judge.
"""

from mockodp_harness.segment.plans.planning import planned
from mockodp_harness.segment.plans.source import ODD, Plan

__all__ = ["ODD", "Plan", "planned"]
