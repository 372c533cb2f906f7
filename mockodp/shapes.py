"""The shapes that calls of the control API are made of, as JSON Schema."""

from __future__ import annotations

from typing import Any, Final

from mockodp_contracts import catalog
from mockodp_contracts.explained import NOT_LOOKED_AT, SHAPE_RULES

from mockodp.keys import ACCOUNT_NAME_RULE
from mockodp.regions import Region
from mockodp.routes import ROUTES

Schema = dict[str, Any]

NAME: Final[Schema] = {
    "type": "string",
    "pattern": r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$",
    "description": f"An account's name: {ACCOUNT_NAME_RULE}.",
}
ANY_ACCOUNT: Final[Schema] = {
    "type": "string",
    "pattern": r"^([*]|[A-Za-z0-9][A-Za-z0-9._-]{0,79})$",
    "description": f"An account's name, or '*' for every account. A name is {ACCOUNT_NAME_RULE}.",
}
FAULT_ID: Final[Schema] = {"type": "string", "pattern": "^f[1-9][0-9]{0,14}$", "description": "The id of a fault."}
FAULT_NAME: Final[Schema] = {
    "type": "string",
    "pattern": "^[A-Za-z0-9][A-Za-z0-9._ -]{0,79}$",
    "description": "1 to 80 letters, digits, dots, dashes, underscores and blanks, the first a letter or digit.",
}
RECORD_ID: Final[Schema] = {"type": "string", "pattern": "^[0-7][0-9a-f]{15}$", "description": "A record's id."}
ITEM_ID: Final[Schema] = {
    "type": "string", "pattern": "^[0-7][0-9a-f]{15}[.][0-9]{1,6}$", "description": "A record's id and an index.",
}  # fmt: skip
CURSOR: Final[Schema] = {
    "type": "string", "pattern": "^[0-7][0-9a-f]{15}([.][0-9]{1,6})?$", "description": "A 'next' of an earlier page.",
}  # fmt: skip
REGION: Final[Schema] = {"type": "string", "enum": [region.value for region in Region]}
ENDPOINT: Final[Schema] = {"type": "string", "enum": [route.endpoint for route in ROUTES]}
ANSWERED: Final[Schema] = {
    "type": "string",
    "pattern": "^([2-5](xx|[0-9]{2})|none)$",
    "description": "A status such as 503, 2xx for all of its hundred, or none where no answer went out.",
}
RULE: Final[Schema] = {"type": "string", "enum": sorted({*catalog().rules, *SHAPE_RULES.values(), NOT_LOOKED_AT})}
CONTRACT: Final[Schema] = {"type": "string", "enum": list(catalog().short_names)}
TEXT: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 2000}
NATURAL: Final[Schema] = {"type": "integer", "minimum": 0, "maximum": 1_000_000}
