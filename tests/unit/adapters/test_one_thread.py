"""Work in one thread: in order, together, and with its errors."""

import asyncio
import threading

import pytest

from hasten.adapters.store.one_thread import OneThread


async def test_work_is_done_in_the_order_in_which_it_is_asked_for() -> None:
    thread, done = OneThread("test"), list[int]()

    await asyncio.gather(*(thread.run(lambda n=n: done.append(n)) for n in range(20)))  # type: ignore[misc]

    thread.close()
    assert done == list(range(20))


async def test_all_work_is_done_by_one_thread_that_is_not_the_callers() -> None:
    thread = OneThread("test")

    ran = await asyncio.gather(*(thread.run(threading.get_ident) for _ in range(3)))
    ran.append(await thread.run(threading.get_ident))

    thread.close()
    assert len(set(ran)) == 1
    assert threading.get_ident() not in ran


async def test_an_error_reaches_its_caller_and_no_other() -> None:
    thread = OneThread("test")

    def fails() -> int:
        raise KeyError("mine")

    first, second, third = await asyncio.gather(
        thread.run(lambda: 1), thread.run(fails), thread.run(lambda: 3), return_exceptions=True
    )

    thread.close()
    assert (first, third) == (1, 3)
    assert isinstance(second, KeyError)


async def test_work_of_a_cancelled_caller_is_left_out_before_it_begins() -> None:
    thread, may_end, done = OneThread("test"), threading.Event(), list[str]()
    first = asyncio.create_task(thread.run(may_end.wait))
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # the first is handed over
    second = asyncio.create_task(thread.run(lambda: done.append("second")))
    third = asyncio.create_task(thread.run(lambda: done.append("third")))
    await asyncio.sleep(0)
    second.cancel()
    may_end.set()

    await asyncio.gather(first, second, third, return_exceptions=True)

    thread.close()
    assert done == ["third"]


async def test_work_for_a_thread_that_has_ended_is_refused() -> None:
    thread = OneThread("test")
    thread.close()

    with pytest.raises(RuntimeError):
        await thread.run(lambda: 1)


def test_the_work_of_an_event_loop_that_ended_holds_up_no_other() -> None:
    thread = OneThread("test")

    async def leave() -> None:
        asyncio.create_task(thread.run(lambda: 1))  # noqa: RUF006 - nobody waits for it

    asyncio.run(leave())

    assert asyncio.run(thread.run(lambda: 2)) == 2
    thread.close()
