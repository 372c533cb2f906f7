"""What becomes of a mapping's result: its schema, the removal of empty values, and validation with coercion."""

from mockodp_harness.segment.payload.compiling import Checked, compiled
from mockodp_harness.segment.payload.emptiness import remove_empty
from mockodp_harness.segment.payload.mismatch import Mismatch, joined
from mockodp_harness.segment.payload.schema import Schema, schema_of
from mockodp_harness.segment.payload.soundness import SchemaError, check
from mockodp_harness.segment.payload.validation import DYNAMIC_SETTINGS, validate

__all__ = [
    "DYNAMIC_SETTINGS",
    "Checked",
    "Mismatch",
    "Schema",
    "SchemaError",
    "check",
    "compiled",
    "joined",
    "remove_empty",
    "schema_of",
    "validate",
]
