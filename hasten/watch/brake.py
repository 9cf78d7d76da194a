"""Judges whether more people leave a group at once than can be believed, and calls an operator."""

from collections.abc import Collection
from dataclasses import dataclass

from hasten.context import Context
from hasten.domain.changes import DIRECT
from hasten.domain.outcomes import of_alert
from hasten.errors import PermanentError
from hasten.records import discovered as registry
from hasten.records.discovered import Found
from hasten.records.recent_removals import Removals
from hasten.targets import Target
from hasten.telemetry.watch import BrakeHeld, JobNotPaused, JobPaused


@dataclass(frozen=True, slots=True)
class Judged:
    """Too many, and why."""

    reason: str
    next_action: str


async def judge_removals(
    context: Context,
    target: Target,
    group: str,
    leavers: Collection[str],
    *,
    members_before: int | None = None,
    still_members: bool = False,
) -> Judged | None:
    """None when they may leave. `members_before` is how many the group had where the caller
    knows it better than the directory does now; `still_members` when they have not left yet.
    """
    if not leavers:
        return None
    count = await Removals(context.store).count(target.name, group, leavers, context.now())
    if not target.brake.may_be_exceeded(count):
        return None
    before = members_before
    if before is None:
        gone = count - len(leavers) if still_members else count
        before = await _size(context, target, group) + gone
    if not target.brake.exceeded(removals=count, members_before=before):
        return None
    release = f"python -m hasten release {target.name} --group {group}"
    return Judged(
        f"{count} of {before} members {'would leave' if still_members else 'left'} within minutes",
        f"if it is meant: {release}; else: mend the group, then discard",
    )


async def alert_brake(
    context: Context, target: Target, group: str, judged: Judged, *, key: str
) -> None:
    """An alert, and a pause of Entra's own job where the target says so. `key` tells it from
    another one of the same group."""
    context.emit(
        BrakeHeld(
            target=target.name,
            group=group,
            reason=judged.reason,
            next_action=judged.next_action,
        )
    )
    alert = of_alert(
        "held",
        target=target.name,
        group=group,
        reason=judged.reason,
        next_action=judged.next_action,
        key=key,
        now=context.now(),
    )
    await context.outbox.tell([alert])
    if not target.pause_job:
        return
    found = await registry.load(context.store, target.name)
    if found is not None:
        await _pause(context, target, found)


async def _pause(context: Context, target: Target, found: Found) -> None:
    """What may not be paused goes on; the leavers are held all the same."""
    try:
        await context.directory.pause_job(found.service_principal, found.job)
    except PermanentError as error:
        context.emit(
            JobNotPaused(target=target.name, reason=error.reason, next_action=error.next_action)
        )
    else:
        context.emit(JobPaused(target=target.name))


async def _size(context: Context, target: Target, group: str) -> int:
    if group != DIRECT:
        return await context.directory.member_count(group)
    found = await registry.load(context.store, target.name)
    if found is None:
        return 0
    assignments = await context.directory.assignments(found.service_principal)
    return sum(1 for assignment in assignments if assignment.kind == "User")
