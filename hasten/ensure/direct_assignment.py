"""Carries out intents without a group: it assigns users to the target directly, or unassigns
them."""

from collections.abc import Sequence
from dataclasses import replace

from hasten.context import Context
from hasten.domain.changes import DIRECT
from hasten.domain.ensuring import FORBIDDEN_DIRECT, USER_UNKNOWN, Ending, SeenMembership
from hasten.domain.intents import Intent, Wanted
from hasten.domain.outcomes import REJECTED
from hasten.ensure.assignment import Assigned
from hasten.ensure.fence import is_still_wanted
from hasten.ensure.guard_rails import direct_assignment_refusal
from hasten.ensure.work import HiddenMemberError, Work, marked, origin
from hasten.errors import PermanentError
from hasten.ports.directory_errors import NotYet
from hasten.records import direct_assignments


async def ensure_direct_assignment(context: Context, work: Work, wanted: Sequence[Intent]) -> None:
    """Carries out the intents, revocations before grants. The TemporaryErrors and PermanentErrors
    of writes go to `work.refusals`, and those of the store to `work.errors`. Raises those of
    reading the assignments."""
    if direct_assignment_refusal(work.target) is not None:
        work.end([i for i in wanted if i.wanted is not Wanted.IN_STEP], FORBIDDEN_DIRECT)
        wanted = [i for i in wanted if i.wanted is Wanted.IN_STEP]
    assigned = await work.assigned()
    with work.errors.collect():
        for intent in sorted(wanted, key=lambda i: i.wanted is not Wanted.ABSENT):
            if work.refusals.are_too_many:
                break
            is_assigned = bool(assigned.of(intent.user))
            if intent.wanted is Wanted.ABSENT and is_assigned:
                await _unassign(context, work, assigned, intent)
            elif intent.wanted is Wanted.MEMBER and not is_assigned:
                await _assign(context, work, assigned, intent)
            elif not is_assigned and assigned.may_hide(intent.user):
                work.errors.add(HiddenMemberError(DIRECT))
            else:
                seen = await _seen(context, work, member=is_assigned, written=intent.writing)
                work.results.append((intent, seen))


async def _unassign(context: Context, work: Work, assigned: Assigned, intent: Intent) -> None:
    for current in await marked(context.intents, [intent]):
        name, now = work.target.name, context.now()
        await direct_assignments.note_removal(context.store, name, intent.user, now)
        gone: bool | None = None
        with work.refusals.of(intent.user):
            gone = await assigned.unassign(intent.user)
        if gone is None or not await is_still_wanted(context, intent):
            continue
        written = gone or intent.writing
        seen = await _seen(context, work, member=False, written=written, confirmed=gone)
        seen = replace(seen, may_hide=assigned.may_hide(intent.user))
        work.results.append((current, seen))


async def _assign(context: Context, work: Work, assigned: Assigned, intent: Intent) -> None:
    try:
        role = assigned.role(str(intent.spec.get("role") or ""))
    except PermanentError as error:
        work.end([intent], Ending(REJECTED, error.reason, error.next_action))
        return
    for current in await marked(context.intents, [intent]):
        await direct_assignments.note(context.store, work.target.name, intent.user, context.now())
        is_made = False
        with work.refusals.of(intent.user):
            is_made = await _is_made(context, work, assigned, current, role)
        if not is_made or not await is_still_wanted(context, intent):
            continue
        seen = await _seen(context, work, member=True, written=True, confirmed=True)
        work.results.append((current, seen))


async def _is_made(
    context: Context, work: Work, assigned: Assigned, intent: Intent, role: str
) -> bool:
    """Returns whether Graph accepts the assignment. Graph answers in the same way for a user whom a
    replica does not show yet and for one who does not exist."""
    try:
        await assigned.assign(intent.user, role)
    except NotYet as error:
        if await context.directory.users(object_id=intent.user):
            work.errors.add(error)
        else:
            work.end([intent], USER_UNKNOWN)
        return False
    return True


async def _seen(
    context: Context, work: Work, *, member: bool, written: bool, confirmed: bool = False
) -> SeenMembership:
    at = context.now()
    begun = await origin(context, f"{DIRECT}|{work.target.name}", at)
    return SeenMembership(member=member, written=written, confirmed=confirmed, origin=begun, at=at)
