"""Renews a lock while the block runs, as Azure's extension does. The SDK's own renewer cannot be
stopped: it would still renew while the link closes."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from emulator.functions.persistence import BROKEN, LOST, brief

logger = logging.getLogger("functions.service_bus")

Renew = Callable[[], Awaitable[datetime]]

LEAST_PAUSE = 0.2
"""Seconds between two attempts while the rest of a lock runs out."""


@asynccontextmanager
async def kept(
    renew: Renew, locked_until: datetime | None, *, give_up_at: datetime
) -> AsyncIterator[None]:
    """Renews the lock when half of its remaining time has passed, until `give_up_at`."""
    ended = asyncio.Event()
    until = locked_until or datetime.now(UTC)
    renewing = asyncio.create_task(_keep(renew, until, give_up_at, ended))
    try:
        yield
    finally:
        ended.set()
        await renewing


async def _keep(
    renew: Renew, locked_until: datetime, give_up_at: datetime, ended: asyncio.Event
) -> None:
    while (now := datetime.now(UTC)) < min(locked_until, give_up_at):
        pause = max((locked_until - now).total_seconds() / 2, LEAST_PAUSE)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), pause)
        if ended.is_set():
            return
        try:
            locked_until = await renew()
        except LOST as error:
            logger.warning("a lock is lost: %s", brief(error))
            return
        except BROKEN as error:
            logger.info("a lock is not yet renewed: %s", brief(error))
