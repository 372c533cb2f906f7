"""Counters of a running mock as Prometheus text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mockodp.mock import MockODP

Sample = tuple[Mapping[str, object], int]


def metrics(mock: MockODP) -> str:
    """The counters; none is labelled by account, whose number has no bound."""
    accounts = mock.journal.accounts()
    answered: list[Sample] = [
        ({"region": region, "endpoint": endpoint, "status": status}, count)
        for (region, endpoint, status), count in sorted(mock.answered.items())
    ]
    unrecorded: list[Sample] = [({"reason": reason}, count) for reason, count in sorted(mock.unrecorded.items())]
    faulted: list[Sample] = [({"name": name}, count) for name, count in sorted(mock.faulted.items())]
    judged: list[Sample] = [({"verdict": word}, count) for word, count in sorted(mock.judged.items())]
    lines = [
        *_family("mockodp_requests_total", "counter", "Requests answered at emulated endpoints.", answered),
        *_family("mockodp_judged_total", "counter", "Bodies judged by a contract, by verdict.", judged),
        *_family("mockodp_faults_total", "counter", "Requests and handshakes struck, by the fault's name.", faulted),
        *_family("mockodp_faults_armed", "gauge", "Faults armed.", [({}, len(mock.armoury.plan.armed()))]),
        *_family("mockodp_clocks_moved", "gauge", "Accounts not in real time.", [({}, len(mock.clocks.moved()))]),
        *_family("mockodp_unrecorded_total", "counter", "Requests refused without a record, by reason.", unrecorded),
        *_family("mockodp_commits_total", "counter", "Groups of records committed.", [({}, mock.writer.commits)]),
        *_family("mockodp_waiting", "gauge", "Who waits for records to arrive.", [({}, mock.arrivals.waiting)]),
        *_family("mockodp_accounts", "gauge", "Accounts held.", [({}, len(accounts))]),
        *_family("mockodp_records", "gauge", "Records held.", [({}, sum(a.records for a in accounts))]),
        *_family("mockodp_record_bytes", "gauge", "Bytes of bodies held.", [({}, sum(a.bytes for a in accounts))]),
        *_family("mockodp_dropped_records_total", "counter", "Records dropped by retention.",
                 [({}, sum(a.dropped_records for a in accounts))]),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _family(name: str, kind: str, text: str, samples: Iterable[Sample]) -> Iterable[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        shown = ",".join(f'{label}="{text}"' for label, text in labels.items())
        yield f"{name}{{{shown}}} {value}" if shown else f"{name} {value}"
