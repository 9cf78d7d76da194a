"""Moves what Hasten has stored under the name of a target to the target that serves its job now.

Each step may run again after a crash, and while a process of the deployment before still writes
under the old name.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hasten.chunks import chunks
from hasten.context import Context
from hasten.domain.changes import Change, HeldBy, State
from hasten.domain.intents import Intent, Recorded, of_superseded
from hasten.domain.outcomes import Outcome, of_change
from hasten.messages import Ensure, Wake
from hasten.records import (
    direct_assignments,
    follow_ups,
    job_seen,
    kept_memberships,
    made_groups,
    mirrored_members,
    stops,
    unseen_groups,
)
from hasten.records.job_seen import JobSeen
from hasten.records.kept_memberships import KeptMemberships
from hasten.records.moving import copy_documents, move_documents
from hasten.records.recent_removals import RecentRemovals, advice_for
from hasten.side_by_side import side_by_side
from hasten.targets import Target
from hasten.watch.another_app import BY_SWEEP
from hasten.watch.assigned_rows import level_direct_cursor
from hasten.watch.hold_removals import hold_if_tripped

KEPT_LATELY = timedelta(days=1)
"""Age up to which a membership that a disabled account may have kept moves with its row in any
case. An older one moves if no cycle of Entra, which ends it, has run since: the job may be
paused."""

FINDS_AT_ONCE = 16

ROWS_AT_ONCE = 100
"""Rows that move before the next ones: what has moved stays moved after a crash."""


async def copy_knowledge(context: Context, target: str, heir: str, left_at: datetime) -> None:
    """Copies what the first sweep of `heir` needs. `heir` gets the direct assignments, the people
    and the recent leavers that Hasten knew, in place of what an earlier use of the name left, the
    memberships that disabled accounts may have kept, and the decision of an operator to stop the
    target. Raises TemporaryError, and Conflict if somebody decides at the same moment."""
    store = context.store
    await _copy_decision(context, target, heir, left_at)
    await _copy_kept(context, target, heir)
    await direct_assignments.copy(store, target, heir)
    await level_direct_cursor(context, target, heir)
    await context.roster.copy(target, heir)
    await RecentRemovals(store).copy(target, heir)
    await copy_documents(store, unseen_groups.UNSEEN_GROUPS_COLLECTION, target, heir)


async def move_records(context: Context, target: str, heir: Target, left_at: datetime) -> bool:
    """Moves what Hasten must do, or must not forget. Decisions and the count of the brake come
    before the rows that they hold. The target left at `left_at`. Returns False if an intent stays.
    Raises the errors of `copy_knowledge`."""
    store, to = context.store, heir.name
    await _copy_decision(context, target, to, left_at)
    await RecentRemovals(store).move(target, to)
    await move_documents(store, unseen_groups.UNSEEN_GROUPS_COLLECTION, target, to)
    await move_documents(store, made_groups.MADE_GROUPS_COLLECTION, target, to)
    for group in await _mirrors(context, heir):
        await mirrored_members.move(store, group, target, to)
    await _move_follow_ups(context, target, to)
    are_all_moved = await _move_intents(context, target, to)
    await _move_rows(context, target, to)
    return are_all_moved


async def _copy_decision(context: Context, target: str, heir: str, left_at: datetime) -> None:
    """Copies the last decision about a stop. A newer one about `heir` stays, unless it is a start
    that may be about an earlier use of that name: it is from before `target` left."""
    known = {one.target: one for one in await stops.load_all(context.store)}
    last, own = known.get(target), known.get(heir)
    if last is None or last.by == BY_SWEEP:
        return
    if own is not None and own.at >= last.at:
        is_operators_stop = own.is_stop and own.by != BY_SWEEP
        if is_operators_stop or own.at >= left_at or own.at == last.at:
            return
    await stops.save(context.store, replace(last, target=heir, is_reported=False))


async def _mirrors(context: Context, target: Target) -> frozenset[str]:
    """Returns the groups that mirror others."""
    made = await made_groups.load_all(context.store, target.name)
    ids = {one.name.casefold(): one.id for one in made if one.id}
    mirrors = [policy for policy in target.groups if policy.also_members_of]
    known = {str(p.id) if p.id else ids.get(str(p.name).casefold()) for p in mirrors}
    return frozenset(group for group in known if group)


async def _move_follow_ups(context: Context, target: str, heir: str) -> None:
    """Moves what workflows wait for, before the rows that prove it: without its row an event seems
    to have failed."""
    for asked, etag in await follow_ups.load_all(context.store):
        if asked.target == target:
            moved = replace(asked, target=heir)
            stored, _ = await follow_ups.find(context.store, moved)
            if stored is None:
                await follow_ups.save(context.store, moved, None)
            for group in asked.groups:
                await _copy_ended(context, target, group, asked.user, heir)
            await follow_ups.delete(context.store, asked, etag)


async def _copy_ended(context: Context, target: str, group: str, user: str, heir: str) -> None:
    intent = await context.intents.find(target, group, user)
    if intent is not None and intent.is_done:
        await context.intents.record([replace(intent, target=heir)])
    row = await context.ledger.find(target, group, user)
    if row is not None and row.is_settled:
        await context.ledger.take_over([replace(row, target=heir)], context.now(), former=target)


async def _move_intents(context: Context, target: str, heir: str) -> bool:
    """Moves the open intents. Returns False if one stays because a row that cannot be read takes
    its place."""
    opened, left = await context.intents.open_intents(target), 0
    moving = [intent for intent in opened if not intent.is_unreadable]
    for some in chunks(moving, ROWS_AT_ONCE):
        judged = await context.intents.record([replace(intent, target=heir) for intent in some])
        moved = [
            (intent, stored, what)
            for intent, (stored, what) in zip(some, judged, strict=True)
            if what is not Recorded.UNREADABLE
        ]
        await context.outbox.publish(_superseded(context, moved))
        if moved:
            await context.send(Ensure(target=heir))
        await context.intents.remove([intent for intent, _, _ in moved])
        left += len(some) - len(moved)
    return not left


def _superseded(
    context: Context, moved: Sequence[tuple[Intent, Intent, Recorded]]
) -> Sequence[Outcome]:
    """Returns the outcomes of the events whose intent a newer one replaced because both are about
    one target now."""
    lost = [(intent, intent.cause) for intent, _, what in moved if what is Recorded.STALE]
    lost += [
        (stored, stored.replaced)
        for intent, stored, _ in moved
        if stored.replaced is not None and stored.replaced != intent.replaced
    ]
    return [of_superseded(intent, cause, now=context.now()) for intent, cause in lost]


async def _move_rows(context: Context, target: str, heir: str) -> None:
    """Moves the open and the unproven rows, and the memberships that disabled accounts may have
    kept. The order is copies, ledger, wake, old rows, originals of the copies."""
    kept, of_kept = await _copy_kept(context, target, heir)
    rows = [
        *await context.ledger.open_changes(target),
        *await context.ledger.unproven_changes(target),
    ]
    for some in chunks(_moving(rows), ROWS_AT_ONCE):
        renamed = [_renamed(row, heir) for row in some]
        await context.ledger.take_over(renamed, context.now(), former=target)
        for group in {row.group for row in some if row.is_removal and row.is_open}:
            await hold_if_tripped(context, context.targets[heir], group)
        await _publish_superseded(context, some, heir)
        await context.send(Wake(target=heir))
        await context.ledger.remove(some)
    await context.ledger.remove(of_kept)
    for one in kept:
        await kept_memberships.remove(context.store, one)


async def _copy_kept(
    context: Context, target: str, heir: str
) -> tuple[Sequence[KeptMemberships], Sequence[Change]]:
    """Copies the memberships that disabled accounts may have kept lately, and the ended rows that
    Hasten opens again when such an account becomes active. Call before `heir` grants anything: the
    answer to a grant opens them. Returns the originals."""
    since = context.now() - KEPT_LATELY
    seen = (await job_seen.load_all(context.store)).get(target, JobSeen())
    known = await kept_memberships.load_all(context.store, target)
    kept = [
        one
        for one in known
        if any(at >= since or not seen.cycle.sees(at) for at in one.groups.values())
    ]
    places = [(group, one.user) for one in kept for group in one.groups]
    found = await side_by_side(
        lambda place: context.ledger.find(target, *place), places, FINDS_AT_ONCE
    )
    ended = [row for row in found if row is not None and not row.is_open]
    renamed = [_renamed(row, heir) for row in ended]
    await context.ledger.take_over(renamed, context.now(), former=target)
    await kept_memberships.copy(context.store, kept, heir)
    return kept, ended


def _renamed(row: Change, heir: str) -> Change:
    return replace(row, target=heir, next_action=advice_for(heir, row.target, row.next_action))


async def _publish_superseded(context: Context, rows: Sequence[Change], heir: str) -> None:
    """Publishes the outcome of rows that a newer one of `heir` replaces: events wait for it."""
    for row in rows:
        if row.causes and row.is_open:
            newer = await context.ledger.find(heir, row.group, row.user)
            if newer is not None and newer.action is not row.action:
                outcome = of_change(row, State.SUPERSEDED, newer.found_at)
                await context.outbox.publish([outcome])


def _moving(rows: Sequence[Change]) -> Sequence[Change]:
    """Returns the rows that must not be lost. Nobody knows what an unreadable row says. What
    observe mode holds moves too: no other target may have found it, and an operator has still to
    decide."""
    return [row for row in rows if row.held_by is not HeldBy.UNREADABLE]
