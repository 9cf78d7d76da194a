"""Where Hasten met an exception that nobody expected."""

from datetime import timedelta

from hasten.records import crashes
from tests.support.virtual_time import now, virtual
from tests.support.world import World


@virtual
async def test_each_exception_of_a_place_counts_one_more_and_the_last_reason_stays() -> None:
    world, first = World(), now()
    await crashes.note(world.store, "ensure", "KeyError", first)

    assert [one.times for one in await crashes.load_all(world.store)] == [1]

    later = first + timedelta(minutes=5)
    await crashes.note(world.store, "ensure", "ValueError", later)

    [known] = await crashes.load_all(world.store)
    assert known == crashes.Crash(
        where="ensure", reason="ValueError", first_at=first, last_at=later, times=2
    )
