"""The whole product in one process and on virtual time: tenant, Service Bus, store and hosts."""

import asyncio
import random
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from random import Random

from emulator.functions.behaviours import HostBehaviours
from emulator.functions.timers import next_run
from emulator.graph.options import GraphOptions
from emulator.graph.seed import TOTAL, object_id
from emulator.graph.server import GraphServer
from hasten.adapters.graph.directory import GraphDirectory
from hasten.context import Context
from hasten.domain.changes import Change
from hasten.domain.shared_pace import LimitScope
from hasten.records import agenda, alarms
from hasten.records.ledger import Ledger
from hasten.targets import Target
from hasten.targets_file import HISTORY_DAYS
from tests.fakes.memory_store import MemoryStore
from tests.simulation import addresses
from tests.simulation.admin import Admin
from tests.simulation.bus import SimulatedBus, epoch
from tests.simulation.defaults import app_settings, graph_options
from tests.simulation.faults import CALM, Faults, Rates
from tests.simulation.forgery import lie
from tests.simulation.graph import Credential, GraphTransport
from tests.simulation.host import Host, HostPorts
from tests.simulation.lifeline import Lifeline
from tests.simulation.operator import release
from tests.simulation.oracle import differences
from tests.simulation.owners import Owner, keep_books
from tests.simulation.receiver import HostReceiver
from tests.simulation.report import Report
from tests.simulation.scim import ScimSide
from tests.simulation.surroundings import Surroundings
from tests.simulation.table import NOTIFICATIONS, triggers
from tests.simulation.upstream import Upstream
from tests.simulation.webhook import Webhooks
from tests.support.done_changes import done_changes
from tests.support.virtual_time import START, now

TARGET = Target(name="TOTAL", display_name="TOTAL")

LATENCY = (0.005, 0.05)
"""Seconds one way, between Graph and the hosts."""

MAX_SIMULATED_WAIT = timedelta(hours=1)
FOR_EVER = timedelta.max
A_MOMENT = 0.25
"""Seconds between two looks at whether something has come about."""


