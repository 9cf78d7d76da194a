"""Notifications that should have come are counted until one is believed."""

from datetime import timedelta

import pytest

from hasten.records import missed_notifications
from hasten.records.missed_notifications import Missed
from hasten.records.signs import Sign, Signs
from tests.fakes.memory_store import MemoryStore
from tests.support.virtual_time import START, virtual

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("believed", "first", "times"), [(None, 0, 3), (-1, 0, 3), (0, 2, 1), (1, 2, 1)]
)
@virtual
async def test_misses_are_counted_from_the_first_since_a_notification_was_believed(
    believed: int | None, first: int, times: int
) -> None:
    store = MemoryStore()
    assert await missed_notifications.load(store) is None
    for minutes in (0, 1):
        await missed_notifications.note(store, START + minutes * MINUTE)
    if believed is not None:
        await Signs(store, lambda: START + believed * MINUTE).note(Sign.BELIEVED)

    await missed_notifications.note(store, START + 2 * MINUTE)

    assert await missed_notifications.load(store) == Missed(
        first_at=START + first * MINUTE, last_at=START + 2 * MINUTE, times=times
    )
