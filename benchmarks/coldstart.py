"""Compares a cold worker's first answer to Graph with that of an app that only queues the body."""

import json
import os
import subprocess
import sys
import time

from benchmarks.row import Row
from benchmarks.webhook import notification
from tests.support.tenant import ROOT, Host, Tenant

RUNS = 7
"""Runs of each, alternating; the fastest counts, because the others had to wait for the machine."""

LIMIT = 1.5


def row(tenant: Tenant, host: Host) -> Row:
    """Measures from the start of the process to the answer, including imports and indexing."""
    times: dict[str, list[float]] = {"bare": [], "whole": []}
    for number in range(RUNS):
        body = json.dumps(notification(tenant, host, 500 + number)).encode()
        for which, taken in times.items():
            taken.append(_first_answer(which, body, host))
    return Row(
        what="cold start to first answer",
        measured=min(times["whole"]),
        floor=min(times["bare"]),
        floor_is="a bare app",
        limit=LIMIT,
    )


def _first_answer(which: str, body: bytes, host: Host) -> float:
    started = time.perf_counter()
    with subprocess.Popen(  # noqa: S603 - our own modules
        [sys.executable, "-m", f"benchmarks.cold.{which}"],
        cwd=ROOT,
        env={**os.environ, **host.settings},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(body)
        process.stdin.close()
        answered = process.stdout.read(len(b"answered"))
        took = time.perf_counter() - started
    assert answered == b"answered", (which, process.returncode)
    return took
