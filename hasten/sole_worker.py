"""Works for a target alone: under a lease that shows that the worker lives, and round after round
while wakes leave marks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

from hasten.context import Context
from hasten.errors import Conflict, PermanentError, TemporaryError
from hasten.messages import TargetMessage
from hasten.records.lease import Displaced, Lease, acquire
from hasten.records.lease_record import BEAT_INTERVAL, WokenBy, WorkKind

MAX_WORK_TIME = timedelta(minutes=4)
"""Maximum time of one worker, far below the function timeout of host.json. It then ends and wakes
another."""

LEASE_RETRY_DELAY = timedelta(seconds=2)

Round = Callable[[Lease, datetime], Awaitable[bool]]
"""Takes the mark of the lease, reads the work and does it until the given time. Returns whether it
left work that is due now."""


async def work_alone(
    context: Context,
    wake: TargetMessage,
    kind: WorkKind,
    work: Round,
    *,
    by: WokenBy = WokenBy.MESSAGE,
    longest: timedelta = MAX_WORK_TIME,
) -> bool:
    """Returns False when another worker of the target lives: it finds a mark and does the work.

    Raises Displaced, and what `work` raises in its last round. A bug ends the work at once.
    """
    lease = await acquire(
        context.store,
        wake.target,
        kind,
        owner=context.new_id(),
        now=context.now,
        by=by,
    )
    if lease is None:
        held = context.holding.get((wake.target, kind))
        if held is not None:
            held.marked.set()
        return False
    until = context.now() + longest
    async with _beating(context, lease):
        while True:
            error, is_left = await _round(lease, until, work)
            is_over = is_left or context.now() >= until
            if await lease.release(although_marked=is_over):
                break
    if error is not None:
        raise error
    if lease.record.is_marked or (is_left and by is not WokenBy.STAND_IN):
        await context.send(type(wake)(target=wake.target))
    return True


@asynccontextmanager
async def alone(
    context: Context, wake: TargetMessage, kind: WorkKind, *, by: WokenBy, patience: timedelta
) -> AsyncIterator[Lease]:
    """Holds the lease for work that answers no wake: one that comes meanwhile is sent again.

    Raises TemporaryError when another worker of the target has not ended within `patience`, or took
    over.
    """
    lease = await _acquired(context, wake.target, kind, by, context.now() + patience)
    try:
        async with _beating(context, lease):
            try:
                yield lease
            except (Exception, asyncio.CancelledError):
                with suppress(Exception):  # the error of the work is what must surface
                    await _let_go(context, wake, lease)
                raise
            await _let_go(context, wake, lease)
    except Displaced as error:
        raise TemporaryError("another worker of the target took over", LEASE_RETRY_DELAY) from error


async def _let_go(context: Context, wake: TargetMessage, lease: Lease) -> None:
    await lease.release(although_marked=True)
    if lease.record.is_marked:
        await context.send(type(wake)(target=wake.target))


async def _acquired(
    context: Context, target: str, kind: WorkKind, by: WokenBy, until: datetime
) -> Lease:
    while True:
        try:
            lease = await acquire(
                context.store, target, kind, owner=context.new_id(), now=context.now, by=by
            )
        except TemporaryError:
            if context.now() >= until:
                raise
            lease = None
        if lease is not None:
            return lease
        if context.now() >= until:
            raise TemporaryError("another worker of the target is at work", LEASE_RETRY_DELAY)
        await asyncio.sleep(LEASE_RETRY_DELAY.total_seconds())


async def _round(
    lease: Lease, until: datetime, work: Round
) -> tuple[TemporaryError | PermanentError | None, bool]:
    """An error does not keep those waiting who left a mark meanwhile."""
    try:
        return None, await work(lease, until)
    except (TemporaryError, PermanentError) as error:
        return error, False
    except Displaced:
        raise
    except Exception:
        with suppress(Exception):  # the bug is what must surface
            await lease.release(although_marked=True)
        raise


@asynccontextmanager
async def _beating(context: Context, lease: Lease) -> AsyncIterator[None]:
    name = (lease.target, lease.kind)
    context.holding[name] = lease
    beats = asyncio.create_task(_beat(lease))
    try:
        yield
    finally:
        beats.cancel()
        if context.holding.get(name) is lease:
            del context.holding[name]
        if beats.done():
            beats.result()


async def _beat(lease: Lease) -> None:
    """A store that refuses a beat may take the next one. A bug surfaces when the work has ended."""
    while True:
        await asyncio.sleep(BEAT_INTERVAL.total_seconds())
        try:
            await lease.beat()
        except (TemporaryError, PermanentError, Conflict):
            continue
        except Displaced:
            return  # the worker learns it when it is to act next
