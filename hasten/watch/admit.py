"""Writes down what was found: as work to be done, or held, where the target only observes or where
more people leave a group than can be believed."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from hasten.context import Context
from hasten.domain.changes import Cause, Change, HeldBy, held, newer, restarted
from hasten.errors import TemporaryError
from hasten.targets import Target
from hasten.telemetry.watch import ChangeFound
from hasten.watch.brake import alert_brake, judge_removals

OBSERVED = "the target is in observe mode"
DEPLOYED = timedelta(seconds=5)
"""The next sweep forgets a target that left targets.yaml; a process that does not know a new one
yet has soon been replaced."""

OBSERVE_NEXT = "set `mode: act` in targets.yaml when you trust it"


async def admit(
    context: Context, changes: Sequence[Change], *, members_before: int | None = None
) -> list[Change]:
    """Writes what is new and returns it; a row that only learned where else it was seen is no
    news. `members_before` is how many the group had where
    the caller knows it better than the directory does now.

    Raises TemporaryError, once all else is written, for a target that is not in this process's
    targets.yaml: while a new one is deployed, another process may know it.
    """
    by_group: dict[tuple[str, str], list[Change]] = defaultdict(list)
    for change in changes:
        by_group[change.target, change.group].append(change)
    recorded: list[Change] = []
    unknown: set[str] = set()
    for (target, group), found in by_group.items():
        policy = context.targets.get(target)
        if policy is None:
            unknown.add(target)
            continue
        if policy.observes:
            recorded += await context.ledger.record([observed(change) for change in found])
        else:
            recorded += await _record(context, policy, group, found, members_before)
    news = [change for change in recorded if change.seen_at <= change.found_at]
    for change in news:
        _tell(context, change)
    if unknown:
        raise TemporaryError(f"{min(unknown)} is not in targets.yaml here", DEPLOYED)
    return news


async def restart(context: Context, known: Change, cause: Cause) -> list[Change]:
    """Has a row that ended called again, as an event asks for it."""
    now = context.now()
    return await context.ledger.move([known], lambda row: restarted(row, cause, now=now))


async def _record(
    context: Context,
    target: Target,
    group: str,
    found: Sequence[Change],
    members_before: int | None,
) -> list[Change]:
    leavers = await _leavers(context, found)
    users = {change.user for change in leavers}
    judged = await judge_removals(context, target, group, users, members_before=members_before)
    if judged is None:
        return await context.ledger.record(found)
    await alert_brake(context, target, group, judged, key=f"{leavers[0].origin}:{len(users)}")
    return await context.ledger.record(
        [
            held(c, HeldBy.BRAKE, reason=judged.reason, next_action=judged.next_action)
            if c.user in users
            else c
            for c in found
        ]
    )


async def _leavers(context: Context, found: Sequence[Change]) -> list[Change]:
    """Removals that are news. Those that an event asked for were judged before Hasten removed
    anyone, and a look that sees them now is not told anything new."""
    leavers = []
    for change in found:
        if not change.is_removal or change.found_by == "event":
            continue
        known = await context.ledger.find(change.target, change.group, change.user)
        judged = known is not None and known.is_removal and known.ahead
        if not judged and newer(known, change) is not None:
            leavers.append(change)
    return leavers


def _tell(context: Context, change: Change) -> None:
    context.emit(
        ChangeFound(
            target=change.target,
            group=change.group,
            user=change.user,
            action=change.action,
            found_by=change.found_by,
            state=change.state,
        )
    )


def observed(change: Change) -> Change:
    """What is not called while the target observes."""
    return held(change, HeldBy.OBSERVE, reason=OBSERVED, next_action=OBSERVE_NEXT)
