"""The shape of a fault as people write it, as JSON Schema: what the control API checks and its description shows."""

from __future__ import annotations

from typing import Any, Final

from mockodp.faults.model import Wire
from mockodp.faults.presets import PRESETS
from mockodp.shapes import ANY_ACCOUNT, CONTRACT, ENDPOINT, FAULT_NAME, NAME, REGION, TEXT

Schema = dict[str, Any]

MOST_AT_ONCE: Final = 100
_COUNT: Final[Schema] = {"type": "integer", "minimum": 1, "maximum": 1_000_000}
_TIME: Final = "a time with its unit (ms, s, m, h or d) such as '200ms', '11s' or '4h'; in JSON also a number of ms"
DURATION: Final[Schema] = {
    "description": f"Expected: {_TIME}.",
    "oneOf": [
        {"type": "number", "minimum": 0, "maximum": 1_000_000_000_000},
        {"type": "string", "pattern": r"^[0-9]{1,9}(\.[0-9]{1,6})?(ms|s|m|h|d)$"},
    ],
}
ITEM: Final[Schema] = {
    "description": "Some item of the request has to meet this, as in a verification.",
    "type": "object",
    "properties": {
        "match": {"description": "Partial JSON: what the item must have at least.", "type": "object"},
        "schema": {"description": "A JSON Schema that it must meet.", "type": ["object", "boolean"]},
        "type": {"description": "Short for a member of match.", **TEXT},
        "action": {"description": "Short for a member of match.", **TEXT},
        "contract": {"description": "A contract that it must pass, by its name.", **CONTRACT},
    },
    "minProperties": 1,
    "additionalProperties": False,
}
MATCH: Final[Schema] = {
    "description": "Which requests of the account; all of them without it.",
    "type": "object",
    "properties": {
        "region": REGION,
        "endpoint": ENDPOINT,
        "item": ITEM,
        "nth": {
            "description": "Only these of the requests that meet all the rest. "
            "Expected: a whole number counted from 1, or a list of them.",
            "oneOf": [_COUNT, {"type": "array", "items": _COUNT, "minItems": 1, "maxItems": 1000}],
        },
        "every": {"description": "Only every so many-th of them.", **_COUNT},
        "probability": {
            "description": "How likely each of them is met: over 0 and at most 1.",
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 1,
        },
        "seed": {"description": "What the draws are made from; the same seed draws the same.", "type": "integer"},
    },
    "additionalProperties": False,
}
DELAY: Final[Schema] = {
    "description": f'Held back for {_TIME}; or drawn for each request: {{"uniform": ["1s", "3s"]}}, '
    '{"median": "80ms", "sigma": 0.5}, {"percentiles": {"50": "80ms", "99": "2s"}}.',
    "oneOf": [
        *DURATION["oneOf"],
        {
            "type": "object",
            "properties": {"uniform": {"type": "array", "items": DURATION, "minItems": 2, "maxItems": 2}},
            "required": ["uniform"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {
                "median": DURATION,
                "sigma": {"type": "number", "exclusiveMinimum": 0, "maximum": 5},
            },
            "required": ["median", "sigma"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {
                "percentiles": {
                    "description": "Times by percent, from 0 to 100.",
                    "type": "object",
                    "patternProperties": {r"^(100|[0-9]{1,2}(\.[0-9]{1,6})?)$": DURATION},
                    "minProperties": 1,
                    "additionalProperties": False,
                }
            },
            "required": ["percentiles"],
            "additionalProperties": False,
        },
    ],
}
_EFFECT_MEMBERS: Final[Schema] = {
    "status": {"description": "The status answered.", "type": "integer", "minimum": 200, "maximum": 599},
    "headers": {
        "description": "Headers answered beside ours. Expected: names of letters, digits and dashes with texts.",
        "type": "object",
        "patternProperties": {
            r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$": {
                "description": "The value of a header. Expected: printable ASCII characters.",
                "type": "string",
                "pattern": r"^[\t\x20-\x7e]*$",
            }
        },
        "additionalProperties": False,
    },
    "body": {"description": "The body answered: a text as it is, any other value as JSON."},
    "retry_after": {
        "description": "Seconds, for the header Retry-After.",
        "type": "integer",
        "minimum": 0,
        "maximum": 1_000_000_000,
    },
    "fail": {
        "description": "With 207: the items that fail. Expected: 'every second', or a list of indexes from 0.",
        "oneOf": [
            {"const": "every second"},
            {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 1_000_000}, "minItems": 1,
             "maxItems": 1000},
        ],
    },
    "fail_status": {"description": "The status of these items.", "type": "integer", "minimum": 400, "maximum": 599},
    "location": {
        "description": "Where a redirect leads. Expected: a URL or a path, in printable ASCII characters.",
        "type": "string",
        "pattern": r"^[\x21-\x7e]{1,2000}$",
    },
    "delay": DELAY,
    "wire": {"description": "What befalls the bytes.", "type": "string", "enum": [each.value for each in Wire]},
    "wire_for": {**DURATION, "description": f"How long it stalls, or waits between two bytes. Expected: {_TIME}."},
}  # fmt: skip
EFFECT: Final[Schema] = {
    "description": "What befalls the request.",
    "type": "object",
    "properties": _EFFECT_MEMBERS,
    "minProperties": 1,
    "additionalProperties": False,
}
STEP: Final[Schema] = {
    "type": "object",
    "properties": {
        "effect": {
            **EFFECT,
            "description": "What befalls the requests of this step; null lets them be.",
            "type": ["object", "null"],
        },
        "times": {"description": "For so many requests; one if nothing is said.", **_COUNT},
        "for": {**DURATION, "description": f"For so long on the account's clock. Expected: {_TIME}."},
    },
    "required": ["effect"],
    "additionalProperties": False,
}
FAULT: Final[Schema] = {
    "description": "A rule: which requests of an account, and what befalls them.",
    "type": "object",
    "properties": {
        "name": {
            **FAULT_NAME,
            "description": f"What it is called in records and in the header. Expected: {FAULT_NAME['description']}",
        },
        "account": ANY_ACCOUNT,
        "preset": {
            "description": "A ready fault; members beside it replace its own, in match, expires and effect one by one.",
            "type": "string",
            "enum": list(PRESETS),
        },
        "match": MATCH,
        "effect": EFFECT,
        "sequence": {
            "description": "Effects one after the other.",
            "type": "array",
            "items": STEP,
            "minItems": 1,
            "maxItems": 1000,
        },
        "repeat": {"description": "Begin the sequence again after its end.", "type": "boolean"},
        "budget": {
            "description": "Only requests that are over this rate, counted for each account.",
            "type": "object",
            "properties": {"requests": _COUNT, "per": DURATION},
            "required": ["requests", "per"],
            "additionalProperties": False,
        },
        "expires": {
            "description": "When it ends: after so many requests, or so long on the account's clock.",
            "type": "object",
            "properties": {"requests": _COUNT, "after": DURATION},
            "minProperties": 1,
            "additionalProperties": False,
        },
    },
    "required": ["account"],
    "additionalProperties": False,
}
FAULTS: Final[Schema] = {
    "description": "Several faults: all of them are armed, or none.",
    "type": "array",
    "items": FAULT,
    "minItems": 1,
    "maxItems": MOST_AT_ONCE,
}
CLOCK: Final[Schema] = {
    "description": "What to do with an account's clock.",
    "type": "object",
    "properties": {
        "account": NAME,
        "freeze": {"description": "Let time stand still (true), or go on from where it stands (false).",
                   "type": "boolean"},
        "set": {"description": "Make it this time. Expected: a time such as 2026-11-23T10:00:00Z, from 1970 to 2999.",
                "type": "string", "format": "date-time"},
        "advance": {**DURATION, "description": f"Let so long pass at once. Expected: {_TIME}."},
        "reset": {"description": "Real time again.", "const": True},
    },
    "required": ["account"],
    "additionalProperties": False,
}  # fmt: skip
