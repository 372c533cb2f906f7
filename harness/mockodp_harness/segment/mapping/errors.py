"""
What a mapping can raise, as a tree. Each error carries the `name` that JavaScript gives it.

* MappingError          resolving failed: Error, TypeError, RangeError
  - ValidationError     the static check found one fault at the root
  - AggregateError      the static check found faults under an object
  - LiquidError         a template cannot be read or rendered: TokenizationError, ParseError, RenderError
"""

from __future__ import annotations

from collections.abc import Sequence

from mockodp_harness.segment.values import Crash, crash


class MappingError(Exception):
    """A mapping, or the data it is given, cannot be resolved."""

    def __init__(self, message: str, *, name: str = "Error") -> None:
        super().__init__(message)
        self.name = name
        self.message = message


def crashed(error: Crash | RecursionError) -> MappingError:
    """What V8 says of values that cannot be converted, and of what is nested too deep."""
    return MappingError(crash(error).message, name=crash(error).name)


class ValidationError(MappingError):
    """One fault of a mapping."""

    def __init__(self, location: Sequence[str], text: str) -> None:
        super().__init__(f"/{'/'.join(location)} {text}.", name="ValidationError")


class AggregateError(MappingError):
    """Several faults of a mapping, in the order of its members."""

    def __init__(self, errors: Sequence[ValidationError]) -> None:
        super().__init__("\n".join(error.message for error in errors), name="AggregateError")
        self.errors = tuple(errors)


class LiquidError(MappingError):
    """A liquid template cannot be read, or cannot be rendered."""
