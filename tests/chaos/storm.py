"""One storm: a seed decides what happens to a tenant, its app and two hosts, and when."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random

from emulator.entra.behaviours import EntraBehaviours
from emulator.graph.options import GraphOptions
from hasten.domain.changes import DISCARDED
from hasten.operate.release_intents import discard_intents, held_intents
from hasten.scim import Scim
from tests.chaos import targets
from tests.chaos.actors import Actors
from tests.chaos.changed_settings import Setting
from tests.chaos.invariants import broken_at_the_end
from tests.chaos.reasons import why_only_a_cycle
from tests.chaos.rows import rows_of_app
from tests.chaos.two_people import TwoPeople
from tests.chaos.watches import Watches
from tests.simulation.defaults import USERS
from tests.simulation.faults import Rates
from tests.simulation.operator import BOTH
from tests.simulation.oracle import differences
from tests.simulation.report import Report
from tests.simulation.scim import SETTINGS
from tests.simulation.world import World, simulated

RATES = Rates(
    store_conflict=0.02,
    store_before=0.002,
    store_after=0.005,
    bus_before=0.02,
    bus_partly=0.02,
    bus_after=0.02,
    lock_lost=0.05,
    not_settled=0.03,
    graph_throttled=0.02,
    graph_unavailable=0.02,
    graph_cut_before=0.01,
    graph_cut_after=0.01,
    graph_slow=0.01,
    notification_dropped=0.15,
    notification_repeated=0.15,
    notification_late=0.15,
    app_throttled=0.03,
    app_unavailable=0.03,
    app_cut_before=0.02,
    app_cut_after=0.02,
    app_slow=0.03,
    app_ignores=0.02,
    app_late=0.05,
)

READS_THE_APP = 0.5
"""How likely Hasten has the way to the app itself in a storm."""

PAUSE = 8.0
"""Seconds between two operations, on average."""

REVIVAL = 0.4
"""How likely a dead host is up again by the next operation."""

REPLICATION = (0.0, 0.0, 4.0)
"""Seconds that replicas lag behind, one of these in a storm."""

CLOCK_SKEW = (timedelta(0), timedelta(seconds=1))
"""By how much a host's clock may differ from that of the tenant, one of these in a storm."""

BEFORE_THE_CYCLE = timedelta(minutes=25)
"""After the last fault: five reconcile periods, and time for every backoff."""

OPERATOR = timedelta(minutes=5)
"""Between two looks of the operator at what is held."""

AT_LAST = timedelta(hours=6)
LAST_TIMERS = 60.0
"""Seconds: what was done this moment is still to be told."""


@dataclass(frozen=True)
class Outcome:
    """`broken` are invariants that did not hold, in words. `left` counts why differences were left
    to Entra's own cycle after the storm."""

    seed: int
    operations: Counter[str]
    report: Report
    broken: list[str]
    left: Counter[str] = field(default_factory=Counter)
    released: int = 0
    taken_in_app: int = 0


async def storm(seed: int, operations: int, *, deploys: bool = False) -> Outcome:
    """Must run on a VirtualLoop. With `deploys`, settings, targets and jobs change as well."""
    random = Random(f"{seed} storm")
    options = GraphOptions(
        users=USERS,
        replication_delay=random.choice(REPLICATION),
        assignment_replication_delay=random.choice((0.0, 45.0)),
        entra=replace(EntraBehaviours.mixed(random), log_as_captured=True),
    )
    of_app = Random(f"{seed} app and profiles")
    reads_app = of_app.random() < READS_THE_APP
    scim = Scim.model_validate(SETTINGS) if reads_app else None
    drawn = targets.draw(Random(f"{seed} targets"), scim)
    skew = Random(f"{seed} clocks").choice(CLOCK_SKEW)
    async with simulated(
        seed,
        hosts=2,
        rates=RATES,
        targets=drawn.all,
        graph=replace(options, more_targets=len(drawn.all) - 1, users_alone=drawn.users_alone),
        limit_scope=drawn.limit_scope,
        clock_skew=skew,
    ) as world:
        actors = Actors(world, random, of_app, deploys=deploys)
        watches = Watches(world, actors)
        for _ in range(operations):
            await actors.act()
            await world.passes(timedelta(seconds=random.expovariate(1 / PAUSE)))
            for host in world.hosts:
                if not host.is_alive and random.random() < REVIVAL:
                    host.start()
        outcome = await _aftermath(world, actors)
        return replace(
            outcome,
            broken=[*outcome.broken, *await watches.end()],
            taken_in_app=len(world.scim.written),
        )


