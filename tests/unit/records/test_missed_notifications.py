"""Notifications that should have come are counted until one is believed."""

from datetime import timedelta

import pytest

from hasten.ports.store import Put
from hasten.records import missed_notifications, signs
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


@pytest.mark.parametrize("of_group", [None, 1, 3])
@virtual
async def test_the_last_notification_about_a_group_is_known_beside_those_about_people(
    of_group: int | None,
) -> None:
    store = MemoryStore()
    if of_group is not None:
        await Signs(store, lambda: START + of_group * MINUTE).note(Sign.BELIEVED)
    people = Signs(store, lambda: START + 5 * MINUTE)

    await people.note(Sign.BELIEVED, is_of_group=False)

    assert await signs.load(store) == {Sign.BELIEVED: START + 5 * MINUTE}
    expected = None if of_group is None else START + of_group * MINUTE
    assert await signs.group_believed(store) == expected
    await people.note(Sign.BELIEVED)
    assert await signs.group_believed(store) == START + 5 * MINUTE


@virtual
async def test_an_older_version_saves_one_time_for_all_notifications() -> None:
    store = MemoryStore()
    place = (signs.SIGNS_COLLECTION, signs.SIGNS_PARTITION)
    await store.commit(*place, [Put(Sign.BELIEVED, {"at": START.isoformat()})])

    assert await signs.group_believed(store) == START
    await Signs(store, lambda: START + MINUTE).note(Sign.BELIEVED, is_of_group=False)
    assert await signs.group_believed(store) == START
