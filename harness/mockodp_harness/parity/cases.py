"""Cases by seed and index: which kind, which zone, what comes back, and what is asked."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from mockodp_harness.parity import events, mappings, odd, queries, schemas
from mockodp_harness.parity.trees import Number, Tree

ACTIONS: Final = ("customEvent", "nonEcommCustomEvent", "upsertContact", "emailEvent")
ZONES: Final = (
    "UTC", "UTC", "UTC", "America/New_York", "Asia/Tokyo", "Europe/London", "Asia/Kathmandu", "Australia/Lord_Howe",
)  # fmt: skip
STATUSES: Final = (
    "200", "201", "202", "204", "207", "299", "300", "304", "400", "401", "403", "404", "408", "413", "418", "422",
    "423", "429", "500", "501", "502", "503", "504", "529", "599",
)  # fmt: skip
BODIES: Final[tuple[Tree, ...]] = (
    {}, {"status": "queued"}, [], None, True, "", "ok", '{"a":1.0,"2":null,"1":"é"}', '{"a":', "null", "é😀",
    {"a": [Number("1e400")]},
)  # fmt: skip
HEADERS: Final[tuple[Tree, ...]] = (
    {}, {"content-type": "application/json"}, {"content-type": "application/json; charset=utf-8"},
    {"Content-Type": "text/plain"},
    {"content-type": "application/problem+json"}, {"x-y": "z"}, {"content-type": "APPLICATION/JSON"},
)  # fmt: skip
SETTINGS: Final[tuple[Tree, ...]] = (
    {"region": "EU"}, {"region": "AU"}, {"region": "eu"}, {"region": None}, {"region": ""}, {"region": ["US"]},
    {"region": Number("5")},
    {"apiKey": None}, {"apiKey": ""}, {"apiKey": Number("5.0")}, {"apiKey": True}, {"apiKey": ["k"]},
    {"apiKey": {"a": "b"}},
    {"apiKey": "a\nb"}, {"apiKey": "é"}, {"apiKey": "😀"}, {"apiKey": " k "}, {"apiKey": "\t"},
    {"apiKey": "k", "more": Number("1")},
    {"apiKey": [], "region": []}, {"oauth": {"a": "b"}}, {"dynamicAuthSettings": Number("1")}, {"apiKey": "\ud83d"},
    {"apiKey": "\x7f"},
    {"subscription": {}}, {"subscription": ""}, {"subscription": "x"},
    {"subscription": {
        "subscribe": 'type != "x"', "partnerAction": "upsertContact", "mapping": {"user_identifiers": {}},
    }},
)  # fmt: skip
RAW_SETTINGS: Final[tuple[Tree, ...]] = ({}, {"apiKey": "k"}, {"region": "US"}, {"apiKey": "k", "region": "US"})

Make = Callable[[Random], Tree]


def case(seed: int, index: int) -> Tree:
    """The case number *index* of *seed*."""
    rng = Random(f"{seed}/{index}")  # noqa: S311  nothing here is secret
    kind = rng.choices(_KINDS, _WEIGHTS)[0]
    return {"id": f"{seed}/{index}", "kind": kind, **MAKERS[kind](rng)}


# -- the whole destination ----------------------------------------------------------------------------------------


def _action(rng: Random) -> Tree:
    return {**_of_action(rng), "event": events.source(rng), **_around(rng)}


def _batch_action(rng: Random) -> Tree:
    return {**_of_action(rng), "events": _events(rng), **_around(rng)}


def _of_action(rng: Random) -> Tree:
    slug = rng.choice(ACTIONS)
    if odd.chance(rng, 0.15):
        return {
            "action": slug,
            "use_defaults": True,
            "mapping": {"event_action": "act"} if odd.chance(rng, 0.9) else mappings.whole(rng),
        }
    return {"action": slug, "mapping": mappings.of_action(rng, slug)}


def _events(rng: Random) -> Tree:
    some = [events.source(rng) for _ in range(rng.choice((1, 1, 2, 2, 3, 4)))]
    return [] if odd.chance(rng, 0.02) else some


def _event(rng: Random) -> Tree:
    return {"event": events.source(rng), **_subscribed(rng), **_around(rng)}


def _batch(rng: Random) -> Tree:
    return {"events": _events(rng), **_subscribed(rng), **_around(rng)}


def _preset(rng: Random) -> Tree:
    return {"event": events.source(rng), **_around(rng)}


def _subscribed(rng: Random) -> Tree:
    draw = rng.randrange(10)
    if draw == 0:
        return {"presets": True}
    if draw == 1:
        return {"default_actions": True, "presets": True}
    if draw in (2, 3):
        return {"default_actions": rng.sample(ACTIONS, rng.randint(1, 2))}
    return {"subscriptions": [subscription(rng) for _ in range(rng.choice((1, 1, 1, 2, 3)))]}


def subscription(rng: Random) -> Tree:
    """A trigger, an action and a mapping; a member lacking or odd at times."""
    slug = rng.choice(ACTIONS)
    made = {"subscribe": queries.mostly_true(rng), "partnerAction": slug, "mapping": mappings.of_action(rng, slug)}
    if odd.chance(rng, 0.1):
        made["partnerAction"], made["mapping"] = mappings.preset(rng)
    if odd.chance(rng, 0.03):
        made["subscribe"] = rng.choice(("", None, Number("5"), [], {}, True))
    if odd.chance(rng, 0.02):
        made["partnerAction"] = rng.choice(("nothing", "", None))
    return made


def _around(rng: Random) -> Tree:
    """Settings, zone and what comes back."""
    return odd.some(rng, {"tz": lambda r: r.choice(ZONES)}, 0.5) | _settings(rng) | _response(rng)


def _settings(rng: Random) -> Tree:
    if odd.chance(rng, 0.01):
        return {"raw_settings": rng.choice(RAW_SETTINGS)}
    return {"settings": rng.choice(SETTINGS)} if odd.chance(rng, 0.06) else {}


def _response(rng: Random) -> Tree:
    if odd.chance(rng, 0.7):
        return {}
    if odd.chance(rng, 0.1):
        return {
            "response": {
                "network_error": rng.choice(("request to x failed, reason: connect ECONNREFUSED", "socket hang up"))
            }
        }
    status = Number(rng.choice(STATUSES) if odd.chance(rng, 0.5) else rng.choice(STATUSES[:6]))
    more = odd.some(rng, {
        "body": lambda r: r.choice(BODIES), "headers": lambda r: r.choice(HEADERS),
        "status_text": lambda r: r.choice(("", "", "Nope", "OK")),
    }, 0.6)  # fmt: skip
    return {"response": {"status": status, **more}}


def _auth(rng: Random) -> Tree:
    settings = (
        {"settings": rng.choice(SETTINGS)} if odd.chance(rng, 0.6) else {"raw_settings": rng.choice(RAW_SETTINGS)}
    )
    return settings | _response(rng)


# -- its parts ----------------------------------------------------------------------------------------------------


def _fql(rng: Random) -> Tree:
    made: Tree = {"fql": queries.query(rng)}
    if odd.chance(rng, 0.9):
        made["event"] = events.source(rng)
    return made


def _fql_validate(rng: Random) -> Tree:
    return {"ast": queries.ast(rng), "event": events.source(rng)}


def _mapping(rng: Random) -> Tree:
    mapping = mappings.whole(rng) if odd.chance(rng, 0.85) else mappings.of_action(rng, rng.choice(ACTIONS))
    return {"mapping": mapping, "payload": events.source(rng) if odd.chance(rng, 0.95) else odd.value(rng)}


def _mapping_validate(rng: Random) -> Tree:
    return {"mapping": mappings.whole(rng) if odd.chance(rng, 0.7) else mappings.directive(rng)}


def _get(rng: Random) -> Tree:
    path = mappings.path(rng).removeprefix("$.") if odd.chance(rng, 0.8) else mappings.path(rng)
    return {"payload": events.source(rng) if odd.chance(rng, 0.9) else odd.value(rng), "path": path}


def _render(rng: Random) -> Tree:
    return {"template": mappings.template(rng), "data": events.source(rng) if odd.chance(rng, 0.95) else odd.value(rng)}


def _flatten(rng: Random) -> Tree:
    more = {
        "prefix": lambda r: r.choice(("", "p", "10")),
        "separator": lambda r: r.choice((".", "_", "")),
        "omit_arrays": True,
    }
    return {"value": odd.value(rng, 4), **odd.some(rng, more, 0.4)}


def _remove_empty(rng: Random) -> Tree:
    schema = schemas.schema(rng)
    return {"schema": schema, "payload": schemas.payload(rng, schema), "root": rng.choice((True, False))}


def _validate_schema(rng: Random) -> Tree:
    schema = schemas.schema(rng)
    more = odd.some(rng, {"throw": False, "exempt": lambda r: [r.choice(schemas.NAMES[:4])]}, 0.2)
    return {"schema": schema, "payload": schemas.payload(rng, schema), **more}


def _date(rng: Random) -> Tree:
    value = odd.date(rng) if odd.chance(rng, 0.8) else odd.scalar(rng)
    return {"value": value, "tz": rng.choice(ZONES)}


MAKERS: Final[dict[str, Make]] = {
    "action": _action, "batch_action": _batch_action, "event": _event, "batch": _batch, "preset": _preset,
    "auth": _auth,
    "fql": _fql, "fql_generate": lambda rng: {"ast": queries.ast(rng)}, "fql_validate": _fql_validate,
    "mapping": _mapping, "mapping_validate": _mapping_validate, "get": _get, "render": _render, "flatten": _flatten,
    "keys": _mapping_validate, "schema": lambda rng: {"fields": schemas.fields(rng)}, "remove_empty": _remove_empty,
    "validate_schema": _validate_schema, "date": _date,
}  # fmt: skip
_KINDS: Final = tuple(MAKERS)
_WEIGHTS: Final = (20, 12, 12, 7, 4, 1, 8, 2, 3, 12, 4, 2, 3, 1, 1, 1, 3, 6, 4)
