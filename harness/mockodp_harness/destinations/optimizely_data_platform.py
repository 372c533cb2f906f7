"""
What the Optimizely Data Platform destination sends for a validated payload: one item of a batch for each.

Members stand in the order in which the published package writes them; what is undefined is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date
from functools import cache, partial
from typing import Any, Final

from mockodp_contracts import destination as tables

from mockodp_harness.segment import dates
from mockodp_harness.segment.destination import Action, Destination
from mockodp_harness.segment.exchange import Request, post
from mockodp_harness.segment.items import Constant, Derived, Layout, Member, Zone
from mockodp_harness.segment.values import UNDEFINED, Object, to_text

_LENGTH_OF_DATE: Final = 10


@cache
def destination() -> Destination:
    """The destination as the engine runs it."""
    table = tables.destination()
    urls = {region.name: region.base_url for region in table.regions}
    actions = {
        each.slug: Action(
            each.slug, each.title, _fields(each.fields), LAYOUTS[each.slug], partial(_head, urls, each.path)
        )
        for each in table.actions
    }
    settings = {each.name: _setting(each) for each in table.settings}
    return Destination(table.name, settings, actions, partial(_authentication, urls, table.authentication_path))


def default_mapping(slug: str) -> Object:
    """The mapping that Segment's form proposes for an action: the defaults of its fields."""
    action = _action(slug)
    return {field.name: field.default for field in action.fields if field.default is not None}


def default_subscription(slug: str) -> Object:
    """The default mapping of an action on its default trigger, else on every track event."""
    action = _action(slug)
    subscribe = action.default_trigger or 'type = "track"'
    return {"name": action.title, "subscribe": subscribe, "partnerAction": slug, "mapping": default_mapping(slug)}


def _action(slug: str) -> tables.Action:
    actions = {each.slug: each for each in tables.destination().actions}
    if slug not in actions:
        raise ValueError(f"There is no action {slug!r}. Known: {', '.join(actions)}.")
    return actions[slug]


def presets() -> list[Object]:
    """The presets as subscriptions."""
    return [
        {"name": each.name, "subscribe": each.trigger, "partnerAction": each.action, "mapping": dict(each.mapping)}
        for each in tables.destination().presets
    ]


def _head(urls: Mapping[str, str], path: str, settings: Mapping[str, Any]) -> Request:
    return post(_url(urls, settings) + path, _key(settings), "")


def _authentication(urls: Mapping[str, str], path: str, settings: Mapping[str, Any]) -> Request:
    return post(_url(urls, settings) + path, _key(settings))


def _url(urls: Mapping[str, str], settings: Mapping[str, Any]) -> str:
    return urls.get(to_text(settings.get("region", UNDEFINED)), "undefined")


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


def _birth(value: Any, zone: Zone) -> Object:
    """The three numbers of a date of birth; none if there is no date."""
    if value is None or value == "":
        return {}
    day = (_day(value) if zone is UTC else None) or dates.date(dates.time_of(value, zone), zone)
    return {} if day is None else {"dob_year": day.year, "dob_month": day.month, "dob_day": day.day}


def _day(value: Any) -> date | None:
    """The date of a text such as ``1990-01-01``, which most are and which needs no thought in UTC."""
    if value.__class__ is not str or len(value) != _LENGTH_OF_DATE or value[4] != "-" or value[7] != "-":
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def _named(*names: str) -> list[Member]:
    return [Member(name, name) for name in names]


_EVENT: Final = (
    Member("user_identifiers", "user_identifiers"),
    Member("action", "event_action"),
    Member("type", "event_type", instead="custom"),
)
LAYOUTS: Final[Mapping[str, Layout]] = {
    "customEvent": Layout((*_EVENT, *_named("timestamp", "order_id", "total", "products"))),
    "nonEcommCustomEvent": Layout((*_EVENT, *_named("timestamp", "data"))),
    "emailEvent": Layout((
        Constant("type", "email"),
        Member("action", "event_action"),
        *_named("campaign", "campaign_id", "user_identifiers"),
        Member("campaign_event_value", "link_url", instead=None),
        *_named("timestamp"),
    )),
    "upsertContact": Layout(
        (
            *_named("user_identifiers", "title", "name"),
            Member("first_name", "firstname"),
            Member("last_name", "lastname"),
            *_named("age"),
            Derived("DOB", _birth),
            *_named("gender", "phone", "address", "company"),
            Member("image_url", "avatar"),
        ),
        spread="additional_traits",
    ),
}  # fmt: skip
"""The items of each action: members stand in the order in which the published package writes them."""
