import asyncio
import contextlib

import pytest

from emulator.functions.cancelling import cancellable
from tests.support.virtual_time import virtual


@virtual
async def test_work_that_loses_a_cancellation_is_cancelled_again() -> None:
    lost = 0

    async def work() -> None:
        nonlocal lost
        while lost < 3:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
                continue
            lost += 1
        await asyncio.sleep(60)

    caller = asyncio.create_task(cancellable(work()))
    await asyncio.sleep(1)
    caller.cancel()
    await asyncio.wait({caller}, timeout=10)

    assert caller.cancelled()
    assert lost == 3


@virtual
async def test_a_cancelled_caller_needs_no_error_of_the_work() -> None:
    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise OSError

    caller = asyncio.create_task(cancellable(work()))
    await asyncio.sleep(1)
    caller.cancel()

    with pytest.raises(asyncio.CancelledError):
        await caller


@virtual
async def test_results_and_errors_of_the_work_are_those_of_the_caller() -> None:
    async def answers() -> int:
        return 7

    async def fails() -> None:
        raise OSError

    assert await cancellable(answers()) == 7
    with pytest.raises(OSError):  # noqa: PT011 - any
        await cancellable(fails())
