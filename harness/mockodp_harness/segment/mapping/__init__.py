"""Mappings: the directives that make an action's payload from an event."""

from mockodp_harness.segment.mapping.compiling import Compiled, compiled
from mockodp_harness.segment.mapping.directives.objects import flatten
from mockodp_harness.segment.mapping.errors import AggregateError, LiquidError, MappingError, ValidationError
from mockodp_harness.segment.mapping.keys import keys
from mockodp_harness.segment.mapping.paths import get
from mockodp_harness.segment.mapping.placeholders import render
from mockodp_harness.segment.mapping.static_check import validate
from mockodp_harness.segment.mapping.transform import transform, transform_batch

__all__ = [
    "AggregateError",
    "Compiled",
    "LiquidError",
    "MappingError",
    "ValidationError",
    "compiled",
    "flatten",
    "get",
    "keys",
    "render",
    "transform",
    "transform_batch",
    "validate",
]
