"""Decides what happens to a message whose work does not succeed: after each of the two exceptions,
after a lost race, and after an exception that nobody expected."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from hasten.context import Context
from hasten.domain.unexpected import Unexpected
from hasten.errors import Conflict, PermanentError, TemporaryError
from hasten.limits import REDELIVERY_PAUSE
from hasten.messages import CRASHES, Retriable
from hasten.ports.bus import Message, Received
from hasten.records import crashes
from hasten.stray_end import no_stray_end
from hasten.telemetry.work import MessageCrashed, MessageGivenUp, MessagePostponed

MAX_CRASHES = 10
"""Tries before Service Bus dead-letters the message. The nine pauses between them take ten minutes
at least (hasten/backoff.py)."""

LOST_RACE_DELAY = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Retrying:
    context: Context

    async def run(
        self,
        received: Received,
        parse: Callable[[Received], Retriable],
        work: Callable[[Any], Awaitable[object]],
    ) -> None:
        """Parses the message, runs `work` and returns when the message may be completed.

        Before it returns after an error, it sends a copy for later, so nothing is lost in between.
        After a PermanentError the rows and the cursor stay unchanged, and the timers try again. An
        unexpected exception is reported at once, and raised after the last of MAX_CRASHES tries. If
        no copy can be sent, this raises after REDELIVERY_PAUSE.
        """
        message, error = await _tried(received, parse, work)
        if error is None:
            return
        async with self._not_at_once():
            may_be_completed = await self._settled(received, message, error)
        if not may_be_completed:
            raise error

    @asynccontextmanager
    async def _not_at_once(self) -> AsyncIterator[None]:
        """Raises no sooner than REDELIVERY_PAUSE after it began, because Service Bus delivers the
        message again at once. What broke the work may break its handling as well."""
        until = self.context.now() + REDELIVERY_PAUSE
        try:
            with no_stray_end():
                yield
        except Exception:
            await asyncio.sleep(max(0.0, (until - self.context.now()).total_seconds()))
            raise

    async def _settled(
        self, received: Received, message: Retriable | None, error: Exception
    ) -> bool:
        """Returns whether the message may be completed."""
        if message is None:
            return await self._crashed(received, None, error)
        match error:
            case TemporaryError():
                await self._postpone(message, error)
            case Conflict():
                await self._postpone(message, TemporaryError(str(error), LOST_RACE_DELAY))
            case PermanentError(reason=reason, next_action=next_action):
                self.context.emit(
                    MessageGivenUp(queue=received.queue, reason=reason, next_action=next_action)
                )
            case _:
                return await self._crashed(received, message, error)
        return True

    async def _postpone(self, message: Retriable, error: TemporaryError) -> None:
        again = message.tried_again()
        if _is_left_to_timer(message, again.tries):
            self.context.emit(_postponed("left_to_timer", again, error))
            return
        at = self.context.now() + max(error.delay, self.context.backoff(again.tries))
        await self._send(again.queue, again.message(self.context.new_id(), at))
        self.context.emit(_postponed("postponed", again, error))

    async def _crashed(
        self, received: Received, message: Retriable | None, error: Exception
    ) -> bool:
        """Returns whether the message may be completed: another try comes after a growing pause, or
        with the next tick of a timer."""
        context, times = self.context, _crashes(received) + 1
        met = Unexpected.of(error)
        context.emit(
            MessageCrashed(queue=received.queue, tries=times, reason=met.reason, trace=met.trace)
        )
        await crashes.note(context.store, received.queue, met.reason, context.now())
        if message is not None and _is_left_to_timer(message, times):
            return True
        if times >= MAX_CRASHES:
            return False
        at = context.now() + context.backoff(times)
        copy = _copy(received, message, Message(message_id=context.new_id(), at=at))
        properties = {**copy.properties, CRASHES: str(times)}
        await self._send(received.queue, replace(copy, properties=properties))
        return True

    async def _send(self, queue: str, message: Message) -> None:
        """Sends the copy. If the store cannot keep it, Hasten waits here and sends it at once. If
        Service Bus cannot take it either, Service Bus delivers the message again."""
        try:
            await self.context.bus.send(queue, [message])
        except Exception:  # noqa: BLE001 - the store may have broken the work too
            await asyncio.sleep(REDELIVERY_PAUSE.total_seconds())
            await self.context.bus.send(queue, [replace(message, at=None)])


async def _tried(
    received: Received,
    parse: Callable[[Received], Retriable],
    work: Callable[[Any], Awaitable[object]],
) -> tuple[Retriable | None, Exception | None]:
    """Returns the message, unless it cannot be parsed, and the error that ended the work."""
    message: Retriable | None = None
    try:
        with no_stray_end():
            message = parse(received)
            await work(message)
    except Exception as error:  # noqa: BLE001 - its caller decides
        return message, error
    return message, None


def _is_left_to_timer(message: Retriable, tries: int) -> bool:
    return message.most_tries is not None and tries > message.most_tries


def _crashes(received: Received) -> int:
    """Any producer can write this property."""
    given = received.properties.get(CRASHES) or received.properties.get(CRASHES.encode()) or ""
    text = given.decode("ascii", "replace") if isinstance(given, bytes) else str(given)
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 2 else 0  # noqa: PLR2004 - far more than MAX_CRASHES


def _copy(received: Received, message: Retriable | None, envelope: Message) -> Message:
    """Returns the message to send again; as it came, if it could not be parsed."""
    if message is not None:
        return message.tried_again().message(envelope.message_id, envelope.at)
    return replace(envelope, raw=received.body, content_type=received.content_type)


def _postponed(
    result: Literal["postponed", "left_to_timer"], message: Retriable, error: TemporaryError
) -> MessagePostponed:
    return MessagePostponed(
        result=result, queue=message.queue, tries=message.tries, reason=error.reason
    )
