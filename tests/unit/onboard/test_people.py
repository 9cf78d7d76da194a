"""What is kept of each person, and for how long."""

from datetime import timedelta

import pytest

from hasten.domain.changes import Cause
from hasten.events.timeliness import LATEST_START
from hasten.records.people import LatestJoin, People, digest_of
from hasten.retention import forget_old
from tests.fakes.memory_store import MemoryStore
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

DAY = timedelta(days=1)


def joined(days_ago: float, event: str = "1") -> LatestJoin:
    return LatestJoin(time=now() - days_ago * DAY, cause=digest_of(Cause("/hr", event)))


@virtual
async def test_the_newest_event_that_brought_a_person_into_a_group_is_kept() -> None:
    people = People(MemoryStore())

    await people.join(TOTAL, ENGINEERING, [user(1)], joined(1, "newer"))
    await people.join(TOTAL, ENGINEERING, [user(1)], joined(2, "older"))
    known = await people.join(TOTAL, ADMIN, [user(1)], joined(3, "other"))

    causes = {group: event.cause for group, event in known[user(1)].joined.items()}
    assert causes == {
        ENGINEERING: digest_of(Cause("/hr", "newer")),
        ADMIN: digest_of(Cause("/hr", "other")),
    }
    assert known[user(1)] == await people.find(TOTAL, user(1))


@virtual
async def test_the_newest_leaving_is_kept() -> None:
    people = People(MemoryStore())

    await people.leave(TOTAL, [user(1)], now())
    known = await people.leave(TOTAL, [user(1)], now() - DAY)

    assert known[user(1)].left_at == now()


@pytest.mark.parametrize(
    ("left", "rejoined", "is_kept"),
    [(180, None, False), (170, None, True), (180, 176, True), (None, 180, True)],
)
def test_a_person_who_left_long_ago_and_joined_nothing_since_is_forgotten(
    left: int | None, rejoined: int | None, *, is_kept: bool
) -> None:
    @virtual
    async def run() -> None:
        world = World()
        await world.is_discovered()
        people = People(world.store)
        if left:
            await people.join(TOTAL, ENGINEERING, [user(1)], joined(left + 1))
            await people.leave(TOTAL, [user(1)], now() - left * DAY)
        if rejoined:
            await people.join(TOTAL, ENGINEERING, [user(1)], joined(rejoined))

        await forget_old(world.context)

        assert (await people.find(TOTAL, user(1)) is not None) is is_kept

    assert timedelta(days=170) < LATEST_START < timedelta(days=176)
    run()
