"""
How sure we are of a fact about ODP. Knows nothing of the facts themselves.

Public sources do not say what every answer of ODP looks like, so each rule carries the grade of its source.
"""

from __future__ import annotations

from enum import StrEnum


class Evidence(StrEnum):
    """The grade of a fact's source, best first."""

    DOCS = "docs"
    """The vendor's documentation or published OpenAPI says so."""

    CLIENT = "client"
    """The source or the tests of an official client say so."""

    OBSERVED = "observed"
    """Seen when the real client ran against a local recorder, or reported from the live service."""

    INFERRED = "inferred"
    """Concluded from other facts; the rule says from which."""

    UNKNOWN = "unknown"
    """No source says; the mock has a stated default and a switch."""
