"""Carries out an operator's decision about revocations that events want and the brake holds: Hasten
writes them to Entra ID after all, or keeps the memberships."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from hasten.context import Context
from hasten.domain.changes import DISCARDED
from hasten.domain.intents import Intent
from hasten.domain.outcomes import REJECTED, of_event
from hasten.messages import Ensure
from hasten.operate.release import count_anew, refuse_held_again

STAYS = (
    "the membership stays, and so does its access: if it must end after all, post the event again "
    "with a new id and time"
)


async def held_intents(
    context: Context, target: str, *, groups: Collection[str], users: Collection[str]
) -> list[Intent]:
    """Returns the held intents of a target; if `groups` or `users` are given, only theirs. Hasten
    has written nothing to Entra ID for them."""
    return [
        intent
        for intent in await context.intents.open_intents(target)
        if intent.held
        and not intent.is_unreadable
        and (not groups or intent.group in groups)
        and (not users or intent.user in users)
    ]


async def release_intents(context: Context, target: str, intents: Sequence[Intent]) -> list[Intent]:
    """Releases the intents that are still held and returns them. The brake does not judge them
    again. An intent that another operator is discarding stays held.

    Raises PermanentError if the target is in observe mode, here or in the app, and TemporaryError.
    """
    await refuse_held_again(context, target)
    moved = await context.intents.update(
        [intent for intent in intents if intent.held != DISCARDED],
        lambda intent: replace(intent, held="", released=True, opened_at=context.now()),
    )
    if moved:
        await count_anew(context, target, {intent.group for intent in moved})
        await context.send(Ensure(target=target))
    return moved


async def discard_intents(
    context: Context, _target: str, intents: Sequence[Intent]
) -> list[Intent]:
    """Ends the intents that are still held, publishes them as rejected, and returns them. It marks
    them first: nobody can release an intent whose end is published. After a crash between these
    steps they are still held, and can be discarded again."""
    marked = await context.intents.update(intents, lambda intent: replace(intent, held=DISCARDED))
    outcomes = [
        of_event(
            intent.cause,
            target=intent.target,
            group=intent.group,
            user=intent.user,
            result=REJECTED,
            reason=DISCARDED,
            next_action=STAYS,
            now=context.now(),
        )
        for intent in marked
    ]
    await context.outbox.publish(outcomes)
    return await context.intents.finish(marked, REJECTED)