class World:
    """`admin` changes the directory; `until` waits for what should come of it."""

    def __init__(
        self,
        seed: int,
        *,
        hosts: int,
        targets: tuple[Target, ...],
        graph: GraphOptions | None,
        behaviours: HostBehaviours,
        limit_scope: LimitScope,
        history_days: int,
        clock_skew: timedelta,
    ) -> None:
        self.seed = seed
        # The wait between quick tries of a read comes from here.
        random.seed(seed)
        self._ids = Random(f"{seed} ids")
        network = Random(f"{seed} network")
        self._outside = Owner()
        self.faults = Faults(Random(f"{seed} faults"))
        self.hosts: list[Host] = []

        def latency() -> float:
            return network.uniform(*LATENCY)

        webhooks = Webhooks(self.hosts, network=self._outside, latency=latency, faults=self.faults)
        self.graph = GraphServer(graph_options(graph, seed, webhooks))
        self.tenant = self.graph.tenant
        self.bus = SimulatedBus()
        self.store = MemoryStore()
        self.to_graph = GraphTransport(
            self.graph, server=self._outside, latency=latency, faults=self.faults
        )
        self.scim = ScimSide(
            app=self.tenant.targets[TOTAL].app,
            faults=Faults(Random(f"{seed} app")),
            server=self._outside,
            wall=epoch,
        )
        self.admin = Admin(self.tenant)
        self.upstream = Upstream(self.bus)
        self.around = Surroundings(
            settings=app_settings(),
            targets=targets,
            store=self.store,
            bus=self.bus,
            graph=self.to_graph,
            token=str(self.tenant.tokens.issue("https://graph.microsoft.com")["access_token"]),
            random=network,
            new_id=self._new_id,
            faults=self.faults,
            luck=Random(f"{seed} luck"),
            outside=self._outside,
            scim=self.scim,
            behaviours=behaviours,
            limit_scope=limit_scope,
            history_days=history_days,
        )
        clocks = Random(f"{seed} clocks")
        self.hosts += [
            Host(f"host {number}", self.around, clock_skew * clocks.uniform(-1, 1))
            for number in range(1, hosts + 1)
        ]

    def start(self) -> None:
        self._outside.spawn(self._run_tenant())
        for host in self.hosts:
            host.start()
        for trigger in triggers("timerTrigger"):
            self._outside.spawn(self._keep_timer(trigger["function"], trigger["schedule"]))

    async def close(self) -> None:
        for host in self.hosts:
            host.kill()
        self._outside.cancel()
        await self.tenant.close()

    async def settle_in(self) -> None:
        """The first sweep, and what follows from it: groups are watched and subscribed to."""
        await self.hosts[0].fire("sweep")
        await self.until(self.is_quiet)

    def calm(self) -> None:
        """No more faults."""
        self.faults.rates = self.scim.faults.rates = CALM
        self.tenant.faults.clear()

    async def release(self) -> int:
        """All that is held, by the operator; how many."""
        return await release(self.outside_context())

    def outside_context(self) -> Context:
        """That of a command line, whom no fault of a host concerns."""
        around = self.around
        ports = HostPorts(
            store=self.store,
            bus=self.bus,
            receiver=HostReceiver(self.bus, Lifeline(around.random, self.faults, lambda: None)),
            directory=GraphDirectory(
                str(around.settings.graph_url), Credential(around.token), around.graph
            ),
            now=now,
            new_id=self._new_id,
            jitter=around.random.random,
            emit=around.emit,
        )
        return Context(around.settings, around.targets, ports)

    async def forge(self, *, knows_the_secret: bool) -> None:
        """A notification that is not true arrives at a host, if one is alive."""
        for host in self.hosts:
            if host.is_alive:
                settings, source = self.around.settings, self.faults.random
                body = lie(self.tenant, settings, source, knows_the_secret=knows_the_secret)
                await host.post(NOTIFICATIONS, body)
                return

    # --- waiting ---

    async def until(
        self, holds: Callable[[], bool], within: timedelta = MAX_SIMULATED_WAIT
    ) -> float:
        """The virtual seconds it took. An AssertionError with the report when it did not come."""
        began = epoch()
        while not holds():
            assert epoch() - began < within.total_seconds(), f"{holds}\n{await self.report()}"
            await asyncio.sleep(A_MOMENT)
        return epoch() - began

    async def passes(self, span: timedelta) -> None:
        await asyncio.sleep(span.total_seconds())

    def is_quiet(self) -> bool:
        """Whether no message waits, is locked, is scheduled, or lies ahead in the agenda."""
        kept = self.store.texts(alarms.AGENDA_COLLECTION)
        ahead = any(key.startswith(agenda.ENTRY_PREFIX) for key, _, _ in kept)
        return self.bus.is_quiet() and not self.bus.scheduled() and not ahead

    def is_in_step(self) -> bool:
        """Whether everyone has in the app what the directory says."""
        return not differences(self.tenant, TOTAL)

    # --- looking ---

    async def rows(self) -> list[Change]:
        """The ledger, of all targets."""
        ledger, rows = Ledger(self.store), list[Change]()
        for target in self.around.targets:
            rows += await ledger.open_changes(target.name)
            rows += await ledger.unproven_changes(target.name)
            rows += await done_changes(self.store, target.name)
        return rows

    async def report(self) -> Report:
        rows = await self.rows()
        apps = self.tenant.targets.values()
        events = [event for _, event in self.around.events]
        return Report(
            seed=self.seed,
            seconds=(now() - START).total_seconds(),
            differences=differences(self.tenant, TOTAL),
            open_rows=[row for row in rows if row.is_open],
            states=Counter(row.state for row in rows),
            calls=len(self.to_graph.calls),
            users_called=Counter(user for call in self.to_graph.calls for user in call.users),
            limit_violations=sum(app.limit_violations for app in apps),
            throttled=sum(app.throttled for app in apps),
            requests=dict(self.tenant.journal.by_path),
            events=Counter(f"{event.name} {event.result}" for event in events),
            faults=dict(self.faults.counts + self.scim.faults.counts),
            failures=list(self.around.failures),
            dead_letters=self.bus.dead_letters(),
        )

    # --- running ---

    async def _run_tenant(self) -> None:
        self.tenant.start()

    async def _keep_timer(self, name: str, schedule: str) -> None:
        """On one host at a time, as Azure's lock on timers does; late when none was alive."""
        while True:
            due = next_run(schedule, now())
            await asyncio.sleep((due - now()).total_seconds())
            await self.until(lambda: any(host.is_alive for host in self.hosts), FOR_EVER)
            await next(host for host in self.hosts if host.is_alive).fire(name)

    def _new_id(self) -> str:
        return uuid.UUID(int=self._ids.getrandbits(128), version=4).hex


@asynccontextmanager
async def simulated(
    seed: int = 1,
    *,
    hosts: int = 1,
    rates: Rates = CALM,
    targets: tuple[Target, ...] = (TARGET,),
    graph: GraphOptions | None = None,
    behaviours: HostBehaviours | None = None,
    limit_scope: LimitScope = LimitScope.AUTO,
    history_days: int = HISTORY_DAYS,
    clock_skew: timedelta = timedelta(0),
) -> AsyncIterator[World]:
    """A world that has settled in, calm until then. The clock of each host differs by up to
    `clock_skew` from that of the tenant. Must run on a VirtualLoop."""
    addresses.keep()
    keep_books(asyncio.get_running_loop())
    world = World(
        seed,
        hosts=hosts,
        targets=targets,
        graph=graph,
        behaviours=behaviours or HostBehaviours(),
        limit_scope=limit_scope,
        history_days=history_days,
        clock_skew=clock_skew,
    )
    world.start()
    try:
        await world.settle_in()
        world.faults.rates = world.scim.faults.rates = rates
        yield world
    finally:
        await world.close()


def newcomers(count: int, first: int = 301) -> list[str]:
    """Users of the seed who are in neither group of TOTAL."""
    return [object_id(f"user/{number}") for number in range(first, first + count)]
