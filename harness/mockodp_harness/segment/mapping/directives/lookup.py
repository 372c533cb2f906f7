"""Directives that read the event: ``@path``, ``@template``, ``@arrayPath``."""

from __future__ import annotations

from typing import Any

from mockodp_harness.segment.mapping.errors import MappingError
from mockodp_harness.segment.mapping.paths import lookup
from mockodp_harness.segment.mapping.placeholders import render
from mockodp_harness.segment.mapping.resolving import directive, kind, resolve, text
from mockodp_harness.segment.values import UNDEFINED


@directive("@path")
def path(argument: Any, event: Any) -> Any:
    """``{"@path": "$.properties.total"}``: the value there, or undefined."""
    return lookup(event, text("@path", argument, event))


@directive("@template")
def template(argument: Any, event: Any) -> str:
    """``{"@template": "{{userId}}-1"}``: the text with values in place of paths; it may come from the event."""
    return render(text("@template", argument, event), event)


@directive("@arrayPath")
def array_path(argument: Any, event: Any) -> Any:
    """``{"@arrayPath": ["$.products", shape]}``: the shape of each item, each item being its own event."""
    first, shape = root_and_shape(argument)
    root = lookup(event, first) if isinstance(first, str) else resolve(first, event)
    if not is_shape(shape) or not isinstance(root, dict | list):
        return root
    return [resolve(shape, item) for item in items(root)]


def root_and_shape(argument: Any) -> tuple[Any, Any]:
    """The two parts of the argument of ``@arrayPath``; either may be missing."""
    if not isinstance(argument, list):
        raise MappingError(f"@arrayPath expected array, got {kind(argument)}")
    first, shape = (argument + [UNDEFINED] * 2)[:2]
    return first, shape


def is_shape(shape: Any) -> bool:
    """Whether items are given that shape: an object without members changes nothing."""
    return isinstance(shape, dict) and bool(shape)


def items(root: Any) -> list[Any]:
    """The items of *root*; a lone object is its only item."""
    return root if isinstance(root, list) else [root]
