"""
The formats that a field may name, as ajv-formats 2.1.1 takes them; and Segment's own ``date-like``.

A format that is not here is passed by every text.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from contextlib import suppress
from ipaddress import IPv6Address
from typing import Final

from mockodp_harness.segment.dates import is_date_like

_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME: Final = re.compile(
    r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)?(?:z|[+-][0-9]{2}(?::?[0-9]{2})?)?", re.IGNORECASE
)
_BETWEEN: Final = re.compile(r"[tT\s\ufeff]")

_ATOM: Final = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_SHORT_LABEL: Final = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_BYTE: Final = "(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)"
_ESCAPE: Final = "%[0-9a-f]{2}"
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


def _matcher(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.IGNORECASE | re.ASCII)
    return lambda text: compiled.fullmatch(text) is not None


def _is_date(text: str) -> bool:
    found = _DATE.fullmatch(text)
    if found is None:
        return False
    year, month, day = map(int, found.groups())
    return 1 <= month <= 12 and 1 <= day <= monthrange(year or 400, month)[1]  # noqa: PLR2004


def _is_time(text: str) -> bool:
    found = _TIME.fullmatch(text)
    if found is None:
        return False
    hour, minute, second = map(int, found.groups())
    is_leap = (hour, minute, second) == (23, 59, 60)
    return is_leap or (hour < 24 and minute < 60 and second < 60)  # noqa: PLR2004


def _is_date_time(text: str) -> bool:
    day, *times = _BETWEEN.split(text)
    return len(times) == 1 and _is_date(day) and _is_time(times[0])


def _is_ipv6(text: str) -> bool:
    with suppress(ValueError):
        return "%" not in text and bool(IPv6Address(text))
    return False


_is_uri = _matcher(_uri("", _SCHEME, ""))

FORMATS: Final[dict[str, Callable[[str], bool]]] = {
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
    "relative-json-pointer": _matcher(rf"(?:0|[1-9][0-9]*)(?:\#|{_POINTER})"),
    "time": _is_time,
    "uri": lambda text: ("/" in text or ":" in text) and _is_uri(text),
    "uri-reference": _matcher(_uri('"', f"(?:{_SCHEME})?", "|")),
    "uuid": _matcher("(?:urn:uuid:)?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"),
}
