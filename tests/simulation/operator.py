"""What an operator does with `python -m hasten release`."""

from hasten.context import Context
from hasten.operate.release import held_changes, release_changes
from hasten.operate.release_intents import held_intents, release_intents


async def release(context: Context) -> int:
    """Releases all that is held of all targets; returns how many."""
    released = 0
    for target in context.targets:
        changes = await held_changes(context, target, groups=(), users=())
        released += len(await release_changes(context, target, changes))
        wanted = await held_intents(context, target, groups=(), users=())
        released += len(await release_intents(context, target, wanted))
    return released
