"""Applies the policy of targets.yaml: groups that must exist, be assigned, and mirror the members
of other groups."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Literal

from hasten.context import Context
from hasten.domain.applying import (
    NO_MIRRORING,
    GroupNow,
    Kind,
    Mirroring,
    Step,
    mirroring,
    steps_for,
)
from hasten.domain.intents import Wanted
from hasten.ensure.assignment import Assigned
from hasten.ensure.groups import StrangerError, find_group, make_group
from hasten.ensure.guard_rails import ending_of, kind_refusal
from hasten.ensure.mirror import add_members, remove_members
from hasten.error_collector import ErrorCollector
from hasten.errors import PermanentError
from hasten.json import Json
from hasten.policy import GroupPolicy
from hasten.ports.directory import NotYet
from hasten.records import discovered, made_groups, mirrored_members, stops
from hasten.targets import Target
from hasten.telemetry.ensure import PolicyStep
from hasten.watch.sweep import discover


async def apply_policies(context: Context) -> None:
    """Applies the policy of every target, as the timer does, without the removals that the brake
    holds.

    Raises the worst TemporaryError or PermanentError after all targets were tried.
    """
    errors = ErrorCollector()
    for target in context.targets.values():
        with errors.collect():
            await _apply(context, target, mass_removals=False)
    errors.raise_worst()


async def plan_policy(context: Context, target: Target) -> Sequence[Step]:
    """Returns the missing steps, in the order in which Hasten would carry them out. It writes
    nothing. Raises TemporaryError and PermanentError of Graph."""
    return steps_for(target.name, await _read(context, target, await _assigned(context, target)))


async def apply_policy(context: Context, target: Target) -> Sequence[Step]:
    """Carries out the missing steps, including mass removals, because an operator has read the
    plan. Returns the steps; in observe mode it carries out none of them.

    Raises PermanentError while the target is stopped, and the worst TemporaryError or
    PermanentError after all steps were tried.
    """
    stop = await stops.find(context.store, target.name)
    if stop is not None:
        raise PermanentError(str(stop), "python -m hasten start, if the reason is gone")
    return await _apply(context, target, mass_removals=True)


async def _apply(context: Context, target: Target, *, mass_removals: bool) -> Sequence[Step]:
    assigned = await _assigned(context, target)
    groups = await _read(context, target, assigned)
    steps = steps_for(target.name, groups)
    if target.observes:
        for step in steps:
            context.emit(_event(step, "observed"))
        return steps
    await _remember(context, target, groups)
    strange = {now.name for now in groups if now.adopts and not mass_removals}
    errors = ErrorCollector()
    made: dict[str, str] = {}
    for step in steps:
        if await stops.find(context.store, target.name):
            break
        if step.kind is Kind.PROBLEM or (step.held and not mass_removals):
            context.emit(_event(step, "held" if step.held else "problem"))
            continue
        if step.name in strange:
            if step.kind is Kind.ADOPT:
                context.emit(_event(replace(step, problem=step.sentence), "problem"))
            continue
        group = step.group or made.get(step.name, "")
        if not group and step.kind is not Kind.CREATE:
            continue  # the group could not be created
        with errors.collect():
            made[step.name] = await _do(
                context, target, assigned, replace(step, group=group), errors
            )
            context.emit(_event(step, "done"))
    for now in groups:
        if now.mirroring.forgotten:
            await mirrored_members.forget(
                context.store, target.name, now.group, now.mirroring.forgotten
            )
    errors.raise_worst()
    return steps


async def _remember(context: Context, target: Target, groups: Sequence[GroupNow]) -> None:
    """Saves the id of each group that was found by name, so that Hasten finds the group again after
    it is renamed."""
    names = {policy.name for policy in target.groups if policy.name}
    for now in groups:
        if now.group and now.name in names and not now.adopts:
            await made_groups.adopt(context.store, target.name, now.name, now.group, context.now())


async def _do(
    context: Context, target: Target, assigned: Assigned, step: Step, errors: ErrorCollector
) -> str:
    """Carries out one step and returns the id of its group."""
    match step.kind:
        case Kind.ADOPT:
            await made_groups.adopt(
                context.store, target.name, step.name, step.group, context.now()
            )
        case Kind.CREATE:
            [creation] = [p.create for p in target.groups if p.create and p.name == step.name]
            return await make_group(context, target.name, step.name, creation)
        case Kind.ASSIGN:
            await assigned.assign(step.group, step.role)
        case Kind.ADD:
            await add_members(context, target.name, step.group, step.users, errors)
        case Kind.REMOVE:
            await remove_members(context, target.name, step.group, step.users)
    return step.group


async def _read(context: Context, target: Target, assigned: Assigned) -> list[GroupNow]:
    """Reads the groups of the policy. Hasten creates no group for a name with wildcards."""
    return [
        await _now(context, target, assigned, policy)
        for policy in target.groups
        if not policy.is_pattern
    ]


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
    if not policy.also_members_of:
        return NO_MIRRORING
    trouble = kind_refusal(shown, by_hand=True) if shown else None
    if trouble is not None:
        raise PermanentError(
            ending_of(trouble).reason, "take also_members_of away from it in targets.yaml"
        )
    wanted: set[str] = set()
    for other in policy.also_members_of:
        wanted |= await _people(context, target, other)
    group = str(shown["id"]) if shown else ""
    members = [member.id for member in await context.directory.members(group)] if group else []
    found = mirroring(
        policy.also_members_of,
        wanted=wanted,
        members=members,
        remembered=await mirrored_members.remembered(context.store, target.name, group)
        if group
        else (),
    )
    held = target.brake.exceeded(removals=len(found.leaving), members_before=len(members))
    joining = [u for u in found.joining if not await _is_offboarded(context, target, group, u)]
    return replace(found, held=held, joining=joining)


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


async def _people(context: Context, target: Target, other: str) -> set[str]:
    """Returns the users of another group of the policy. A missing group is an error and never
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
        return set()
    return {m.id for m in await context.directory.members(str(shown["id"])) if m.kind == "user"}


async def _assigned(context: Context, target: Target) -> Assigned:
    found = await discovered.load(context.store, target.name)
    found = found or await discover(context, target)
    return await Assigned.read(context.directory, found.service_principal)


def _event(step: Step, result: Literal["done", "observed", "held", "problem"]) -> PolicyStep:
    return PolicyStep(
        result=result,
        target=step.target,
        group=step.group,
        step=step.kind,
        people=len(step.users),
        reason=step.problem,
    )


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
