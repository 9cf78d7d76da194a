"""Measures how many notifications one core answers in a second, and how long Graph waits for the
answers at 200 notifications a second.

The host runs the webhook alone and on one core. The emulated tenant, the bus and the sender of the
notifications share the other cores.
"""

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from benchmarks.row import Row
from benchmarks.webhook import notification
from emulator.demo.measure import percentile
from emulator.graph.seed import object_id
from tests.support.tenant import ROOT, Host, Tenant, emulated

WEBHOOK_ALONE = ROOT / "benchmarks" / "http_group"
POSTS = 3000
AT_ONCE = 32
STEADY_PER_SECOND = 200
STEADY_POSTS = 2000
NUMBERS = range(POSTS + STEADY_POSTS)

DELIVERED = (b"HTTP/1.1 200 ", b"HTTP/1.1 202 ")

CPU_LIMIT = 5.0
LONGEST_ANSWER = 0.1
"""Seconds for 99 of 100 posts, from when a post is due to its answer."""


async def rows() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="hasten-rate-") as state:
        async with emulated(Path(state)) as tenant:
            whole = await tenant.host()
            await tenant.watched_by(whole)
            whole.stop()  # it created the subscriptions; now nothing reads the queue
            host = await tenant.host(app=WEBHOOK_ALONE)
            os.sched_setaffinity(host.process_id, {min(os.sched_getaffinity(0))})
            handshake = await _cpu(host, [_post(host, b"", "?validationToken=token")] * POSTS)
            posts = _notifications(tenant, host)
            return _rows(
                cpu=await _cpu(host, posts[:POSTS]),
                p99=percentile(await _open_loop(host, posts[POSTS:]), 99),
                handshake=handshake,
            )


def _rows(*, cpu: float, p99: float, handshake: float) -> list[Row]:
    return [
        Row(
            what="webhook, CPU time of a post",
            measured=cpu,
            floor=handshake,
            floor_is="handshake",
            limit=CPU_LIMIT,
        ),
        Row(
            what=f"webhook, p99 at {STEADY_PER_SECOND} posts a second",
            measured=p99,
            floor=LONGEST_ANSWER,
            floor_is=f"{LONGEST_ANSWER:g} s",
            limit=1.0,
        ),
    ]


async def _cpu(host: Host, posts: Sequence[bytes]) -> float:
    """Returns the seconds of the host's CPU time for a post."""
    await _closed_loop(host, posts[:AT_ONCE])  # the first posts open the links
    used = _cpu_seconds(host)
    await _closed_loop(host, posts)
    return (_cpu_seconds(host) - used) / len(posts)


def _notifications(tenant: Tenant, host: Host) -> list[bytes]:
    """Returns posts that each hint at another user, so that none is dropped as a duplicate."""
    body = notification(tenant, host, 0)
    [item] = body["value"]
    posts = []
    for number in NUMBERS:
        item["resourceData"]["members@delta"] = [{"id": object_id(f"user/{number}")}]
        posts.append(_post(host, json.dumps(body).encode()))
    return posts


def _post(host: Host, body: bytes, query: str = "") -> bytes:
    address = urlsplit(host.webhook)
    head = (
        f"POST {address.path}{query} HTTP/1.1\r\nHost: {address.netloc}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _closed_loop(host: Host, requests: Iterable[bytes]) -> None:
    """Sends the requests on AT_ONCE connections, each when the one before it is answered."""
    waiting = iter(requests)

    async def connection() -> None:
        post = await _Connection.open(host)
        for request in waiting:
            await post.send(request)
        post.close()

    await asyncio.gather(*(connection() for _ in range(AT_ONCE)))


async def _open_loop(host: Host, requests: Sequence[bytes]) -> list[float]:
    """Sends STEADY_PER_SECOND requests a second, however long the answers take, and returns the
    seconds from when each was due to its answer."""
    free: asyncio.Queue[_Connection] = asyncio.Queue()
    for _ in range(STEADY_PER_SECOND):
        free.put_nowait(await _Connection.open(host))
    began = time.perf_counter()

    async def post(number: int, request: bytes) -> float:
        due = began + number / STEADY_PER_SECOND
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        connection = await free.get()
        await connection.send(request)
        free.put_nowait(connection)
        return time.perf_counter() - due

    times = await asyncio.gather(*(post(*numbered) for numbered in enumerate(requests)))
    while not free.empty():
        free.get_nowait().close()
    return times


@dataclass(frozen=True, slots=True)
class _Connection:
    """A bare HTTP connection: a client library would need more of the machine than the webhook."""

    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, host: Host) -> Self:
        return cls(*await asyncio.open_connection("127.0.0.1", host.port))

    async def send(self, request: bytes) -> None:
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        if not head.startswith(DELIVERED):
            raise RuntimeError(f"the webhook answered {head[:40]!r}")
        [length] = [
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        ]
        await self._reader.readexactly(length)

    def close(self) -> None:
        self._writer.close()


def _cpu_seconds(host: Host) -> float:
    fields = Path(f"/proc/{host.process_id}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
