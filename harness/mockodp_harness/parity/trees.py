"""
JSON as it is written: a tree whose numbers are their texts, so that ``1e400``, ``-0`` and ``1.0`` survive.

Members keep their order; texts may hold lone surrogates.
"""

from __future__ import annotations

import json
from typing import Any, Final

Tree = Any

_ENCODE: Final = json.encoder.encode_basestring_ascii


class Number(str):
    """The text of a JSON number."""

    __slots__ = ()


def read(text: str | bytes) -> Tree:
    """The tree of a JSON text."""
    return json.loads(text, parse_int=Number, parse_float=Number)


def written(tree: Tree) -> str:
    """The JSON text of *tree*, in ASCII and on one line."""
    if isinstance(tree, Number):
        return str(tree)
    if isinstance(tree, str):
        return _ENCODE(tree)
    if isinstance(tree, dict):
        return "{" + ",".join([f"{_ENCODE(name)}:{written(member)}" for name, member in tree.items()]) + "}"
    if isinstance(tree, list):
        return "[" + ",".join([written(item) for item in tree]) + "]"
    return json.dumps(tree)


def copied(tree: Tree) -> Tree:
    """A copy that shares no container."""
    if isinstance(tree, dict):
        return {name: copied(member) for name, member in tree.items()}
    return [copied(item) for item in tree] if isinstance(tree, list) else tree
