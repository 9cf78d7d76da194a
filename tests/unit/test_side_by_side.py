"""Work on many items runs side by side, up to a limit."""

import asyncio

import pytest

from hasten.side_by_side import side_by_side
from tests.support.virtual_time import now, virtual


@virtual
async def test_results_keep_the_order_of_the_items_and_the_limit_holds() -> None:
    running, most = 0, 0

    async def work(item: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(10 - item)
        running -= 1
        return item * item

    began = now()
    found = await side_by_side(work, range(6), 3)

    assert found == [item * item for item in range(6)]
    assert most == 3
    assert (now() - began).total_seconds() < sum(10 - item for item in range(6))


@virtual
async def test_an_error_of_one_surfaces_and_the_others_go_on() -> None:
    done: list[int] = []

    async def work(item: int) -> None:
        if item == 0:
            raise ValueError(str(item))
        await asyncio.sleep(1)
        done.append(item)

    with pytest.raises(ValueError, match="0"):
        await side_by_side(work, range(3), 3)
    await asyncio.sleep(2)

    assert done == [1, 2]
