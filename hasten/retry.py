"""Decides what happens to a message after each of the two exceptions."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

from hasten.domain.settlement import Backoff
from hasten.errors import PermanentError, TemporaryError
from hasten.messages import Retriable
from hasten.ports.bus import Bus
from hasten.ports.clock import NewId, Now
from hasten.ports.telemetry import Emit
from hasten.telemetry.operate import MessageGivenUp, MessagePostponed

M = TypeVar("M", bound=Retriable)


@dataclass(frozen=True, slots=True)
class Retrying:
    bus: Bus
    emit: Emit
    now: Now
    new_id: NewId
    backoff: Backoff

    async def run(self, work: Callable[[M], Awaitable[None]], message: M) -> None:
        """Runs `work` and returns when the message may be completed.

        Before it returns after a TemporaryError, it sends a scheduled copy, so nothing is lost in
        between. After a PermanentError the rows and the cursor stay unchanged, and the timers try
        again.
        """
        try:
            await work(message)
        except TemporaryError as error:
            again = message.tried_again()
            if message.most_tries is not None and again.tries > message.most_tries:
                self.emit(_postponed("left_to_timer", again, error))
                return
            at = self.now() + max(error.delay, self.backoff(again.tries))
            await self.bus.send(again.queue, [again.message(self.new_id(), at)])
            self.emit(_postponed("postponed", again, error))
        except PermanentError as error:
            self.emit(
                MessageGivenUp(
                    queue=message.queue, reason=error.reason, next_action=error.next_action
                )
            )


def _postponed(
    result: Literal["postponed", "left_to_timer"], message: Retriable, error: TemporaryError
) -> MessagePostponed:
    return MessagePostponed(
        result=result, queue=message.queue, tries=message.tries, reason=error.reason
    )
