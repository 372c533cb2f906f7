"""
The JavaScript value model, as far as payload bytes, messages and decisions depend on it.

JSON values are Python's own: None, bool, str, list, dict, and numbers in one form (`number`). Beside them stand
`UNDEFINED` and `Function`, a member that every JavaScript object inherits. Texts are Python's, with lone surrogates
where JSON has them; lengths and positions count UTF-16 code units.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from json.encoder import encode_basestring
from typing import Any, Final, NamedTuple

from mockodp_harness.segment.patterns import pattern

Object = dict[str, Any]

WHITESPACE: Final = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f"
    "\u3000\ufeff"
)
LONGEST: Final = 2**29 - 24
_EXACT: Final = 2**53
_EXACT_DIGITS: Final = 15
_ASCII: Final = 0x80
_LAST_INDEX: Final = 2**32 - 2
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,9}")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_ASTRAL: Final = pattern("[\U00010000-\U0010ffff]")
_DECIMAL: Final = pattern(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DIGITS_BEFORE_EXPONENT: Final = 21
_ZEROS_BEFORE_EXPONENT: Final = -6


class Undefined:
    """What is not there; the one instance is `UNDEFINED`."""

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "UNDEFINED"  # a copy is itself

    def __repr__(self) -> str:
        return "UNDEFINED"


UNDEFINED: Final = Undefined()


class Crash(Exception):
    """What JavaScript throws where a value cannot be converted: its *name* and *message*."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name
        self.message = message


CRASHES: Final = (Crash, RecursionError)


def crash(error: Crash | RecursionError) -> Crash:
    """*error* in JavaScript's words: where Python's stack ends V8's is taken to end as well."""
    return error if isinstance(error, Crash) else Crash("RangeError", "Maximum call stack size exceeded")


class TooDeep(ValueError):
    """JSON nested deeper than Python reads it, about a thousand levels; JavaScript would."""


class Function(NamedTuple):
    """A function of JavaScript's own objects, such as ``toString``: no JSON, but a path may lead to one."""

    name: str
    length: int = 0


# -- JSON ---------------------------------------------------------------------------------------------------------


def number(value: float) -> int | float:
    """A number in its one form: an int if it is whole and exact, else a float; ``-0.0`` stays a float."""
    if isinstance(value, int):
        return value if -_EXACT <= value <= _EXACT else _from_float(_as_float(value))
    return _from_float(value)


def _as_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _from_float(value: float) -> int | float:
    is_exact = -_EXACT <= value <= _EXACT and value.is_integer()
    return int(value) if is_exact and (value != 0 or math.copysign(1, value) > 0) else value


def parse(text: str | bytes) -> Any:
    """The value of a JSON text as ``JSON.parse`` reads it; ValueError if it is none, `TooDeep` if Python cannot."""
    read = text.decode() if isinstance(text, bytes) else text  # json.loads would guess at UTF-16 and skip a BOM
    try:
        return json.loads(read, object_pairs_hook=in_order, parse_int=_number_of, parse_float=_number_of,
                          parse_constant=_no_constant)  # fmt: skip
    except RecursionError:
        raise TooDeep("it is nested too deep") from None


def _number_of(text: str) -> int | float:
    is_plain = len(text) <= _EXACT_DIGITS and text.lstrip("-").isdigit() and text != "-0"
    return int(text) if is_plain else _from_float(float(text))


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def in_order(pairs: Iterable[tuple[str, Any]]) -> Object:
    """An object whose members are in JavaScript's order: array indexes first, ascending; else as they came."""
    made = dict(pairs)
    return ordered(made) if any(name[:1].isdecimal() for name in made) else made


def ordered(made: Object) -> Object:
    """*made* in JavaScript's order; itself if it is."""
    indexes = sorted((name for name in made if is_index(name)), key=int)
    if not indexes:
        return made
    return {
        **{name: made[name] for name in indexes},
        **{name: value for name, value in made.items() if not is_index(name)},
    }


def is_index(name: str) -> bool:
    """Whether a member of that name is an array index: a canonical decimal up to 4294967294."""
    return bool(_INDEX.fullmatch(name)) and int(name) <= _LAST_INDEX


def stringify(value: Any) -> str | None:
    """The JSON text as ``JSON.stringify`` writes it; None for what has none."""
    if value is UNDEFINED or isinstance(value, Function):
        return None
    return _written(value)


def _written(value: Any) -> str:
    if isinstance(value, str):
        return quoted(value)
    if value is None or value is UNDEFINED or isinstance(value, Function):
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, dict):
        members = (
            f"{quoted(name)}:{_written(member)}"
            for name, member in value.items()
            if member is not UNDEFINED and not isinstance(member, Function)
        )
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join([_written(item) for item in value]) + "]"
    return number_text(value) if math.isfinite(value) else "null"


