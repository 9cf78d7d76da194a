"""Provisions one person, or the members of one group, at once, because an operator asks for it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hasten.context import Context
from hasten.domain.asked import OPERATORS_SOURCE
from hasten.domain.changes import DIRECT, OWN_ACCOUNT, Action, Cause, Change, FoundBy, State
from hasten.domain.history import EntryKind
from hasten.errors import PermanentError
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.messages import Wake
from hasten.operate.audited import Subject, audited, subject_of
from hasten.operate.rows_of_person import rows_of_person
from hasten.ports.directory_values import UnreadMember
from hasten.records import discovered, stops
from hasten.records.discovered import DiscoveredTarget
from hasten.targets import Target
from hasten.watch.admit import admit, restart
from hasten.watch.assigned_rows import cursor_of
from hasten.watch.list_members import list_members
from hasten.watch.note_assignments import note_assignments

ROWS_POLL_INTERVAL = timedelta(seconds=0.5)
REACHABLE_STATES = frozenset({State.PENDING, State.WAITING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`rows` are the changes that Hasten provisions before all others. `held` are those that an
    operator must release first. Both are empty if the person is not assigned to the target and
    never was. `unread` are the members of the group who cannot be read, and are left out."""

    target: str
    rows: Sequence[Change]
    held: Sequence[Change]
    unread: Sequence[UnreadMember] = ()


async def request_person(
    context: Context, target: Target, user: str, *, by: str, why: str
) -> Request:
    """Makes the next drain call for every membership of the person before all other changes, as the
    directory shows it now. Each gets a call of its own, so that the answer is about nobody else.
    `by` is who asks, and `why` the reason; the history shows both.

    Raises PermanentError if no sweep has found the target, or if it is stopped or in observe mode.
    Raises TemporaryError of Graph, of the store and of Service Bus.
    """
    found, at = await _ready(context, target), context.now()
    assigned = await context.directory.assigned_through(user, found.service_principal)
    now = frozenset(DIRECT if one == user else one for one in assigned or ())
    rows = {row.group: row for row in await rows_of_person(context, target.name, user)}
    groups = sorted({*now, *rows} - {OWN_ACCOUNT})
    wanted = {(group, user): group in now for group in groups}
    known = {(group, user): rows[group] for group in groups if group in rows}
    return await _request(context, target, found, wanted, known, at=at, by=by, why=why, alone=True)


async def request_group(
    context: Context, target: Target, group: str, *, by: str, why: str
) -> Request:
    """Makes the next drain call for every member of an assigned group before all other changes.
    Members share calls.

    Raises the errors of `request_person`. Raises PermanentError also if the group is not assigned,
    or has more members than `most_new_members` of the target: Entra's own cycle serves so many
    sooner.
    """
    found = await _ready(context, target)
    if not found.watches(group):
        raise PermanentError(
            f"group {group} is not assigned to {target.name}", "assign it, or name another"
        )
    at, listed = context.now(), await list_members(context, group)
    members = [member.id for member in listed.listed if member.may_be_user]
    if len(members) > target.most_new_members:
        raise PermanentError(
            f"group {group} has {len(members)} members, more than most_new_members "
            f"({target.most_new_members})",
            "name the people who need it now; Entra's own cycle serves the others",
        )
    rows = await asyncio.gather(
        *(context.ledger.find(target.name, group, user) for user in members)
    )
    wanted = {(group, user): True for user in members}
    known = {(row.group, row.user): row for row in rows if row is not None}
    request = await _request(
        context, target, found, wanted, known, at=at, by=by, why=why, alone=False
    )
    return replace(request, unread=listed.unread)


async def waited_for(context: Context, request: Request, longest: timedelta) -> list[Change]:
    """Waits until each row of the request has ended or is held, at most for `longest`. Returns the
    rows as they are then. Raises TemporaryError of the store."""
    until = context.now() + longest
    while True:
        rows = await asyncio.gather(*(context.ledger.find(*row.name) for row in request.rows))
        found = [now or before for now, before in zip(rows, request.rows, strict=True)]
        is_done = all(not row.is_open or row.state is State.HELD for row in found)
        if is_done or context.now() >= until:
            return found
        await asyncio.sleep(ROWS_POLL_INTERVAL.total_seconds())


