"""What may stand on the wire between Segment and ODP, and how sure we are of it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from mockodp_contracts.catalogue import Catalog, Contract, catalog
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
    from mockodp_contracts.catalogue import catalog  # noqa: PLC0415  as any other public name: see `_MODULES`

    return catalog().judge(contract)(document, now)


_MODULES = {
    "catalogue": ("Catalog", "Contract", "catalog"),
    "errors": ("BrokenContract", "ContractError", "NotJudged", "UnknownContract"),
    "evidence": ("Evidence", "Label"),
    "violation": ("Severity", "Verdict", "Violation"),
}
"""
Where the public names are. Each is loaded when it is first asked for: who only wants the table of the destination, as
the integration engine does, would else wait longer for the contracts than for the table.
"""


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            found = globals()[name] = getattr(import_module(f"{__name__}.{module}"), name)
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


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
