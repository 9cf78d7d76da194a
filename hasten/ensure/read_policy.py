"""Reads the current state of the groups of a policy: whether they exist, are assigned, and mirror
the members of their admin groups."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from hasten.context import Context
from hasten.domain.applying import NO_MIRRORING, GroupNow, Mirroring, mirroring
from hasten.domain.intents import Wanted
from hasten.ensure.assignment import Assigned
from hasten.ensure.groups import StrangerError, find_group
from hasten.ensure.guard_rails import ending_of, kind_refusal
from hasten.error_collector import ErrorCollector
from hasten.errors import PermanentError
from hasten.json import Json
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.policy import GroupPolicy
from hasten.ports.directory_errors import NotYet
from hasten.ports.directory_values import Members
from hasten.records import mirrored_members
from hasten.side_by_side import side_by_side
from hasten.targets import Target
from hasten.watch.list_members import list_members

NOBODY = Members([])

READS_AT_ONCE = 16
"""People whose events are read at the same time. Events and revocations of the target wait for the
lease meanwhile, and a mirror may begin with thousands of people."""


async def read_groups(
    context: Context,
    target: Target,
    assigned: Assigned,
    errors: ErrorCollector,
    *,
    only_mirrors: bool = False,
) -> list[GroupNow]:
    """Returns the groups of the policy; with `only_mirrors` only those with `also_members_of`.
    Hasten creates no group for a name with wildcards. Omits the groups that cannot be read now:
    their errors go to `errors`."""
    found: list[GroupNow] = []
    for policy in target.groups:
        if not policy.is_pattern and (policy.also_members_of or not only_mirrors):
            with errors.collect():
                found.append(await _now(context, target, assigned, policy))
    return found


async def _now(
    context: Context, target: Target, assigned: Assigned, policy: GroupPolicy
) -> GroupNow:
    """Returns the current state of one group, with its problems."""
    problems: list[str] = []
    now = GroupNow(name=str(policy.name or policy.id), group="", problems=problems)
    with _noted(problems):
        try:
            shown = await _shown(context, target, policy)
        except StrangerError as error:
            shown = await context.directory.group(error.group)
            now = replace(now, adopts=True)
        now = replace(now, group=str(shown["id"]) if shown else "")
        with _noted(problems):
            now = replace(now, role=_role(assigned, policy, now.group), creates=shown is None)
        if now.group or now.creates:
            now = replace(now, mirroring=await _mirroring(context, target, policy, shown))
    return now


async def _shown(context: Context, target: Target, policy: GroupPolicy) -> Json | None:
    """Returns the group as Graph shows it; None if Hasten must create it."""
    group = str(policy.id) if policy.id else None
    if policy.name:
        group = await find_group(context, target, policy.name)
    shown = await context.directory.group(group) if group else None
    if group and policy.name and shown is None:
        raise NotYet(f"group {group} does not show everywhere yet")
    if shown is None and policy.create is None:
        raise PermanentError(
            "the group does not exist", "create it, or give it `create:` in targets.yaml"
        )
    return shown


async def _mirroring(
    context: Context, target: Target, policy: GroupPolicy, shown: Json | None
) -> Mirroring:
    """A member of whom Graph does not say the kind, or says a new one, may be a user: the mirror
    does not add them, and keeps them if it added them before."""
    if not policy.also_members_of:
        return NO_MIRRORING
    trouble = kind_refusal(shown, by_hand=True) if shown else None
    if trouble is not None:
        raise PermanentError(
            ending_of(trouble).reason, "take also_members_of away from it in targets.yaml"
        )
    sources = [await _members(context, target, other) for other in policy.also_members_of]
    wanted = {m.id for source in sources for m in source.listed if m.kind == "user"}
    may_be = {m.id for source in sources for m in source.listed if m.may_be_user}
    group = str(shown["id"]) if shown else ""
    there = await list_members(context, group) if group else NOBODY
    members = there.ids
    known = await mirrored_members.remembered(context.store, target.name, group) if group else {}
    settled_at = context.now() - REPLICATION_SETTLED_AFTER
    found = mirroring(
        policy.also_members_of,
        wanted=wanted,
        members=members,
        may_be_wanted=lambda user: user in may_be or any(one.may_hide(user) for one in sources),
        may_be_member=there.may_hide,
        was_added_lately=lambda user: known[user] > settled_at,
        remembered=known,
    )
    before = len(members.union(found.leaving))
    held = target.brake.exceeded(removals=len(found.leaving), members_before=before)
    is_offboarded = partial(_is_offboarded, context, target, group)
    are_offboarded = await side_by_side(is_offboarded, found.joining, READS_AT_ONCE)
    judged = list(zip(found.joining, are_offboarded, strict=True))
    return replace(
        found,
        held=held,
        joining=[user for user, is_out in judged if not is_out],
        offboarded=[user for user, is_out in judged if is_out],
    )


async def _is_offboarded(context: Context, target: Target, group: str, user: str) -> bool:
    """Returns True if the newest event of the user removes them from the group or the target. The
    policy does not undo that."""
    intent = await context.intents.find(target.name, group, user) if group else None
    if intent is not None and intent.wanted is Wanted.ABSENT:
        return True
    person = await context.people.find(target.name, user)
    if person is None or person.left_at is None:
        return False
    joined = person.joined.get(group)
    return joined is None or joined.time <= person.left_at


async def _members(context: Context, target: Target, other: str) -> Members:
    """Returns the members of another group of the policy. A missing group is an error and never
    counts as empty, because the mirror would then remove its members. A group that Hasten has yet
    to create has no members."""
    [source] = [p for p in target.groups if p.identity == other.casefold()]
    if source.is_pattern:
        raise PermanentError(
            f"also_members_of names {other}, which stands for several groups",
            "name each of them in targets.yaml",
        )
    shown = await _shown(context, target, source)
    if shown is None:
        return NOBODY
    return await list_members(context, str(shown["id"]))


@contextmanager
def _noted(problems: list[str]) -> Iterator[None]:
    """Adds errors that only a person can fix to the plan, so that they delay nothing else."""
    try:
        yield
    except PermanentError as error:
        problems.append(str(error))


def _role(assigned: Assigned, policy: GroupPolicy, group: str) -> str:
    """Returns the role to assign to the group; "" if the group is already assigned."""
    given = assigned.of(group)
    if not given:
        return assigned.role(policy.role)
    if policy.role and all(has.role != assigned.role(policy.role) for has in given):
        raise PermanentError(
            f"the group is assigned with another role than {policy.role}",
            "change its role in the Entra portal, or in targets.yaml",
        )
    return ""
