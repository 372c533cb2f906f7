"""
The filters of LiquidJS that Segment leaves enabled, as functions of JavaScript values.

A missing argument is UNDEFINED or the default of the parameter. Nothing here knows python-liquid.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json as python_json
import math
import random
import re
import sys
import urllib.parse
from collections.abc import Callable
from typing import Any, Final, TypeVar

from mockodp_harness.segment.mapping.liquid_dates import date
from mockodp_harness.segment.mapping.liquid_operators import equal, own_member
from mockodp_harness.segment.values import (
    UNDEFINED,
    WHITESPACE,
    from_units,
    is_truthy,
    length,
    number,
    parse,
    stringify,
    to_number,
    to_text,
    units,
)

FILTERS: Final[dict[str, Callable[..., Any]]] = {}

_F = TypeVar("_F", bound=Callable[..., Any])

LARGEST: Final = 1_000_000

_LINE_BREAK: Final = re.compile(r"\r?\n")
_SPACES: Final = re.compile(f"[{re.escape(WHITESPACE)}]+")
_MARKUP: Final = (("<script", "</script>"), ("<style", "</style>"), ("<", ">"), ("<!--", "-->"))
_LINE_ENDS: Final = re.compile("[\n\r\u2028\u2029]")
_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;"}
_UNESCAPED_IN_URLS: Final = "-_.!~*'()"


def _filter(*names: str) -> Callable[[_F], _F]:
    def entered(function: _F) -> _F:
        if doubles := FILTERS.keys() & set(names):
            raise ValueError(f"The filters {sorted(doubles)} are defined twice.")
        FILTERS.update(dict.fromkeys(names, function))
        return function

    return entered


def stringified(value: Any) -> str:
    """*value* as LiquidJS writes it: nothing for null, arrays without commas."""
    if isinstance(value, list):
        return "".join(map(stringified, value))
    return "" if value is None or value is UNDEFINED else to_text(value)


def bounded(size: int) -> None:
    """Raise OverflowError if something of that *size* must not be made."""
    if size > LARGEST:
        raise OverflowError("memory alloc limit exceeded")


def weight(value: Any) -> int:
    """How many characters and items *value* has when it is written, counted up to a little over the `LARGEST`."""
    if isinstance(value, str):
        return len(value)
    count, waiting = 0, [value]
    while waiting and count <= LARGEST:
        each = waiting.pop()
        if isinstance(each, list):
            count += len(each)
            waiting += each
        count += len(each) if isinstance(each, str) else 0
    return count


def _number(value: Any) -> int | float:
    """*value* as a number; 0 for what is none."""
    converted = 0 if value is UNDEFINED else to_number(value)
    return 0 if math.isnan(converted) else converted


def _whole(value: Any, default: int) -> int:
    converted = _number(value)
    return default if value is UNDEFINED or math.isinf(converted) else int(converted)


def _list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [] if value is None or value is UNDEFINED else [value]


# -- numbers ------------------------------------------------------------------------------------------------------


def _arithmetic(name: str, compute: Callable[[float, float], float]) -> None:
    def applied(left: Any, right: Any = UNDEFINED) -> int | float:
        return number(compute(_number(left), _number(right)))

    FILTERS[name] = applied


def _divided(left: float, right: float) -> float:
    if right:
        return float(left) / right
    return math.nan if not left else math.copysign(math.inf, left) * math.copysign(1, right)


def _remainder(left: float, right: float) -> float:
    return math.nan if not right or math.isinf(left) else math.fmod(left, right)


for _name, _compute in (
    ("plus", lambda left, right: left + right),
    ("minus", lambda left, right: left - right),
    ("times", lambda left, right: left * right),
    ("modulo", _remainder),
    ("at_least", max),
    ("at_most", min),
):
    _arithmetic(_name, _compute)


@_filter("divided_by")
def _divided_by(left: Any, right: Any = UNDEFINED, whole: Any = False) -> int | float:
    quotient = _divided(_number(left), _number(right))
    return number(math.floor(quotient)) if is_truthy(whole) and math.isfinite(quotient) else number(quotient)


@_filter("abs")
def _abs(value: Any) -> int | float:
    return abs(_number(value))


@_filter("floor")
def _floor(value: Any) -> int | float:
    converted = _number(value)
    return number(math.floor(converted)) if math.isfinite(converted) else converted


@_filter("ceil")
def _ceil(value: Any) -> int | float:
    return -_floor(-_number(value))


@_filter("round")
def _round(value: Any, digits: Any = 0) -> int | float:
    factor = 10.0 ** max(-300, min(300, _number(digits)))
    scaled = _number(value) * factor * (1 + sys.float_info.epsilon)
    whole = _floor(scaled)
    return number(_divided(whole + 1 if scaled - whole >= 0.5 else whole, factor))  # noqa: PLR2004


@_filter("to_integer")
def _to_integer(value: Any) -> int | float:
    return math.nan if value is UNDEFINED else to_number(value)


# -- texts --------------------------------------------------------------------------------------------------------


@_filter("append")
def _append(value: Any, added: Any = UNDEFINED) -> str:
    return stringified(value) + stringified(added)


@_filter("prepend")
def _prepend(value: Any, added: Any = UNDEFINED) -> str:
    return stringified(added) + stringified(value)


@_filter("upcase")
def _upcase(value: Any) -> str:
    return stringified(value).upper()


@_filter("downcase")
def _downcase(value: Any) -> str:
    return stringified(value).lower()


@_filter("capitalize")
def _capitalize(value: Any) -> str:
    text = stringified(value)
    return text[:1].upper() + text[1:].lower()


@_filter("strip")
def _strip(value: Any, characters: Any = UNDEFINED) -> str:
    return stringified(value).strip(stringified(characters) or WHITESPACE)


@_filter("lstrip")
def _lstrip(value: Any, characters: Any = UNDEFINED) -> str:
    return stringified(value).lstrip(stringified(characters) or WHITESPACE)


@_filter("rstrip")
def _rstrip(value: Any, characters: Any = UNDEFINED) -> str:
    return stringified(value).rstrip(stringified(characters) or WHITESPACE)


@_filter("strip_newlines")
def _strip_newlines(value: Any) -> str:
    return _LINE_BREAK.sub("", stringified(value))


@_filter("strip_html")
def _strip_html(value: Any) -> str:
    text = stringified(value)
    pieces, start = [], 0
    without: set[str] = set()  # ends that do not come any more: not to be sought again and again
    while (begin := text.find("<", start)) >= 0:
        end = _end_of_markup(text, begin, without)
        pieces.append(text[start : begin if end else begin + 1])
        start = end or begin + 1
    return "".join([*pieces, text[start:]])


def _end_of_markup(text: str, begin: int, without: set[str]) -> int:
    """Where the markup that begins there ends; 0 if it is none. A tag ends on its line."""
    for opening, closing in _MARKUP:
        if closing in without or not text.startswith(opening, begin):
            continue
        end = text.find(closing, begin + len(opening))
        if end < 0:
            without.add(closing)
        elif opening != "<" or not _LINE_ENDS.search(text, begin, end):
            return end + len(closing)
    return 0


@_filter("escape", "xml_escape")
def _escape(value: Any) -> str:
    return "".join(_ESCAPES.get(character, character) for character in stringified(value))


@_filter("escape_once")
def _escape_once(value: Any) -> str:
    return _escape(html.unescape(stringified(value)))


@_filter("replace")
def _replace(value: Any, pattern: Any = UNDEFINED, replacement: Any = UNDEFINED) -> str:
    text, sought, put = stringified(value), stringified(pattern), stringified(replacement)
    bounded(len(put) * text.count(sought))
    return text.replace(sought, put)


@_filter("replace_first")
def _replace_first(value: Any, pattern: Any = UNDEFINED, replacement: Any = UNDEFINED) -> str:
    return stringified(value).replace(stringified(pattern), stringified(replacement), 1)


@_filter("replace_last")
def _replace_last(value: Any, pattern: Any = UNDEFINED, replacement: Any = UNDEFINED) -> str:
    before, found, after = stringified(value).rpartition(stringified(pattern) or "\0")
    return before + stringified(replacement) + after if found else stringified(value)


@_filter("remove")
def _remove(value: Any, pattern: Any = UNDEFINED) -> str:
    return stringified(value).replace(stringified(pattern), "")


@_filter("remove_first")
def _remove_first(value: Any, pattern: Any = UNDEFINED) -> str:
    return stringified(value).replace(stringified(pattern), "", 1)


@_filter("remove_last")
def _remove_last(value: Any, pattern: Any = UNDEFINED) -> str:
    return str(_replace_last(value, pattern))


@_filter("truncate")
def _truncate(value: Any, longest: Any = 50, end: Any = "...") -> Any:
    text, tail = units(stringified(value)), stringified(end)
    most = _whole(longest, 50)
    return value if len(text) <= most else from_units(text[: max(0, most - length(tail))] + tail)


@_filter("truncatewords")
def _truncatewords(value: Any, longest: Any = 15, end: Any = "...") -> str:
    words = _SPACES.split(stringified(value))
    most = max(1, _whole(longest, 15))
    return " ".join(words[:most]) + (stringified(end) if len(words) >= most else "")


@_filter("split")
def _split(value: Any, separator: Any = UNDEFINED) -> list[str]:
    text, by = stringified(value), stringified(separator)
    pieces = text.split(by) if by else list(units(text))
    while pieces and not pieces[-1]:
        pieces.pop()
    return pieces


@_filter("url_encode")
def _url_encode(value: Any) -> str:
    return urllib.parse.quote(stringified(value), safe=_UNESCAPED_IN_URLS).replace("%20", "+")


@_filter("url_decode")
def _url_decode(value: Any) -> str:
    return urllib.parse.unquote(stringified(value).replace("+", " "), errors="strict")


@_filter("base64_encode")
def _base64_encode(value: Any) -> str:
    return base64.b64encode(stringified(value).encode("utf-8", "replace")).decode()


@_filter("base64_decode")
def _base64_decode(value: Any) -> str:
    text = re.sub(r"[^0-9A-Za-z+/]", "", stringified(value).replace("-", "+").replace("_", "/"))
    return base64.b64decode(text[: len(text) - (len(text) % 4 == 1)] + "=" * (-len(text) % 4)).decode(
        "utf-8", "replace"
    )


@_filter("sha256")
def _sha256(value: Any) -> str:
    return hashlib.sha256(stringified(value).encode("utf-8", "replace")).hexdigest()


# -- arrays and other values --------------------------------------------------------------------------------------


@_filter("join")
def _join(value: Any, separator: Any = " ") -> str:
    items = value if isinstance(value, list) else [value]
    between = " " if separator is None or separator is UNDEFINED else stringified(separator)
    bounded(len(items) * len(between))
    return between.join("" if item is None or item is UNDEFINED else to_text(item) for item in items)


@_filter("first")
def _first(value: Any) -> Any:
    if isinstance(value, str):
        return units(value)[:1]
    return own_member(value, "first") if isinstance(value, list) else ""


@_filter("last")
def _last(value: Any) -> Any:
    if isinstance(value, str):
        return units(value)[-1:]
    return own_member(value, "last") if isinstance(value, list) else ""


@_filter("size")
def _size(value: Any) -> Any:
    return own_member(value, "length") if isinstance(value, list | str) else 0


@_filter("slice")
def _slice(value: Any, begin: Any = 0, count: Any = 1) -> Any:
    if value is None or value is UNDEFINED:
        return []
    items = value if isinstance(value, list) else units(stringified(value))
    start = _whole(begin, 0)
    start = len(items) + start if start < 0 else start
    part = items[max(0, start) : max(0, start + max(0, _whole(count, 1)))]
    return from_units(part) if isinstance(part, str) else part


@_filter("compact")
def _compact(value: Any) -> list[Any]:
    return [item for item in _list(value) if item is not None and item is not UNDEFINED]


@_filter("where")
def _where(value: Any, name: Any = UNDEFINED, expected: Any = UNDEFINED) -> list[Any]:
    found = [(item, own_member(item, name)) for item in _list(value)]
    if expected is UNDEFINED:
        return [item for item, member in found if not (member is None or member is UNDEFINED or member is False)]
    return [item for item, member in found if equal(member, expected)]


@_filter("sum")
def _sum(value: Any, name: Any = UNDEFINED) -> int | float:
    items = _list(value) if name is UNDEFINED else [own_member(item, name) for item in _list(value)]
    return number(sum(map(_number, items)))


@_filter("push")
def _push(value: Any, item: Any = UNDEFINED) -> list[Any]:
    return [*_list(value), item]


@_filter("unshift")
def _unshift(value: Any, item: Any = UNDEFINED) -> list[Any]:
    return [item, *_list(value)]


@_filter("pop")
def _pop(value: Any) -> list[Any]:
    return _list(value)[:-1]


@_filter("shift")
def _shift(value: Any) -> list[Any]:
    return _list(value)[1:]


@_filter("sample")
def _sample(value: Any, count: Any = 1) -> Any:
    items = _list(value)
    drawn = random.sample(items, max(0, min(len(items), _whole(count, 1))))
    return drawn if _whole(count, 1) != 1 else drawn[0] if drawn else UNDEFINED


@_filter("default")
def _default(value: Any, otherwise: Any = UNDEFINED, allow_false: Any = False) -> Any:
    if isinstance(value, list | str):
        return value or otherwise
    if value is False and is_truthy(allow_false):
        return value
    return otherwise if value is None or value is UNDEFINED or value is False else value


@_filter("json", "jsonify")
def _json(value: Any, space: Any = 0) -> Any:
    text, width = stringify(value), min(10, _whole(space, 0))
    if text is None:
        return UNDEFINED
    return python_json.dumps(parse(text), indent=width, ensure_ascii=False) if width > 0 else text


@_filter("inspect")
def _inspect(value: Any, space: Any = 0) -> Any:
    return _json(value, space)


@_filter("raw")
def _raw(value: Any) -> Any:
    return value


FILTERS["date"] = date
