"""
How sure we are of a fact about ODP. Knows nothing of the facts themselves.

Public sources do not say what every answer of ODP looks like, so each rule carries the grade of its source.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple, Self


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


class Label(NamedTuple):
    """Where a rule comes from: the grade, the source in words, and the day it was last looked at (ISO 8601)."""

    grade: Evidence
    source: str
    checked: str

    @classmethod
    def from_json(cls, said: Any) -> Self:
        """`KeyError` or `ValueError` if a part is missing, the grade is none or *said* is no object."""
        if not isinstance(said, Mapping):
            raise ValueError(f"evidence is {type(said).__name__}, expected an object")
        return cls(Evidence(said["grade"]), said["source"], said["checked"])
