"""The week: the whole product on simulated time, with a company that changes its directory, and a
look at everything when a day has ended."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random
from unittest.mock import patch

from emulator.entra.behaviours import EntraBehaviours
from emulator.graph.options import GraphOptions
from emulator.graph.seed import TOTAL
from hasten.policy import Allowance, GroupPolicy
from hasten.targets import Target
from tests.simulation.oracle import differences
from tests.simulation.world import World, simulated
from tests.soak.alerts import FREQUENCY, Alert, Alerts
from tests.soak.changes import Changes
from tests.soak.company import Company
from tests.soak.day import Day, kept
from tests.soak.incidents import Incidents
from tests.soak.memory import Held, held_by, of_process
from tests.soak.meter import Meter
from tests.soak.plan import Incident, Plan
from tests.support.virtual_time import VirtualLoop, now

HOSTS = 2
TARGET = Target(
    name="TOTAL",
    display_name="TOTAL",
    direct=Allowance.ALLOW,
    groups=(
        GroupPolicy(name="TOTAL-Admin", admin=True),
        GroupPolicy(name="TOTAL-*"),
        GroupPolicy(name="New-*"),
    ),
)
TENANT = EntraBehaviours.kind(
    members_not_removed=True,
    assignment_lag=45.0,
    typed_answers=True,
    log_as_captured=True,
    webhook_states=True,
)
WARM_AFTER = timedelta(hours=1)
MAX_SETTLING = timedelta(hours=1)
"""A change that is left to Entra's own cycle waits 40 minutes for it."""

A_WHILE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    plan: Plan
    days: list[Day]
    alerts: list[Alert]
    active: list[Alert]
    left_in_mass: int
    released: int
    failures: list[str]


def run(plan: Plan, tell: Callable[[Day], None]) -> Outcome:
    """`tell` gets each day when it has ended."""
    with asyncio.Runner(loop_factory=partial(VirtualLoop, plan.begins)) as runner:
        return runner.run(_soak(plan, tell))


async def _soak(plan: Plan, tell: Callable[[Day], None], seed: int = 1) -> Outcome:
    graph = GraphOptions(users=plan.users, more_groups=plan.groups, entra=TENANT)
    with short_retention(plan.kept_days):
        async with simulated(
            seed, hosts=HOSTS, targets=(TARGET,), graph=graph, history_days=plan.kept_days
        ) as world:
            return await _Week(world, plan, Random(f"{seed} company"), tell).run()


@contextmanager
def short_retention(days: int) -> Iterator[None]:
    """Deletes after days what Hasten keeps for 90 or 175 days (the first times of events: 8), so
    that a week shows whether the store stays as it is."""
    kept_for = timedelta(days=days)
    with (
        patch("hasten.retention.RETENTION", kept_for),
        patch("hasten.retention.LATEST_START", kept_for),
        patch("hasten.records.first_times.FIRST_TIMES_KEPT_FOR", kept_for),
    ):
        yield


