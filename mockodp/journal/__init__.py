"""What was said to the mock: append-only, bounded per account, queryable. The only place that knows of storage."""

from mockodp.journal.commit import Arrivals, GroupCommit
from mockodp.journal.protocol import AccountInfo, Journal, Packed, RowFilter, is_last
from mockodp.journal.search import Page, Query, find_items, find_records
from mockodp.journal.sqlite import SqliteJournal

__all__ = [
    "AccountInfo",
    "Arrivals",
    "GroupCommit",
    "Journal",
    "Packed",
    "Page",
    "Query",
    "RowFilter",
    "SqliteJournal",
    "find_items",
    "find_records",
    "is_last",
]
