"""Shows all targets at once: whether each is in step, and whether it is healthy. It asks Graph
nothing, and reads no more rows when the ledger grows."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hasten.context import Context
from hasten.domain.changes import State
from hasten.operate import measured, stuck
from hasten.operate.health import Health, readable_health
from hasten.operate.listed_people import ListedPerson
from hasten.operate.measured import Counted, Oldest, Waits
from hasten.operate.problems import Problem
from hasten.operate.silent_triggers import silent_queues
from hasten.records import discovered, job_seen, overviews, stops, subscriptions
from hasten.records.discovered import DiscoveredTarget
from hasten.records.job_seen import JobSeen
from hasten.records.open_rows import open_rows
from hasten.records.overviews import Part
from hasten.records.stops import ALL_TARGETS, StopRecord
from hasten.records.subscriptions import SubscriptionRecord
from hasten.targets import Target

MAX_ROWS_READ = 100
"""Maximum number of open rows that Hasten reads for a target. With more, the overview shows what
the timer `wake` counted in the last minute. Failures and what events want are always those that it
counted."""

NO_SWEEP = Problem("no sweep has found the target yet", "run python -m hasten doctor")


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetOverview:
    """`open` counts the changes that are neither finished nor held. `counted_at` is when the timer
    counted them; None if they were read just now. `wanted` counts the memberships that events want
    and that Hasten has yet to write. `failed` are the first of `failures`: removals that failed,
    and the other failures of 24 hours. `left` counts the removals that wait for Entra's own cycle.
    `unsubscribed` counts the groups about which Graph sends no notifications."""

    target: str
    mode: str
    open: int = 0
    waiting: int = 0
    held: int = 0
    wanted: int = 0
    failed: Sequence[ListedPerson] = ()
    failures: int = 0
    counted_at: datetime | None = None
    oldest: Oldest | None = None
    unproven: int = 0
    left: int = 0
    job: JobSeen = field(default_factory=JobSeen)
    next_cycle: datetime | None = None
    groups: int = 0
    unsubscribed: int = 0
    stopped: str = ""
    problems: Sequence[Problem] = ()

    @property
    def is_in_step(self) -> bool:
        return not (self.open or self.held or self.wanted or self.failed or self.left)

    @property
    def is_healthy(self) -> bool:
        return not (self.problems or self.stopped or self.unsubscribed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All targets; those that need a person come first."""

    at: datetime
    app: Health
    targets: Sequence[TargetOverview]
    stop: StopRecord | None = None
    """The stop of all targets, if one is in force."""

    @property
    def oldest(self) -> tuple[str, Oldest] | None:
        """The open revocation that has waited longest, with its target."""
        found = [(one.target, one.oldest) for one in self.targets if one.oldest is not None]
        return min(found, key=lambda pair: pair[1].since, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shared:
    """Holds what one request reads about all targets."""

    now: datetime
    counted_at: datetime | None
    found: Mapping[str, DiscoveredTarget]
    counted: Mapping[str, Counted]
    cycles: Mapping[str, Waits]
    jobs: Mapping[str, JobSeen]
    stops: Sequence[StopRecord]
    subscriptions: Sequence[SubscriptionRecord]


async def overview(context: Context) -> Overview:
    """Raises TemporaryError of the store."""
    shared, app = await _read_shared(context)
    targets = await asyncio.gather(
        *(_of_target(context, target, shared) for target in context.targets.values())
    )
    stop = next((one for one in shared.stops if one.target == ALL_TARGETS), None)
    return Overview(at=shared.now, app=app, targets=sorted(targets, key=_urgency), stop=stop)


async def _read_shared(context: Context) -> tuple[_Shared, Health]:
    store = context.store
    opened, cycles, jobs = await asyncio.gather(
        overviews.load(store, Part.OPEN, measured.counted),
        overviews.load(store, Part.CYCLE, measured.waits),
        job_seen.load_all(store),
    )
    app, found, decisions, records = await asyncio.gather(
        readable_health(context, silent_queues),  # those of targets are counted
        discovered.load_all(store),
        stops.load_all(store),
        subscriptions.load_all(store),
    )
    succeeded = {timer.timer: timer.succeeded_at for timer in app.timers}
    shared = _Shared(
        now=context.now(),
        counted_at=succeeded.get("wake"),
        found={one.target: one for one in found},
        counted=opened,
        cycles=cycles,
        jobs=jobs,
        stops=[decision for decision in decisions if decision.is_stop],
        subscriptions=records,
    )
    return shared, app


async def _of_target(context: Context, target: Target, shared: _Shared) -> TargetOverview:
    name, now = target.name, shared.now
    rows = await open_rows(context.store, name, MAX_ROWS_READ + 1)
    counted = shared.counted.get(name, Counted())
    is_cut = len(rows) > MAX_ROWS_READ and name in shared.counted
    changes = counted.changes if is_cut else measured.of_open_rows(rows)
    found, job = shared.found.get(name), shared.jobs.get(name, JobSeen())
    held = changes.states.get(State.HELD, 0)
    waits = shared.cycles.get(name, Waits())
    stop = next((str(one) for one in shared.stops if one.target == name), "")
    return TargetOverview(
        target=name,
        mode=str(target.mode),
        open=changes.total - held,
        waiting=changes.states.get(State.WAITING, 0),
        held=held + counted.held_intents,
        wanted=counted.wanted,
        failed=counted.failed,
        failures=counted.failures,
        counted_at=shared.counted_at if is_cut else None,
        oldest=changes.oldest,
        unproven=waits.unproven,
        left=waits.left,
        job=job,
        next_cycle=job.cycle.done_by(now),
        groups=len(found.watched) if found else 0,
        unsubscribed=_unsubscribed(found, shared),
        stopped=stop,
        problems=[
            *_of_job(found, job),
            *counted.problems,
            *waits.problems,
            *stuck.deleted_groups(found.deleted if found else {}, job.cycle, now),
        ],
    )


def _of_job(found: DiscoveredTarget | None, job: JobSeen) -> list[Problem]:
    if job.problem:
        return [Problem(job.problem, job.next_action)]
    return [] if found else [NO_SWEEP]


def _unsubscribed(found: DiscoveredTarget | None, shared: _Shared) -> int:
    alive = [record for record in shared.subscriptions if record.expires > shared.now]
    watched = found.watched if found else ()
    return sum(not any(record.covers(group) for record in alive) for group in watched)


def _urgency(one: TargetOverview) -> tuple[bool, bool, str]:
    needs_nobody = one.is_healthy and not one.held and not one.failed
    return needs_nobody, one.is_in_step, one.target.casefold()
