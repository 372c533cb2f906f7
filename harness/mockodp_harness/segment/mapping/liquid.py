"""
The one door to Liquid: ``@liquid`` templates rendered with the event as their root scope.

Segment renders them with LiquidJS, we with python-liquid, which is loaded when the first template is rendered. What
remains different is listed in `DIFFERENCES`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from mockodp_harness.segment.mapping.errors import MappingError
from mockodp_harness.segment.values import from_units, length

if TYPE_CHECKING:
    from mockodp_harness.segment.mapping.liquid_environment import Template

LONGEST: Final = 1000

DISABLED_TAGS: Final = ("case", "for", "include", "layout", "render", "tablerow")
DISABLED_FILTERS: Final = (
    *("array_to_sentence_string", "concat", "find", "find_exp", "find_index", "find_index_exp", "group_by"),
    *("group_by_exp", "has", "has_exp", "map", "newline_to_br", "reject", "reject_exp", "reverse", "sort"),
    *("sort_natural", "type", "uniq", "where_exp"),
)

DIFFERENCES: Final = (
    "Messages of templates that cannot be read or rendered are worded by python-liquid, except for disabled tags, "
    "disabled filters, filters without a colon and templates that are too long; their place is that of the statement. "
    "Where arguments of a tag are wrong, names of errors may differ, or the tag is refused here alone.",
    "Segment stops a template after 500 ms and at a limit of memory of its own count; here a template is stopped when "
    "what it makes, a filter or a range has more than a million characters or items.",
    "Blocks may be nested 30 deep.",
    "Backslash escapes in text literals are not interpreted.",
    "Values of the tag cycle are written as python-liquid writes them.",
    "Dates are in UTC, and only numbers, ISO 8601 texts, 'now' and 'today' are read as dates; week numbers (%U, %W) "
    "and flags of directives other than '-' are not supported.",
    "The filters cgi_escape, uri_escape, slugify, normalize_whitespace, number_of_words, date_to_string, "
    "date_to_long_string, date_to_rfc822 and date_to_xmlschema are unknown and leave the value unchanged.",
    "Conditions that mix 'and' with 'or' may be grouped differently.",
    "Names may start with a digit or a hyphen only where python-liquid allows it.",
)


def render(template: str, event: Any) -> str:
    """*template* with the values of *event*; MappingError or LiquidError if it cannot be rendered."""
    if length(template) > LONGEST:
        raise MappingError(f"liquid template values are limited to {LONGEST} characters")
    if not template:
        return ""
    return from_units(_parsed(template).rendered(event))


@lru_cache(maxsize=512)
def _parsed(template: str) -> Template:
    from mockodp_harness.segment.mapping.liquid_environment import Template  # noqa: PLC0415  costs 0.2 s

    return Template(template)
