"""Adds what events want to a group: members, and its assignment to the target."""

from collections.abc import Sequence
from datetime import timedelta

from hasten.context import Context
from hasten.domain.changes import State
from hasten.domain.ensuring import USER_UNKNOWN, Ending, member_batches
from hasten.domain.intents import Intent
from hasten.domain.outcomes import REJECTED
from hasten.ensure.assignment import Assigned
from hasten.ensure.fence import is_still_wanted
from hasten.ensure.known_groups import KnownGroups
from hasten.ensure.members import AddResult, add
from hasten.ensure.sight import Sight, seen_now
from hasten.ensure.work import Work, WorkResult, marked
from hasten.errors import PermanentError
from hasten.json import Json
from hasten.limits import MAX_LINKS_PER_PATCH
from hasten.ports.directory_errors import NotYet
from hasten.telemetry.ensure import AnotherRole, NestedGroup

MOST_DOUBTED_MEMBERS = MAX_LINKS_PER_PATCH
"""Maximum number of users whom Hasten adds although Graph lists them as members, with one request
for each: a lagging replica may list somebody who has just left. If there are more of them, Hasten
believes the list."""

LONGEST_SHORT_FAILURE = timedelta(seconds=30)
"""Time for which Graph may answer with errors that concern no user, for example when it is busy.
After it, one of the users whom a request names may be the reason."""


async def grant(
    context: Context,
    work: Work,
    shown: Json,
    sight: Sight,
    *,
    newcomers: Sequence[Intent],
    itself: Sequence[Intent],
) -> None:
    """Adds the members, then the assignment. No change is saved before both exist."""
    assigned = await work.assigned()
    policy = (await KnownGroups.load(context, work.target)).policy(shown)
    of_policy = policy.role if policy else ""
    if not of_policy:
        newcomers = _with_known_role(work, assigned, newcomers)
        itself = _with_known_role(work, assigned, itself)
    try:
        role = _role(context, work, assigned, of_policy, [*newcomers, *itself])
    except PermanentError as error:
        work.end([*newcomers, *itself], Ending(REJECTED, error.reason, error.next_action))
        return
    joined: list[WorkResult] = []
    with work.errors.collect():
        await _join(context, work, sight, newcomers, joined)
    if not joined and not itself:
        return
    with work.errors.collect():
        if role is not None:
            itself = await marked(context.intents, itself)
            await assigned.assign(work.group, role)
        await _report_nested(context, work, sight)
        work.results += joined
        for intent in itself:
            result = State.SUCCEEDED if intent.writing else State.IN_SYNC
            work.end([intent], Ending(result))


async def _join(
    context: Context,
    work: Work,
    sight: Sight,
    newcomers: Sequence[Intent],
    joined: list[WorkResult],
) -> None:
    listed = [intent for intent in newcomers if intent.user in sight.members.ids]
    doubted = [i for i in listed if not i.writing] if len(listed) <= MOST_DOUBTED_MEMBERS else []
    joined += [(i, sight.of(i)) for i in listed if i not in doubted]
    missing = [intent for intent in newcomers if intent.user not in sight.members.ids]
    chunks, work.due = member_batches([i for i in missing if not i.crashes], context.now())
    failed = [intent for intent in missing if intent.crashes]
    for chunk in [*([i] for i in doubted), *chunks, *([i] for i in failed)]:
        if work.refusals.are_too_many:
            break
        before = {intent.user for intent in chunk if intent.writing}
        current = await marked(context.intents, chunk)
        if not current:
            continue  # newer events came meanwhile
        users = [intent.user for intent in current]
        became = await add(
            context.directory,
            work.group,
            users,
            work.refusals,
            is_repeated=_fails_for_long(context, chunk),
        )
        for intent in current:
            how = became.get(intent.user)
            if how is None:
                continue  # Graph refused them
            if how is AddResult.LATE:
                work.errors.add(NotYet(f"user {intent.user} does not show yet"))
            elif how is AddResult.UNKNOWN:
                joined.append((intent, USER_UNKNOWN))
            else:
                may_be_new = how in {AddResult.ADDED, AddResult.DOUBTFUL}
                written = may_be_new or intent.user in before
                if written and not await is_still_wanted(context, intent):
                    continue
                is_certain = how is AddResult.ADDED or intent.user not in sight.members.ids
                seen = await seen_now(
                    context, work, member=True, written=written, confirmed=is_certain
                )
                joined.append((intent, seen))


def _fails_for_long(context: Context, chunk: Sequence[Intent]) -> bool:
    """Returns whether an earlier request has failed with one of the intents, which is not new."""
    since = context.now() - LONGEST_SHORT_FAILURE
    return any(intent.writing and intent.asked_at <= since for intent in chunk)


def _role(
    context: Context, work: Work, assigned: Assigned, of_policy: str, wanted: Sequence[Intent]
) -> str | None:
    """Returns the app role to assign to the group; None if the group is assigned already."""
    named = of_policy or next(filter(None, map(_role_of, reversed(wanted))), "")
    given = assigned.of(work.group)
    if not given:
        return assigned.role(named)
    if named and all(has.role != assigned.role(named) for has in given):
        context.emit(AnotherRole(target=work.target.name, group=work.group, role=named))
    return None


async def _report_nested(context: Context, work: Work, sight: Sight) -> None:
    """Reports nested groups: Entra provisions only direct members."""
    if all(member.kind != "group" for member in sight.members.listed):
        return
    members = await context.directory.members(work.group)
    direct = sum(1 for m in members.listed if m.kind == "user") + len(members.unread)
    missed = await context.directory.transitive_user_count(work.group) - direct
    context.emit(NestedGroup(target=work.target.name, group=work.group, not_provisioned=missed))


def _with_known_role(work: Work, assigned: Assigned, wanted: Sequence[Intent]) -> Sequence[Intent]:
    """Separates intents with an app role that the app does not have; they delay no other event."""
    known: list[Intent] = []
    for intent in wanted:
        try:
            if _role_of(intent):
                assigned.role(_role_of(intent))
            known.append(intent)
        except PermanentError as error:
            work.end([intent], Ending(REJECTED, error.reason, error.next_action))
    return known


def _role_of(intent: Intent) -> str:
    return str(intent.spec.get("role") or "")
