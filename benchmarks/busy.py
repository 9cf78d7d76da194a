"""Measures whether a revocation waits for a slot while 50 targets are busy on one instance, and the
memory that the instance takes: the reasons for the concurrency in host.json. The tenant is kind:
its reads do not lag, and its targets do not share the five calls in ten seconds, so that only the
slots of the instance can make a revocation wait.

`python -m benchmarks.busy 16 64` compares numbers of slots.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.row import Row
from emulator.demo.admin import Json
from emulator.graph.options import GraphOptions
from emulator.graph.seed import object_id
from tests.support.tenant import ROOT, Host, Tenant, emulated, eventually

TARGETS = 50
CALL = (20.0, 24.0)
"""Seconds that an on-demand call takes; Entra's documentation calls up to 30 s typical."""

JOINER, LEAVER = object_id("user/900"), object_id("user/3")
APP = ("function_app.py", "handlers", "hasten", "targets.yaml", "pyproject.toml")
BUSY_WITHIN = 90.0
LIMIT = 8.0
"""Fifty revocations at once take the processor longer than one. With 32 slots, where 18 targets
wait for a call of 20 s to end, the ratio is 25."""

SMALLEST_INSTANCE = 512 * 1024 * 1024
"""Bytes. The smallest instance of Flex Consumption; the default has 2,048 MB."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """`slots` is `maxConcurrentCalls`. `alone` and `slowest` are the seconds from the removal of a
    member to its call, for an idle app and for the slowest of TARGETS busy ones. `busy` counts the
    calls that were under way then."""

    slots: int
    alone: float
    slowest: float
    busy: int
    peak: int


async def row() -> Row:
    """Measures with host.json as it is."""
    measured = await measure(None)
    broken = []
    if measured.busy < TARGETS:
        broken.append(f"{measured.busy} of {TARGETS} targets were busy")
    if measured.peak > SMALLEST_INSTANCE:
        broken.append(f"{measured.peak / 1e6:.0f} MB")
    return Row(
        what=f"revocation, {TARGETS} busy targets",
        measured=measured.slowest,
        floor=measured.alone,
        floor_is="one idle target",
        limit=LIMIT,
        broken=", ".join(broken),
    )


async def measure(slots: int | None) -> Measured:
    """Measures with that many slots, or with host.json as it is."""
    with tempfile.TemporaryDirectory(prefix="hasten-busy-") as folder:
        state = Path(folder)
        graph = GraphOptions.kind(on_demand_delay=CALL, more_targets=TARGETS)
        app, taken = _app(state, slots)
        async with emulated(state, graph=graph, targets=_targets(state)) as tenant:
            host = await tenant.host(app=app)
            await tenant.watched_by(host)
            alone = await _revoke(tenant, [1], LEAVER)
            for number in range(1, TARGETS + 1):
                await tenant.admin.join(_group(number), JOINER)
            busy = await _under_way(tenant)
            others = range(2, TARGETS + 1)
            slowest = await _revoke(tenant, others, LEAVER)
            return Measured(slots=taken, alone=alone, slowest=slowest, busy=busy, peak=_peak(host))


async def _revoke(tenant: Tenant, numbers: Sequence[int], user: str) -> float:
    """Removes the user from the group of each target. Returns the seconds to the last call."""
    since = time.time()
    for number in numbers:
        await tenant.admin.leave(_group(number), user)
    await eventually(partial(_are_called, tenant, since, len(numbers), user), within=BUSY_WITHIN)
    times = [float(call["started_at"]) for call in await _calls_of(tenant, since, user)]
    return max(times) - since


async def _are_called(tenant: Tenant, since: float, count: int, user: str) -> bool:
    return len(await _calls_of(tenant, since, user)) >= count


async def _calls_of(tenant: Tenant, since: float, user: str) -> list[Json]:
    return [
        call
        for call in await tenant.admin.calls()
        if call["started_at"] > since and user in json.dumps(call["body"])
    ]


async def _under_way(tenant: Tenant) -> int:
    """Waits until calls of all targets are under way, or until no more begin. Returns how many
    are."""
    most, changed = 0, time.monotonic()
    while most < TARGETS and time.monotonic() - changed < CALL[0] / 2:
        calls = [call for call in await tenant.admin.calls() if call["ended_at"] is None]
        if len(calls) > most:
            most, changed = len(calls), time.monotonic()
        await asyncio.sleep(0.2)
    return most


def _group(number: int) -> str:
    return object_id(f"group/App-{number}-Users")


def _targets(folder: Path) -> Path:
    path = folder / "targets.yaml"
    named = [
        f"  - {{name: App-{n}, display_name: App-{n}, mode: act}}" for n in range(1, TARGETS + 1)
    ]
    path.write_text("\n".join(["limit_scope: target", "targets:", *named, ""]))
    return path


def _app(folder: Path, slots: int | None) -> tuple[Path, int]:
    """Returns the app's folder and its slots: this one, or links to it with another host.json."""
    document = json.loads((ROOT / "host.json").read_text())
    service_bus = document["extensions"]["serviceBus"]
    if slots is None:
        return ROOT, int(service_bus["maxConcurrentCalls"])
    app = folder / "app"
    app.mkdir()
    for name in APP:
        (app / name).symlink_to(ROOT / name)
    service_bus["maxConcurrentCalls"] = slots
    (app / "host.json").write_text(json.dumps(document))
    return app, slots


def _peak(host: Host) -> int:
    """Returns the most bytes that the process of host and worker has held."""
    status = Path(f"/proc/{host.process_id}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    for given in sys.argv[1:]:
        print(asyncio.run(measure(int(given))), flush=True)
