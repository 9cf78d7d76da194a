"""What an operator decides of held changes: to call them after all, or to leave them be."""

from collections.abc import Collection, Sequence

from hasten.context import Context
from hasten.domain.changes import Change, HeldBy, State, finished, released
from hasten.errors import PermanentError
from hasten.messages import Wake
from hasten.operate.health import DIFFERENT_TARGETS, differs
from hasten.records import running_targets
from hasten.records.recent_removals import EVERYWHERE, RecentRemovals

DISCARDED = "discarded by an operator"
STILL_DONE = (
    "Entra's own cycle still does it, unless the membership is mended or the provisioning job "
    "is paused"
)


async def held_changes(
    context: Context, target: str, *, groups: Collection[str], users: Collection[str]
) -> list[Change]:
    """The held rows of a target, of these groups and users only where any are given."""
    return [
        row
        for row in await context.ledger.open_changes(target)
        if row.state is State.HELD
        and (not groups or row.group in groups)
        and (not users or row.user in users)
    ]


async def release_changes(context: Context, target: str, rows: Sequence[Change]) -> list[Change]:
    """Those that were still held, now waiting for their call.

    Raises PermanentError where the target only observes, here or in the app.
    """
    await refuse_held_again(context, target)
    moved = await context.ledger.move(rows, lambda row: released(row, now=context.now()))
    if moved:
        await count_anew(context, target, {row.group for row in moved})
        wake = Wake(target=target)
        await context.bus.send(wake.queue, [wake.message(context.new_id())])
    return moved


async def discard_changes(context: Context, target: str, rows: Sequence[Change]) -> list[Change]:
    """Those that were still held, ended. Nobody expects them at a time, so that no timer takes
    them back."""
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
    """Forgets who left those of `groups` of which the brake holds nothing any more, and all of the
    target when it holds nothing at all: a straggler is not held for the sake of people released."""
    held = await held_changes(context, target, groups=(), users=())
    still = {row.group for row in held if row.held_by is HeldBy.BRAKE}
    still |= {i.group for i in await context.intents.open_intents(target) if i.held}
    for group in sorted(set(groups) - still) if still else [EVERYWHERE]:
        await RecentRemovals(context.store).forget(target, group)


async def refuse_held_again(context: Context, target: str) -> None:
    """Raises PermanentError where the app would hold again what is released, or where it would be
    done although the target only observes."""
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