def quoted(text: str) -> str:
    """A JSON string: everything raw but quotes, backslashes, controls and lone surrogates."""
    written = encode_basestring(text)
    return written.encode(errors="backslashreplace").decode() if _SURROGATE.search(written) else written


def without_undefined(value: Any) -> Any:
    """A copy without members that are undefined, at every depth; items of arrays stay."""
    if isinstance(value, dict):
        return {name: without_undefined(member) for name, member in value.items() if member is not UNDEFINED}
    return [without_undefined(item) for item in value] if isinstance(value, list) else value


# -- conversions --------------------------------------------------------------------------------------------------


def number_text(value: float) -> str:
    """The shortest text of a number that reads back as the same, in JavaScript's form."""
    if isinstance(value, int):
        return str(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    return sign + _placed(digits, point)


def _placed(digits: str, point: int) -> str:
    """*digits* with the decimal point behind the first *point* of them."""
    count = len(digits)
    if count <= point <= _DIGITS_BEFORE_EXPONENT:
        return digits + "0" * (point - count)
    if 0 < point <= _DIGITS_BEFORE_EXPONENT:
        return f"{digits[:point]}.{digits[point:]}"
    if _ZEROS_BEFORE_EXPONENT < point <= 0:
        return f"0.{'0' * -point}{digits}"
    exponent = f"{point - 1:+d}"
    return f"{digits}e{exponent}" if count == 1 else f"{digits[0]}.{digits[1:]}e{exponent}"


def to_text(value: Any) -> str:
    """``String(value)``."""
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value)
    if isinstance(value, list):
        return ",".join("" if item is None or item is UNDEFINED else to_text(item) for item in value)
    if isinstance(value, Function):
        return f"function {value.name}() {{ [native code] }}"
    return "undefined" if value is UNDEFINED else _object_text(value)


def _object_text(value: Object) -> str:
    if "toString" in value:  # a member that is no function hides the inherited one
        raise Crash("TypeError", "Cannot convert object to primitive value")
    return "[object Object]"


def bounded(units: int) -> None:
    """Raise `Crash` for a text of more code units than V8 makes."""
    if units > LONGEST:
        raise Crash("RangeError", "Invalid string length")


def to_number(value: Any) -> int | float:
    """``Number(value)``."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return value
    if value is None:
        return 0
    if isinstance(value, str):
        return text_to_number(value)
    return text_to_number(to_text(value)) if isinstance(value, list | dict) else math.nan


def text_to_number(text: str) -> int | float:
    """``Number(text)``: decimal, ``0x``, ``0o``, ``0b`` or Infinity within whitespace; NaN for anything else."""
    text = text.strip(WHITESPACE)
    if not text:
        return 0
    if _DECIMAL().fullmatch(text):
        return _from_float(float(text))
    if text.lstrip("+-") == "Infinity" and len(text) <= len("+Infinity"):
        return -math.inf if text[0] == "-" else math.inf
    base = {"0x": 16, "0o": 8, "0b": 2}.get(text[:2].lower())
    if base is None or not re.fullmatch(r"[0-9a-fA-F]+", text[2:]):
        return math.nan
    try:
        return number(int(text[2:], base))
    except ValueError:
        return math.nan


def is_truthy(value: Any) -> bool:
    """Whether ``if (value)`` goes in: arrays and objects do, empty ones too."""
    if isinstance(value, dict | list | Function):
        return True
    return bool(value) and value == value  # noqa: PLR0124  NaN is false


def equals_empty_text(value: Any) -> bool:
    """``value == ""``: also 0, false, and arrays that are written as nothing."""
    if value is None or value is UNDEFINED or isinstance(value, Function):
        return False
    if isinstance(value, list | dict):
        return to_text(value) == ""
    return value == "" if isinstance(value, str) else value == 0


def type_of(value: Any) -> str:
    """``typeof value``."""
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if value is UNDEFINED:
        return "undefined"
    return "function" if isinstance(value, Function) else "object"


def is_same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same: true is not 1, the order of members does not matter."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    return type_of(one) == type_of(other) and bool(one == other)


# -- texts --------------------------------------------------------------------------------------------------------


def length(text: str) -> int:
    """How many UTF-16 code units *text* has."""
    return len(text) if text.isascii() else len(text) + len(_ASTRAL().findall(text))


def units(text: str) -> str:
    """*text* with each code unit as a character of its own: what is astral as two surrogates."""
    if text.isascii() or not _ASTRAL().search(text):
        return text
    return "".join(map(chr, memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H")))


def from_units(text: str) -> str:
    """The reverse of `units`: surrogates that stand together are one character."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def folded(unit: str) -> str:
    """A code unit as a regular expression without the ``u`` flag compares it when it ignores case."""
    upper = unit.upper()
    return upper if len(upper) == 1 and not (ord(unit) >= _ASCII > ord(upper)) else unit
