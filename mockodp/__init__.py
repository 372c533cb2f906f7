"""A local Optimizely Data Platform that records and judges what it gets."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockodp.client import Client
    from mockodp.errors import MockODPError, VerificationError
    from mockodp.server import running

__all__ = ["Client", "MockODPError", "VerificationError", "running"]

_HOMES = {
    "Client": "mockodp.client",
    "MockODPError": "mockodp.errors",
    "VerificationError": "mockodp.errors",
    "running": "mockodp.server",
}


def __getattr__(name: str) -> Any:
    """Public names are loaded when first used, so that importing the package costs nothing."""
    from importlib import import_module  # noqa: PLC0415

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
