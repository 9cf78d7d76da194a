"""Handles an event that finds nobody to remove or to provision in Entra ID, although the app may
still give access: earlier removals of its users have not ended well, or Hasten has not seen the
users leave. The event becomes a cause of these removals."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from hasten.context import Context
from hasten.domain.changes import DIRECT, MAX_CAUSES, Action, Cause, Change, State
from hasten.domain.outcomes import of_event
from hasten.domain.seen_access import (
    GONE,
    UNWATCHED,
    last_assigned_at,
    may_have_access,
    unfinished,
    was_taken,
)
from hasten.errors import Conflict, TemporaryError
from hasten.events.envelope import OnboardingEvent
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.messages import Wake
from hasten.onboard.plan import EventPlan
from hasten.onboard.resolve import LOOKUPS_AT_ONCE
from hasten.operate.rows_of_person import rows_of_person
from hasten.provision.on_request import new_row
from hasten.side_by_side import side_by_side
from hasten.watch.admit import admit, restart

Joined = Mapping[str, Sequence[str]]
"""The groups of the removals that the event has joined, by user."""

NOBODY: Joined = {}


async def join_unfinished(
    context: Context, event: OnboardingEvent, plan: EventPlan, *, is_last: bool
) -> tuple[Joined, Collection[str]]:
    """Makes the event a cause of the removals, so that their outcomes are its outcomes. A removal
    that failed is called again, if the brake lets it; one that is left to Entra's cycle is
    reported as that. The last look at the event opens a removal for each user of whom Hasten knows
    none and who may have access: a call with the user then shows what became of the account. Where
    Hasten does not watch people, nothing tells those who had access from all others: a call for
    each would let anybody trip the brake, so the plan gets a doubt about them. So it does about
    whoever does not exist any more: no call reaches them. An event that comes again finds what it
    joined and changes nothing. Returns the users too of whom a row cannot be read. The event cannot
    join that row, so nothing would answer for it.

    Raises TemporaryError of the store, and if a user may just have been assigned. Raises Conflict
    if a row changes at that moment: it may have ended without the event among its causes.
    """
    cause = Cause(event.source, event.id)
    unreadable = set[str]()
    unseen: dict[str, Change | None] = {}
    target = context.targets[event.data.target]
    removal: Change | None = None
    if is_last and plan.idle:  # before the rows are read: what a sweep finds meanwhile is newer
        direct = (DIRECT, "")
        removal = await new_row(context, target, direct, Action.REMOVED, cause, at=context.now())

    async def join(user: str) -> Sequence[str]:
        rows = await rows_of_person(context, target.name, user)
        meant = _meant(rows, cause)
        for row in meant:
            if row.is_unreadable:
                unreadable.add(user)
            elif cause not in row.causes and not await _join(context, row, cause):
                raise Conflict(row.group)
        if meant or not is_last:
            return [row.group for row in meant]
        seen = await context.roster.find(target.name, user)
        may_have = may_have_access(rows, last_assigned_at(seen, context.now()))
        if user in plan.gone:
            if may_have or not was_taken(rows):
                plan.doubts[user] = GONE
            return []
        if may_have:
            unseen[user] = next((row for row in rows if row.group == DIRECT), None)
            return [DIRECT]
        if not (target.users or was_taken(rows)):
            plan.doubts[user] = UNWATCHED
        return []

    groups_of = await side_by_side(join, plan.idle, LOOKUPS_AT_ONCE)
    found = dict(zip(plan.idle, groups_of, strict=True))
    joined = {user: groups for user, groups in found.items() if groups}
    fresh = await _open(context, removal, unseen, cause) if removal and unseen else ()
    if joined:
        await context.send(Wake(target=target.name))
    if fresh:
        why = f"{min(fresh)} was assigned just now, and Graph may not show it everywhere yet"
        raise TemporaryError(why, REPLICATION_SETTLED_AFTER)
    return joined, unreadable


async def _open(
    context: Context, removal: Change, unseen: Mapping[str, Change | None], cause: Cause
) -> Collection[str]:
    """Opens `removal`, which names no user yet, for each user: it is of the direct assignment,
    because every other group of them is unknown. `unseen` has the row of that assignment by user.
    The brake judges all of them together, also those whose direct assignment was removed once
    before: they have got access since. Returns those who may just have been assigned, for whom it
    opens none."""
    known = [row for row in unseen.values() if row is not None]
    again = [row for row in known if row.is_removal]
    settled = context.now() - REPLICATION_SETTLED_AFTER
    fresh = {row.user for row in known if not row.is_removal and row.found_at > settled}
    opened = await restart(context, again, cause, leave_anew=True)
    if new := unseen.keys() - fresh - {row.user for row in again}:
        opened += await admit(context, [replace(removal, user=user) for user in sorted(new)])
    if unseen.keys() - fresh - {row.user for row in opened}:
        raise Conflict(DIRECT)
    return fresh


def _meant(rows: Sequence[Change], cause: Cause) -> Sequence[Change]:
    """Returns the removals that the event joins: those that may still be to be done, and each that
    failed, of which another call shows what became of it."""
    open_ended = unfinished(rows)
    return [
        row
        for row in rows
        if row.is_removal
        and (cause in row.causes or row in open_ended or row.state is State.FAILED)
    ]


async def _join(context: Context, row: Change, cause: Cause) -> Sequence[Change]:
    """Publishes the outcome before it writes the row. After a crash the event is not among the
    causes yet, so Hasten joins it again. Returns the row, or nothing if it has changed meanwhile.
    """
    if row.state is State.FAILED:
        return await restart(context, [row], cause)
    if row.state is State.LEFT_TO_CYCLE:
        outcome = of_event(
            cause,
            target=row.target,
            group=row.group,
            user=row.user,
            result=row.state,
            reason=row.reason,
            next_action=row.next_action,
            now=context.now(),
        )
        await context.outbox.publish([outcome])
    causes = (*row.causes, cause)[-MAX_CAUSES:]
    return await context.ledger.move([row], lambda seen: replace(seen, causes=causes))
