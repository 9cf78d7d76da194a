"""Brings about what events want of one group: its members, and its assignment to the target."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hasten.context import Context
from hasten.domain.changes import State
from hasten.domain.ensuring import (
    GROUP_GONE,
    MEMBER_BATCH_WAIT,
    USER_UNKNOWN,
    Ending,
    SeenMembership,
    member_batches,
)
from hasten.domain.intents import Intent, Wanted
from hasten.domain.outcomes import REJECTED
from hasten.ensure.assignment import Assigned
from hasten.ensure.fence import is_still_wanted
from hasten.ensure.groups import is_recent_group
from hasten.ensure.guard_rails import forbidden
from hasten.ensure.known_groups import KnownGroups
from hasten.ensure.members import AddResult, add
from hasten.ensure.work import HiddenMemberError, Work, WorkResult, marked, origin
from hasten.errors import PermanentError, WrongInputError
from hasten.json import Json
from hasten.limits import MAX_LINKS_PER_PATCH, REPLICATION_SETTLED_AFTER
from hasten.ports.directory_errors import NotYet
from hasten.ports.directory_values import Members
from hasten.records import cursors
from hasten.telemetry.ensure import AnotherRole, NestedGroup
from hasten.watch.list_members import list_members
from hasten.watch.look import start_watching

MOST_DOUBTED_MEMBERS = MAX_LINKS_PER_PATCH
"""Users whom Graph lists as members and whom Hasten adds all the same, one request each: a lagging
replica lists somebody who has just left. Hasten believes the list for a larger event."""


async def ensure_in_group(context: Context, work: Work, wanted: Sequence[Intent]) -> None:
    """Brings about the intents of one group, oldest first and revocations before grants."""
    ready = _ready(context, work, wanted)
    if not ready:
        return
    shown = await context.directory.group(work.group)
    if shown is None:
        await _without_group(context, work, ready)
        return
    known = await KnownGroups.load(context, work.target)
    of = _allowed(known, work, ready, shown)
    with work.errors.collect():
        await _leave(context, work, of[Wanted.ABSENT])
    if not any(of[kind] for kind in Wanted if kind is not Wanted.ABSENT):
        return
    if of[Wanted.MEMBER] or of[Wanted.GROUP]:
        await _watch(context, work.group)
    sight = await _look(context, work.group)
    for intent in of[Wanted.IN_STEP]:
        if sight.members.may_hide(intent.user):
            work.errors.add(HiddenMemberError(work.group))
        else:
            work.results.append((intent, sight.of(intent)))
    newcomers, itself = of[Wanted.MEMBER], of[Wanted.GROUP]
    if newcomers or itself:
        await _grant(context, work, shown, sight, newcomers=newcomers, itself=itself)


def _ready(context: Context, work: Work, wanted: Sequence[Intent]) -> Sequence[Intent]:
    """Returns the intents without new members that still wait for more members, so that nothing is
    read for them alone."""
    newcomers = [intent for intent in wanted if intent.wanted is Wanted.MEMBER]
    if not newcomers or len(newcomers) >= MAX_LINKS_PER_PATCH:
        return wanted
    due = newcomers[0].recorded_at + MEMBER_BATCH_WAIT
    if due <= context.now():
        return wanted
    work.due = due
    return [intent for intent in wanted if intent.wanted is not Wanted.MEMBER]


async def _without_group(context: Context, work: Work, wanted: Sequence[Intent]) -> None:
    """Handles a group that Graph does not show. A new group may not show yet; a deleted group has
    no members."""
    is_new = (
        context.now() - min(intent.recorded_at for intent in wanted) < REPLICATION_SETTLED_AFTER
    )
    if is_new or await is_recent_group(context, work.target.name, work.group):
        raise NotYet(f"group {work.group} does not show yet")
    for intent in wanted:
        if intent.wanted is Wanted.ABSENT:
            left = await _seen(context, work, member=False, written=intent.writing, confirmed=True)
            work.results.append((intent, left))
        else:
            work.results.append((intent, GROUP_GONE))


async def _watch(context: Context, group: str) -> None:
    """Watches the group before anyone is added, so that the look after the first sweep finds
    members who leave before it."""
    if await cursors.load(context.store, group) is None:
        await start_watching(context, group)


async def _look(context: Context, group: str) -> "_Sight":
    """Reads the origin before the members, because a look that moves the cursor meanwhile has seen
    more. Raises NotYet if Graph does not know the group that it showed a moment ago."""
    at = context.now()
    begun = await origin(context, group, at)
    try:
        return _Sight(await list_members(context, group), begun, at)
    except WrongInputError:
        raise NotYet(f"not every replica shows group {group}") from None


async def _leave(context: Context, work: Work, leavers: Sequence[Intent]) -> None:
    before = {intent.user for intent in leavers if intent.writing}
    for intent in await marked(context.intents, leavers):
        removed = await context.directory.remove_member(work.group, intent.user)
        if not await is_still_wanted(context, intent):
            continue
        written = removed or intent.user in before
        left = await _seen(context, work, member=False, written=written, confirmed=removed)
        work.results.append((intent, left))


async def _grant(
    context: Context,
    work: Work,
    shown: Json,
    sight: "_Sight",
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
        await _tell_of_nested(context, work, sight)
        work.results += joined
        for intent in itself:
            result = State.SUCCEEDED if intent.writing else State.IN_SYNC
            work.end([intent], Ending(result))


async def _join(
    context: Context,
    work: Work,
    sight: "_Sight",
    newcomers: Sequence[Intent],
    joined: list[WorkResult],
) -> None:
    listed = [intent for intent in newcomers if intent.user in sight.members.ids]
    doubted = [i for i in listed if not i.writing] if len(listed) <= MOST_DOUBTED_MEMBERS else []
    joined += [(i, sight.of(i)) for i in listed if i not in doubted]
    missing = [intent for intent in newcomers if intent.user not in sight.members.ids]
    chunks, work.due = member_batches(missing, context.now())
    for chunk in [*([intent] for intent in doubted), *chunks]:
        before = {intent.user for intent in chunk if intent.writing}
        current = await marked(context.intents, chunk)
        if not current:
            continue  # newer events came meanwhile
        became = await add(context.directory, work.group, [intent.user for intent in current])
        for intent in current:
            how = became[intent.user]
            if how is AddResult.LATE:
                work.errors.add(NotYet(f"user {intent.user} does not show yet"))
            elif how is AddResult.UNKNOWN:
                joined.append((intent, USER_UNKNOWN))
            else:
                written = how is AddResult.ADDED or intent.user in before
                if written and not await is_still_wanted(context, intent):
                    continue
                is_certain = how is AddResult.ADDED or intent.user not in sight.members.ids
                seen = await _seen(
                    context, work, member=True, written=written, confirmed=is_certain
                )
                joined.append((intent, seen))


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


async def _tell_of_nested(context: Context, work: Work, sight: "_Sight") -> None:
    """Reports nested groups: Entra provisions only direct members."""
    if all(member.kind != "group" for member in sight.members.listed):
        return
    members = await context.directory.members(work.group)
    direct = sum(1 for m in members.listed if m.kind == "user") + len(members.unread)
    missed = await context.directory.transitive_user_count(work.group) - direct
    context.emit(NestedGroup(target=work.target.name, group=work.group, not_provisioned=missed))


async def _seen(
    context: Context, work: Work, *, member: bool, written: bool, confirmed: bool
) -> SeenMembership:
    """Returns the origin after a write: a look that moved the cursor before the write is older."""
    at = context.now()
    begun = await origin(context, work.group, at)
    return SeenMembership(member=member, written=written, confirmed=confirmed, origin=begun, at=at)


@dataclass(frozen=True, slots=True)
class _Sight:
    members: Members
    origin: int
    at: datetime

    def of(self, intent: Intent) -> SeenMembership:
        member = intent.user in self.members.ids
        return SeenMembership(member=member, written=intent.writing, origin=self.origin, at=self.at)


def _allowed(
    known: KnownGroups, work: Work, wanted: Sequence[Intent], shown: Json
) -> Mapping[Wanted, Sequence[Intent]]:
    """Checks again which groups events may touch. Since the check at intake the policy may have
    changed, or Hasten may have found the id of a group that it knew by name."""
    of: dict[Wanted, list[Intent]] = {kind: [] for kind in Wanted}
    for intent in wanted:
        refusal = forbidden(known, intent, shown)
        if refusal is None:
            of[intent.wanted].append(intent)
        else:
            work.end([intent], refusal)
    return of


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
