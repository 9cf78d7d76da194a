"""Builds the emulated tenant: directory, targets, subscriptions and everything that acts between
them."""

from random import Random

import httpx

from emulator.certificates import trusted
from emulator.clock import Clock
from emulator.engine.job import Job
from emulator.engine.logs import ProvisioningLog
from emulator.engine.scope import Scope
from emulator.engine.target import CALLS, SECONDS, Target
from emulator.engine.window import Window
from emulator.entra.behaviours import Switches
from emulator.entra.lifecycle_workflows import LifecycleWorkflows
from emulator.graph.assignments import Assignments
from emulator.graph.auth import Tokens
from emulator.graph.background import Background
from emulator.graph.courier import Courier
from emulator.graph.directory import Directory
from emulator.graph.errors import not_found
from emulator.graph.faults import Faults
from emulator.graph.journal import Journal
from emulator.graph.objects import Entity
from emulator.graph.options import GraphOptions
from emulator.graph.replica import Replica
from emulator.graph.replicas import Replicas
from emulator.graph.subscriptions import Subscriptions

CLIENT_ID = "5f1f3a3e-6a2b-4a55-9d0f-3f6c8f0f7a01"
"""The app of Hasten's managed identity."""

LOOK_AT_CYCLES_EVERY = 60.0
"""Maximum sleep between two checks for due cycles, in seconds of the emulated clock."""


class Tenant:
    """The tenant. Tests in the same process use its public parts; over HTTP there are the
    routes."""

    def __init__(self, options: GraphOptions) -> None:
        self.id = options.tenant_id
        self.options = options
        self.clock = Clock(options.speed, options.wall)
        self.background = Background()
        fresh = httpx.Limits(max_keepalive_connections=0)
        self.http = httpx.AsyncClient(
            trust_env=False, limits=fresh, transport=options.webhooks, verify=trusted()
        )
        """The client for webhooks, without kept connections: a webhook may restart, and a kept
        connection could be dead."""
        self.directory = Directory(self.clock.time, self.clock.wall, options.seed)
        self.assignments = Assignments(self.directory)
        self.switches = Switches(options.entra)
        lags = Random(f"{options.seed} replicas")
        self.replicas = Replicas(self.clock.time, self.switches, lags)
        self.replica = Replica(
            self.directory,
            self.assignments,
            options.replication_delay,
            options.assignment_replication_delay,
            switches=self.switches,
            replicas=self.replicas,
        )
        self.log = ProvisioningLog(self.id, self.switches)
        self.targets: dict[str, Target] = {}
        self._shared_window = Window(CALLS, SECONDS)
        self.tokens = Tokens(self.id, CLIENT_ID)
        self.faults = Faults(Random(options.seed))
        self.journal = Journal(options.record)
        self.tokens_valid_from = 0.0
        """Delta tokens issued before this time are expired."""
        self.subscriptions = Subscriptions(
            self.directory, self.clock, self.http, CLIENT_ID, self.switches
        )
        self.lifecycle_workflows = LifecycleWorkflows(self.clock.wall)
        self.replays = Random(f"{options.seed} replays")
        self.courier = Courier(
            tenant=self.id,
            clock=self.clock,
            http=self.http,
            background=self.background,
            faults=self.faults,
            subscriptions=self.subscriptions.live,
            switches=self.switches,
        )

    def add_target(self, service_principal: Entity, job: Job) -> Target:
        target = Target(
            scope=Scope(self.directory, self.replica, service_principal, self.switches),
            job=job,
            clock=self.clock,
            log=self.log,
            delay=self.options.on_demand_delay,
            random=Random(self.options.seed),
            shared=self._shared_window,
        )
        self.targets[service_principal.id] = target
        return target

    def target(self, service_principal: str) -> Target:
        """Returns the target. Raises GraphError 404."""
        if service_principal not in self.targets:
            raise not_found(service_principal)
        return self.targets[service_principal]

    def start(self) -> None:
        self.directory.listeners.append(self.courier.take)
        self.background.spawn(self._run_cycles())

    async def close(self) -> None:
        await self.background.close()
        await self.http.aclose()
        self.journal.close()

    async def _run_cycles(self) -> None:
        while True:
            now = self.clock.time()
            running = [t for t in self.targets.values() if t.has_cycles]
            for target in running:
                if target.next_cycle <= now:
                    await target.cycle()
            due = [target.next_cycle for target in running]
            await self.clock.sleep_until(min([*due, now + LOOK_AT_CYCLES_EVERY]))
