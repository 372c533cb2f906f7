"""
What the Optimizely Data Platform destination sends for a validated payload: one item of a batch for each.

Members stand in the order in which the published package writes them; what is undefined is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, tzinfo
from functools import cache, partial
from typing import Any, Final

from mockodp_contracts import destination as tables

from mockodp_harness.segment import dates
from mockodp_harness.segment.destination import Action, Destination
from mockodp_harness.segment.exchange import Request, post
from mockodp_harness.segment.values import UNDEFINED, Object, ordered, stringify, to_text

Payload = Mapping[str, Any]
Body = Callable[[Payload, str | tzinfo], Object]

CUSTOM: Final = "custom"

_CONTACT_BEFORE_BIRTH: Final = (
    ("user_identifiers", "user_identifiers"), ("title", "title"), ("name", "name"), ("first_name", "firstname"),
    ("last_name", "lastname"), ("age", "age"),
)  # fmt: skip
_CONTACT_AFTER_BIRTH: Final = (
    ("gender", "gender"), ("phone", "phone"), ("address", "address"), ("company", "company"), ("image_url", "avatar"),
)  # fmt: skip


@cache
def destination() -> Destination:
    """The destination as the engine runs it."""
    table = tables.destination()
    urls = {region.name: region.base_url for region in table.regions}
    actions = {
        each.slug: Action(each.slug, each.title, _fields(each.fields), partial(_request, urls, each))
        for each in table.actions
    }
    settings = {each.name: _setting(each) for each in table.settings}
    return Destination(table.name, settings, actions, partial(_authentication, urls, table.authentication_path))


def default_mapping(slug: str) -> Object:
    """The mapping that Segment's form proposes for an action: the defaults of its fields."""
    action = next(each for each in tables.destination().actions if each.slug == slug)
    return {field.name: field.default for field in action.fields if field.default is not None}


def presets() -> list[Object]:
    """The presets as subscriptions."""
    return [
        {"name": each.name, "subscribe": each.trigger, "partnerAction": each.action, "mapping": dict(each.mapping)}
        for each in tables.destination().presets
    ]


def _request(
    urls: Mapping[str, str],
    action: tables.Action,
    payloads: Sequence[Payload],
    settings: Mapping[str, Any],
    zone: str | tzinfo,
) -> Request:
    items = [item(action.slug, payload, zone) for payload in payloads]
    return post(_url(urls, settings) + action.path, _key(settings), stringify(items))


def _authentication(urls: Mapping[str, str], path: str, settings: Mapping[str, Any]) -> Request:
    return post(_url(urls, settings) + path, _key(settings))


def _url(urls: Mapping[str, str], settings: Mapping[str, Any]) -> str:
    return urls.get(str(settings.get("region")), "undefined")


def _key(settings: Mapping[str, Any]) -> str:
    return to_text(settings.get("apiKey", UNDEFINED))


def _fields(fields: Iterable[tables.Field]) -> Object:
    """Fields as Segment defines them."""
    return {
        field.name: {
            "label": field.label, "type": field.type, "required": field.required,
            **({"multiple": True} if field.multiple else {}),
            **({"properties": {each.name: _property(each) for each in field.properties}} if field.properties else {}),
        }
        for field in fields
    }  # fmt: skip


def _property(declared: tables.Property) -> Object:
    return {"label": declared.label, "type": declared.type, "required": declared.required}


def _setting(setting: tables.Setting) -> Object:
    choices = {"choices": list(setting.values)} if setting.values else {}
    return {"label": setting.label, "type": setting.type, "required": setting.required, **choices}


def item(action: str, payload: Payload, zone: str | tzinfo = UTC) -> Object:
    """The item that *action* makes of a payload; *zone* is where the process reads dates of birth."""
    return BODIES[action](payload, zone)


def _ecommerce_event(payload: Payload, _: str | tzinfo) -> Object:
    return _defined([*_event(payload), *_named(payload, "timestamp", "order_id", "total", "products")])


def _custom_event(payload: Payload, _: str | tzinfo) -> Object:
    return _defined([*_event(payload), *_named(payload, "timestamp", "data")])


def _email_event(payload: Payload, _: str | tzinfo) -> Object:
    return _defined([
        ("type", "email"),
        ("action", payload.get("event_action", UNDEFINED)),
        *_named(payload, "campaign", "campaign_id", "user_identifiers"),
        ("campaign_event_value", payload.get("link_url")),
        *_named(payload, "timestamp"),
    ])  # fmt: skip


def _contact(payload: Payload, zone: str | tzinfo) -> Object:
    """Additional traits first; a contact's own members take their place in it, also where they are undefined."""
    made = dict(payload.get("additional_traits") or {})
    made |= _renamed(payload, _CONTACT_BEFORE_BIRTH)
    made |= _birth(payload.get("DOB"), zone)
    made |= _renamed(payload, _CONTACT_AFTER_BIRTH)
    return ordered(_defined(made.items()))


def _event(payload: Payload) -> list[tuple[str, Any]]:
    kind = payload.get("event_type")
    return [
        ("user_identifiers", payload.get("user_identifiers", UNDEFINED)),
        ("action", payload.get("event_action", UNDEFINED)),
        ("type", CUSTOM if kind is None else kind),
    ]


def _birth(value: Any, zone: str | tzinfo) -> Object:
    """The three numbers of a date of birth; none if there is no date."""
    day = None if value is None or value == "" else dates.date(dates.time_of(value, zone), zone)
    return {} if day is None else {"dob_year": day.year, "dob_month": day.month, "dob_day": day.day}


def _named(payload: Payload, *names: str) -> list[tuple[str, Any]]:
    return [(name, payload.get(name, UNDEFINED)) for name in names]


def _renamed(payload: Payload, names: Iterable[tuple[str, str]]) -> Object:
    return {wire: payload.get(field, UNDEFINED) for wire, field in names}


def _defined(members: Iterable[tuple[str, Any]]) -> Object:
    return {name: value for name, value in members if value is not UNDEFINED}


BODIES: Final[Mapping[str, Body]] = {
    "customEvent": _ecommerce_event,
    "nonEcommCustomEvent": _custom_event,
    "emailEvent": _email_event,
    "upsertContact": _contact,
}
