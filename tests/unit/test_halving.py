"""An unexpected exception about some items of a batch hurts these items only."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hasten.errors import Conflict
from hasten.halving import halved


@given(size=st.integers(0, 40), data=st.data())
def test_every_other_item_gets_its_result_in_order_and_the_broken_ones_come_alone(
    size: int, data: st.DataObject
) -> None:
    batch = list(range(size))
    broken = data.draw(st.sets(st.sampled_from(batch))) if batch else set()
    met: list[tuple[int, str]] = []

    async def work(part: Sequence[int]) -> Sequence[int]:
        if bad := broken & {*part}:
            raise KeyError(min(bad))
        return [2 * item for item in part]

    async def alone(item: int, error: Exception) -> None:
        met.append((item, str(error)))

    found = asyncio.run(halved(batch, work, alone, expected=(Conflict,)))

    assert found == [2 * item for item in batch if item not in broken]
    assert met == [(item, str(item)) for item in batch if item in broken]


@pytest.mark.parametrize("batch", [[], [1], [1, 2, 3]])
def test_an_expected_exception_says_nothing_about_an_item(batch: list[int]) -> None:
    tried: list[Sequence[int]] = []

    async def work(part: Sequence[int]) -> Sequence[int]:
        tried.append(part)
        raise Conflict("a row")

    async def alone(item: int, error: Exception) -> None:
        raise AssertionError(item, error)

    with pytest.raises(Conflict):
        asyncio.run(halved(batch, work, alone, expected=(Conflict,)))
    assert tried == [batch]


def test_an_exception_about_no_item_is_raised() -> None:
    async def work(part: Sequence[int]) -> Sequence[int]:
        raise KeyError(len(part))

    async def alone(item: int, error: Exception) -> None:
        raise AssertionError(item, error)

    with pytest.raises(KeyError):
        asyncio.run(halved([], work, alone, expected=(Conflict,)))
