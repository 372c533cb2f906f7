"""
The formats that a field may name, as ajv-formats 2.1.1 takes them; and Segment's own ``date-like``.

What is neither here nor among the `UNCHECKED` is no format.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Final

from mockodp_harness.segment.dates import is_date_like
from mockodp_harness.segment.patterns import pattern
from mockodp_harness.segment.values import WHITESPACE

_DATE: Final = pattern(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME: Final = pattern(
    r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)?(?:z|[+-][0-9]{2}(?::?[0-9]{2})?)?", re.IGNORECASE
)
_BETWEEN: Final = pattern(r"[tT\s\ufeff]")

_ATOM: Final = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_SHORT_LABEL: Final = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_BYTE: Final = "(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)"
_ESCAPE: Final = "%[0-9a-f]{2}"
_VARIABLE: Final = rf"(?:[a-z0-9_]|{_ESCAPE})+(?::[1-9][0-9]{{0,3}}|\*)?"
_BYTES: Final = pattern("(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_LINES: Final = pattern("[\n\r\u2028\u2029]")
_SPACE: Final = re.escape(WHITESPACE)
_WIDE: Final = "a-z\u00a1-\uffff"
_URL: Final = pattern(
    rf"""
    (?:https?|ftp)://
    (?:[^{_SPACE}]+@)?
    (?:
      (?!(?:10|127)(?:\.[0-9]{{1,3}}){{3}}) (?!(?:169\.254|192\.168)(?:\.[0-9]{{1,3}}){{2}})
      (?!172\.(?:1[6-9]|2[0-9]|3[01])(?:\.[0-9]{{1,3}}){{2}})
      (?:[1-9][0-9]?|1[0-9][0-9]|2[01][0-9]|22[0-3])
      (?:\.(?:1?[0-9]{{1,2}}|2[0-4][0-9]|25[0-5])){{2}} \.(?:[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-4])
    |
      (?:[{_WIDE}0-9]++-)*+[{_WIDE}0-9]++ (?:\.(?:[{_WIDE}0-9]++-)*+[{_WIDE}0-9]++)* \.[{_WIDE}]{{2,}}
    )
    (?::[0-9]{{2,5}})? (?:/[^{_SPACE}]*)?
    """,
    re.IGNORECASE | re.VERBOSE,
)
_POINTER: Final = "(?:/(?:[^~/]|~0|~1)*)*"

_SCHEME: Final = r"[a-z][a-z0-9+\-.]*:"
_ADDRESS: Final = r"\[[0-9a-f:.]+\]|\[v[0-9a-f]+\.[a-z0-9\-._~!$&'()*+,;=:]+\]"


def _uri(quotes: str, before: str, empty: str) -> str:
    """The pattern of a URI; one slash may stand for the two before the host; *empty* is ``|`` where nothing will do."""
    plain = rf"[a-z0-9\-._~!$&'{quotes}()*+,;=]|{_ESCAPE}"
    segment = rf"(?:[a-z0-9\-._~!$&'{quotes}()*+,;=:@]|{_ESCAPE})"
    tail = rf"(?:[a-z0-9\-._~!$&'{quotes}()*+,;=:@/?]|{_ESCAPE})*"
    host = rf"/?/(?:(?:{plain}|:)*@)?(?:{_ADDRESS}|(?:{plain})*)(?::[0-9]*)?(?:/{segment}*)*"
    return rf"{before}(?:{host}|{segment}+(?:/{segment}*)*{empty})(?:\?{tail})?(?:\#{tail})?"


def _matcher(written: str) -> Callable[[str], bool]:
    compiled = pattern(written, re.IGNORECASE | re.ASCII)
    return lambda text: compiled().fullmatch(text) is not None


def _is_date(text: str) -> bool:
    found = _DATE().fullmatch(text)
    if found is None:
        return False
    year, month, day = map(int, found.groups())
    with suppress(ValueError):
        return bool(date(year or 400, month, day))  # the year 0 is one of 366 days
    return False


def _is_time(text: str) -> bool:
    found = _TIME().fullmatch(text)
    if found is None:
        return False
    hour, minute, second = map(int, found.groups())
    is_leap = (hour, minute, second) == (23, 59, 60)
    return is_leap or (hour < 24 and minute < 60 and second < 60)  # noqa: PLR2004


def _is_date_time(text: str) -> bool:
    day, *times = _BETWEEN().split(text)
    return len(times) == 1 and _is_date(day) and _is_time(times[0])


def _is_ipv6(text: str) -> bool:
    from ipaddress import IPv6Address  # noqa: PLC0415  one format in eighteen needs it

    with suppress(ValueError):
        return "%" not in text and bool(IPv6Address(text))
    return False


def _is_byte(text: str) -> bool:
    """Base64, of which one line is enough."""
    return any(map(_BYTES().fullmatch, _LINES().split(text)))


_is_uri = _matcher(_uri("", _SCHEME, ""))

UNCHECKED: Final = ("binary", "double", "float", "int32", "int64", "password", "regex", "text")
"""Formats that every text passes: they are about numbers, or say nothing; ``regex`` is not looked at here."""

FORMATS: Final[dict[str, Callable[[str], bool]]] = {
    "byte": _is_byte,
    "date": _is_date,
    "date-like": is_date_like,
    "date-time": _is_date_time,
    "duration": _matcher(
        "P(?!$)(?:(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+D)?(?:T(?=[0-9])(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+S)?)?|(?:[0-9]+W)?)"
    ),
    "email": _matcher(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_LABEL}"),
    "hostname": _matcher(rf"(?=.{{1,253}}\.?$){_SHORT_LABEL}(?:\.{_SHORT_LABEL})*\.?"),
    "ipv4": _matcher(rf"(?:{_BYTE}\.){{3}}{_BYTE}"),
    "ipv6": _is_ipv6,
    "json-pointer": _matcher(_POINTER),
    "json-pointer-uri-fragment": _matcher(rf"\#(?:/(?:[a-z0-9_\-.!$&'()*+,;:=@]|{_ESCAPE}|~0|~1)*)*"),
    "relative-json-pointer": _matcher(rf"(?:0|[1-9][0-9]*)(?:\#|{_POINTER})"),
    "time": _is_time,
    "uri": lambda text: ("/" in text or ":" in text) and _is_uri(text),
    "uri-reference": _matcher(_uri('"', f"(?:{_SCHEME})?", "|")),
    "uri-template": _matcher(
        rf"(?:[^\0-\x20\"'<>%\\^`{{|}}]|{_ESCAPE}|\{{[+#./;?&=,!@|]?{_VARIABLE}(?:,{_VARIABLE})*\}})*"
    ),
    "url": lambda text: _URL().fullmatch(text) is not None,
    "uuid": _matcher("(?:urn:uuid:)?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"),
}
