"""What was acknowledged survives the death of the process: kill -9 under load, again and again."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import orjson
import pytest

from mockodp.journal import RowFilter, SqliteJournal

KILLS = int(os.environ.get("KILLS", "20"))
SENDERS = 8


def _start(state: Path) -> tuple[subprocess.Popen[str], str, int]:
    command = [
        sys.executable, "-m", "mockodp", "serve", "--port", "0", "--tls-port", "-1", "--log", "none",
        "--store", str(state / "journal.db"), "--state-dir", str(state),
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=state)
    assert process.stdout is not None
    url = json.loads(process.stdout.readline())["url"]
    return process, "127.0.0.1", int(url.rpartition(":")[2])


def _send_until_it_dies(host: str, port: int, sender: int, start: int, acknowledged: list[int]) -> None:
    """Send numbered events one by one; note each that was acknowledged."""
    number = start
    try:
        with socket.create_connection((host, port), timeout=30) as connection:
            answers = connection.makefile("rb")
            while True:
                body = orjson.dumps([{"sender": sender, "number": number}])
                connection.sendall(
                    b"POST /twilio_segment/batch_custom_event HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer "
                    b"odp_test_load\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
                    % (len(body), body)
                )
                status = answers.readline()
                if b" 201 " not in status:
                    return
                while answers.readline() not in (b"\r\n", b""):
                    pass
                if answers.read(2) != b"{}":
                    return
                acknowledged.append(number)
                number += 1
    except OSError:
        return


@pytest.mark.slow
def test_every_acknowledged_record_is_there_after_kill_9(tmp_path: Path) -> None:
    acknowledged: list[list[int]] = [[] for _ in range(SENDERS)]
    moments = random.Random(20261123)
    for kill in range(KILLS):
        process, host, port = _start(tmp_path)
        before = sum(map(len, acknowledged))
        senders = [
            threading.Thread(target=_send_until_it_dies, args=(host, port, n, kill * 1_000_000, acknowledged[n]))
            for n in range(SENDERS)
        ]
        for sender in senders:
            sender.start()
        enough = before + moments.randrange(1, 400)
        while sum(map(len, acknowledged)) < enough:
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
        for sender in senders:
            sender.join()
    assert _kept(tmp_path / "journal.db") >= {(n, number) for n in range(SENDERS) for number in acknowledged[n]}


def _kept(store: Path) -> set[tuple[int, int]]:
    journal = SqliteJournal(str(store))
    kept: set[tuple[int, int]] = set()
    after = None
    while records := journal.scan(RowFilter(), after=after, descending=False, limit=1000):
        after = records[-1].id
        kept |= {(item["sender"], item["number"]) for record in records for item in record.parsed_items()}
    journal.close()
    return kept
