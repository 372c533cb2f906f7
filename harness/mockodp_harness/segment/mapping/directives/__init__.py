"""The directives, one module a family; importing this package fills the table."""

from mockodp_harness.segment.mapping.directives import choice, lookup, objects, texts

__all__ = ["choice", "lookup", "objects", "texts"]