class _Week:
    def __init__(
        self, world: World, plan: Plan, random: Random, tell: Callable[[Day], None]
    ) -> None:
        self._world, self._plan, self._tell = world, plan, tell
        self._company = Company(world, random)
        self._incidents = Incidents(world, self._company)
        self._alerts = Alerts(now())
        self._changes = Changes()
        self._lines = self._line_bytes = 0
        self._warm: Held | None = None
        self._failures: list[str] = []
        self._days: list[Day] = []
        self._before = self._meter()
        self._random = random

    async def run(self) -> Outcome:
        async with self._watched():
            for at, what in self._timeline():
                await self._world.passes(max(at - now(), timedelta(0)))
                match what:
                    case None:
                        await self._company.change()
                    case Incident():
                        await self._incidents.happen(what)
                    case "warm":
                        self._warm = self._held()
                    case _:
                        await self._end_day()
        return Outcome(
            plan=self._plan,
            days=self._days,
            alerts=self._alerts.fired,
            active=self._alerts.active,
            left_in_mass=self._incidents.left,
            released=self._incidents.released,
            failures=self._failures,
        )

    def _timeline(self) -> list[tuple[datetime, Incident | str | None]]:
        plan, starts = self._plan, {Incident.DEPLOY, Incident.ROTATE, Incident.DROP_PREVIOUS}
        deployed = [at for at, incident in plan.incidents if incident in starts]
        entries: list[tuple[datetime, Incident | str | None]] = [
            *((at, None) for at in plan.changes(self._random)),
            *plan.incidents,
            *((at + WARM_AFTER, "warm") for at in deployed if at + WARM_AFTER < plan.ends[-1]),
            *((at, "end") for at in plan.ends),
        ]
        return sorted(entries, key=lambda entry: entry[0])

    @asynccontextmanager
    async def _watched(self) -> AsyncIterator[None]:
        async def watch() -> None:
            while True:
                await asyncio.sleep(FREQUENCY.total_seconds())
                self._read()
                self._alerts.evaluate(now())

        watching = asyncio.create_task(watch())
        yield
        watching.cancel()

    def _read(self) -> None:
        """Takes what has been logged and published since the last time, and forgets it."""
        around = self._world.around
        self._alerts.take(around.events)
        self._changes.take(around.events)
        self._changes.read_outcomes(self._world)
        self._lines += len(around.lines)
        self._line_bytes += sum(map(len, around.lines))
        self._failures += around.failures
        for kept_list in (around.events, around.lines, around.failures, self._world.to_graph.calls):
            kept_list.clear()

    async def _end_day(self) -> None:
        held = self._held()
        wrong = await self._settle()
        self._read()
        meter, changes = self._meter(), self._changes
        self._days.append(
            Day(
                ended=now(),
                cost=meter.minus(self._before),
                held=held,
                held_warm=self._warm,
                process=of_process(),
                store=kept(self._world.store),
                sizes=self._company.sizes(),
                found_by=changes.found_by,
                found_by_timers=changes.found_by_timers,
                refused=changes.refused,
                states=changes.ended,
                speed=changes.speed(),
                wrong=[*wrong, *self._wrong()],
            )
        )
        self._tell(self._days[-1])
        self._before, self._warm = meter, None
        self._changes = changes.next_day()

    async def _settle(self) -> list[str]:
        """Waits until nothing is under way. Returns what is not in step even then."""
        deadline, wrong = now() + MAX_SETTLING, await self._unsettled()
        while wrong and now() < deadline:
            await self._world.passes(A_WHILE)
            wrong = await self._unsettled()
        return wrong

    async def _unsettled(self) -> list[str]:
        rows = await self._world.rows()
        return [
            *(f"open: {row}" for row in rows if row.is_open),
            *(f"not proven: {row}" for row in rows if row.needs_proof),
            *(f"the app: {found}" for found in differences(self._world.tenant, TOTAL)),
            *(f"the members of {group}" for group in self._company.wrong_groups()),
            *([] if self._world.is_quiet() else ["messages wait"]),
        ]

    def _wrong(self) -> list[str]:
        apps = self._world.tenant.targets.values()
        dead = self._world.bus.dead_letters()
        return [
            *(f"no end: {name}" for name in self._changes.without_end()),
            *([f"{self._changes.twice} outcomes twice"] if self._changes.twice else []),
            *([f"dead-lettered: {dead}"] if dead else []),
            *(
                f"a notification was given up: {row}"
                for row in self._world.tenant.courier.log
                if row["error"] == "given up"
            ),
            *(["calls above the limit"] if any(app.limit_violations for app in apps) else []),
        ]

    def _held(self) -> Held:
        return max(held_by(host.app) for host in self._world.hosts)

    def _meter(self) -> Meter:
        return Meter.of(
            self._world,
            changes=self._company.counts.total() + self._incidents.left,
            rows=self._changes.found_in_all,
            lines=self._lines,
            line_bytes=self._line_bytes,
        )
