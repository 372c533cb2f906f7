"""
Searching a journal: filters on records, filters on their items, pages with stable cursors.

A record meets a query if one of its items meets all item filters together. Knows any `Journal`, no storage.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Generic, TypeVar

import orjson

from mockodp.errors import QueryError
from mockodp.journal.index import words_of
from mockodp.journal.protocol import MOST_BYTES, Journal, RowFilter, is_last
from mockodp.judgement import is_advice
from mockodp.records import Record, address, id_text

T = TypeVar("T")
Item = dict[str, Any]
ItemFilter = Callable[[Item], bool]

_CHUNK: Final = 200
_PLAIN_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{0,3}[1-9][0-9]{0,3})?")
_LAST_ID: Final = 2**63 - 1
_PATH_PART: Final = re.compile(r"[^.\[\]]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """
    What to look for.

    *where* holds pairs of a path and a value: ``("user_identifiers.email", "ada@example.test")``. A path is dotted or
    a JSON Pointer; an array on the way is searched through. *cursor* is an id text, for an item with its index.
    """

    rows: RowFilter = field(default_factory=RowFilter)
    where: tuple[tuple[str, str], ...] = ()
    jsonpath: str | None = None
    cursor: tuple[int, int] | None = None
    descending: bool = False
    limit: int = 100

    def words(self) -> set[str]:
        """Words that every item met must hold."""
        return {word for _, text in self.where for word in _words_of_text(text)}


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of what a query meets, and the cursor of the next part if there is one."""

    found: tuple[T, ...]
    next: str | None


def find_records(journal: Journal, query: Query) -> Page[Record]:
    """The records that meet *query*."""
    by_item, advised = item_filter(query), _advised(query.rows)
    after = query.cursor[0] if query.cursor else None
    met = (
        record
        for record in scan(journal, _without_advice(query), after)
        if (advised is None or advised(record))
        and (by_item is None or any(by_item(item) for item in record.parsed_items()))
    )
    found, is_cut = _page(met, query.limit, lambda record: len(record.body))
    return Page(tuple(found), id_text(found[-1].id) if is_cut else None)


