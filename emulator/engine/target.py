"""Emulates one target: an app with its job, the limit on its calls, and the two ways to provision
it."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

from emulator.clock import Clock
from emulator.engine import answers, cycle, requests
from emulator.engine.app import App, By
from emulator.engine.connector import Connector
from emulator.engine.cycle_log import cycle_outcomes
from emulator.engine.job import Job, JobCode
from emulator.engine.logs import ProvisioningLog
from emulator.engine.on_demand import Code, Outcome, failed, provision_group, provision_user
from emulator.engine.run import Run
from emulator.engine.scope import Scope
from emulator.engine.window import Window, retry_after
from emulator.graph.errors import too_many_requests
from emulator.graph.objects import Entity

CALLS, SECONDS = 5, 10.0
"""The limit on on-demand calls: "5 requests per 10 seconds" (Graph, provisionOnDemand)."""


class Target:
    """One target. `delay` is the duration of a call (minimum, maximum) in seconds of the emulated
    clock. `shared` is the window of all targets, for a tenant whose targets share the limit."""

    def __init__(
        self,
        *,
        scope: Scope,
        job: Job,
        clock: Clock,
        log: ProvisioningLog,
        delay: tuple[float, float],
        random: Random,
        shared: Window | None = None,
    ) -> None:
        self.scope = scope
        self.job = job
        self.app = App(clock.wall)
        self.delay = delay
        self.calls = 0
        self.throttled = 0
        self.violated_at: list[float] = []
        """When each request came that exceeded a limit, in real epoch seconds."""
        self.pim_calls = 0
        self.pim_left_to_cycle = 0
        """Activations for whose call the window had no slot."""
        self.connector: Connector | None = None
        """The way to an app of its own. Without one the app is in memory alone."""
        self.connector_errors: list[str] = []
        """Codes with which the app answers the next calls, without doing anything."""
        self.next_cycle = clock.time() + cycle.INTERVAL
        self._clock = clock
        self._log = log
        self._random = random
        self._own_window = Window(CALLS, SECONDS)
        self._shared_window = shared or self._own_window

    @property
    def service_principal(self) -> Entity:
        return self.scope.service_principal

    @property
    def limit_violations(self) -> int:
        return len(self.violated_at)

    @property
    def has_cycles(self) -> bool:
        return self.job.exists and self.job.code is not JobCode.PAUSED

    async def provision_on_demand(self, body: Mapping[str, Any], base: str) -> dict[str, Any]:
        """Returns the answer after the call's duration. The call reads the directory at its end.

        Raises GraphError: 429 over the limit, 400 and 404 for invalid requests.
        """
        refused_count = self.scope.behaviours.refused_calls_count
        wait = self._window().take(self._clock.time(), refused_count=refused_count)
        if wait:
            self.throttled += 1
            self.violated_at.append(self._clock.wall())
            raise too_many_requests(retry_after(self._clock.real_seconds(wait)))
        self.calls += 1
        try:
            asked = requests.read(body, self.job, self.scope.directory)
        except requests.OverLimitError:
            self.violated_at.append(self._clock.wall())
            raise
        began = self._clock.time()
        await self._clock.sleep(self._random.uniform(*self.delay))
        if self.connector is not None:
            named = (asked.subject, *asked.members)
            users = [one.id for one in named if one.kind == "user"]
            await self.connector.read(self.app, users)
        outcome, logged = self._outcomes(asked)
        if self.connector is not None:
            await self.connector.write(self.app)
        run = Run(by=By.ON_DEMAND, began=began, ended=self._clock.time())
        self._write_log(logged, run)
        return answers.answer(outcome, run, base, typed=self.scope.behaviours.typed_answers)

    async def provision_for_pim(self, group: str, user: str) -> bool:
        """Makes the call by which Privileged Identity Management provisions an activated member of
        a group. Returns False if no slot is free: the cycle then has to do it."""
        shares = self.scope.behaviours.pim_shares_window
        if shares and self._window().take(self._clock.time()):
            self.pim_left_to_cycle += 1
            return False
        self.pim_calls += 1
        began, directory = self._clock.time(), self.scope.directory
        await self._clock.sleep(self._random.uniform(*self.delay))
        asked = requests.Asked(directory.groups[group], (directory.users[user],))
        outcome = self._apply(asked)
        self._write_log(outcome, Run(by=By.ON_DEMAND, began=began, ended=self._clock.time()))
        return True

    def _window(self) -> Window:
        is_shared = self.scope.behaviours.shared_window
        return self._shared_window if is_shared else self._own_window

    async def cycle(self) -> int:
        """Runs a cycle now, and provisions the app. Returns how many objects it exported."""
        if self.connector is not None:
            await self.connector.read_all(self.app)
        exported = self.run_cycle()
        if self.connector is not None:
            await self.connector.write(self.app)
        return exported

    async def connect(self, connector: Connector) -> None:
        """Gives the app a SCIM server, and creates there the accounts that it has by now."""
        self.connector = connector
        await connector.write(self.app)

    def run_cycle(self) -> int:
        """Runs a cycle on the app in memory. Returns how many objects it exported."""
        began, cycle_id = self._clock.time(), str(uuid.uuid4())
        exports = cycle.run(self.app, self.scope, has_groups=self.job.has_groups)
        ended = self._clock.time()
        self.job.ran(activity=cycle_id, began=began, ended=ended, exported=len(exports))
        self.next_cycle = ended + (
            cycle.QUARANTINE_INTERVAL if self.job.code is JobCode.QUARANTINE else cycle.INTERVAL
        )
        as_captured = self.scope.behaviours.log_as_captured
        outcomes = cycle_outcomes(exports, self.scope, began, by_group=as_captured)
        for outcome in outcomes:
            run = Run(by=By.CYCLE, began=began, ended=ended, cycle_id=cycle_id)
            self._write_log(outcome, run)
        return len(exports)

    def put_in_step(self) -> None:
        """Creates the state that earlier cycles would have produced, for a newly seeded tenant."""
        cycle.run(self.app, self.scope, By.SEED, has_groups=self.job.has_groups)
        now = self._clock.time()
        self.job.ran(activity=str(uuid.uuid4()), began=now, ended=now, exported=0)

    def quarantine(self, reason: str) -> None:
        self.job.code = JobCode.QUARANTINE
        self.job.quarantined_at = self._clock.time()
        self.job.quarantine_reason = reason
        self.next_cycle = self._clock.time() + cycle.QUARANTINE_INTERVAL

    def start(self) -> None:
        """Starts the job. Also ends a quarantine."""
        self.job.code = JobCode.ACTIVE
        self.next_cycle = min(self.next_cycle, self._clock.time() + cycle.INTERVAL)

    def pause(self) -> None:
        self.job.code = JobCode.PAUSED

    def _apply(self, asked: requests.Asked) -> Outcome:
        if self.connector_errors:
            return failed(asked.subject, self.connector_errors.pop(0), asked.members)
        if asked.subject.kind == "group":
            return provision_group(self.app, self.scope, asked.subject, asked.members)
        return provision_user(self.app, self.scope, asked.subject)

    def _outcomes(self, asked: requests.Asked) -> tuple[Outcome, Outcome]:
        """Returns what the answer shows and what the log shows. They differ only if the log must
        contradict."""
        codes = self._log.contradictions
        refused = {
            named.id: failed(named, codes.pop(named.id))
            for named in (asked.subject, *asked.members)
            if named.id in codes
        }
        if not refused:
            outcome = self._apply(asked)
            return outcome, outcome
        logged = refused.get(asked.subject.id)
        if logged is None:
            others = [member for member in asked.members if member.id not in refused]
            served = self._apply(replace(asked, members=others))
            members = [*served.members, *refused.values()]
            logged = replace(served, code=Code.SUCCESS, action="Update", members=members)
        is_out = (
            asked.subject.kind == "user"
            and not self.scope.entitlement(asked.subject.id).is_entitled
        )
        action = "Disable" if is_out else "Update"
        return replace(logged, code=Code.SUCCESS, action=action, error_code=""), logged

    def _write_log(self, outcome: Outcome, run: Run) -> None:
        principal = self.service_principal
        self._log.add(
            outcome,
            run,
            service_principal={"id": principal.id, "displayName": principal.name},
            job=self.job.id,
            as_captured=self.scope.behaviours.log_as_captured,
        )
