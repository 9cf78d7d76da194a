"""Carries out an operator's decision about held changes: calls them after all, or ends them."""

from collections.abc import Collection, Sequence

from hasten.context import Context
from hasten.domain.changes import DISCARDED, Change, HeldBy, State
from hasten.domain.row_states import finished, released
from hasten.errors import PermanentError
from hasten.messages import Wake
from hasten.operate.health import DIFFERENT_TARGETS, differs
from hasten.records import running_targets
from hasten.records.recent_removals import WHOLE_TARGET, RecentRemovals

STILL_DONE = (
    "Entra's own cycle still does it, unless the membership is restored or the provisioning job "
    "is paused or in quarantine"
)
STILL_GIVEN = (
    "Entra's own cycle still does it, unless the provisioning job is paused or in quarantine"
)


async def held_changes(
    context: Context, target: str, *, groups: Collection[str], users: Collection[str]
) -> list[Change]:
    """Returns the held rows of a target; if `groups` or `users` are given, only theirs. Nobody can
    decide about a row that cannot be read. Raises TemporaryError."""
    return [
        row
        for row in await context.ledger.open_changes(target)
        if row.state is State.HELD
        and not row.is_unreadable
        and (not groups or row.group in groups)
        and (not users or row.user in users)
    ]


async def release_changes(context: Context, target: str, rows: Sequence[Change]) -> list[Change]:
    """Releases the rows that are still held and returns them; they wait for their call.

    Raises PermanentError if the target is in observe mode, here or in the app, and TemporaryError.
    """
    await refuse_held_again(context, target)
    moved = await context.ledger.move(rows, lambda row: released(row, now=context.now()))
    if moved:
        await count_anew(context, target, {row.group for row in moved})
        await context.send(Wake(target=target))
    return moved


async def discard_changes(context: Context, target: str, rows: Sequence[Change]) -> list[Change]:
    """Ends the rows that are still held and returns them. They get no `expected_at`, so `verify`
    never reopens them. Raises TemporaryError."""
    moved = await context.ledger.move(
        rows,
        lambda row: finished(
            row,
            State.LEFT_TO_CYCLE,
            now=context.now(),
            reason=DISCARDED,
            next_action=STILL_DONE,
        ),
    )
    await context.outbox.flush(target)
    return moved


async def count_anew(context: Context, target: str, groups: Collection[str]) -> None:
    """Resets the count of removals for each of `groups` in which nothing is held any more, and for
    the target if nothing is held at all. Otherwise the brake would hold the next leaver because of
    users who were released."""
    held = await held_changes(context, target, groups=(), users=())
    still = {row.group for row in held if row.held_by is HeldBy.BRAKE}
    still |= {i.group for i in await context.intents.open_intents(target) if i.held}
    for group in sorted(set(groups) - still) if still else [WHOLE_TARGET]:
        await RecentRemovals(context.store).forget(target, group)


async def refuse_held_again(context: Context, target: str) -> None:
    """Raises PermanentError if the app would hold the released changes again, or would carry them
    out although the target is in observe mode."""
    if context.targets[target].observes:
        raise PermanentError(
            f"target {target} is in observe mode, where nothing may be called",
            "set `mode: act` in targets.yaml and deploy it, then release",
        )
    difference = differs(context, target, await running_targets.load(context.store))
    if difference:
        raise PermanentError(
            f"{difference}, which may hold again what is released", DIFFERENT_TARGETS
        )