def find_items(journal: Journal, query: Query) -> Page[tuple[Record, int, Item]]:
    """The items that meet *query*, each with its record and its index in the batch."""
    by_item = item_filter(query)
    met = (
        (record, index, item)
        for record, index, item in _items_after(journal, query)
        if by_item is None or by_item(item)
    )
    found, is_cut = _page(met, query.limit, lambda each: len(each[0].body) // (each[0].items or 1))
    return Page(tuple(found), address(found[-1][0].id, found[-1][1]) if is_cut else None)


def _without_advice(query: Query) -> Query:
    """*query* as a store can answer it: no record keeps which rules of info it breaks."""
    rule = query.rows.rule
    return replace(query, rows=replace(query.rows, rule=None)) if rule and is_advice(rule) else query


def _advised(rows: RowFilter) -> Callable[[Record], bool] | None:
    """Whether a record breaks the rule of info that *rows* ask for."""
    rule = rows.rule
    if rule is None or not is_advice(rule):
        return None
    return lambda record: record.judgement is not None and rule in record.judgement.rules()


def _by_record(query: Query) -> Query:
    """*query* for the records whose items may meet it: an item may pass in a batch that fails."""
    query = _without_advice(query)
    return replace(query, rows=replace(query.rows, verdict=None)) if query.rows.verdict == "pass" else query


def _judged(rows: RowFilter, record: Record) -> Callable[[int], bool]:
    """Whether an item of *record* has the verdict and breaks the rule that *rows* ask for."""
    judgement = record.judgement if rows.verdict or rows.rule else None

    def judged(index: int) -> bool:
        if rows.verdict is None and rows.rule is None:
            return True
        of_item = judgement.of_item(index) if judgement else None
        return of_item is not None and rows.verdict in (None, of_item.word) and rows.rule in (None, *of_item.rules())

    return judged


def _page(met: Iterator[T], limit: int, size_of: Callable[[T], int]) -> tuple[list[T], bool]:
    """The first of what was met, bounded by number and bytes, and whether there is more."""
    found: list[T] = []
    size = 0
    for one in met:
        if len(found) == limit or size >= MOST_BYTES:
            return found, True
        found.append(one)
        size += size_of(one)
    return found, False


def scan(journal: Journal, query: Query, after: int | None) -> Iterator[Record]:
    """Every record that may meet *query*, chunk by chunk."""
    words = query.words()
    chunk = min(_CHUNK, query.limit + 1)
    while True:
        records = journal.scan(query.rows, after=after, descending=query.descending, limit=chunk, tokens=words)
        yield from records
        if is_last(records, chunk):
            return
        after, chunk = records[-1].id, _CHUNK


def _items_after(journal: Journal, query: Query) -> Iterator[tuple[Record, int, Item]]:
    """Items beyond the cursor, as judged; the cursor's own record is looked at once more for the rest of its batch."""
    step = -1 if query.descending else 1
    after = min(query.cursor[0] - step, _LAST_ID) if query.cursor else None
    for record in scan(journal, _by_record(query), after):
        judged = _judged(query.rows, record)
        for index, item in list(enumerate(record.parsed_items()))[::step]:
            beyond = query.cursor is None or _beyond((record.id, index), query.cursor, query.descending)
            if beyond and judged(index):
                yield record, index, item


def _beyond(here: tuple[int, int], cursor: tuple[int, int], descending: bool) -> bool:
    return here < cursor if descending else here > cursor


def item_filter(query: Query) -> ItemFilter | None:
    """One predicate for all item filters of *query*, or None if it has none."""
    filters = [_equals(path, value) for path, value in query.where]
    if query.jsonpath is not None:
        filters.append(_jsonpath(query.jsonpath))
    return (lambda item: all(one(item) for one in filters)) if filters else None


def values_at(document: Any, path: str) -> Iterator[Any]:
    """Every value at *path*; arrays are entered by index, or searched through by name."""
    parts = (
        [p.replace("~1", "/").replace("~0", "~") for p in path[1:].split("/")]
        if path.startswith("/")
        else (_PATH_PART.findall(path))
    )
    yield from _walk(document, parts)


def _walk(value: Any, parts: list[str]) -> Iterator[Any]:
    if not parts:
        yield value
    elif isinstance(value, Mapping):
        if parts[0] in value:
            yield from _walk(value[parts[0]], parts[1:])
    elif isinstance(value, list):
        if parts[0].isdecimal():
            yield from (_walk(value[int(parts[0])], parts[1:]) if int(parts[0]) < len(value) else ())
        else:
            for member in value:
                yield from _walk(member, parts)


def _equals(path: str, text: str) -> ItemFilter:
    """Text equals text; a number, boolean or null equals the JSON it is written as."""
    literal = _literal(text)
    return lambda item: any(
        value == text if isinstance(value, str) else type(value) is not str and _same(value, literal)
        for value in values_at(item, path)
    )


def _same(value: Any, literal: Any) -> bool:
    return value == literal and isinstance(value, bool) == isinstance(literal, bool)


def _literal(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return _NO_LITERAL


def _words_of_text(text: str) -> set[str]:
    """
    Words of items where some value equals *text*, be it text there or a number.

    A number has a word of its own only if nobody would write it otherwise: before the point, without an exponent.
    """
    if _PLAIN_NUMBER.fullmatch(text):
        return words_of(text.lstrip("-").partition(".")[0])
    literal = _literal(text)
    is_number = isinstance(literal, int | float) and not isinstance(literal, bool)
    return set() if is_number else words_of(text)


def _jsonpath(expression: str) -> ItemFilter:
    import jsonpath  # noqa: PLC0415  only searches that use it pay for its import

    try:
        compiled = jsonpath.compile(expression)
    except (jsonpath.JSONPathError, re.error) as error:
        raise QueryError(f"{expression!r} is not a JSONPath: {error}.") from None
    return lambda item: any(True for _ in compiled.finditer(item))


_NO_LITERAL: Final = object()
