"""
What can go wrong with contracts themselves; a payload that breaks one is no error but a `Verdict`.

* ContractError
  - UnknownContract      no contract has that name
  - BrokenContract       a contract file is not what it should be
  - NotJudged            a document cannot be judged at all
"""

from __future__ import annotations


class ContractError(Exception):
    """Something is wrong with a contract, not with a payload."""


class UnknownContract(ContractError):
    """No contract has that name."""


class BrokenContract(ContractError):
    """A contract file is not what it should be."""


class NotJudged(ContractError):
    """A document cannot be judged at all: it is no JSON, or nested too deep."""
