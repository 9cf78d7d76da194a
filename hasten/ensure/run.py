"""Brings about in Entra ID what events want: groups, members and assignments, then the ledger.

Every step reads what exists and writes only what is missing, so after a crash between any two steps
a repetition completes the work.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from hasten.chunks import chunks
from hasten.context import Context
from hasten.domain.changes import DIRECT
from hasten.domain.ensuring import SeenMembership
from hasten.domain.intents import NAMED, Intent, Wanted, key
from hasten.ensure.assignment import Assigned
from hasten.ensure.direct_assignment import ensure_direct_assignment
from hasten.ensure.dry_run import observe_intents
from hasten.ensure.fence import fenced
from hasten.ensure.group import ensure_in_group
from hasten.ensure.hold_removals import let_go
from hasten.ensure.put_aside import bring_about_or_put_aside, put_aside_refused
from hasten.ensure.resolve_named import place_named
from hasten.ensure.settle import settle_intents
from hasten.ensure.work import Work
from hasten.error_collector import ErrorCollector
from hasten.errors import PermanentError, TemporaryError
from hasten.messages import Ensure
from hasten.records import discovered, stops
from hasten.records.discovered import DiscoveredTarget
from hasten.records.lease import Displaced, Lease
from hasten.records.lease_record import WokenBy, WorkKind
from hasten.sole_worker import MAX_WORK_TIME, work_alone
from hasten.targets import Target
from hasten.telemetry.ensure import EnsureDisplaced, GroupEnsured
from hasten.watch.note_assignments import note_assignments
from hasten.watch.sweep import discover

INTENTS_PER_ROUND = 100
"""Number of intents of a group that Hasten brings about and saves before the next ones."""


async def ensure(
    context: Context,
    ensure: Ensure,
    *,
    by: WokenBy = WokenBy.MESSAGE,
    longest: timedelta = MAX_WORK_TIME,
) -> bool:
    """Carries out the open intents of the target that `ensure` names. Returns False if it leaves
    that to another worker, who lives. `longest` is the time after which the work begins no new
    round, and `by` says why this worker came. Raises TemporaryError and PermanentError of Graph.
    Finished intents stay done, and the others stay open."""
    target = context.targets.get(ensure.target)
    if target is None:
        raise PermanentError(
            f"target {ensure.target} is not in targets.yaml",
            "put it back, or cancel its events",
        )
    work = partial(_round, context, target)
    try:
        return await work_alone(context, ensure, WorkKind.ENSURE, work, by=by, longest=longest)
    except Displaced:
        context.emit(EnsureDisplaced(target=target.name))
        return True


async def _round(context: Context, target: Target, lease: Lease, until: datetime) -> bool:
    """Returns whether intents are left because the time was over. Waits while new members wait for
    more members; a wake in this process ends the wait."""
    while True:
        due, is_over = await _step(context, target, lease, until)
        if is_over or not due:
            return is_over
        wait = (min(due) - context.now()).total_seconds()
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, wait)):
                await lease.marked.wait()


async def _step(
    context: Context, target: Target, lease: Lease, until: datetime
) -> tuple[Sequence[datetime], bool]:
    """Brings about the open intents. Returns the time at which new members have waited long enough,
    and whether the time was over. Raises the worst error, unless another step will try again."""
    await lease.take_mark()
    if due := lease.record.due(context.now()):
        await context.intents.reopen(target.name, due, context.now())
        lease.seen_again(due)
    now = context.now()
    opened = [i for i in await context.intents.open_intents(target.name) if i.is_tried(now)]
    if not opened or await stops.find(context.store, target.name):
        return [], False
    safe = fenced(context, lease)
    found = await discovered.load(context.store, target.name)
    found = found or await discover(context, target)
    errors = ErrorCollector()
    run = _Run(safe, target=target, found=found, errors=errors, until=until)
    await (run.observe(opened) if target.observes else run.bring_about(opened))
    if not run.is_over and not run.due:
        errors.raise_worst()
    return run.due, run.is_over


@dataclass(slots=True)
class _Run:
    """The work of one round, group by group."""

    context: Context
    target: Target
    found: DiscoveredTarget
    errors: ErrorCollector
    until: datetime
    due: list[datetime] = field(default_factory=list)
    uncounted: Collection[str] = ()
    """Keys of the removals that the brake let pass without counting their users."""

    _read: Assigned | None = None

    async def bring_about(self, opened: Sequence[Intent]) -> None:
        """Brings about revocations before grants, across all groups."""
        moved: list[Intent] = []
        for group, named in _by_group(opened).items():
            if group.startswith(NAMED):
                with self.errors.collect():
                    moved += await place_named(self.context, self.target, named, self.errors)
        replaced = {intent.key for intent in moved}
        known = [
            intent
            for intent in opened
            if not intent.group.startswith(NAMED) and intent.key not in replaced
        ]
        ordered = self._in_turn(sorted([*known, *moved], key=_order))
        leaving = await self._let_go([i for i in ordered if i.wanted is Wanted.ABSENT])
        staying = [intent for intent in ordered if intent.wanted is not Wanted.ABSENT]
        for intents in (leaving, staying):
            for group, wanted in _by_group(intents).items():
                for some in chunks(wanted, INTENTS_PER_ROUND):
                    bring_about = partial(self._bring_about, group)
                    await bring_about_or_put_aside(self.context, some, bring_about)

    async def _let_go(self, leaving: Sequence[Intent]) -> list[Intent]:
        """Brings about removals, after the brake has judged how many users would leave in this
        run."""
        works = [
            (Work(self.target, group, self._assigned, self.errors), wanted)
            for group, wanted in _by_group(leaving).items()
        ]
        passed = await let_go(self.context, works)
        self.uncounted = passed.uncounted
        return [intent for intent in leaving if intent.key in passed.keys]

    def _in_turn(self, ordered: Sequence[Intent]) -> list[Intent]:
        """Orders the intents. A person is brought in step in the run after the one that changes the
        membership."""
        of_members = {intent.key for intent in ordered if intent.wanted is not Wanted.IN_STEP}
        turn = [
            intent
            for intent in ordered
            if intent.wanted is not Wanted.IN_STEP
            or key(intent.group, intent.user) not in of_members
        ]
        if len(turn) < len(ordered):
            self.errors.add(TemporaryError("a membership is changed first", timedelta(seconds=1)))
        return turn

    async def _bring_about(self, group: str, wanted: Sequence[Intent]) -> None:
        if self.is_over or await stops.find(self.context.store, self.target.name):
            return
        work = Work(self.target, group, self._assigned, self.errors)
        with self.errors.collect():
            bring_about = ensure_direct_assignment if group == DIRECT else ensure_in_group
            await bring_about(self.context, work, wanted)
        await self._settle(work, len(wanted))
        with self.errors.collect():
            await put_aside_refused(self.context, wanted, work.refusals)

    @property
    def is_over(self) -> bool:
        return self.context.now() >= self.until

    async def observe(self, opened: Sequence[Intent]) -> None:
        for group, wanted in _by_group(opened).items():
            work = Work(self.target, group, self._assigned, self.errors)
            with self.errors.collect():
                await observe_intents(self.context, work, wanted)
            await self._settle(work, len(wanted))

    async def _settle(self, work: Work, wanted: int) -> None:
        """Saves what was done, also before an error."""
        if work.due is not None:
            self.due.append(work.due)
        given = {
            (intent.group, intent.user)
            for intent, end in work.results
            if isinstance(end, SeenMembership) and end.member
        }
        await note_assignments(self.context, self.found, given)
        await settle_intents(
            self.context, self.target.name, work.results, self.errors, uncounted=self.uncounted
        )
        self.context.emit(
            GroupEnsured(
                result="done" if work.results else "waiting",
                target=self.target.name,
                group=work.group,
                wanted=wanted,
                done=len(work.results),
            )
        )

    async def _assigned(self) -> Assigned:
        """Returns the assignments; reads them at most once in a run."""
        service_principal = self.found.service_principal
        self._read = self._read or await Assigned.read(self.context.directory, service_principal)
        return self._read


def _order(intent: Intent) -> tuple[int, datetime]:
    """Orders intents oldest first, after those that have failed less often: whatever fails keeps
    nobody waiting."""
    return intent.crashes, intent.recorded_at


def _by_group(intents: Sequence[Intent]) -> Mapping[str, Sequence[Intent]]:
    by_group: dict[str, list[Intent]] = defaultdict(list)
    for intent in intents:
        by_group[intent.group].append(intent)
    return by_group
