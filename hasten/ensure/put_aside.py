"""Limits an unexpected exception, or a refusal of Graph, to the intents that it concerns: they wait
for a growing pause, and Hasten continues with the other intents of the target."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from hasten.context import Context
from hasten.domain.changes import State
from hasten.domain.ensuring import Ending
from hasten.domain.intents import Intent, Wanted
from hasten.domain.unexpected import NEXT_ACTION, Unexpected
from hasten.ensure.refusals import PASSING_TRIES, Refusal, Refusals, told
from hasten.ensure.settle import publish_endings
from hasten.errors import Conflict, PermanentError, TemporaryError
from hasten.halving import halved
from hasten.messages import Ensure
from hasten.records import crashes
from hasten.records.lease import Displaced
from hasten.telemetry.ensure import IntentCrashed

EXPECTED_ERRORS = (TemporaryError, PermanentError, Conflict, Displaced)
"""Exceptions that say something about the run, and not about one of its intents."""

NEXT_ONES_DELAY = timedelta(seconds=5)
"""Delay before the first of the tries with those who were not tried, after which it grows."""

BringAbout = Callable[[Sequence[Intent]], Awaitable[None]]


async def bring_about_or_put_aside(
    context: Context, wanted: Sequence[Intent], bring_about: BringAbout
) -> None:
    """Brings about the intents of one group, without the intents for which `bring_about` raises
    even alone. Raises its TemporaryError and PermanentError."""

    async def work(part: Sequence[Intent]) -> Sequence[None]:
        still = part if part is wanted else await _read_again(context, part)
        if still:
            await bring_about(still)
        return ()

    await halved(wanted, work, partial(_put_aside, context), expected=EXPECTED_ERRORS)


async def _put_aside(context: Context, intent: Intent, error: Exception) -> None:
    """Lets the intent wait, and wakes its target for it."""
    now, met = context.now(), Unexpected.of(error)
    context.emit(
        IntentCrashed(
            target=intent.target,
            group=intent.group,
            user=intent.user,
            reason=met.reason,
            trace=met.trace,
        )
    )
    await crashes.note(context.store, f"target {intent.target}", met.reason, now)
    until = now + context.backoff(intent.crashes + 1)
    for stored in await _read_again(context, [intent]):
        is_failure = stored.crashes >= PASSING_TRIES
        if is_failure:
            await _tell_failure(context, stored, met.reason, NEXT_ACTION)
        change = partial(replace, crashes=stored.crashes + 1, not_before=until)
        change = partial(change, failure_told=stored.failure_told or is_failure)
        await context.intents.update([stored], change)
    await context.send(Ensure(target=intent.target), until)


async def put_aside_refused(context: Context, wanted: Sequence[Intent], refusals: Refusals) -> None:
    """Lets the intents wait that Graph refused, and wakes their target for them. They come last.

    If there were too many refusals, Hasten may not write at all. Then nothing wakes the target for
    the refused ones, and this raises the last error: TemporaryError while intents are left that
    were not tried.
    """
    asked = {i.key: i for i in wanted if i.wanted is not Wanted.IN_STEP}
    refused = [i for i in asked.values() if i.user in refusals.errors]
    if not refused:
        return
    for intent in await _read_again(context, refused):
        if intent.cause == asked[intent.key].cause:
            await _refused(context, intent, refusals)
    if not refusals.are_too_many:
        return
    last = refusals.last
    if isinstance(last, PermanentError) and not all(intent.crashes for intent in refused):
        raise TemporaryError(last.reason, NEXT_ONES_DELAY)
    if last is not None:
        raise last


async def _refused(context: Context, intent: Intent, refusals: Refusals) -> None:
    error, tries = refusals.errors[intent.user], intent.crashes + 1
    of_whom = {"target": intent.target, "group": intent.group, "user": intent.user}
    event = told(error, **of_whom, tries=tries)
    context.emit(event)
    is_of_user = isinstance(error, PermanentError) or not refusals.are_too_many
    is_failure = event.result == "refused" and is_of_user
    if is_failure:
        await _tell_failure(context, intent, error.reason, error.next_action)
    change = partial(replace, crashes=tries, refused=error.reason)
    change = partial(change, failure_told=intent.failure_told or is_failure)
    if not refusals.are_too_many:
        until = context.now() + max(_delay(error), context.backoff(tries))
        change = partial(change, not_before=until)
        await context.send(Ensure(target=intent.target), until)
    await context.intents.update([intent], change)


async def _tell_failure(context: Context, intent: Intent, reason: str, next_action: str) -> None:
    """Publishes once that the event of the intent is not carried out, since nobody knows whether
    one of the further tries will succeed. If one does, its end follows."""
    if not intent.failure_told:
        ending = Ending(State.FAILED, f"{reason}; Hasten tries again", next_action)
        await publish_endings(context, [(intent, ending)])


def _delay(error: Refusal) -> timedelta:
    return error.delay if isinstance(error, TemporaryError) else timedelta(0)


async def _read_again(context: Context, intents: Sequence[Intent]) -> list[Intent]:
    """Returns those of the intents that are still open, as they are stored now."""
    opened = {i.key: i for i in await context.intents.open_intents(intents[0].target)}
    return [opened[i.key] for i in intents if i.key in opened]
