"""Records and requests for tests, with every member defaulted."""

from __future__ import annotations

from typing import Any

import orjson

from mockodp.records import Received, Record, RecordIds
from mockodp.regions import Region

IDS = RecordIds()


def a_record(account: str = "shop", *items: dict[str, Any], **members: Any) -> Record:
    """An accepted write of *items*, or of one order."""
    body = members.pop("body", orjson.dumps(items or [{"type": "order", "action": "purchase"}]))
    values: dict[str, Any] = {
        "id": IDS.next(),
        "account": account,
        "region": "us",
        "endpoint": "batch_custom_event",
        "method": "POST",
        "path": "/twilio_segment/batch_custom_event",
        "at_us": 1_767_323_045_000_000,
        "duration_us": 120,
        "status": 201,
        "headers": b'[["content-type","application/json"]]',
        "body": body,
        "answer": b"{}",
        "items": len(items) or 1,
    }
    return Record(**{**values, **members})


def a_request(body: bytes | list[Any] = b"", **members: Any) -> Received:
    """A request as the published destination sends it."""
    key = members.pop("key", "odp_test_shop")
    headers = [(b"host", b"function.zaius.app"), (b"content-type", b"application/json")]
    if key is not None:
        headers.append((b"authorization", f"Bearer {key}".encode()))
    values: dict[str, Any] = {
        "region": Region.US,
        "method": "POST",
        "path": "/twilio_segment/batch_custom_event",
        "query": "",
        "headers": (*headers, *members.pop("headers", ())),
        "body": body if isinstance(body, bytes) else orjson.dumps(body),
        "at_us": 1_767_323_045_000_000,
    }
    return Received(**{**values, **members})
