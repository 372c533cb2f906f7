"""``@liquid`` templates within what the engine supports."""

from __future__ import annotations

from random import Random
from typing import Final

_VALUES: Final = (
    "type", "event", "userId", "properties.name", "properties.price", "properties.flag", "properties.nul",
    "properties.zero", "properties.empty", "properties.arr", "properties.s", "properties.products[0].product_id",
    "properties.missing", "traits.email", "traits.first_name", "properties.email", '"abc"', "'NIKE shoes'", "7", "1.5",
    "true", "false", "properties.products.size", "properties.arr[0]", "properties.arr.first",
)  # fmt: skip
_FILTERS: Final = (
    "upcase", "downcase", "capitalize", "strip", "size", "append: '!'", "prepend: \"-\"", "remove: 'a'",
    "replace: 'a', 'o'",
    "replace_first: 'a', 'o'", "default: 'd'", "plus: 1", "minus: 2", "times: 3", "divided_by: 4", "modulo: 5", "round",
    "round: 1", "ceil", "floor", "abs", "truncate: 5", "truncate: 5, '~'", "truncatewords: 1", "split: 'a' | join: '-'",
    "slice: 1", "slice: 0, 2", "first", "last", "join: '+'", "escape", "url_encode", "json", "strip_html",
    "at_least: 3",
    "at_most: 3", "lstrip", "rstrip", "nosuchfilter", "to_integer", "compact | join: '-'", "remove_first: 'a'",
)  # fmt: skip
_TESTS: Final = (
    'type == "track"', "properties.flag", "properties.missing", "properties.price > 5", 'properties.name contains "ik"',
    "properties.zero", "properties.empty", 'userId != "u1"', "properties.price <= 100", "properties.name == blank",
    "true",
)  # fmt: skip


def liquid(rng: Random) -> str:
    """A template of one to three pieces."""
    return "".join(rng.choice((_output, _output, _text, _branch, _assigned))(rng) for _ in range(rng.randint(1, 3)))


def _output(rng: Random) -> str:
    dash = rng.choice(("", "", "", "-"))
    filters = "".join(f" | {rng.choice(_FILTERS)}" for _ in range(rng.choice((0, 1, 1, 2))))
    return f"{{{{{dash} {rng.choice(_VALUES)}{filters} {dash}}}}}"


def _text(rng: Random) -> str:
    return rng.choice((" ", "a", "Hello ", "é😀", "\n", "{ }", "%"))


def _branch(rng: Random) -> str:
    word = rng.choice(("if", "if", "unless"))
    otherwise = rng.choice(("", "{% else %}no", f"{{% elsif {rng.choice(_TESTS)} %}}{_output(rng)}"))
    return f"{{% {word} {rng.choice(_TESTS)} %}}{_output(rng)}{otherwise}{{% end{word} %}}"


def _assigned(rng: Random) -> str:
    return f"{{% assign v = {rng.choice(_VALUES)} | {rng.choice(_FILTERS)} %}}{{{{ v }}}}"
