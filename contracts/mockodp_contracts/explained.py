"""
Findings in sentences: what was expected, what came, what to do. Made when somebody reads, not when a request arrives.

A finding of another version of the contracts may name a rule that is no longer there; it is told as far as it goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from mockodp_contracts.catalogue import RULES, URN, Catalog, Contract, Rule, Schema
from mockodp_contracts.errors import UnknownContract
from mockodp_contracts.evidence import Evidence
from mockodp_contracts.violation import Severity, Violation, found_at, path_of, shortened

if TYPE_CHECKING:
    from mockodp_contracts.judging import Finding

_ORDER: Final = {severity: place for place, severity in enumerate(Severity)}
_MANY: Final = 12
_MOST_COMPARED: Final = 50
_LONGEST_COMPARED: Final = 64

CUT: Final = "…"
"""The end of a pointer that is too long to be kept."""

NOT_LOOKED_AT: Final = "not-looked-at"
"""What breaks a document that is too large to be looked at as a whole; it stands in no contract."""

SHAPE_RULES: Final = {
    "type": "wrong-type",
    "const": "wrong-constant",
    "enum": "unknown-value",
    "required": "missing-member",
    "additionalProperties": "unknown-member",
    "minLength": "too-short",
    "minItems": "too-short",
    "minProperties": "too-short",
    "maxLength": "too-long",
    "maxItems": "too-long",
    "maxProperties": "too-long",
    "minimum": "out-of-range",
    "maximum": "out-of-range",
    "exclusiveMinimum": "out-of-range",
    "pattern": "malformed",
    "uniqueItems": "repeated",
    "contains": "nothing-fits",
    "propertyNames": "bad-name",
    "anyOf": "fits-no-form",
}
"""What breaking a keyword of JSON Schema is called."""

_OF_MAPPING: Final = {
    "wrong-type": "Map the field to a value of that type, or convert it in the mapping.",
    "wrong-constant": "Look at which action and which preset sent this, and at its mapping.",
    "unknown-value": "Look at the mapping of this field.",
    "missing-member": "Map the field to something that the source event has.",
}
"""Hints for a member of a request: a mapping made it."""

_OF_REQUESTS: Final = {
    "unknown-member": "It is not read: leave it out, or send it in a member that is open for it.",
    "too-short": "Send at least that much, or nothing at all.",
    "too-long": "Split it, or send less.",
    "out-of-range": "Look at the value in the source event.",
    "malformed": "Look at the value in the source event.",
    "repeated": "Send each of them once.",
    "nothing-fits": "At least one of the items must be complete.",
    "bad-name": "Rename the member.",
}


def explained(catalog: Catalog, findings: Iterable[Finding], document: Any) -> list[Violation]:
    """
    Every violation that *findings* of *document* stand for; by item, worst first within each.

    What two contracts ask for in the same words, one on top of the other, is told once.
    """
    placed: dict[tuple[str, str, str], tuple[int, int, str, Violation]] = {}
    for finding in findings:
        explain = _explainer(catalog, finding)
        for index in (None,) if finding.items is None else finding.items:
            pointer = finding.pointer if index is None else f"/{index}{finding.pointer}"
            violation = explain(pointer, document)
            entry = (-1 if index is None else index, _ORDER[violation.severity], pointer, violation)
            placed.setdefault((violation.rule, pointer, violation.expected), entry)
    return [entry[-1] for entry in sorted(placed.values(), key=lambda entry: entry[:3])]


def asked(schema: Schema, keyword: str) -> str:
    """What *keyword* of *schema* asks for, in words that go with any document."""
    return _expected(schema, keyword, "")


def rule_at(catalog: Catalog, location: str) -> tuple[str, Severity]:
    """The name of the rule that stands at *location*, and how bad it is to break it; a broken shape is an error."""
    name, keyword_at = _parted(location)
    rule = _beyond_shape(catalog, name)
    if rule is not None:
        return rule.name, rule.severity
    _, keyword = _schema_at(catalog[name].schema, keyword_at)
    return SHAPE_RULES.get(keyword, keyword), Severity.ERROR


def _explainer(catalog: Catalog, finding: Finding) -> Callable[[str, Any], Violation]:
    """A function that tells what breaking the rule of *finding* means at a place."""
    name, keyword_at = _parted(finding.location)
    if finding.rule == NOT_LOOKED_AT:
        return lambda pointer, _: Violation(
            finding.rule, finding.severity, pointer, "a document that can be looked at as a whole", "too large",
            Evidence.UNKNOWN, "Send less at once, or mend what is told, so that less must be looked at.", name,
        )  # fmt: skip
    rule = _beyond_shape(catalog, name)
    if rule is not None:
        return lambda pointer, document: Violation(
            finding.rule, finding.severity, pointer, rule.expected, _came(document, pointer),
            rule.label.grade, rule.hint, name,
        )  # fmt: skip
    try:
        contract = catalog[name]
        schema, keyword = _schema_at(contract.schema, keyword_at)
        grade = contract.label_at(keyword_at).grade
    except (UnknownContract, KeyError, IndexError, ValueError):
        return lambda pointer, document: _forgotten(finding, name, pointer, document)
    return lambda pointer, document: Violation(
        finding.rule, finding.severity, pointer, _expected(schema, keyword, pointer),
        _came(document, pointer), grade,
        _hint(contract, schema, finding.rule, pointer, document), name,
    )  # fmt: skip


def _came(document: Any, pointer: str) -> str:
    return (
        "at a place too long to be kept" if pointer.endswith(CUT) else shortened(found_at(document, pointer), pointer)
    )


def _parted(location: str) -> tuple[str, str]:
    """The name of the contract or rule, and the pointer to the keyword in it."""
    name, _, keyword_at = location.removeprefix(URN).partition("#")
    return name, unquote(keyword_at)


def _beyond_shape(catalog: Catalog, name: str) -> Rule | None:
    return catalog.rules.get(name.removeprefix(RULES)) if name.startswith(RULES) else None


def _forgotten(finding: Finding, name: str, pointer: str, document: Any) -> Violation:
    return Violation(
        finding.rule, finding.severity, pointer, "what another version asked",
        _came(document, pointer), Evidence.UNKNOWN,
        "The record was judged by another version of mockodp; send the request again to have it judged by this one.",
        name,
    )  # fmt: skip


def _schema_at(schema: Any, keyword_at: str) -> tuple[Schema, str]:
    """The schema that holds the keyword at *keyword_at*, and the keyword."""
    *above, keyword = path_of(keyword_at)
    for part in above:
        schema = schema[int(part)] if isinstance(schema, list) else schema[part]
    if schema[keyword] is False and above[-1:] == ["properties"]:
        return {"additionalProperties": False}, "additionalProperties"
    return schema, keyword


def _expected(schema: Schema, keyword: str, pointer: str) -> str:
    """What the keyword asks for, as the words after 'expected'."""
    if "x-expected" in schema and keyword not in ("type", "required", "additionalProperties"):
        return str(schema["x-expected"])
    value = schema[keyword]
    return _WORDS[keyword](value, path_of(pointer)[-1:]) if keyword in _WORDS else f"{keyword} {shortened(value)}"


def _types(value: Any, _: Any) -> str:
    return _joined([_TYPES[name] for name in ([value] if isinstance(value, str) else value)], "or")


_TYPES: Final = {
    "string": "a text", "number": "a number", "integer": "a whole number", "boolean": "true or false",
    "object": "an object", "array": "an array", "null": "null",
}  # fmt: skip
_WORDS: Final[Mapping[str, Callable[[Any, list[str]], str]]] = {
    "type": _types,
    "const": lambda value, _: shortened(value),
    "enum": lambda value, _: f"one of {_joined([shortened(each) for each in value], 'or')}",
    "required": lambda _, last: f"a member {shortened(last[0])}",
    "additionalProperties": lambda _, last: f"no member {shortened(last[0])}",
    "minLength": lambda value, _: f"at least {_counted(value, 'character')}",
    "minItems": lambda value, _: f"at least {_counted(value, 'item')}",
    "minProperties": lambda value, _: f"at least {_counted(value, 'member')}",
    "maxLength": lambda value, _: f"at most {_counted(value, 'character')}",
    "maxItems": lambda value, _: f"at most {_counted(value, 'item')}",
    "maxProperties": lambda value, _: f"at most {_counted(value, 'member')}",
    "minimum": lambda value, _: f"{value} or more",
    "maximum": lambda value, _: f"{value} or less",
    "exclusiveMinimum": lambda value, _: f"more than {value}",
    "pattern": lambda value, _: f"a text that matches {value}",
    "uniqueItems": lambda *_: "no item twice",
    "contains": lambda value, _: (
        f"an item with {_joined([shortened(name) for name in value.get('required', ())], 'and')}"
    ),
    "propertyNames": lambda value, _: f"names of members that match {value.get('pattern')}",
    "anyOf": lambda value, _: f"one of {len(value)} forms",
}


def _near(name: str, names: Iterable[str]) -> list[str]:
    """A name much like *name* among the first *names*; none where comparing would take long."""
    few = [each for each in islice(names, _MOST_COMPARED) if len(each) <= _LONGEST_COMPARED]
    return get_close_matches(name, few, n=1, cutoff=0.75) if len(name) <= _LONGEST_COMPARED else []


def _hint(contract: Contract, schema: Schema, rule: str, pointer: str, document: Any) -> str:
    if rule == "unknown-member":
        near = _near(path_of(pointer)[-1], schema.get("properties", ()))
        if near:
            return f"Did you mean {shortened(near[0])}?"
    if rule == "missing-member":
        parent = found_at(document, pointer.rpartition("/")[0])
        others = (
            [name for name in parent if name not in schema.get("properties", ())] if isinstance(parent, dict) else []
        )
        near = _near(path_of(pointer)[-1], others)
        if near:
            return f"There is {shortened(near[0])}: is that the one?"
    return str(schema.get("x-hint") or _usual_hint(contract, rule, pointer, document))


def _usual_hint(contract: Contract, rule: str, pointer: str, document: Any) -> str:
    if contract.direction == "request":
        if not pointer and contract.schema.get("type") == "array" and isinstance(document, dict):
            return f"{contract.name} is the contract of a batch: put the item into an array."
        hints = {**_OF_REQUESTS, **(_OF_MAPPING if pointer else {})}
        if rule in hints:
            return hints[rule]
    return f"Compare it with: mockodp contracts examples {contract.name}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _joined(words: list[str], last: str) -> str:
    if len(words) > _MANY:
        words = [*words[:_MANY], f"{len(words) - _MANY} more"]
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else (words[0] if words else "such a form")
