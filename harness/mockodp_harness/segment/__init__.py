"""Segment's Actions framework, in general: triggers, mappings, validation, entry points. Knows no destination."""
