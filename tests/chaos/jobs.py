"""What happens to Entra's provisioning jobs during a storm: an administrator pauses one and starts
it again, or Entra puts one into quarantine until somebody starts it. The draws are their own: no
other draw depends on them."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from hasten.provision.state import JOB_STATUS_MAX_AGE
from hasten.telemetry.targets import JobNotRunning, JobUnread
from tests.chaos.moved_targets import Out
from tests.chaos.targets import app_of, apps
from tests.simulation.world import World
from tests.support.virtual_time import now

OFTEN = 0.05
"""How likely a job stops with an operation."""

QUARANTINE = 0.5
"""How likely it is a quarantine, and not a pause."""

LONGEST = timedelta(minutes=8)

CYCLE_AT_ONCE = 0.5
"""How likely a cycle begins as soon as the job is started, and not when the next one is due."""

REASONS = ("EncounteredQuarantineException", "TooManyDeletes", "Unknown")

NOTICED_AFTER = JOB_STATUS_MAX_AGE + timedelta(seconds=20)
"""A drain may have read the status so long ago, with the time from its plan to the arrival of its
call at Graph."""

TOLD_WITHIN = timedelta(minutes=5)
"""A sweep of each minute tells that a job does nothing. Faults may make a few of them fail."""


@dataclass(frozen=True)
class Standstill:
    """The time in which the job of the service principal `app` did nothing."""

    app: str
    is_quarantine: bool
    began: datetime
    ended: datetime


class Jobs:
    """`standstills` are those that have ended."""

    def __init__(self, world: World, counts: Counter[str], random: Random) -> None:
        self._world = world
        self._counts = counts
        self._random = random
        self._apps = list(apps(world).values())
        self._working: list[asyncio.Task[None]] = []
        self._stopped: set[str] = set()
        self.standstills: list[Standstill] = []

    def maybe_act(self) -> None:
        if self._random.random() >= OFTEN:
            return
        app = self._random.choice(self._apps)
        if app not in self._stopped:
            self._stopped.add(app)
            self._working.append(self._world.around.outside.spawn(self._stop(app)))

    async def are_done(self) -> None:
        """Returns once every job was started again."""
        await asyncio.gather(*self._working)

    async def _stop(self, app: str) -> None:
        target, is_quarantine = self._world.tenant.targets[app], self._random.random() < QUARANTINE
        lasts = self._random.uniform(0, LONGEST.total_seconds())
        reason, runs_at_once = self._random.choice(REASONS), self._random.random() < CYCLE_AT_ONCE
        if is_quarantine:
            target.quarantine(reason)
        else:
            target.pause()
        self._counts["quarantine of a job" if is_quarantine else "pause a job"] += 1
        began = now()
        await asyncio.sleep(lasts)
        self.standstills.append(Standstill(app, is_quarantine, began, now()))
        target.start()
        if runs_at_once:
            target.next_cycle = self._world.tenant.clock.time()
        self._stopped.discard(app)


def calls_in_quarantine(world: World, jobs: Jobs) -> Iterator[str]:
    """One line for each call that reached Graph while its job was in quarantine. When Graph shows
    no status of the job, Hasten makes the removals all the same."""
    events = world.around.events
    unread = [(app_of(event.target), at) for at, event in events if isinstance(event, JobUnread)]
    for one in jobs.standstills:
        if not one.is_quarantine:
            continue
        for call in world.to_graph.calls:
            is_late = call.app == one.app and one.began + NOTICED_AFTER < call.at < one.ended
            knows = not any(
                app == call.app and at <= call.at < at + NOTICED_AFTER for app, at in unread
            )
            if is_late and knows:
                said = f"a call at {call.at:%H:%M:%S} for {call.app}"
                yield f"{said}, whose job was in quarantine from {one.began:%H:%M:%S} on"


def untold_standstills(world: World, jobs: Jobs, outs: Iterable[Out]) -> Iterator[str]:
    """One line for each job that did nothing for long while its target was in targets.yaml, and no
    event said so. `outs` are the times in which a target was not there."""
    events = world.around.events
    told = [(app_of(event.target), at) for at, event in events if isinstance(event, JobNotRunning)]
    absent = sorted(outs, key=lambda out: out.began)
    for one in jobs.standstills:
        for began, ended in _while_listed(one, [out for out in absent if out.app == one.app]):
            is_told = any(app == one.app and began <= at <= ended for app, at in told)
            if ended - began > TOLD_WITHIN and not is_told:
                yield f"the job of {one.app} did nothing from {began:%H:%M:%S} on, untold"


def _while_listed(one: Standstill, absent: Iterable[Out]) -> Iterator[tuple[datetime, datetime]]:
    """The parts of a standstill between the times in which its target was `absent`."""
    began = one.began
    for out in absent:
        if out.ended > began:
            yield began, min(out.began, one.ended)
            began = out.ended
    yield began, one.ended