async def _ready(context: Context, target: Target) -> DiscoveredTarget:
    found = await discovered.must_load(context.store, target.name)
    if target.observes:
        raise PermanentError(
            f"target {target.name} is in observe mode, where nothing may be called",
            "set `mode: act` in targets.yaml and deploy it",
        )
    await stops.refuse(context.store, target.name)
    return found


async def _request(
    context: Context,
    target: Target,
    found: DiscoveredTarget,
    wanted: Mapping[tuple[str, str], bool],
    known: Mapping[tuple[str, str], Change],
    *,
    at: datetime,
    by: str,
    why: str,
    alone: bool,
) -> Request:
    """`wanted` says who is a member, in a read that began `at`."""
    held = [row for row in known.values() if row.state is State.HELD]
    asked = [key for key in wanted if key not in known or known[key].state is not State.HELD]
    subjects = [Subject(target=target.name, group=group, user=user) for group, user in asked]
    async with audited(context, EntryKind.PROVISIONED, subjects, by=by, why=why) as audit:
        cause = Cause(OPERATORS_SOURCE, audit.number)
        await note_assignments(context, found, {key for key in asked if wanted[key]})
        for key, subject in zip(asked, subjects, strict=True):
            action = Action.ADDED if wanted[key] else Action.REMOVED
            row = known.get(key)
            if await _open_row(context, target, key, action, cause, row=row, at=at):
                audit.done.append(subject)
        rows = await _put_first(context, target.name, asked, cause, alone=alone)
        audit.done += [replace(subject_of(row), action="", causes=()) for row in rows]
        await context.send(Wake(target=target.name))
    return Request(target=target.name, rows=rows, held=held)


async def _open_row(
    context: Context,
    target: Target,
    key: tuple[str, str],
    action: Action,
    cause: Cause,
    *,
    row: Change | None,
    at: datetime,
) -> list[Change]:
    """Writes a row, or restarts the one that has ended, and returns what it wrote. Just after a
    change the row is believed rather than Graph: a replica may lag behind. The row is read once
    more after the cursor: what a look finds after that is newer than the one that is written. So is
    what a look finds that began after `at`, when Hasten began to read the membership."""
    if not _is_believed(row, action, at):
        new = await new_row(context, target, key, action, cause, at=at)
        row = await context.ledger.find(target.name, *key)
        if not _is_believed(row, action, at):
            return await admit(context, [new])
    return [] if row is None or row.is_open else await restart(context, [row], cause)


def _is_believed(row: Change | None, action: Action, at: datetime) -> bool:
    """Returns whether the row stands, although a read that began `at` shows what `action` says."""
    if row is None or row.action is action:
        return row is not None
    return at - row.last_seen_at < REPLICATION_SETTLED_AFTER


async def new_row(
    context: Context,
    target: Target,
    key: tuple[str, str],
    action: Action,
    cause: Cause,
    *,
    at: datetime,
) -> Change:
    """Returns the change of a group and a user that `cause` asks for. A read that began `at` shows
    it. Raises TemporaryError of the store."""
    group, user = key
    cursor = await cursor_of(context, target, group)
    return Change(
        target=target.name,
        group=group,
        user=user,
        action=action,
        origin=cursor.origin,
        noticed_at=at,
        found_at=at,
        seen_at=at,
        due_at=at,
        found_by=FoundBy.EVENT,
        causes=(cause,),
        ahead=True,
    )


async def _put_first(
    context: Context,
    target: str,
    asked: Sequence[tuple[str, str]],
    cause: Cause,
    *,
    alone: bool,
) -> list[Change]:
    """Marks the rows, and returns them as they are now."""
    rows = await asyncio.gather(*(context.ledger.find(target, *key) for key in asked))
    opened = [row for row in rows if row is not None and row.state in REACHABLE_STATES]

    def first(row: Change) -> Change:
        causes = row.causes if cause in row.causes else (*row.causes, cause)
        due = min(row.due_at, context.now())
        return replace(row, on_request=True, alone=alone or row.alone, due_at=due, causes=causes)

    moved = {(row.group, row.user): row for row in await context.ledger.move(opened, first)}
    return [moved.get((row.group, row.user), row) for row in rows if row is not None]