async def _aftermath(world: World, actors: Actors) -> Outcome:
    """No more faults; first without a cycle, then with it."""
    world.calm()
    _mend(world)
    await actors.are_done()
    _delay_cycles(world)
    people = actors.people
    left, unexplained = Counter[str](), list[str]()
    releasing = Releasing(world, actors.operator.two)
    await releasing.looks_for(BEFORE_THE_CYCLE)
    rows = await world.rows()
    for name, app in targets.apps(world).items():
        of_app = await rows_of_app(world, app)
        for difference in differences(world.tenant, app):
            unwatched = actors.changed.times(Setting.USERS, app)
            why = why_only_a_cycle(difference, app, world, people, of_app, unwatched=unwatched)
            if why is None:
                unexplained.append(f"{name}: {difference}, and no call mended it")
            else:
                left[why] += 1
    await releasing.looks_until_all_is_done()
    broken = [
        *unexplained,
        *actors.operator.wrongly_discarded(rows),
        *await broken_at_the_end(
            world, people, actors.deployments.seams, was_auto=actors.changed.was_auto
        ),
    ]
    report = await world.report()
    return Outcome(world.seed, people.counts, report, broken, left, releasing.released)


def _mend(world: World) -> None:
    """New processes, without the crash points of the old ones. Graph repeats no more old changes: a
    removal that is seen once more is called once more, without an end."""
    for host in world.hosts:
        host.kill()
        host.start()
    entra = world.tenant.switches
    entra.now = replace(entra.now, delta_replays=False)
    world.tenant.log.contradictions.clear()
    for target in world.tenant.targets.values():
        target.connector_errors.clear()


def _delay_cycles(world: World) -> None:
    after = world.tenant.clock.time() + (BEFORE_THE_CYCLE + OPERATOR).total_seconds()
    for target in world.tenant.targets.values():
        target.next_cycle = max(target.next_cycle, after)


class Releasing:
    """Releases what the brake holds, as two operators who agree. What a discard that failed has
    marked cannot be released, so they discard it once more."""

    def __init__(self, world: World, two: TwoPeople) -> None:
        self._world = world
        self._two = two
        self.released = 0

    async def looks_for(self, span: timedelta) -> None:
        for _ in range(span // OPERATOR):
            await self._looks()

    async def looks_until_all_is_done(self) -> None:
        for _ in range(AT_LAST // OPERATOR):
            await self._looks()
            if await self._is_all_done():
                await asyncio.sleep(LAST_TIMERS)
                return

    async def _looks(self) -> None:
        for by in BOTH:
            self._two.ask_for_all(by)
        self.released += await self._world.release()
        await self._discard_marked()
        await asyncio.sleep(OPERATOR.total_seconds())

    async def _discard_marked(self) -> None:
        context = self._world.outside_context()
        for target in context.targets:
            held = await held_intents(context, target, groups=(), users=())
            marked = [intent for intent in held if intent.held == DISCARDED]
            await discard_intents(context, target, marked)

    async def _is_all_done(self) -> bool:
        rows = await self._world.rows()
        is_settled = not any(row.is_open or row.needs_proof for row in rows)
        tenant, apps = self._world.tenant, targets.apps(self._world).values()
        is_in_step = not any(differences(tenant, app) for app in apps)
        return is_settled and is_in_step and self._world.is_quiet()
