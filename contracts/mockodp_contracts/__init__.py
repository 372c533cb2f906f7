"""What may stand on the wire between Segment and ODP, and how sure we are of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mockodp_contracts.catalog import Catalog, Contract, catalog
from mockodp_contracts.errors import BrokenContract, ContractError, NotJudged, UnknownContract
from mockodp_contracts.evidence import Evidence, Label
from mockodp_contracts.violation import Severity, Verdict, Violation


def judge(document: Any, contract: str, now: datetime | None = None) -> Verdict:
    """
    The verdict of the contract of that name (``email_event``, ``envelopes/batch_email_event``) on decoded JSON.

    All violations at once. *now* is the time of arrival, with a zone; without it no rule about time is asked.
    `UnknownContract` if there is no such contract, `NotJudged` if the document is not JSON or nested deeper than 254
    levels.
    """
    return catalog().judge(contract)(document, now)


__all__ = [
    "BrokenContract",
    "Catalog",
    "Contract",
    "ContractError",
    "Evidence",
    "Label",
    "NotJudged",
    "Severity",
    "UnknownContract",
    "Verdict",
    "Violation",
    "catalog",
    "judge",
]
