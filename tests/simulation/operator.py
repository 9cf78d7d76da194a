"""What two operators do who agree about everything that is held."""

from hasten.context import Context
from hasten.operate.decide import HeldAction, decide
from hasten.operate.held import ChosenChanges
from hasten.operate.release import held_changes
from hasten.operate.release_intents import held_intents

BOTH = ("0000ffff-0000-4000-8000-00000000000a", "0000ffff-0000-4000-8000-00000000000b")
WHY = "it was meant so"


async def release(context: Context) -> int:
    """Releases all that is held of all targets; returns how many."""
    released = 0
    for target in context.targets:
        for by in BOTH:
            chosen = ChosenChanges(
                await held_changes(context, target, groups=(), users=()),
                await held_intents(context, target, groups=(), users=()),
            )
            if chosen:
                decided = await decide(
                    context, target, chosen, HeldAction.RELEASE, by=by, reason=WHY
                )
                released += decided.moved
    return released
