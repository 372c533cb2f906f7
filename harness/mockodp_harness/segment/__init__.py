"""
Segment's Actions framework, in general: triggers, mappings, validation, entry points. Knows no destination.

Values are named tuples here, not frozen dataclasses: each of those takes four times as long to define at import.
"""
