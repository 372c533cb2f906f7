"""
What happened to a facet, in a small set of names, and what was asked and is asked in words.

A name is made of what was changed and of the direction in which payloads show it: *tightened* where a payload that was
taken is refused, *loosened* where one that was refused is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mockodp_contracts.catalogue import Direction
from mockodp_contracts.changes.facets import Change, Facet, Key
from mockodp_contracts.violation import Severity, shortened

TIGHTENED: Final = "tightened"
LOOSENED: Final = "loosened"

RULES_OF_CHANGE: Final = {
    "contract-removed": "A contract is gone.",
    "contract-added": "A contract is new.",
    "direction-changed": "Other parties write or read it than before.",
    "member-now-required": "A member that could be left out must be there.",
    "member-no-longer-required": "A member that was always there may be left out.",
    "member-no-longer-allowed": "A member is refused that was not.",
    "member-now-allowed": "A member is taken that was refused.",
    "type-narrowed": "A type of value is refused that was not.",
    "type-widened": "A type of value is taken that was refused.",
    "value-removed": "A value is refused that was among the known ones.",
    "value-added": "A value is among the known ones that was refused.",
    "limit-tightened": "A length, a number of members or items, or a range is smaller.",
    "limit-loosened": "A length, a number of members or items, or a range is larger.",
    "pattern-tightened": "A text or a name of a member is refused for its form.",
    "pattern-loosened": "A text or a name of a member is taken that was refused for its form.",
    "form-tightened": "What is asked in another way (anyOf, not, contains, another contract) refuses more.",
    "form-loosened": "What is asked in another way (anyOf, not, contains, another contract) takes more.",
    "rule-added": "A rule beyond shape is new for a contract.",
    "rule-removed": "A rule beyond shape is gone for a contract.",
    "rule-tightened": "A rule beyond shape refuses more.",
    "rule-loosened": "A rule beyond shape takes more.",
    "rule-raised": "A rule beyond shape is more severe.",
    "rule-lowered": "A rule beyond shape is less severe.",
    "rule-changed": "A rule beyond shape that only advises is another one.",
    "version-not-major": "A contract breaks, and its major version is the same.",
    "version-not-bumped": "What a contract asks for changed, and its version is the same or lower.",
    "change-not-shown": "Something changed that no payload shows.",
    "unexplained": "A payload is judged differently, and no change was found that says why.",
}
"""What a finding may be called, and what it means."""

_LIMITS: Final = (
    "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minimum", "maximum",
    "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "uniqueItems", "minContains", "maxContains",
)  # fmt: skip
_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "required": ("member-now-required", "member-no-longer-required"),
    "additionalProperties": ("member-no-longer-allowed", "member-now-allowed"),
    "properties": ("member-no-longer-allowed", "member-now-allowed"),
    "type": ("type-narrowed", "type-widened"),
    "const": ("value-removed", "value-added"),
    "enum": ("value-removed", "value-added"),
    "pattern": ("pattern-tightened", "pattern-loosened"),
    "propertyNames": ("pattern-tightened", "pattern-loosened"),
    **dict.fromkeys(_LIMITS, ("limit-tightened", "limit-loosened")),
}
_WORDS: Final = frozenset(
    {"format", "contentEncoding", "contentMediaType", "contentSchema", "$defs", "$anchor", "$dynamicAnchor"}
)
"""Keywords that refuse nothing."""

_ORDER: Final = list(Severity)
_ABSENT: Final = {"required": "optional", "additionalProperties": "not limited", "properties": "not forbidden"}


def name(key: Key, change: Change | None, direction: str) -> str:
    """What a change is called that was seen in that direction."""
    if change is None:
        return "unexplained"
    if key.keyword == "rule":
        return _name_of_rule(change, direction)
    return _NAMES.get(key.keyword, ("form-tightened", "form-loosened"))[direction == LOOSENED]


def _name_of_rule(change: Change, direction: str) -> str:
    if not change.gone or not change.come:
        return "rule-removed" if change.gone else "rule-added"
    if change.gone[0].value["severity"] != change.come[0].value["severity"]:
        return "rule-raised" if direction == TIGHTENED else "rule-lowered"
    return f"rule-{direction}"


def only_advises(change: Change) -> bool:
    """Whether it is a rule that refuses nothing on either side."""
    return all(facet.key.keyword == "rule" and facet.value["severity"] != Severity.ERROR for facet in change.all)


def advice(change: Change) -> str:
    """What a change of a rule is called that refuses nothing on either side."""
    if not change.gone or not change.come:
        return _name_of_rule(change, "")
    was, now = (_ORDER.index(Severity(facet.value["severity"])) for facet in (change.gone[0], change.come[0]))
    return "rule-changed" if was == now else "rule-raised" if now < was else "rule-lowered"


def may_break(change: Change, direction: Direction) -> bool:
    """Whether a change that no payload shows may be a break: where it asks for something, unless nobody minds more."""
    asking = any(_asks(facet) for facet in change.all)
    return asking and (direction in ("request", "event") or any(_asks(facet) for facet in change.gone))


def _asks(facet: Facet) -> bool:
    """Whether *facet* can refuse anything."""
    keyword, value = facet.key.keyword, facet.value
    if keyword in ("minLength", "minItems", "minProperties"):
        return bool(value != 0)
    return keyword not in _WORDS and not (keyword == "uniqueItems" and value is False)


def names_a_member(change: Change | None) -> bool:
    """Whether a member or an item is named or forbidden on one side only."""
    return change is not None and any(facet.names_a_member or _forbids(facet.key) for facet in change.all)


def _forbids(key: Key) -> bool:
    return key.keyword == "properties" or (key.keyword == "false" and key.place.endswith("/*"))


def is_within(key: Key, member: Key) -> bool:
    """Whether *key* is about what is asked of *member*, which is there on one side only."""
    return key.contract == member.contract and f"{key.place}/".startswith(f"{member.place}/")


def told(key: Key, change: Change | None) -> tuple[str, str]:
    """What was asked and what is, in words."""
    if change is None:
        return ("not known", "not known")
    absent = (
        "not allowed" if any(facet.names_a_member for facet in change.all) else _ABSENT.get(key.keyword, "not asked")
    )
    return _in_words(change.gone) or absent, _in_words(change.come) or absent


def _in_words(some: tuple[Facet, ...]) -> str:
    return "; ".join(" ".join((_word(facet), *facet.conditions)) for facet in some)


def _word(facet: Facet) -> str:
    keyword, value = facet.key.keyword, facet.value
    if keyword == "required":
        return "required"
    if facet.names_a_member:
        return "allowed"
    if keyword == "additionalProperties":
        return "no others" if value is False else "others of a form"
    if value is False:
        return "forbidden"
    if keyword == "rule":
        return f"{value['severity']}: {shortened(value.get('schema', value.get('check')))}"
    if keyword in ("type", "enum"):
        return " or ".join(shortened(each).strip('"' * (keyword == "type")) for each in value)
    return f"{keyword} {shortened(value)}"
