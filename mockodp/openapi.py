"""
The OpenAPI 3.1 description of everything the mock answers, and the schemas its control API checks calls with.

What the description says of calls is what the server enforces; what it says of answers is made from their contracts.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import Any, Final

from mockodp.components import components, examples, ref
from mockodp.faults.schema import CLOCK, FAULT, MOST_AT_ONCE
from mockodp.regions import FUNCTION_HOSTS, Region
from mockodp.routes import ROUTES, Route
from mockodp.shapes import (
    ANSWERED,
    ANY_ACCOUNT,
    CONTRACT,
    CURSOR,
    ENDPOINT,
    FAULT_ID,
    FAULT_NAME,
    ITEM_ID,
    NAME,
    NATURAL,
    RECORD_ID,
    REGION,
    RULE,
    TEXT,
    Schema,
)

NEW_NAME: Final[Schema] = {
    "type": "string",
    "pattern": r"^[A-Za-z0-9][A-Za-z0-9._-]{0,75}$",
    "description": "The name of an account to open, with room for the mark of a region: 1 to 76 letters, digits, dots, "
    "dashes and underscores, the first a letter or digit.",
}
DURATION: Final[Schema] = {
    "description": "Expected: a number of milliseconds, or text with its unit such as '200ms' or '2s', up to an hour.",
    "oneOf": [
        {"type": "number", "minimum": 0, "maximum": 3_600_000},
        {
            "type": "string",
            "pattern": r"^([0-9]{1,7}(\.[0-9]{1,6})?ms|([0-9]{1,3}|[12][0-9]{3}|3[0-5][0-9]{2})(\.[0-9]{1,6})?s)$",
        },
    ],
}
COUNT: Final[Schema] = {
    "description": "Expected: how many items there must be, as a whole number up to 1000000, 'none', "
    '{"exactly": 2}, or {"at_least": 1, "at_most": 3} with one or both of them. 1 if left out.',
    "default": 1,
    "oneOf": [
        NATURAL,
        {"const": "none"},
        {"type": "object", "properties": {"exactly": NATURAL}, "required": ["exactly"], "additionalProperties": False},
        {"type": "object", "properties": {"at_least": NATURAL, "at_most": NATURAL}, "minProperties": 1,
         "additionalProperties": False},
    ],
}  # fmt: skip
_EXPECTATION_MEMBERS: Final[Schema] = {
    "match": {"description": "Partial JSON: what an item must have at least.", "type": "object"},
    "schema": {"description": "A JSON Schema that an item must meet.", "type": ["object", "boolean"]},
    "type": {"description": "Short for a member of match.", **TEXT},
    "action": {"description": "Short for a member of match.", **TEXT},
    "contract": {"description": "A contract the item must pass, by its name.", **CONTRACT},
    "verdict": {"description": "What the contract of its endpoint must say of the item.", "enum": ["pass", "fail"]},
    "answered": {
        "description": "What went out to whoever sent the item, a fault or not. Expected: a status such as 503, or "
        "'2xx' for all of its hundred, or 'none' where no answer went out.",
        "oneOf": [{"type": "integer", "minimum": 200, "maximum": 599}, ANSWERED],
    },
    "endpoint": ENDPOINT,
    "region": REGION,
    "count": COUNT,
}
_WHEN_MEMBERS: Final[Schema] = {
    "account": NAME,
    "within": DURATION,
    "quiet": DURATION,
    "after": RECORD_ID,
}
ONE_EXPECTATION: Final[Schema] = {
    "type": "object",
    "properties": {**_WHEN_MEMBERS, **_EXPECTATION_MEMBERS},
    "required": ["account"],
    "additionalProperties": False,
}
SEVERAL_EXPECTATIONS: Final[Schema] = {
    "type": "object",
    "properties": {
        **_WHEN_MEMBERS,
        "expectations": {
            "type": "array",
            "minItems": 1,
            "maxItems": 100,
            "items": {"type": "object", "properties": _EXPECTATION_MEMBERS, "additionalProperties": False},
        },
        "ordered": {"type": "boolean", "description": "Whether they must be met in this order."},
    },
    "required": ["account", "expectations"],
    "additionalProperties": False,
}
VERIFICATION: Final[Schema] = {
    "description": "One expectation, or several under 'expectations', with the time to wait and the quiet time after.",
    "oneOf": [ONE_EXPECTATION, SEVERAL_EXPECTATIONS],
}
NEW_ACCOUNT: Final[Schema] = {
    "type": "object",
    "properties": {"name": NEW_NAME, "region": {"description": "Bind its key to this region.", **REGION}},
    "additionalProperties": False,
}


_WANTED: Final = "WantedVerification"
_FAULT: Final = "WantedFault"
_CLOCK: Final = "WantedTime"
_WRITTEN: Final = (
    "answers/refusal", "own/account", "own/accounts", "own/clock", "own/fault", "own/fault_check", "own/fault_presets",
    "own/faults", "own/fidelity", "own/item", "own/items", "own/opened_account",
    "own/ready", "own/record", "own/records", "own/refused_call", "own/reset", "own/verification", "own/whole_record",
)  # fmt: skip
"""The contracts of what the answers hold."""


def verification_schema(document: Any) -> Schema:
    """The one of the two forms of a verification that *document* wants to be."""
    several = isinstance(document, dict) and ("expectations" in document or "ordered" in document)
    return SEVERAL_EXPECTATIONS if several else ONE_EXPECTATION


def _parameter(name: str, schema: Schema, text: str, *, many: bool = False) -> Schema:
    shape = {"type": "array", "items": schema} if many else schema
    return {"name": name, "in": "query", "description": text, "schema": shape}


FILTERS: Final = (
    _parameter("account", NAME, "Only this account."),
    _parameter("region", REGION, "Only this region."),
    _parameter("endpoint", ENDPOINT, "Only this endpoint."),
    _parameter("status", {"type": "integer", "minimum": 100, "maximum": 599}, "Only this status."),
    _parameter("accepted", {"type": "boolean"}, "Only accepted (true) or refused (false) requests."),
    _parameter("verdict", {"type": "string", "enum": ["pass", "fail"]}, "Only this verdict of the contracts."),
    _parameter("rule", RULE, "Only what breaks this rule of the contracts."),
    _parameter("fault", FAULT_NAME, "Only what a fault of this name touched."),
    _parameter("answered", ANSWERED, "Only what was answered so, a fault or not: a status, 2xx to 5xx, or none."),
    _parameter("type", TEXT, "Items of this event type."),
    _parameter("action", TEXT, "Items of this event action."),
    _parameter("since", {"type": "string", "format": "date-time"}, "Received at this time or later."),
    _parameter("until", {"type": "string", "format": "date-time"}, "Received before this time."),
    _parameter("where", {"type": "string", "pattern": "^[^=]+=", "maxLength": 2000, "description": "PATH=VALUE"},
               "PATH=VALUE: items with this value at a dotted path or JSON Pointer. May be repeated.", many=True),
    _parameter("jsonpath", {"type": "string", "format": "jsonpath", "minLength": 1, "maxLength": 2000},
               "Items in which this JSONPath finds something."),
)  # fmt: skip
PAGING: Final = (
    _parameter("cursor", CURSOR, "Go on after this place."),
    _parameter("order", {"type": "string", "enum": ["oldest", "newest"], "default": "oldest"}, "Which come first."),
    _parameter("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}, "Most to give at once."),
)
OF_ACCOUNT: Final = (_parameter("account", NAME, "Only what may fall on this account, with its counts there."),)
WHICH_FAULTS: Final = (
    _parameter(
        "account", ANY_ACCOUNT, "Those of this account alone, or those armed for '*'; without it all there are."
    ),
)
OF_THE_CLOCK: Final = ({**_parameter("account", NAME, "Whose clock."), "required": True},)
STREAM_FILTERS: Final = (FILTERS[0], _parameter("after", RECORD_ID, "Go on after this record."))


def _json(schema: Schema, text: str, media: str = "application/json") -> Schema:
    return {"description": text, "content": {media: {"schema": schema}}}


def _error(text: str, contract: str = "own/refused_call") -> Schema:
    return _json(ref(contract), text)


def _operation(operation: str, summary: str, answers: Schema, **more: Any) -> Schema:
    needs_token = more.get("security") is None
    answers = {**answers, "400": _error("What is wrong with the call, all at once.")}
    if needs_token:
        answers["401"] = _error("The token is missing or wrong.")
    if "requestBody" in more:
        answers["413"] = _error("The body is over 1 MiB.")
        answers["415"] = _error("The body is not application/json.")
    return {"operationId": operation, "summary": summary, "tags": ["control"], "responses": answers, **more}


def _body(schema: Schema, *, required: bool = True) -> Schema:
    return {"required": required, "content": {"application/json": {"schema": schema}}}


def _path(name: str, schema: Schema) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _refusal(text: str) -> Schema:
    """What an emulated endpoint answers when it refuses a request."""
    return _error(text, "answers/refusal")


def _emulated(route: Route) -> Schema:
    operation: Schema = {
        "operationId": route.endpoint,
        "summary": route.summary,
        "tags": ["emulated"],
        "security": [{"key": []}],
        "x-evidence": route.evidence.value,
        "responses": {
            "2XX": _json({}, "Accepted. Status and body are settings."),
            "401": _refusal("No key, or one that opens nothing here."),
            "408": _refusal("The body broke off."),
            "413": _refusal("Too many bytes, or too many items."),
            "503": _refusal("The record could not be kept, so the request was not accepted."),
        },
    }
    if route.contract:
        operation["requestBody"] = _batch(route.contract)
        operation["responses"] |= {
            "400": _refusal("Not a JSON array of objects, or with --strict a broken contract; reasons are listed."),
            "415": _refusal("Not application/json, or an unknown content encoding."),
        }
    return {"post": operation}


def _batch(contract: str) -> Schema:
    """What is taken as a batch. What its contract asks for beyond that is told by the record, not by the answer."""
    body = _body({"type": "array", "items": {"type": "object"}, "maxItems": 500})
    body["content"]["application/json"]["examples"] = examples(contract)
    return {
        "description": f"Judged by the contract {contract}, which asks for more than the schema here: what breaks it "
        "is accepted, but with --strict, and its record says what is wrong.",
        "x-contract": contract,
        **body,
    }


def _account_links() -> Schema:
    """What may be done with an account just opened; its name is the one in the answer, which a region adds to."""
    operations = ("get_account", "reset_account")
    return {
        operation: {"operationId": operation, "parameters": {"name": "$response.body#/name"}}
        for operation in operations
    }


def _control_paths() -> Schema:
    records = {"200": _json(ref("own/records"), "A page of records.")}
    not_found = {"404": _error("There is none of that name or id.")}
    return {
        "/_mock/ready": {"get": _operation("ready", "Whether the mock takes requests; needs no token.",
            {"200": _json(ref("own/ready"), "It does.")}, security=[])},
        "/_mock/accounts": {
            "get": _operation("list_accounts", "Every account.", {"200": _json(ref("own/accounts"), "By name.")}),
            "post": _operation("open_account", "Open an account and get its test key.",
                {"201": {**_json(ref("own/opened_account"), "Its name and key."), "links": _account_links()}},
                requestBody=_body(NEW_ACCOUNT, required=False)),
            "delete": _operation("reset_accounts", "Forget all accounts, records and faults, and their time.",
                {"200": _json(ref("own/accounts"), "Those that were forgotten, with what they held.")}),
        },
        "/_mock/accounts/{name}": {
            "parameters": [_path("name", NAME)],
            "get": _operation("get_account", "One account.", {"200": _json(ref("own/account"), "It."), **not_found}),
            "delete": _operation("reset_account", "Forget an account, all its records and faults, and its time.",
                {"200": _json(ref("own/reset"), "What was forgotten; nothing if it was not there."),
                 "404": _error("No account can have that name.")}),
        },
        "/_mock/records": {"get": _operation("list_records", "Records, filtered, page by page.", records,
            parameters=[*FILTERS, *PAGING])},
        "/_mock/records.ndjson": {"get": _operation("export_ndjson", "All records that meet the filters, one a line.",
            {"200": _json({"type": "string"}, "NDJSON: each line is a Record.", "application/x-ndjson")},
            parameters=list(FILTERS))},
        "/_mock/records.har": {"get": _operation("export_har", "All records that meet the filters as HTTP Archive.",
            {"200": _json({"type": "object"}, "HAR 1.2.")}, parameters=list(FILTERS))},
        "/_mock/records/{id}": {
            "parameters": [_path("id", RECORD_ID)],
            "get": _operation("get_record", "One record with everything known of it.",
                {"200": _json(ref("own/whole_record"), "It."), **not_found}),
        },
        "/_mock/records/{id}/body": {
            "parameters": [_path("id", RECORD_ID)],
            "get": _operation("get_body", "The raw bytes of a record's body.",
                {"200": _json({}, "As they arrived.", "application/octet-stream"), **not_found}),
        },
        "/_mock/items": {"get": _operation("list_items", "Items of batches, filtered, page by page.",
            {"200": _json(ref("own/items"), "A page of items.")}, parameters=[*FILTERS, *PAGING])},
        "/_mock/items/{id}": {
            "parameters": [_path("id", ITEM_ID)],
            "get": _operation("get_item", "One item.", {"200": _json(ref("own/item"), "It."), **not_found}),
        },
        "/_mock/verify": {"post": _operation("verify", "Whether the mock got what was expected.",
            {"200": _json(ref("own/verification"), "The verdict and what it rests on.")},
            requestBody=_body({"$ref": f"#/components/schemas/{_WANTED}"}))},
        **_fault_paths(not_found),
        "/_mock/stream": {"get": _operation("stream", "Records as they arrive, as server-sent events.",
            {"200": _json({}, "A stream without end: the data of each event is a Record.", "text/event-stream")},
            parameters=list(STREAM_FILTERS))},
        "/_mock/fidelity": {"get": _operation("fidelity", "How true the mock is to ODP, rule by rule.",
            {"200": _json(ref("own/fidelity"), "The table.")})},
        "/_mock/metrics": {"get": _operation("metrics", "Counters as Prometheus text.",
            {"200": _json({}, "Prometheus text.", "text/plain")})},
        "/_mock/settings": {"get": _operation("settings", "The settings in force, the token masked.",
            {"200": _json({"type": "object"}, "By name.")})},
        "/_mock/openapi.json": {"get": _operation("openapi", "This description.",
            {"200": _json({"type": "object"}, "OpenAPI 3.1.")})},
    }  # fmt: skip


def _fault_paths(not_found: Schema) -> Schema:
    one = {"$ref": f"#/components/schemas/{_FAULT}"}
    wanted = {"oneOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": MOST_AT_ONCE}]}
    first = {"parameters": {"id": "$response.body#/faults/0/id"}}
    links = {operation: {"operationId": operation, **first} for operation in ("get_fault", "disarm_fault")}
    return {
        "/_mock/faults": {
            "get": _operation("list_faults", "Every fault that is armed, and what it did so far.",
                {"200": _json(ref("own/faults"), "In the order of arming.")}, parameters=list(OF_ACCOUNT)),
            "post": _operation("arm_faults", "Arm a fault, or several: all of them or none.",
                {"201": {**_json(ref("own/faults"), "They, with their ids."), "links": links}},
                requestBody=_body(wanted)),
            "delete": _operation("disarm_faults", "Take away the faults of an account, those of '*', or all there are.",
                {"200": _json(ref("own/faults"), "Those that were armed, with what they did.")},
                parameters=list(WHICH_FAULTS)),
        },
        "/_mock/faults/presets": {"get": _operation("list_fault_presets", "The ready faults by name.",
            {"200": _json(ref("own/fault_presets"), "They, as anyone could write them.")})},
        "/_mock/faults/check": {"get": _operation("check_faults", "Whether every fault did what it was armed for.",
            {"200": _json(ref("own/fault_check"), "The verdict: fail if one did nothing, or none is armed.")},
            parameters=list(OF_ACCOUNT))},
        "/_mock/faults/{id}": {
            "parameters": [_path("id", FAULT_ID)],
            "get": _operation("get_fault", "One fault, and what it did so far.",
                {"200": _json(ref("own/fault"), "It."), **not_found}),
            "delete": _operation("disarm_fault", "Take a fault away.",
                {"200": _json(ref("own/fault"), "It, with what it did."), **not_found}),
        },
        "/_mock/clock": {
            "get": _operation("get_clock", "The clock of an account.",
                {"200": _json(ref("own/clock"), "What it shows.")}, parameters=list(OF_THE_CLOCK)),
            "post": _operation("set_clock", "Freeze, set, advance or reset the clock of an account.",
                {"200": _json(ref("own/clock"), "What it shows now.")},
                requestBody=_body({"$ref": f"#/components/schemas/{_CLOCK}"})),
        },
    }  # fmt: skip


@cache
def description() -> Schema:
    """The whole OpenAPI document."""
    emulated: Schema = {}
    for prefix in ("", *(f"/{region.value}" for region in Region)):
        for route in ROUTES:
            operation = _emulated(route)
            operation["post"]["operationId"] += prefix.replace("/", "_")
            emulated[prefix + route.path] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mockodp",
            "version": version("mockodp"),
            "description": "A local Optimizely Data Platform. Regions by path prefix here, or by the vendor's host "
            f"names: {', '.join(FUNCTION_HOSTS.values())}.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": {**emulated, **_control_paths()},
        "components": {
            "schemas": {_WANTED: VERIFICATION, _FAULT: FAULT, _CLOCK: CLOCK, **components(_WRITTEN)},
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "A test key of ODP."},
                "token": {"type": "http", "scheme": "bearer", "description": "The token of the ready line."},
            },
        },
    }
