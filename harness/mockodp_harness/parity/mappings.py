"""Mappings: those of the actions and presets, changed ones, and made ones with every directive, well formed and not."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any, Final

from mockodp_harness.destinations import optimizely_data_platform as odp
from mockodp_harness.parity import odd, templates
from mockodp_harness.parity.trees import Number, Tree, copied, read
from mockodp_harness.segment.values import stringify

Make = Callable[[Random, int], Tree]

PATHS: Final = (
    "$.type", "$.event", "$.userId", "$.timestamp", "$.properties", "$.properties.email", "$.properties.name",
    "$.properties.total", "$.properties.price", "$.properties.products", "$.properties.products[0]",
    "$.properties.products.0.product_id", "$.properties.products[0].quantity", "$.properties.arr",
    "$.properties.arr[0]",
    "$.properties.obj", "$.properties.nul", "$.properties.zero.x", "$.properties.flag", "$.properties.empty.x",
    "$.properties.missing", "$.properties.s", "$.properties.s.length", "$.properties.s[0]", "$.properties.date",
    "$.traits", "$.traits.email", "$.traits.address", "$.traits.address.street", "$.traits.birthday", "$.traits.age",
    "$.traits.first_name", "$.context", "$.context.traits.email", "$.context.personas.computation_key",
)  # fmt: skip
ODD_PATHS: Final = (
    "", ".", "$", "$.", "..", "type", "$..type", " $.type", "$.type ", "$.properties['a b']", '$.properties["a.b"]',
    "$['properties']['s']", "$.['properties'].s", "$.properties[s]", "$.properties.arr[*].a", "$.properties.arr[-1]",
    "$.properties.arr[]", "$.properties.arr.length", "properties$.s", "$.properties.$.s", "$$.type", "$.properties.10",
    "$.properties.constructor.name", "$.properties.toString", "$.__proto__", "$.properties.arr[0][0]",
    "$.properties.arr[0].[0]",
    "$.properties.a\\.b", "$.toString.length", "$.traits.__proto__.x", "$.properties.s.constructor.name", "$.a", "$.0",
    "$.b",
    "$.product_id", "$.quantity", "$.length", "$.properties.hasOwnProperty", "$.properties.s.toString",
    "$.properties.arr.concat",
)  # fmt: skip
FIELDS: Final = (
    "user_identifiers", "event_type", "event_action", "products", "order_id", "total", "timestamp", "data", "company",
    "title",
    "name", "firstname", "DOB", "phone", "age", "address", "avatar", "additional_traits", "campaign", "campaign_id",
    "link_url",
    "enable_batching", "batch_size", "batch_keys", "dynamicAuthSettings", "__segment_internal_sync_mode", "nothing",
    "10", "__proto__",
)  # fmt: skip
PATTERNS: Final = (
    "a", "an", "A", "", "$&", "$$", "$`", "$'", "$1", ".", "*", "(", "é", "😀", "0", " ", "s", "\u017f", "ß", "\u03c3",
    "abcdefghij", "abcdefghijk", "\\", "[", "banana",
)  # fmt: skip
ROOT: Final = "__segment_internal_directive"


def path(rng: Random) -> str:
    """A path into an event."""
    return rng.choice(PATHS if odd.chance(rng, 0.75) else ODD_PATHS)


def value(rng: Random, depth: int = 3) -> Tree:
    """A value of a mapping: a literal, a directive, or a container of such."""
    if depth <= 0:
        return odd.scalar(rng) if odd.chance(rng, 0.5) else {"@path": path(rng)}
    make = rng.choices((directive, _literal, _object, _array), (70, 12, 12, 6))[0]
    return make(rng, depth - 1)


def directive(rng: Random, depth: int = 3) -> Tree:
    """A directive, malformed once in a while."""
    name = rng.choices(_NAMES, _WEIGHTS)[0]
    made: Tree = {name: DIRECTIVES[name](rng, depth)}
    if odd.chance(rng, 0.03):
        made["_metadata"] = odd.value(rng, 1)
    return _spoiled(rng, made) if odd.chance(rng, 0.04) else made


def _literal(rng: Random, _: int) -> Tree:
    return odd.value(rng, 1)


def _object(rng: Random, depth: int) -> Tree:
    return {odd.name(rng): value(rng, depth) for _ in range(rng.randint(0, 3))}


def _array(rng: Random, depth: int) -> Tree:
    return [value(rng, depth) for _ in range(rng.randint(0, 3))]


def _spoiled(rng: Random, made: Tree) -> Tree:
    ((name, argument), *_) = made.items()
    if odd.chance(rng, 0.2):
        return {**made, rng.choice(("@path", "x", "@nope")): odd.value(rng, 1)}
    if odd.chance(rng, 0.25):
        return {rng.choice(("@nope", "@", "@Path", name.upper())): argument}
    if not isinstance(argument, dict) or not argument or odd.chance(rng, 0.33):
        return {name: odd.value(rng, 1)}
    member = rng.choice(list(argument))
    others = {key: value for key, value in argument.items() if key != member}
    return {name: others if odd.chance(rng, 0.5) else {**argument, member: odd.value(rng, 1)}}


# -- directives ---------------------------------------------------------------------------------------------------


def _path(rng: Random, depth: int) -> Tree:
    return directive(rng, depth - 1) if depth > 0 and odd.chance(rng, 0.06) else path(rng)


def _template(rng: Random, depth: int) -> Tree:
    if depth > 0 and odd.chance(rng, 0.08):
        return directive(rng, depth - 1)
    return template(rng)


def template(rng: Random) -> str:
    """A text with placeholders."""
    forms = ("{{%s}}", "{{%s}}", "{{%s}}", "{{{%s}}}", "{{ %s }}", "{{{ %s }}", "{{%s", "{{{{%s}}}}", "{{%s}}}")
    pieces = [
        rng.choice(forms).replace("%s", path(rng).removeprefix("$.") if odd.chance(rng, 0.9) else odd.text(rng))
        if odd.chance(rng, 0.7) else odd.text(rng)
        for _ in range(rng.randint(1, 3))
    ]  # fmt: skip
    return rng.choice(("", " ", "-")).join(pieces)


def _if(rng: Random, depth: int) -> Tree:
    made = {rng.choice(("exists", "exists", "blank")): value(rng, depth - 1)}
    if odd.chance(rng, 0.05):
        made["blank"] = value(rng, depth - 1)
    return made | odd.some(rng, {"then": lambda r: value(r, depth - 1), "else": lambda r: value(r, depth - 1)}, 0.85)


def _case(rng: Random, depth: int) -> Tree:
    operator = rng.choice(("lower", "upper", "lower", "upper", "Lower", "", "title"))
    return {"operator": operator, "value": _textual(rng, depth)}


def _textual(rng: Random, depth: int) -> Tree:
    return odd.text(rng) if odd.chance(rng, 0.3) else directive(rng, depth - 1) if depth > 0 else {"@path": path(rng)}


def _short(rng: Random) -> str:
    return rng.choice(PATTERNS)


def _replace(rng: Random, depth: int) -> Tree:
    flag = {
        "ignorecase": lambda r: r.choice((True, False, False, None)),
        "global": lambda r: r.choice((True, False, False, None)),
    }
    more = odd.some(rng, {"replacement": _short, "pattern2": _short, "replacement2": _short}, 0.6)
    return {"pattern": _short(rng), **more, **odd.some(rng, flag, 0.4), "value": _textual(rng, depth)}


def _json(rng: Random, depth: int) -> Tree:
    return {"mode": rng.choice(("encode", "decode", "encode", "decode", "Encode", "x")), "value": value(rng, depth - 1)}


def _flatten(rng: Random, depth: int) -> Tree:
    made = {"separator": rng.choice((".", "_", "", ":", "ab")), "value": value(rng, depth - 1)}
    return made | odd.some(rng, {"omitArrays": lambda r: r.choice((True, False, Number("1"), ""))}, 0.3)


def _merge(rng: Random, depth: int) -> Tree:
    direction = rng.choice(("left", "right", "left", "right", "Left", "RIGHT", "up", ""))
    return {"direction": direction, "objects": [_merged(rng, depth) for _ in range(rng.randint(0, 3))]}


def _merged(rng: Random, depth: int) -> Tree:
    return (
        value(rng, depth - 1)
        if odd.chance(rng, 0.3)
        else (_object if odd.chance(rng, 0.5) else directive)(rng, depth - 1)
    )


def _array_path(rng: Random, depth: int) -> Tree:
    first = (
        rng.choice(("$.properties.products", "$.properties.arr", "$.properties.obj"))
        if odd.chance(rng, 0.6)
        else _path(rng, depth)
    )
    if odd.chance(rng, 0.2):
        return [first]
    shape = directive(rng, depth - 1) if odd.chance(rng, 0.3) else {
        odd.name(rng): {"@path": rng.choice(("$.product_id", "$.a", "$.x", "$", "", "$.0", "$.length"))}
        if odd.chance(rng, 0.7) else value(rng, depth - 1)
        for _ in range(rng.randint(0, 3))
    }  # fmt: skip
    return [first, shape]


def _transform(rng: Random, depth: int) -> Tree:
    return {
        "apply": value(rng, depth - 1) if odd.chance(rng, 0.3) else _applied(rng, depth),
        "mapping": value(rng, depth - 1),
    }


def _applied(rng: Random, depth: int) -> Tree:
    return {
        rng.choice(("properties", "type", "traits", "a", "x")): value(rng, depth - 1) for _ in range(rng.randint(1, 2))
    }


DIRECTIVES: Final[dict[str, Make]] = {
    "@path": _path, "@template": _template, "@literal": value, "@if": _if, "@case": _case, "@replace": _replace,
    "@json": _json, "@flatten": _flatten, "@merge": _merge, "@arrayPath": _array_path, "@transform": _transform,
    "@excludeWhenNull": value, "@liquid": lambda rng, _: templates.liquid(rng),
}  # fmt: skip
_NAMES: Final = tuple(DIRECTIVES)
_WEIGHTS: Final = (30, 10, 4, 8, 5, 6, 6, 5, 6, 8, 5, 4, 2)


# -- whole mappings -----------------------------------------------------------------------------------------------


@cache
def _known() -> dict[str, str]:
    """The default mappings of all actions and the mappings of all presets, as JSON texts."""
    defaults = {slug: odp.default_mapping(slug) for slug in odp.destination().actions}
    named = defaults | {each["name"]: each["mapping"] for each in odp.presets()}
    return {name: stringify(mapping) or "" for name, mapping in named.items()}


def default(slug: str) -> Tree:
    """The default mapping of an action."""
    return read(_known()[slug])


def preset(rng: Random) -> tuple[str, Tree]:
    """The action and the mapping of some preset."""
    chosen = rng.choice(odp.presets())
    return chosen["partnerAction"], read(_known()[chosen["name"]])


def of_action(rng: Random, slug: str) -> Tree:
    """A mapping for an action: its default one, nearly always with an action, and often changed."""
    if odd.chance(rng, 0.1):
        return whole(rng)
    made = default(slug)
    if odd.chance(rng, 0.9):
        made["event_action"] = odd.text(rng) if odd.chance(rng, 0.1) else "act"
    if slug == "upsertContact" and odd.chance(rng, 0.4):
        made["additional_traits"] = {"@path": "$.traits"} if odd.chance(rng, 0.6) else value(rng, 2)
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
        made = changed(rng, made)
    return _rooted(rng, made) if odd.chance(rng, 0.04) else made


def whole(rng: Random) -> Tree:
    """A mapping made of nothing known."""
    if odd.chance(rng, 0.1):
        return directive(rng)
    made = {rng.choice(FIELDS) if odd.chance(rng, 0.6) else odd.name(rng): value(rng) for _ in range(rng.randint(1, 4))}
    return _rooted(rng, made) if odd.chance(rng, 0.06) else made


def _rooted(rng: Random, made: Tree) -> Tree:
    root = (
        {"@transform": {"apply": _applied(rng, 2)}}
        if odd.chance(rng, 0.6)
        else odd.value(rng)
        if odd.chance(rng, 0.4)
        else directive(rng, 1)
    )
    return {ROOT: root, **made}


def changed(rng: Random, mapping: Tree) -> Tree:
    """*mapping* with one member replaced, left out, or put in."""
    made = copied(mapping)
    place: Any = made
    while isinstance(place, dict) and place:
        name = rng.choice(list(place))
        is_leaf = not isinstance(place[name], dict | list) or not place[name]
        if is_leaf or odd.chance(rng, 0.3) or (_is_directive(place[name]) and odd.chance(rng, 0.7)):
            break
        place = place[name] if isinstance(place[name], dict) else place[name][-1]
    if not isinstance(place, dict):
        return made
    if place and odd.chance(rng, 0.15):
        place.pop(rng.choice(list(place)))
    elif odd.chance(rng, 0.18):
        place[rng.choice(FIELDS)] = value(rng, 2)
    elif place:
        place[rng.choice(list(place))] = value(rng, 2) if odd.chance(rng, 0.6) else odd.value(rng)
    return made


def _is_directive(value: Tree) -> bool:
    return isinstance(value, dict) and any(name.startswith("@") for name in value)


__all__ = ["changed", "default", "directive", "of_action", "path", "preset", "template", "value", "whole"]
