"""A sequence is split into parts of a size, in order."""

import pytest

from hasten.chunks import chunks


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, []), (1, [1]), (3, [3]), (4, [3, 1]), (6, [3, 3]), (7, [3, 3, 1])]
)
def test_each_part_is_full_but_the_last(count: int, sizes: list[int]) -> None:
    items = list(range(count))

    found = [*chunks(items, 3)]

    assert [len(some) for some in found] == sizes
    assert [item for some in found for item in some] == items
