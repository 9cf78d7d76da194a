"""Applies the policy of targets.yaml: groups that must exist, be assigned, and mirror the members
of other groups."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal

from hasten.context import Context
from hasten.domain.applying import GroupNow, PlannedStep, StepKind, steps_for
from hasten.ensure.applier import Applier, recorded
from hasten.ensure.assignment import Assigned
from hasten.ensure.fence import fenced
from hasten.ensure.groups import make_group
from hasten.ensure.mirror import add_members, remove_members
from hasten.ensure.read_policy import read_groups
from hasten.ensure.refusals import Refusals, told
from hasten.error_collector import ErrorCollector
from hasten.errors import PermanentError, TemporaryError
from hasten.messages import Ensure
from hasten.ports.directory_errors import NotYet
from hasten.records import discovered, made_groups, mirrored_members, policy_left_out, stops
from hasten.records.lease_record import WokenBy, WorkKind
from hasten.records.recent_removals import RecentRemovals
from hasten.sole_worker import alone
from hasten.targets import Target
from hasten.telemetry.ensure import PolicyStep
from hasten.watch.hold_removals import judge_removals
from hasten.watch.sweep import discover

OTHER_WORKER_WAIT = timedelta(seconds=45)
"""Maximum time for which the policy waits for another worker of the target. A worker that died is
displaced within this time."""


@dataclass(slots=True)
class Carried:
    """The steps that were missing, those of them that Hasten did, and the worst error of the
    others, or of a group that could not be read."""

    steps: Sequence[PlannedStep] = ()
    done: list[PlannedStep] = field(default_factory=list)
    error: TemporaryError | PermanentError | None = None


async def apply_policies(context: Context) -> None:
    """Applies the policy of every target, as the timer does, without the removals that the brake
    holds.

    Raises the worst TemporaryError or PermanentError after all targets were tried.
    """
    errors = ErrorCollector()
    for target in context.targets.values():
        with errors.collect_any():
            await apply_unattended(context, target)
    errors.raise_worst()


async def apply_unattended(
    context: Context, target: Target, *, only_mirrors: bool = False, by: WokenBy = WokenBy.POLICY
) -> Sequence[PlannedStep]:
    """Applies the policy of one target without the removals that the brake holds, and without a
    group that an operator has to adopt. Returns the steps.

    Raises the worst TemporaryError or PermanentError after all steps were tried.
    """
    carried = await _apply(context, target, Applier(), only_mirrors=only_mirrors, by=by)
    if carried.error is not None:
        raise carried.error
    return carried.steps


async def plan_policy(context: Context, target: Target) -> Sequence[PlannedStep]:
    """Returns the missing steps, in the order in which Hasten would carry them out. It writes
    nothing. Raises TemporaryError and PermanentError of Graph."""
    assigned, errors = await _assigned(context, target), ErrorCollector()
    groups = await read_groups(context, target, assigned, errors)
    errors.raise_worst()
    return steps_for(target.name, groups)


async def apply_policy(context: Context, target: Target, applier: Applier) -> Carried:
    """Carries out the missing steps, including mass removals, because an operator has read the
    plan. An error ends one step, and the others go on. In observe mode Hasten carries out none.
    The history says who applied what.

    Raises PermanentError while the target is stopped, and the errors of reading the assignments.
    """
    await stops.refuse(context.store, target.name)
    return await _apply(context, target, applier)


async def _apply(
    context: Context,
    target: Target,
    applier: Applier,
    *,
    only_mirrors: bool = False,
    by: WokenBy = WokenBy.POLICY,
) -> Carried:
    """Applies the policy of one target. In observe mode it writes nothing. Otherwise it works under
    the lease of the target's `ensure`, so that no event and no other run writes at the same
    time."""
    if target.observes:
        return await _applied(context, target, applier, only_mirrors=only_mirrors)
    wake = Ensure(target=target.name)
    async with alone(context, wake, WorkKind.ENSURE, by=by, patience=OTHER_WORKER_WAIT) as lease:
        return await _applied(fenced(context, lease), target, applier, only_mirrors=only_mirrors)


async def _applied(
    context: Context, target: Target, applier: Applier, *, only_mirrors: bool
) -> Carried:
    assigned, errors = await _assigned(context, target), ErrorCollector()
    groups = await read_groups(context, target, assigned, errors, only_mirrors=only_mirrors)
    carried, is_whole = Carried(steps_for(target.name, groups)), errors.worst is None
    if target.observes:
        for step in carried.steps:
            context.emit(_event(step, "observed"))
        carried.error = errors.worst
        return carried
    await _remember(context, target, groups)
    strange = {now.name for now in groups if now.adopts and not applier.is_attended}
    await _carry_out(context, target, assigned, carried, errors, strange=strange, applier=applier)
    with errors.collect():
        if is_whole:
            await policy_left_out.save(context.store, target.name, _left_out(groups))
        for now in groups:
            place, found = (context.store, target.name, now.group), now.mirroring
            if found.sources:
                await mirrored_members.keep(*place, found.leaving)
            if found.forgotten:
                await mirrored_members.forget(*place, found.forgotten)
    carried.error = errors.worst
    return carried


async def _carry_out(
    context: Context,
    target: Target,
    assigned: Assigned,
    carried: Carried,
    errors: ErrorCollector,
    *,
    strange: set[str],
    applier: Applier,
) -> None:
    """Does one step after the other. `strange` names the groups that an operator has to adopt."""
    made: dict[str, str] = {}
    for step in carried.steps:
        if await stops.find(context.store, target.name):
            return
        refused = _refused(step, strange, is_attended=applier.is_attended)
        if refused is not None:
            context.emit(refused)
            continue
        group = step.group or made.get(step.name, "")
        if step.name in strange or (not group and step.kind is not StepKind.CREATE):
            continue  # the group has to be adopted first, or could not be created
        with errors.collect():
            held = None if applier.is_attended else await _held_by_brake(context, target, step)
            if held is not None:
                context.emit(held)
                continue
            known = replace(step, group=group)
            refusals = Refusals()
            async with recorded(context, target, known, applier) as left:
                made[step.name] = await _do(
                    context, target, assigned, known, left=left, refusals=refusals
                )
            done = [user for user in step.users if user not in left]
            if done or not left:
                context.emit(_event(replace(step, users=done), "done"))
            _raise_last(context, known, refusals)
            if left:
                raise NotYet(f"it is not certain yet who is a member of group {group}")
            carried.done.append(step)


def _raise_last(context: Context, step: PlannedStep, refusals: Refusals) -> None:
    """Reports each user whom Graph refused, and raises the last error if there is one."""
    of = {"target": step.target, "group": step.group}
    for user, error in refusals.errors.items():
        context.emit(told(error, **of, user=user, tries=1))
    if refusals.last is not None:
        raise refusals.last


def _refused(step: PlannedStep, strange: set[str], *, is_attended: bool) -> PolicyStep | None:
    """Returns the event of a step that Hasten does not do, or None."""
    if step.kind is StepKind.PROBLEM:
        return _event(step, "problem")
    if step.kind is StepKind.LEAVE_OUT:
        return _event(replace(step, problem=step.sentence), "left_out")
    if step.held and not is_attended:
        return _event(step, "held")
    if step.name in strange and step.kind is StepKind.ADOPT:
        return _event(replace(step, problem=step.sentence), "problem")
    return None


async def _held_by_brake(context: Context, target: Target, step: PlannedStep) -> PolicyStep | None:
    """Returns the event of a removal that the brake holds, or None. The brake counts the people who
    leave within ten minutes: a notification brings each of them alone. It counts nobody anew whom
    it has let pass: Graph may refuse them in each run."""
    if step.kind is not StepKind.REMOVE:
        return None
    place = (context.store, target.name, step.group)
    leavers = await mirrored_members.unjudged(*place, step.users)
    by_group = {step.group: leavers}
    await judge_removals(context, target, by_group, still_members=True, records_held=False)
    brake = RecentRemovals(context.store)
    trip = await brake.tripped(target.name, step.group, context.now())
    if trip is not None:
        return _event(replace(step, problem=trip.reason), "held")
    await mirrored_members.let_go(*place, leavers)
    return None


async def _remember(context: Context, target: Target, groups: Sequence[GroupNow]) -> None:
    """Saves the id of each group that was found by name, so that Hasten finds the group again after
    it is renamed."""
    names = {policy.name for policy in target.groups if policy.name}
    for now in groups:
        if now.group and now.name in names and not now.adopts:
            await made_groups.adopt(context.store, target.name, now.name, now.group, context.now())


def _left_out(groups: Sequence[GroupNow]) -> Sequence[policy_left_out.LeftOut]:
    return [
        policy_left_out.LeftOut(group=now.group, user=user, sources=now.mirroring.sources)
        for now in groups
        for user in now.mirroring.offboarded
    ]


async def _do(
    context: Context,
    target: Target,
    assigned: Assigned,
    step: PlannedStep,
    *,
    left: set[str],
    refusals: Refusals,
) -> str:
    """Carries out one step and returns the id of its group. Adds to `left` the users for whom it is
    not done, and to `refusals` those of them whom Graph refused."""
    match step.kind:
        case StepKind.ADOPT:
            await made_groups.adopt(
                context.store, target.name, step.name, step.group, context.now()
            )
        case StepKind.CREATE:
            [creation] = [p.create for p in target.groups if p.create and p.name == step.name]
            return await make_group(context, target.name, step.name, creation)
        case StepKind.ASSIGN:
            await assigned.assign(step.group, step.role)
        case StepKind.ADD:
            left |= await add_members(context, target.name, step.group, step.users, refusals)
        case StepKind.REMOVE:
            left |= await remove_members(context, target.name, step.group, step.users, refusals)
    return step.group


async def _assigned(context: Context, target: Target) -> Assigned:
    found = await discovered.load(context.store, target.name)
    found = found or await discover(context, target)
    return await Assigned.read(context.directory, found.service_principal)


def _event(
    step: PlannedStep, result: Literal["done", "observed", "held", "left_out", "problem"]
) -> PolicyStep:
    return PolicyStep(
        result=result,
        target=step.target,
        group=step.group,
        step=step.kind,
        people=len(step.users),
        reason=step.problem,
    )
