"""Emits what a sweep saw of a target."""

from datetime import datetime

from hasten.context import Context
from hasten.domain import cycle
from hasten.errors import PermanentError, TemporaryError
from hasten.ports.directory_values import Assignments
from hasten.ports.telemetry import Event
from hasten.records.discovered import DiscoveredTarget
from hasten.records.job_seen import JobSeen
from hasten.targets import Target
from hasten.telemetry.targets import (
    JobNotRunning,
    TargetFound,
    TargetUnhealthy,
    TargetUnreachable,
    TargetUnreadable,
)
from hasten.telemetry.watch import AssignmentsLeftOut
from hasten.watch.list_members import MOST_NAMED
from hasten.watch.route import Route

COMPARE_ASSIGNMENTS = (
    "compare the users and groups of the enterprise application in the Entra portal with the app"
)
UNREADABLE_FIX = (
    "look at the service health of Microsoft Entra ID in the admin center; python -m hasten doctor "
    "shows what Graph answers"
)

LEFT_OPEN_FIX = (
    "put the app back into targets.yaml, under any name; if it is gone, take the access of these "
    "people in it by hand, and post the events again"
)


def unread_event(
    target: Target, error: PermanentError | TemporaryError, seen: JobSeen, now: datetime
) -> Event:
    if isinstance(error, PermanentError):
        return TargetUnhealthy(
            target=target.name, reason=error.reason, next_action=error.next_action
        )
    if seen.unread_since is None or not seen.is_unread_for_long(now):
        return TargetUnreachable(target=target.name, reason=error.reason)
    return TargetUnreadable(
        target=target.name,
        age=(now - seen.unread_since).total_seconds(),
        reason=error.reason,
        next_action=UNREADABLE_FIX,
    )


def emit_job(context: Context, target: Target, route: Route) -> None:
    """Emits an event if the job does nothing. A sweep does so as soon as it has read the job: what
    fails later says nothing about the job."""
    if (stops := cycle.parse(route.job, context.now()).stops) is not None:
        reason, next_action = stops
        context.emit(JobNotRunning(target=target.name, reason=reason, next_action=next_action))


def emit_found(context: Context, found: DiscoveredTarget) -> None:
    context.emit(TargetFound(target=found.target, groups=len(found.groups)))


async def tell_left_open(context: Context, target: str) -> None:
    """Emits an event if a target that left targets.yaml has removals or events open. Raises
    TemporaryError of the store."""
    left = [row.user for row in await context.ledger.open_changes(target) if row.is_removal]
    wanted = [intent.user for intent in await context.intents.open_intents(target)]
    if left or wanted:
        people = ", ".join(sorted({*left, *wanted})[:MOST_NAMED])
        reason = (
            f"it left targets.yaml while {len(left)} revocations, and {len(wanted)} memberships "
            f"that events want, were open: nobody carries them out, for {people}"
        )
        context.emit(TargetUnhealthy(target=target, reason=reason, next_action=LEFT_OPEN_FIX))


def emit_unread(context: Context, target: Target, assignments: Assignments) -> None:
    if assignments.unread:
        context.emit(
            AssignmentsLeftOut(
                target=target.name,
                principals=sorted({one.id for one in assignments.unread if one.id})[:MOST_NAMED],
                assignments=len(assignments.unread),
                reason=assignments.unread[0].problem,
                next_action=COMPARE_ASSIGNMENTS,
            )
        )
