"""A lock is renewed for as long as a function runs, and no longer than was asked."""

import asyncio
from datetime import UTC, datetime, timedelta

from azure.servicebus.exceptions import ServiceBusConnectionError, SessionLockLostError

from emulator.functions.locks import LEAST_PAUSE, kept

LASTS = timedelta(seconds=4 * LEAST_PAUSE)


def later() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=1)


class Lock:
    """Fails as often as `errors` says, then is renewed."""

    def __init__(self, *errors: Exception) -> None:
        self.until = datetime.now(UTC) + LASTS
        self.asked = 0
        self._errors = list(errors)
        self.renewed = asyncio.Event()

    async def renew(self) -> datetime:
        self.asked += 1
        if self._errors:
            raise self._errors.pop(0)
        self.renewed.set()
        self.until = datetime.now(UTC) + LASTS
        return self.until


async def renewals_have_ended() -> None:
    """The task that `kept` started ends by itself, though the block goes on."""
    await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()})


async def test_a_lock_is_renewed_before_it_ends() -> None:
    lock = Lock()

    async with kept(lock.renew, lock.until, give_up_at=later()), asyncio.timeout(5):
        first = lock.until
        await lock.renewed.wait()
        renewed_at = datetime.now(UTC)

    assert renewed_at < first


async def test_a_lock_is_not_renewed_once_the_block_has_ended() -> None:
    lock = Lock()

    async with kept(lock.renew, lock.until, give_up_at=later()):
        pass

    assert lock.asked == 0


async def test_a_renewal_that_breaks_is_tried_again() -> None:
    lock = Lock(ServiceBusConnectionError())

    async with kept(lock.renew, lock.until, give_up_at=later()), asyncio.timeout(5):
        await lock.renewed.wait()

    assert lock.asked == 2


async def test_a_lock_that_is_lost_is_given_up() -> None:
    lock = Lock(SessionLockLostError(message="gone"))

    async with kept(lock.renew, lock.until, give_up_at=later()), asyncio.timeout(5):
        await renewals_have_ended()

    assert lock.asked == 1


async def test_a_lock_is_not_kept_for_longer_than_was_asked() -> None:
    lock = Lock()

    async with kept(lock.renew, lock.until, give_up_at=datetime.now(UTC)), asyncio.timeout(5):
        await renewals_have_ended()

    assert lock.asked == 0
