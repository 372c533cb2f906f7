"""Records as other people see them: JSON, NDJSON, HAR, a curl line. A key never appears in any of them."""

from __future__ import annotations

import base64
import io
import shlex
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from itertools import groupby
from operator import itemgetter
from typing import Any, Final
from urllib.parse import quote

import orjson

from mockodp.answers import timestamp
from mockodp.faults.answering import phrase
from mockodp.journal import AccountInfo
from mockodp.judgement import Judgement
from mockodp.records import Record, address, id_text
from mockodp.regions import FUNCTION_HOSTS, Region

_SKIPPED_BY_CURL: Final = {"host", "content-length", "connection", "accept-encoding", "transfer-encoding", "expect"}
_LONGEST_ARGUMENT: Final = 100_000
_PLAIN_IN_PATH: Final = "/:@!$&'()*+,;="
KEY_IN_CURL: Final = "$MOCKODP_KEY"


def account_shown(info: AccountInfo) -> dict[str, Any]:
    """An account: its name, what it holds, and what fell out of it."""
    return {
        "name": info.name,
        "created_at": timestamp(info.created_us),
        "records": info.records,
        "bytes": info.bytes,
        "dropped": {"records": info.dropped_records, "items": info.dropped_items, "bytes": info.dropped_bytes},
    }


def record_shown(record: Record) -> dict[str, Any]:
    """A record as listings show it."""
    judgement = record.judgement
    return {
        "id": id_text(record.id),
        "account": record.account,
        "region": record.region,
        "endpoint": record.endpoint,
        "method": record.method,
        "path": record.path,
        "received_at": timestamp(record.at_us),
        "duration_ms": record.duration_us / 1000,
        "status": record.status,
        "accepted": record.accepted,
        "refusal": record.refusal,
        "faults": list(record.faults),
        "verdict": record.verdict,
        "violation_counts": judgement.counts() if judgement else None,
        "broken_rules": judgement.rules() if judgement else [],
        "size": len(record.body),
        "item_count": record.items,
        "items": record.parsed_items(),
    }


def record_whole(record: Record, base_url: str) -> dict[str, Any]:
    """A record with everything that is known of it."""
    judgement = record.judgement
    return {
        **record_shown(record),
        "contract": judgement.contract if judgement else None,
        "violations": [v.shown() for v in judgement.violations(record.decoded())] if judgement else [],
        "headers": orjson.loads(record.headers),
        "body": _body(record.body),
        "answer": orjson.loads(record.answer) if record.answer else None,
        "curl": curl(record, base_url),
    }


def items_shown(found: Iterable[tuple[Record, int, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Items of batches, each with where it came from and what the contract says of it."""
    shown = []
    for record, of_record in groupby(found, key=itemgetter(0)):
        judgement = record.judgement
        shown += [_item(record, judgement, index, item) for _, index, item in of_record]
    return shown


def _item(record: Record, judgement: Judgement | None, index: int, item: dict[str, Any]) -> dict[str, Any]:
    of_item = judgement.of_item(index) if judgement else None
    return {
        "id": address(record.id, index),
        "record": id_text(record.id),
        "index": index,
        "account": record.account,
        "region": record.region,
        "endpoint": record.endpoint,
        "received_at": timestamp(record.at_us),
        "verdict": of_item.word if of_item else None,
        "violations": [violation.shown() for violation in of_item.violations(item)] if of_item else [],
        "item": item,
    }


def curl(record: Record, base_url: str) -> str:
    """A command that sends the request again, to the mock; the key is left to the environment."""
    parts = ["curl", "-sS", "-g", "-X", shlex.quote(record.method)]
    for name, value in orjson.loads(record.headers):
        if name == "authorization":
            parts += ["-H", f'"authorization: Bearer {KEY_IN_CURL}"']
        elif name not in _SKIPPED_BY_CURL:
            parts += ["-H", shlex.quote(f"{name}: {value}" if value else f"{name};")]
    url = shlex.quote(f"{base_url}/{record.region}{_path(record)}")
    text = _text(record.body)
    if text is None or "\0" in text or len(record.body) > _LONGEST_ARGUMENT:
        body = shlex.quote(f"{base_url}/_mock/records/{id_text(record.id)}/body")
        fetch = f'curl -sS -H "authorization: Bearer $MOCKODP_TOKEN" {body}'
        return " ".join([fetch, "|", *parts, "--data-binary", "@-", url])
    return " ".join([*parts, *(["--data-raw", shlex.quote(text)] if text else []), url])


def ndjson(records: Iterable[Record]) -> Iterator[bytes]:
    """One listed record a line."""
    for record in records:
        yield orjson.dumps(record_shown(record)) + b"\n"


def har(records: Iterable[Record]) -> str:
    """An HTTP Archive of the records, with the vendor's host names."""
    import harfile  # noqa: PLC0415  only exports pay for its import

    out = io.StringIO()
    with harfile.HarFile(out, creator=harfile.Creator(name="mockodp", version=version("mockodp"))) as file:
        for record in records:
            file.add_entry(
                startedDateTime=timestamp(record.at_us),
                time=record.duration_us / 1000,
                request=_har_request(harfile, record),
                response=_har_response(harfile, record),
                timings=harfile.Timings(send=0, wait=record.duration_us / 1000, receive=0),
                comment=_har_comment(record),
            )
    return out.getvalue()


def _har_request(harfile: Any, record: Record) -> Any:
    headers = [harfile.Record(name=name, value=value) for name, value in orjson.loads(record.headers)]
    host = FUNCTION_HOSTS[Region(record.region)]
    query = record.path.partition("?")[2]
    body = harfile.PostData(mimeType=record.header("content-type") or "", text=_text(record.body) or "")
    return harfile.Request(
        method=record.method,
        url=f"https://{host}{_path(record)}",
        queryString=[harfile.Record(*part.partition("=")[::2]) for part in query.split("&")] if query else [],
        httpVersion="HTTP/1.1",
        headers=headers,
        postData=body if record.body else None,
        headersSize=-1,
        bodySize=len(record.body),
    )


def _har_response(harfile: Any, record: Record) -> Any:
    """The answer as it went out; where a fault replaced it only the status is known, and 0 says that none came."""
    status = record.answered
    answer = record.answer if status == record.status else b""
    return harfile.Response(
        status=status,
        statusText=phrase(status) if status else "",
        httpVersion="HTTP/1.1",
        headers=[harfile.Record(name="content-type", value="application/json")] if answer else [],
        content=harfile.Content(size=len(answer), mimeType="application/json", text=answer.decode()),
        headersSize=-1,
        bodySize=len(answer),
    )


def _har_comment(record: Record) -> str | None:
    """The faults that touched the record, and what would have been answered without them."""
    told = ", ".join(f"{fault['name']}: {fault['effect']}" for fault in record.faults)
    return f"Fault {told}. Without it: {record.status}." if told else None


def _path(record: Record) -> str:
    """The path as a URL has it: it was unquoted when it came."""
    path, mark, query = record.path.partition("?")
    return quote(path, safe=_PLAIN_IN_PATH) + mark + query


def _body(body: bytes) -> dict[str, str]:
    text = _text(body)
    return {"text": text} if text is not None else {"base64": base64.b64encode(body).decode()}


def _text(body: bytes) -> str | None:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return None


__all__ = ["account_shown", "curl", "har", "items_shown", "ndjson", "record_shown", "record_whole"]
