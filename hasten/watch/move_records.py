"""Moves what Hasten has stored under the name of a target to the target that serves its job now.

Each step may run again after a crash, and while a process of the deployment before still writes
under the old name.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from hasten.chunks import chunks
from hasten.context import Context
from hasten.domain.brake import BRAKE_WINDOW
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
from hasten.watch.assigned_rows import level_direct_cursor
from hasten.watch.hold_removals import (
    NOT_CALLED,
    held_by_brake,
    hold_if_tripped,
    judge_removals,
)

KEPT_LATELY = timedelta(days=1)
"""Age up to which a membership that a disabled account may have kept moves with its row in any
case. An older one moves if no cycle of Entra, which ends it, has run since: the job may be
paused."""

FINDS_AT_ONCE = 16

ENDED_AT_ONCE = 300
"""Settled rows, ended intents, and people of whom events have said something, that move before a
sweep goes on: it must find within a minute who is unassigned, and each takes some requests to the
store."""

ROWS_AT_ONCE = 100
"""Rows that move before the next ones: what has moved stays moved after a crash."""


async def copy_knowledge(context: Context, target: str, heir: str) -> None:
    """Copies what the first sweep of `heir` needs. `heir` gets the direct assignments, the people
    and the recent leavers that Hasten knew, in place of what an earlier use of the name left, the
    memberships that disabled accounts may have kept, and the decision of an operator to stop the
    target. Raises TemporaryError, and Conflict if somebody decides at the same moment."""
    store = context.store
    await _copy_decision(context, target, heir)
    await _copy_kept(context, target, heir)
    await direct_assignments.copy(store, target, heir)
    await level_direct_cursor(context, target, heir)
    await context.roster.copy(target, heir)
    await RecentRemovals(store).copy(target, heir)
    await copy_documents(store, unseen_groups.UNSEEN_GROUPS_COLLECTION, target, heir)


async def move_records(context: Context, target: str, heir: Target) -> bool:
    """Moves what Hasten must do, or must not forget. Decisions and the count of the brake come
    before the rows that they hold, and what only makes older events stale comes last, a part at a
    time. Returns False if more of that is left, or if an intent or a row stays, because it cannot
    be read, or because one that cannot be read takes its place. Raises the errors of
    `copy_knowledge`."""
    store, to = context.store, heir.name
    await _copy_decision(context, target, to)
    await RecentRemovals(store).move(target, to)
    await move_documents(store, unseen_groups.UNSEEN_GROUPS_COLLECTION, target, to)
    await move_documents(store, made_groups.MADE_GROUPS_COLLECTION, target, to)
    for group in await _mirrors(context, heir):
        await mirrored_members.move(store, group, target, to)
    await _move_follow_ups(context, target, to)
    opened = await context.intents.open_intents(target)
    moved = [await _move_intents(context, opened, to), await _move_rows(context, target, heir)]
    moved.append(await context.people.move(target, to, ENDED_AT_ONCE))
    read = await context.intents.ended_intents(target, ENDED_AT_ONCE)
    ended = [one for one in read if not one.is_unreadable]
    moved.append(await _move_intents(context, ended, to))
    return all(moved) and len(read) < ENDED_AT_ONCE


async def _copy_decision(context: Context, target: str, heir: str) -> None:
    """Copies an operator's last decision about a stop, unless there is a newer one about `heir`. A
    name that another app may get has none."""
    known = {one.target: one for one in await stops.load_all(context.store)}
    last = known.get(target)
    if last is not None and last.by != stops.BY_SWEEP:
        moved = replace(last, target=heir, is_reported=False)
        await stops.save_older(context.store, moved)


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


async def _move_intents(context: Context, intents: Sequence[Intent], heir: str) -> bool:
    """Moves the intents. Returns False if one stays."""
    moving = [intent for intent in intents if not intent.is_unreadable]
    left = len(intents) - len(moving)
    for some in chunks(moving, ROWS_AT_ONCE):
        judged = await context.intents.record([replace(intent, target=heir) for intent in some])
        moved = [
            (intent, stored, what)
            for intent, (stored, what) in zip(some, judged, strict=True)
            if what is not Recorded.UNREADABLE
        ]
        await context.outbox.publish(_superseded(context, moved))
        if any(not intent.is_done for intent, _, _ in moved):
            await context.send(Ensure(target=heir))
        await context.intents.remove([intent for intent, _, _ in moved])
        left += len(some) - len(moved)
    return not left


def _superseded(
    context: Context, moved: Sequence[tuple[Intent, Intent, Recorded]]
) -> Sequence[Outcome]:
    """Returns the outcomes of the events whose intent a newer one replaced because both are about
    one target now."""
    stale = [intent for intent, _, what in moved if what is Recorded.STALE]
    lost = [(intent, intent.cause) for intent in stale if not intent.is_done]
    lost += [
        (stored, stored.replaced)
        for intent, stored, _ in moved
        if stored.replaced is not None and stored.replaced != intent.replaced
    ]
    return [of_superseded(intent, cause, now=context.now()) for intent, cause in lost]


async def _move_rows(context: Context, target: str, heir: Target) -> bool:
    """Moves the rows, and the memberships that disabled accounts may have kept. The settled ones
    come a part at a time, those of removals that failed first. They say who may still have access,
    and they are no evidence about another app that gets the name. The order is copies, brake,
    ledger, wake, old rows, originals of the copies. Returns False if a row stays, or what was found
    about it since, or if there may be more."""
    kept, of_kept = await _copy_kept(context, target, heir.name)
    _, aside = await context.ledger.take_back(target)
    rows = [
        *await context.ledger.open_changes(target),
        *await context.ledger.unproven_changes(target),
        *await context.ledger.failed_changes(target, context.now(), forget_mended=True),
    ]
    settled = await context.ledger.settled_changes(target, ENDED_AT_ONCE)
    rows += [row for row in settled if not row.is_unreadable]
    last = {(row.group, row.user): row for row in rows}  # a row may end between two reads
    moving = _moving(last.values())
    for some in chunks(moving, ROWS_AT_ONCE):
        braked = await _braked(context, heir, [_renamed(row, heir.name) for row in some])
        await context.ledger.take_over(braked, context.now(), former=target)
        for group in {row.group for row in some if row.is_removal and row.is_open}:
            await hold_if_tripped(context, heir, group)
        await _publish_ended(context, some, heir.name)
        await context.send(Wake(target=heir.name))
        await context.ledger.remove(some)
    await context.ledger.remove(of_kept)
    for one in kept:
        await kept_memberships.remove(context.store, one)
    return not aside and len(moving) == len(last) and len(settled) < ENDED_AT_ONCE


async def _braked(context: Context, target: Target, rows: Sequence[Change]) -> Sequence[Change]:
    """Returns the rows. Their removals are held if too many people have left under both names
    together: while a sweep gives the target its new name, looks record what they find for either,
    and the brake of each has counted its own."""
    since = context.now() - BRAKE_WINDOW
    waiting = [r for r in rows if r.is_removal and r.state in NOT_CALLED and not r.released]
    leavers: dict[str, set[str]] = defaultdict(set)
    for row in waiting:
        if row.found_at > since:
            leavers[row.group].add(row.user)
    judged = await judge_removals(context, target, leavers)
    return [
        held_by_brake(row, judged[row.group]) if row in waiting and row.group in judged else row
        for row in rows
    ]


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


async def _publish_ended(context: Context, rows: Sequence[Change], heir: str) -> None:
    """Publishes the outcome of rows that give way to a newer one of `heir`, if that is about the
    opposite or has ended: events wait for it."""
    for row in rows:
        if not (row.causes and row.is_open):
            continue
        newer = await context.ledger.find(heir, row.group, row.user)
        if newer is None:
            continue
        if newer.action is not row.action:
            await context.outbox.publish([of_change(row, State.SUPERSEDED, newer.found_at)])
        elif not newer.is_open and not {*row.causes} <= {*newer.causes}:
            ended = replace(newer, target=row.target, origin=row.origin, causes=row.causes)
            await context.outbox.publish([of_change(ended)])


def _moving(rows: Iterable[Change]) -> Sequence[Change]:
    """Returns the rows that must not be lost. Nobody knows what an unreadable row says. What
    observe mode holds moves too: no other target may have found it, and an operator has still to
    decide."""
    return [row for row in rows if row.held_by is not HeldBy.UNREADABLE]
