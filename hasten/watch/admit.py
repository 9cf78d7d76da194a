"""Writes the changes that were found to the ledger. Hasten holds them instead of calling when the
target is in observe mode or when the brake judges that too many users leave."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta

from hasten.context import Context
from hasten.domain.changes import Action, Cause, Change, HeldBy
from hasten.domain.ensuring import ENDED_WELL
from hasten.domain.intents import Wanted
from hasten.domain.merging import is_own_write, newer
from hasten.domain.row_states import held, restarted
from hasten.errors import TemporaryError
from hasten.records.ledger import Known
from hasten.targets import Target
from hasten.telemetry.watch import ChangeFound
from hasten.watch.hold_removals import held_by_brake, hold_if_tripped, judge_removals

OBSERVE_REASON = "the target is in observe mode"
UNKNOWN_TARGET_DELAY = timedelta(seconds=5)
"""Delay before an unknown target is tried again. A process that does not know a new target yet is
soon replaced, and the next sweep forgets a target that left targets.yaml."""

DUE_BEFORE_WRITTEN = timedelta(seconds=5)
"""A row is due at most this long before it is written, however long the read took that found it: no
message of the row could come sooner. It is due a little before, because the clock of the next
worker may be behind."""

OBSERVE_NEXT_ACTION = "set `mode: act` in targets.yaml when you trust it"


Judged = Collection[tuple[str, str]]
"""Pairs of group and user whose removal the brake let pass before Hasten wrote it to Entra ID."""


async def admit(
    context: Context,
    changes: Sequence[Change],
    *,
    members_before: int | None = None,
    judged: Judged = (),
) -> list[Change]:
    """Writes the changes to the ledger and returns the new ones. A row that only gained another
    sighting is not new. `members_before` is the group's size when the caller knows it better than
    the directory does now. The brake does not judge the removals in `judged` again.

    Raises TemporaryError for a target that is not in this process's targets.yaml, after everything
    else is written: during a deployment another process may know the target.
    """
    by_group: dict[tuple[str, str], list[Change]] = defaultdict(list)
    earliest = context.now() - DUE_BEFORE_WRITTEN
    for change in changes:
        due = replace(change, due_at=max(change.due_at, earliest))
        by_group[change.target, change.group].append(due)
    recorded: list[Change] = []
    unknown: set[str] = set()
    for (target, group), found in by_group.items():
        policy = context.targets.get(target)
        if policy is None:
            unknown.add(target)
            continue
        if policy.users:
            await _enroll(context, target, found)
        if policy.observes:
            recorded += await context.ledger.record([observed(change) for change in found])
        else:
            recorded += await _record(
                context, policy, group, found, members_before=members_before, let_go=judged
            )
    news = [change for change in recorded if change.seen_at <= change.found_at]
    for change in news:
        _emit(context, change)
    if unknown:
        raise TemporaryError(f"{min(unknown)} is not in targets.yaml here", UNKNOWN_TARGET_DELAY)
    return news


async def _enroll(context: Context, target: str, found: Sequence[Change]) -> None:
    """Adds joiners to the roster. Call before the rows are written, because a repetition finds no
    new row."""
    joiners = [change.user for change in found if change.action is Action.ADDED]
    if joiners:
        await context.roster.add(target, joiners, context.now())


async def restart(
    context: Context,
    known: Sequence[Change],
    cause: Cause,
    *,
    let_go: bool = False,
    leave_anew: bool = False,
) -> list[Change]:
    """Restarts ended rows of one group because an event asks for it. The brake judges removals that
    have not taken effect like any other, unless an operator `let_go` of them. With `leave_anew` it
    judges the others too: their users have got access since. Observe mode holds all of the rows,
    and nothing is written to Entra ID: a brake that trips may pause the job."""
    if not known:
        return []
    now, target, group = context.now(), context.targets[known[0].target], known[0].group
    counted = {
        row.user
        for row in known
        if row.is_removal and not let_go and (leave_anew or row.state not in ENDED_WELL)
    }

    def anew(row: Change) -> Change:
        return replace(restarted(row, cause, now=now), released=let_go)

    if target.observes:
        return await context.ledger.move(known, lambda row: observed(anew(row)))
    judged = (await judge_removals(context, target, {group: counted})).get(group)

    def judged_anew(row: Change) -> Change:
        return held_by_brake(anew(row), judged) if judged and row.user in counted else anew(row)

    moved = await context.ledger.move(known, judged_anew)
    if counted and judged is None:
        await hold_if_tripped(context, target, group)
    return moved


async def _record(
    context: Context,
    target: Target,
    group: str,
    found: Sequence[Change],
    *,
    members_before: int | None,
    let_go: Judged,
) -> list[Change]:
    if not any(change.is_removal for change in found):
        return await context.ledger.record(found)
    found = await _with_releases(context, target, group, found)
    known = await context.ledger.known(found)
    users = {change.user for change in _leavers(found, known, let_go)}
    leavers = {group: users}
    too_many = await judge_removals(context, target, leavers, members_before=members_before)
    judged = too_many.get(group)
    if judged is None:
        recorded = await context.ledger.record(found, known)
        await hold_if_tripped(context, target, group)
        return recorded
    return await context.ledger.record(
        [held_by_brake(change, judged) if change.user in users else change for change in found],
        known,
    )


async def _with_releases(
    context: Context, target: Target, group: str, found: Sequence[Change]
) -> list[Change]:
    """Returns the changes; those that an operator has released, as removals that events want, are
    marked. Hasten writes these to Entra ID, and a look may see them before the row of the event
    says so."""
    released = {
        intent.user
        for intent in await context.intents.open_intents(target.name)
        if intent.group == group and intent.wanted is Wanted.ABSENT and intent.released
    }
    return [
        replace(change, released=True) if change.is_removal and change.user in released else change
        for change in found
    ]


def _leavers(found: Sequence[Change], known: Known, let_go: Judged) -> list[Change]:
    """Returns the removals that are new, and that no operator has released. The brake judged
    Hasten's own removals before Hasten wrote them, so a look that sees them now adds nothing new.
    Nor does another read of a leaver whose row the brake let pass or holds: a slice with an
    unreadable entry is read every five minutes."""
    leavers = []
    for change in found:
        if not change.is_removal or change.released or (change.group, change.user) in let_go:
            continue
        row = known.change(change)
        is_judged = row is not None and (is_own_write(row, change) or _is_counted(row, change))
        if not is_judged and newer(row, change) is not None:
            leavers.append(change)
    return leavers


def _is_counted(row: Change, change: Change) -> bool:
    return row.is_removal and row.origin == change.origin


def _emit(context: Context, change: Change) -> None:
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
    """Returns the change as held, because Hasten calls nothing while the target is in observe
    mode."""
    return held(change, HeldBy.OBSERVE, reason=OBSERVE_REASON, next_action=OBSERVE_NEXT_ACTION)
