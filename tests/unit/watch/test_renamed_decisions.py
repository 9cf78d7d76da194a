"""An operator stops or starts a target around the time at which it gets a new name."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from hasten.errors import Conflict
from hasten.messages import Wake
from hasten.operate.stop import start, stop
from hasten.ports.store import Put
from hasten.provision.drain import drain
from hasten.records import stops
from hasten.records.stops import BY_SWEEP, StopRecord
from hasten.targets import Target
from hasten.watch.hand_over import LEFT_LATELY
from hasten.watch.look import look
from hasten.watch.sweep import sweep
from tests.support.looking import a_look
from tests.support.renaming import MEMBER, MISTAKEN, NEW, OLD, known, of
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL
from tests.unit.watch.test_another_app import WIKI, has_wiki


@virtual
async def test_the_newest_decision_of_an_operator_counts_under_any_name() -> None:
    world = await known()
    world.directory.leave(ENGINEERING, MEMBER)
    await look(of(world, OLD), a_look())
    await stop(of(world, OLD), TOTAL, by="Ada", reason="an audit")
    await sweep(of(world, NEW))
    await drain(of(world, NEW), Wake(target="NEW"))
    assert not world.directory.calls

    await asyncio.sleep(60)
    await start(of(world, NEW), "NEW", by="Ada", reason="it is over")
    for target in (NEW, OLD):
        await sweep(of(world, target))
        assert await stops.of_target(world.store, target.name) is None
    await drain(of(world, OLD), Wake(target=TOTAL))
    assert [call.users for call in world.directory.calls] == [(MEMBER,)]


@pytest.mark.parametrize("there", [[NEW], [OLD, NEW]], ids=["before its sweep", "beside the first"])
@pytest.mark.parametrize("sweeps", [1, 2])
@virtual
async def test_a_stop_of_the_new_name_outlives_an_older_start_of_the_old_one(
    there: list[Target], sweeps: int
) -> None:
    world = await known()
    await start(of(world, OLD), TOTAL, by="Ada", reason="an audit is over")
    await asyncio.sleep(60)
    if OLD in there:
        await sweep(of(world, *there))
    await stop(of(world, *there), "NEW", by="Ada", reason="not before I have looked")
    await asyncio.sleep(60)

    for _ in range(sweeps):
        await sweep(of(world, NEW))
        held = await stops.of_target(world.store, "NEW")
        assert held is not None
        assert held.reason == "not before I have looked"


@pytest.mark.parametrize("fails", [False, True], ids=["first sweep", "after one that fails"])
@pytest.mark.parametrize("waits", [1, 1200])
@virtual
async def test_a_start_of_the_new_name_outlives_an_older_stop_of_the_old_one(
    waits: int,
    fails: bool,  # noqa: FBT001 - a case
) -> None:
    world = await known()
    await stop(of(world, OLD), TOTAL, by="Ada", reason="an audit")
    await asyncio.sleep(60)
    await start(of(world, NEW), "NEW", by="Ada", reason="it is over")
    await asyncio.sleep(waits)
    if fails:
        await sweep(of(world, MISTAKEN))

    for target in (NEW, NEW, OLD):
        await sweep(of(world, target))
        assert await stops.of_target(world.store, target.name) is None


@virtual
async def test_a_stop_outlives_what_a_sweep_has_decided_about_the_new_name() -> None:
    world = await known()
    await stop(of(world, OLD), TOTAL, by="Ada", reason="an audit")
    await asyncio.sleep(60)
    decision = StopRecord(target="NEW", is_stop=False, by=BY_SWEEP, reason="as before", at=now())
    await stops.save(world.store, decision)

    await sweep(of(world, NEW))

    held = await stops.of_target(world.store, "NEW")
    assert held is not None
    assert held.reason == "an audit"


@virtual
async def test_no_decision_stays_with_a_name_that_another_app_may_have() -> None:
    world = await known()
    await stop(of(world, OLD), TOTAL, by="Ada", reason="an audit")
    await sweep(of(world, NEW))
    assert {one.target for one in await stops.load_all(world.store)} == {TOTAL, "NEW"}

    await asyncio.sleep(LEFT_LATELY.total_seconds())
    await sweep(of(world, NEW))

    assert {one.target for one in await stops.load_all(world.store)} == {"NEW"}


@virtual
async def test_a_decision_stays_with_a_name_that_is_back() -> None:
    world = await known()
    await sweep(of(world, NEW))
    await asyncio.sleep(60)
    await stop(of(world, NEW), "NEW", by="Ada", reason="an audit")

    for _ in range(2):
        await sweep(of(world, OLD))
        await asyncio.sleep(LEFT_LATELY.total_seconds())

    assert [one.target for one in await stops.load_all(world.store)] == [TOTAL]


@pytest.mark.parametrize("read", range(4))
@virtual
async def test_a_decision_that_is_taken_while_an_older_one_moves_counts(read: int) -> None:
    world = await known()
    await start(of(world, OLD), TOTAL, by="Ada", reason="an audit is over")
    await asyncio.sleep(60)
    scan, reads = world.store.scan, iter(range(read + 1))

    async def scanning(collection: str, *place: Any, **by: Any) -> Any:
        documents = await scan(collection, *place, **by)
        if collection == stops.STOPS_COLLECTION and next(reads) == read:
            world.store.scan = scan  # type: ignore[method-assign]
            await stop(of(world, NEW), "NEW", by="Ada", reason="not before I have looked")
        return documents

    world.store.scan = scanning  # type: ignore[method-assign]
    with suppress(Conflict):
        await sweep(of(world, NEW))
    await sweep(of(world, NEW))

    assert await stops.of_target(world.store, "NEW") is not None


@virtual
async def test_a_decision_that_cannot_be_read_stays_a_stop() -> None:
    world = await known()
    await start(of(world, OLD), TOTAL, by="Ada", reason="an audit is over")
    place = (stops.STOPS_COLLECTION, stops.STOPS_PARTITION)
    await world.store.commit(*place, [Put("NEW", {"garbled": True})])

    await sweep(of(world, NEW))

    assert await stops.of_target(world.store, "NEW") is not None


@virtual
async def test_an_older_start_ends_no_stop_of_a_name_that_is_another_app_now() -> None:
    world = await known()
    has_wiki(world)
    await start(of(world, OLD), TOTAL, by="Ada", reason="an audit is over")
    await sweep(of(world, NEW))

    for _ in range(2):
        await asyncio.sleep(60)
        await sweep(of(world, Target(name="NEW", display_name=WIKI)))
        assert await stops.of_target(world.store, "NEW") is not None


@virtual
async def test_a_decision_about_the_next_use_of_a_name_stays() -> None:
    world = await known()
    has_wiki(world)
    await sweep(of(world, NEW))
    await asyncio.sleep(60)
    context = of(world, NEW, Target(name=TOTAL, display_name=WIKI))
    await stop(context, TOTAL, by="Ada", reason="not before I have looked")
    await asyncio.sleep(LEFT_LATELY.total_seconds())

    await sweep(of(world, NEW))

    assert await stops.of_target(world.store, TOTAL) is not None
