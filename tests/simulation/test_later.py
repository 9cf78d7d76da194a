"""What lies ahead waits in the store: no queue's scheduled messages hide its work, and everything
comes at its time."""

from datetime import timedelta

import pytest

from emulator.graph.options import GraphOptions
from emulator.graph.seed import TOTAL_ENGINEERING
from emulator.servicebus.scaling import PEEKED
from hasten.domain.changes import FoundBy
from hasten.messages import Ensure, Look, Wake
from hasten.policy import GroupPolicy
from hasten.ports.bus import ONBOARDING_EVENTS, Message
from hasten.targets import Target
from tests.simulation.faults import CALM, Rates
from tests.simulation.upstream import OFFBOARD, ONBOARD
from tests.simulation.world import World, newcomers, simulated
from tests.support.virtual_time import now, virtual

ENGINEERING = "TOTAL-Engineering"
GROUP = {"name": ENGINEERING}
POLICY = Target(name="TOTAL", display_name="TOTAL", groups=(GroupPolicy(name=ENGINEERING),))
STARTS = 30
ROUGH = Rates(
    store_conflict=0.02,
    store_before=0.02,
    store_after=0.02,
    bus_before=0.02,
    bus_after=0.02,
    graph_throttled=0.1,
    graph_unavailable=0.05,
    not_settled=0.02,
)


def members(world: World) -> set[str]:
    return set(world.tenant.directory.groups[TOTAL_ENGINEERING].members)


def most_scheduled(world: World) -> int:
    return max(world.bus.most_scheduled.values(), default=0)


@pytest.mark.parametrize("rates", [CALM, ROUGH], ids=["calm", "rough"])
def test_a_storm_with_starts_ends_and_retries_never_schedules_as_much_as_the_scaler_peeks_at(
    rates: Rates,
) -> None:
    @virtual
    async def run() -> None:
        options = GraphOptions.kind(users=300 + STARTS)
        async with simulated(3, hosts=3, rates=rates, targets=(POLICY,), graph=options) as world:
            joiners = newcomers(STARTS, 300)
            for number, user in enumerate(joiners):
                start = now() + timedelta(seconds=20 + 7 * number)
                end = start + timedelta(minutes=12)
                await world.upstream.post(
                    ONBOARD,
                    users=[{"id": user}],
                    group=GROUP,
                    startAt=start.isoformat(),
                    endAt=end.isoformat(),
                )

            await world.passes(timedelta(minutes=10))
            world.calm()
            await world.until(lambda: set(joiners) <= members(world))
            await world.passes(timedelta(minutes=10))
            await world.until(world.is_quiet)
            await world.until(world.is_in_step)

            assert not set(joiners) & members(world)
            assert 0 < most_scheduled(world) < PEEKED
            assert not world.bus.dead_letters()

    run()


@virtual
async def test_a_start_and_an_end_come_within_seconds_of_their_time() -> None:
    async with simulated(targets=(POLICY,)) as world:
        [user] = newcomers(1)
        start, end = now() + timedelta(hours=1, seconds=17), now() + timedelta(hours=2, seconds=41)
        await world.upstream.post(
            ONBOARD,
            users=[{"id": user}],
            group=GROUP,
            startAt=start.isoformat(),
            endAt=end.isoformat(),
        )

        await world.passes(start - now() - timedelta(seconds=1))
        assert user not in members(world)
        await world.until(lambda: user in members(world))
        assert now() - start < timedelta(seconds=5)
        assert not world.bus.scheduled()
        await world.passes(end - now() - timedelta(seconds=1))
        assert user in members(world)
        await world.until(lambda: user not in members(world))
        assert now() - end < timedelta(seconds=5)


@virtual
async def test_what_an_older_version_has_scheduled_is_still_carried_out_or_overtaken() -> None:
    """The queues keep the messages that it scheduled; they arrive at their times."""
    async with simulated(targets=(POLICY,)) as world:
        first, second = newcomers(2)
        start = now() + timedelta(minutes=10)
        for user in (first, second):
            body = await world.upstream.post(
                ONBOARD, users=[{"id": user}], group=GROUP, startAt=start.isoformat()
            )
            old = Message(
                raw=body,
                message_id=f"old {user}",
                at=start,
                content_type="application/cloudevents+json",
                properties={"hastenTries": "0", "hastenMessageId": "posted-1"},
            )
            await world.bus.send(ONBOARDING_EVENTS, [old])
        retried: list[Wake | Ensure | Look] = [
            Wake(target="TOTAL", tries=1),
            Ensure(target="TOTAL", tries=2),
            Look(group=TOTAL_ENGINEERING, noticed_at=now(), found_by=FoundBy.NOTIFICATION, looks=1),
        ]
        for message in retried:
            later = now() + timedelta(minutes=3)
            await world.bus.send(message.queue, [message.message("old", later)])
        await world.passes(timedelta(minutes=2))

        await world.upstream.post(OFFBOARD, users=[{"id": second}])
        await world.passes(timedelta(minutes=12))
        await world.until(world.is_quiet)

        assert first in members(world)
        assert second not in members(world)
        assert not world.bus.dead_letters()
