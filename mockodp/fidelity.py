"""
How true the mock is to ODP, rule by rule: what it does, how sure we are, and the switch where nobody knows.

Rules of the mock stand here, those of the contracts in the contracts. `fidelity` joins them: the one source for
``GET /_mock/fidelity``, ``mockodp fidelity`` and ``docs/fidelity.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from mockodp_contracts import Contract, Evidence, Severity, catalog
from mockodp_contracts.catalogue import Rule as ContractRule


@dataclass(frozen=True, slots=True)
class Rule:
    """
    One emulated fact. *source* says in words where it is from; *switch* names the setting that changes it.

    *kind* says of what: the mock itself, a rule of the contracts beyond shape, or the shape that a contract asks for.
    """

    name: str
    statement: str
    evidence: Evidence
    source: str
    checked: str
    switch: str | None = None
    kind: Literal["mock", "rule", "contract"] = "mock"
    severity: str | None = None


_D: Final = "2026-11-23"

RULES: Final = (
    Rule("hosts", "Three regions, each with its own function host; the vendor's name decides the region.",
         Evidence.CLIENT, "Host table in the source of Segment's published destination", _D),
    Rule("api-hosts", "The api.* host names of the REST API belong to the same three regions.",
         Evidence.DOCS, "Server list of ODP's published OpenAPI; configuration of the vendor's node SDK", _D),
    Rule("paths", "Four paths below /twilio_segment: auth and the three batch endpoints, POST only.",
         Evidence.OBSERVED, "The published destination run against a local recorder", _D),
    Rule("body-array", "A write is a JSON array of objects, also for one item.",
         Evidence.OBSERVED, "The published destination run against a local recorder", _D),
    Rule("bearer", "The key travels as 'Authorization: Bearer KEY' on every request.",
         Evidence.OBSERVED, "The published destination run against a local recorder", _D),
    Rule("auth-success", "A passed authentication test is answered 200 with {}.",
         Evidence.CLIENT, "Answer faked in the destination's own tests; any 2xx counts for the client", _D,
         "auth_status, auth_answer"),
    Rule("write-success", "An accepted write is answered 201 with {}.",
         Evidence.CLIENT, "Answer faked in the destination's own tests; any 2xx counts for the client", _D,
         "write_status, write_answer"),
    Rule("auth-failure", "A missing, malformed or unknown key is answered 401.",
         Evidence.CLIENT, "Status faked in the destination's own tests; the real body is not public", _D),
    Rule("wrong-region", "A key bound to one region is answered 401 in another.",
         Evidence.INFERRED, "An account lives in one region and keys belong to one account; sources contradict each "
         "other on what a wrong region answers", _D),
    Rule("key-region", "A key's suffix -eu1 or -au1 binds it to that region; -us1 is the mock's own addition.",
         Evidence.CLIENT, "The vendor's node SDK reads the region from the end of the public part of a key", _D),
    Rule("refusal-shape", "A refusal has ODP's REST envelope: title, status, timestamp, detail with message, invalids.",
         Evidence.INFERRED, "Published for the REST API; what the Segment endpoints send is not public", _D),
    Rule("not-json", "A body that is not a JSON array of objects is answered 400, every bad item named.",
         Evidence.INFERRED, "The REST API lists every bad index of a batch; for these endpoints nothing is public", _D),
    Rule("strict-json", "Duplicate names, NaN, Infinity, lone surrogates, more than 240 levels are refused with 400.",
         Evidence.UNKNOWN, "No source; two readers would read two different events", _D),
    Rule("item-limit", "More than 500 items are answered 413.",
         Evidence.INFERRED, "500 is the REST API's documented batch limit; its answer beyond is not public", _D,
         "max_items"),
    Rule("body-limit", "A body over 10 MiB is answered 413.",
         Evidence.UNKNOWN, "No figure is public; 10 MB is the cap of a usual gateway", _D, "max_body"),
    Rule("content-type", "Another content type than application/json is answered 415.",
         Evidence.UNKNOWN, "No source; the published destination always sends application/json", _D),
    Rule("slow-request", "A body or a head that stands still for 10 s is answered 408.",
         Evidence.UNKNOWN, "No source; the published destination gives up on an answer after 10 s", _D, "body_timeout"),
    Rule("head-limit", "A head over 64 KiB is answered 431.",
         Evidence.UNKNOWN, "No source; the head of the published destination has about 300 bytes", _D, "max_header"),
    Rule("gzip", "Content encoding gzip is understood, of at most 100 members.",
         Evidence.UNKNOWN, "No source; the published destination never compresses", _D),
    Rule("unknown-path", "An unknown path is answered 404 with the known ones, another method 405.",
         Evidence.UNKNOWN, "A vendor's test of the REST API looks for 403; of these hosts nothing is public", _D),
    Rule("verdict", "What breaks its contract is accepted, and the verdict kept beside it.",
         Evidence.UNKNOWN, "What ODP refuses of it is not public; a verdict is not a refusal", _D, "strict"),
    Rule("empty-batch", "An empty array is accepted.",
         Evidence.UNKNOWN, "No source; the published destination sends no request for an empty batch", _D, "strict"),
    Rule("empty-item", "An item without members is accepted.",
         Evidence.UNKNOWN, "No source; the published destination always writes the identifiers", _D, "strict"),
    Rule("fault-body", "An answer that a fault asks for has the refusal's envelope and a body of its own only if told.",
         Evidence.INFERRED, "Published for the REST API; what gateways before these hosts send is not public", _D),
    Rule("fault-207", "A 207 lists index, status and message of each item, below results.",
         Evidence.UNKNOWN, "No source shows one; the published destination does not read it", _D),
    Rule("fault-retry-after", "Retry-After is in whole seconds, and sent only where a fault or its budget says so.",
         Evidence.UNKNOWN, "No source; the published destination does not read it", _D),
    Rule("partial-batch", "A batch is accepted or refused as a whole.",
         Evidence.UNKNOWN, "No source shows a partial success; the client would not read one", _D),
)  # fmt: skip


def fidelity() -> list[dict[str, Any]]:
    """The whole table as JSON: the mock's own rules, then those of the contracts."""
    return [asdict(rule) for rule in every_rule()]


def every_rule() -> Iterator[Rule]:
    """The whole table: the mock's own rules, the contracts' rules beyond shape, the shapes."""
    yield from RULES
    for rule in catalog().rules.values():
        yield _beyond_shape(rule)
    for contract in catalog():
        if contract.direction != "report":  # what the mock writes for others imitates nothing
            yield from _shapes(contract)


def _beyond_shape(rule: ContractRule) -> Rule:
    label, switch = rule.label, "strict" if rule.severity is Severity.ERROR else None
    return Rule(
        rule.name, rule.statement, label.grade, label.source, label.checked, switch, "rule", rule.severity.value
    )


def _shapes(contract: Contract) -> Iterator[Rule]:
    """A line for each label of a contract: the whole, then places whose source is another one."""
    for pointer, label in contract.labels():
        where = f"{contract.title}: its shape." if not pointer else f"{contract.title}: what stands at {pointer}."
        name = contract.name if not pointer else f"{contract.name}#{pointer}"
        yield Rule(name, where, label.grade, label.source, label.checked, None, "contract")
