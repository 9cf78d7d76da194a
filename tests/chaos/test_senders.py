"""The senders of a storm post over the real API, and what it answers wrongly is found."""

from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from emulator.graph.seed import TOTAL_ENGINEERING
from tests.chaos import senders as posting
from tests.chaos.senders import Senders, taken_though_refused
from tests.chaos.targets import POLICY
from tests.simulation.upstream import ONBOARD, PROVISION
from tests.simulation.world import TARGET, World, newcomers, simulated
from tests.support.virtual_time import now, virtual

ALLOWS = TARGET.model_copy(update={"groups": POLICY})
GROUP = {"id": TOTAL_ENGINEERING}
EVENTS = 12
"""More than forms and callers."""


@pytest.fixture(autouse=True)
def by_api(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "BY_API", 1.0)


def sending(world: World) -> Senders:
    return Senders(world, Random(1), Counter())


@virtual
async def test_events_are_posted_in_every_form_until_a_host_has_taken_them() -> None:
    async with simulated(targets=(ALLOWS,)) as world:
        senders, users = sending(world), newcomers(EVENTS)
        world.hosts[0].kill()
        for user in users:
            await senders.post(ONBOARD, time=now(), users=[{"id": user}], group=GROUP)
        await world.passes(timedelta(minutes=1))
        world.hosts[0].start()
        await senders.are_done()
        await world.until(world.is_in_step)
        await world.passes(timedelta(minutes=2))

        assert senders.false == []
        assert set(users) <= world.tenant.directory.groups[TOTAL_ENGINEERING].members.keys()


@virtual
async def test_an_event_that_the_api_refuses_or_that_the_history_lacks_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with simulated(targets=(ALLOWS,)) as world:
        senders, [user] = sending(world), newcomers(1)
        await senders.post(PROVISION, time=now(), users=[{"id": user}], target="unknown")
        await senders.are_done()
        [line] = senders.false
        assert "was answered 400" in line

        monkeypatch.setattr(world.store, "partitions", lambda _: [])
        await senders.post(PROVISION, time=now(), users=[{"id": user}])
        await senders.are_done()
        assert "the history does not have it" in senders.false[-1]


@virtual
async def test_nonsense_that_is_taken_is_found() -> None:
    async with simulated(targets=(ALLOWS,)) as world:
        senders, [user] = sending(world), newcomers(1)
        await senders.post_nonsense(PROVISION)
        await senders.are_done()
        assert senders.false == []
        assert list(taken_though_refused(world, senders)) == []

        body = await world.upstream.post(ONBOARD, users=[{"id": user}], group=GROUP)
        await world.passes(timedelta(seconds=30))
        senders.refused.add("event-2")
        assert b"event-2" in body
        assert list(taken_though_refused(world, senders))
