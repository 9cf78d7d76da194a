"""Brings about in Entra ID what events want: groups, members and assignments, then the ledger.

Every step reads what is there and writes only what is missing, so a crash between any two of them
is mended by doing it all again.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hasten.domain.changes import DIRECT
from hasten.domain.intents import NAMED, Intent, Wanted, key
from hasten.ensure.assignment import Assigned
from hasten.ensure.direct import DirectEnsuring
from hasten.ensure.dry_run import Observing
from hasten.ensure.group import GroupEnsuring
from hasten.ensure.groups import Groups
from hasten.ensure.resolve_named import Naming
from hasten.ensure.settle import Settling
from hasten.ensure.work import Work
from hasten.error_collector import Troubles
from hasten.errors import PermanentError, TemporaryError
from hasten.messages import Ensure
from hasten.ports.bus import Bus
from hasten.ports.clock import NewId, Now
from hasten.ports.directory import Directory
from hasten.ports.store import Store
from hasten.ports.telemetry import Emit, Event
from hasten.records import discovered as registry
from hasten.records.discovered import Found
from hasten.records.intents import Intents
from hasten.records.ledger import Ledger
from hasten.records.outbox import Outbox
from hasten.targets import Target
from hasten.watch.admit import Recording
from hasten.watch.sweep import Watching

AT_ONCE = 100
"""Intents of a group that are brought about, and then written down, before the next ones."""

LONGEST = timedelta(minutes=4)
"""A run ends before the host gives its message to another; what is left goes on in a new one."""

STEPS_PER_SECOND = 4
"""Runs that are put off are gathered to so many a second: equal messages are one."""


@dataclass(frozen=True, slots=True)
class Ensuring:
    """The service: the session of its queue lets one run of a target work at a time."""

    directory: Directory
    store: Store
    intents: Intents
    ledger: Ledger
    recording: Recording
    outbox: Outbox
    bus: Bus
    watching: Watching
    targets: Mapping[str, Target]
    emit: Emit
    now: Now
    new_id: NewId

    async def ensure(self, ensure: Ensure) -> None:
        """Raises TemporaryError and PermanentError of Graph: what was done stays done, and the
        intents that were not brought about stay open."""
        target = self.targets.get(ensure.target)
        if target is None:
            raise PermanentError(
                f"target {ensure.target} is not in targets.yaml",
                "put it back, or cancel its events",
            )
        opened = [i for i in await self.intents.open_intents(target.name) if not i.held]
        if not opened:
            return
        found = await registry.load(self.store, target.name)
        found = found or await self.watching.discover(target)
        troubles = Troubles()
        run = self._run(target, found, troubles)
        await (run.observe(opened) if target.observes else run.bring_about(opened))
        if run.due:
            await self._again(target, min(run.due))
        if run.is_over:
            more = Ensure(target=target.name)
            await self.bus.send(more.queue, [more.message(self.new_id())])
            return  # what went wrong will come again
        troubles.surface()

    async def _again(self, target: Target, due: datetime) -> None:
        """For new members that wait for company. Equal messages count as one at the queue: the name
        must differ where a clock ahead of ours delivers one too early."""
        at = max(due.timestamp(), self.now().timestamp() + 1 / STEPS_PER_SECOND)
        step = math.ceil(at * STEPS_PER_SECOND)
        again = Ensure(target=target.name)
        at_step = datetime.fromtimestamp(step / STEPS_PER_SECOND, UTC)
        await self.bus.send(again.queue, [again.message(f"{target.name}:{step}", at_step)])

    def _run(self, target: Target, found: Found, troubles: Troubles) -> "_Run":
        groups = Groups(self.directory, self.store, self.now)
        settling = Settling(
            intents=self.intents,
            ledger=self.ledger,
            recording=self.recording,
            outbox=self.outbox,
            bus=self.bus,
            emit=self.emit,
            now=self.now,
            new_id=self.new_id,
        )
        return _Run(
            target=target,
            found=found,
            troubles=troubles,
            directory=self.directory,
            settling=settling,
            naming=Naming(groups, self.intents, settling),
            observing=Observing(self.directory, groups),
            of_group=GroupEnsuring(
                directory=self.directory,
                store=self.store,
                groups=groups,
                intents=self.intents,
                braking=self.recording.braking,
                emit=self.emit,
                now=self.now,
            ),
            direct=DirectEnsuring(
                directory=self.directory,
                store=self.store,
                intents=self.intents,
                braking=self.recording.braking,
                now=self.now,
            ),
            emit=self.emit,
            now=self.now,
            until=self.now() + LONGEST,
        )


@dataclass(slots=True)
class _Run:
    """One message's work, group by group."""

    target: Target
    found: Found
    troubles: Troubles
    directory: Directory
    settling: Settling
    naming: Naming
    observing: Observing
    of_group: GroupEnsuring
    direct: DirectEnsuring
    emit: Emit
    now: Now
    until: datetime
    due: list[datetime] = field(default_factory=list)
    _read: Assigned | None = None

    async def bring_about(self, opened: Sequence[Intent]) -> None:
        """Revocations go before grants, in all groups."""
        moved: list[Intent] = []
        for group, named in _by_group(opened).items():
            if group.startswith(NAMED):
                with self.troubles.kept():
                    moved += await self.naming.place(self.target, named, self.troubles)
        replaced = {intent.key for intent in moved}
        known = [
            intent
            for intent in opened
            if not intent.group.startswith(NAMED) and intent.key not in replaced
        ]
        ordered = self._in_turn(sorted([*known, *moved], key=lambda intent: intent.recorded_at))
        leaving = [intent for intent in ordered if intent.wanted is Wanted.ABSENT]
        staying = [intent for intent in ordered if intent.wanted is not Wanted.ABSENT]
        for intents in (leaving, staying):
            for group, wanted in _by_group(intents).items():
                for start in range(0, len(wanted), AT_ONCE):
                    await self._bring_about(group, wanted[start : start + AT_ONCE])

    def _in_turn(self, ordered: Sequence[Intent]) -> list[Intent]:
        """A person is brought in step in the run after the one that changes the membership."""
        of_members = {intent.key for intent in ordered if intent.wanted is not Wanted.IN_STEP}
        turn = [
            intent
            for intent in ordered
            if intent.wanted is not Wanted.IN_STEP
            or key(intent.group, intent.user) not in of_members
        ]
        if len(turn) < len(ordered):
            self.troubles.add(TemporaryError("a membership is changed first", timedelta(seconds=1)))
        return turn

    async def _bring_about(self, group: str, wanted: Sequence[Intent]) -> None:
        if self.is_over:
            return
        work = Work(self.target, group, self._assigned, self.troubles)
        with self.troubles.kept():
            service = self.direct if group == DIRECT else self.of_group
            await service.bring_about(work, wanted)
        await self._settle(work, len(wanted))

    @property
    def is_over(self) -> bool:
        return self.now() >= self.until

    async def observe(self, opened: Sequence[Intent]) -> None:
        for group, wanted in _by_group(opened).items():
            work = Work(self.target, group, self._assigned, self.troubles)
            with self.troubles.kept():
                await self.observing.observe(work, wanted)
            await self._settle(work, len(wanted))

    async def _settle(self, work: Work, wanted: int) -> None:
        """What was done before an error is settled all the same."""
        if work.due is not None:
            self.due.append(work.due)
        await self.settling.settle(self.target.name, work.results, self.troubles)
        about = {
            "target": self.target.name,
            "group": work.group,
            "wanted": wanted,
            "done": len(work.results),
        }
        self.emit(Event("ensure", "done" if work.results else "waiting", about))

    async def _assigned(self) -> Assigned:
        """Read at most once in a run."""
        service_principal = self.found.service_principal
        self._read = self._read or await Assigned.read(self.directory, service_principal)
        return self._read


def _by_group(intents: Sequence[Intent]) -> Mapping[str, Sequence[Intent]]:
    by_group: dict[str, list[Intent]] = defaultdict(list)
    for intent in intents:
        by_group[intent.group].append(intent)
    return by_group
