"""A trigger of Service Bus that has stopped stops nobody: the timers do its work."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest

from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING, object_id
from hasten.operate.health import app_health
from hasten.policy import Allowance, GroupPolicy
from hasten.ports.bus import DIRECTORY_CHANGES, ENSURE, ONBOARDING_EVENTS, PROVISIONING
from hasten.targets import Target
from tests.simulation.measuring import Measured
from tests.simulation.oracle import active
from tests.simulation.table import QUEUES
from tests.simulation.upstream import OFFBOARD, ONBOARD
from tests.simulation.world import World, newcomers, simulated
from tests.support.virtual_time import now, virtual

LEAVER = object_id("user/20")
OTHER = object_id("user/21")
OPEN = Target(
    name="TOTAL",
    display_name="TOTAL",
    direct=Allowance.ALLOW,
    groups=(GroupPolicy(id=UUID(TOTAL_ENGINEERING)),),
)
SECONDS = (1, 16, 31, 46, 59) if os.environ.get("HASTEN_STORM") else (16, 59)
"""At which the listeners die. `make chaos` tries all five."""

REVOKED, GRANTED = timedelta(minutes=2), timedelta(minutes=3)


def deaf(world: World, *queues: str) -> None:
    """No function of these queues receives anything more, on any host."""
    for host in world.hosts:
        host.go_deaf(*queues)


def called(world: World, *users: str) -> bool:
    return {*users} <= {user for call in world.to_graph.calls for user in call.users}


def silent(world: World) -> set[str]:
    """The queues of which the log says that their trigger is silent."""
    events = [event for _, event in world.around.events if event.name == "trigger"]
    return {str(event.fields["queue"]) for event in events}


async def problems(world: World) -> list[str]:
    return [str(p) for p in (await app_health(world.outside_context())).problems]


@asynccontextmanager
async def deaf_at(second: int, queues: Sequence[str]) -> AsyncIterator[World]:
    """A world whose listeners of these queues die at that second of a minute."""
    async with simulated(targets=(OPEN,), hosts=2) as world:
        await world.passes(timedelta(minutes=5))
        await world.passes(timedelta(seconds=(second - now().second) % 60))
        deaf(world, *queues)
        yield world


@pytest.mark.parametrize(
    "queues", [QUEUES, [PROVISIONING], [DIRECTORY_CHANGES]], ids=["all", "drains", "looks"]
)
def test_with_every_listener_dead_a_revocation_is_called_within_two_minutes(
    queues: Sequence[str], record_property: Measured
) -> None:
    times: list[int] = []

    async def measure(second: int) -> None:
        async with deaf_at(second, queues) as world:
            world.admin.leave(TOTAL_ENGINEERING, LEAVER)
            times.append(round(await world.until(lambda: called(world, LEAVER), REVOKED)))

            await world.passes(timedelta(seconds=30))
            assert silent(world)
            assert silent(world) <= {*queues}

    for second in SECONDS:
        virtual(measure)(second)
    record_property("seconds until the call, at five moments of a minute", times)


def test_with_every_listener_dead_the_grant_of_an_event_comes_within_three_minutes(
    record_property: Measured,
) -> None:
    times: list[int] = []

    async def measure(second: int) -> None:
        async with deaf_at(second, QUEUES) as world:
            [newcomer] = newcomers(1)
            await world.upstream.post(
                ONBOARD, users=[{"id": newcomer}], group={"id": TOTAL_ENGINEERING}
            )
            came = partial(has_access, world, newcomer)
            times.append(round(await world.until(came, GRANTED)))

            await world.passes(timedelta(seconds=30))
            assert silent(world) >= {ONBOARDING_EVENTS, ENSURE, PROVISIONING}

    for second in SECONDS:
        virtual(measure)(second)
    record_property("seconds until the grant, at five moments of a minute", times)


def has_access(world: World, user: str) -> bool:
    return user in active(world.tenant, TOTAL)


@virtual
async def test_an_offboarding_event_is_called_as_well_and_so_is_the_next_one() -> None:
    async with simulated(targets=(OPEN,), hosts=2) as world:
        deaf(world, *QUEUES)

        for leaver in (LEAVER, OTHER):
            await world.upstream.post(OFFBOARD, users=[{"id": leaver}])
            await world.until(partial(called, world, leaver), GRANTED)


@virtual
async def test_status_says_so_until_the_trigger_receives_again() -> None:
    async with simulated(targets=(OPEN,)) as world:
        deaf(world, *QUEUES)
        world.admin.leave(TOTAL_ENGINEERING, LEAVER)
        await world.until(lambda: called(world, LEAVER), REVOKED)
        told = await problems(world)

        assert any("no message of directory-changes has" in problem for problem in told)
        assert any("no message of provisioning about TOTAL" in problem for problem in told)

        await world.passes(timedelta(minutes=1))
        [host] = world.hosts
        host.kill()
        host.start()
        world.admin.leave(TOTAL_ENGINEERING, OTHER)
        await world.until(lambda: called(world, OTHER), timedelta(seconds=20))
        await world.passes(timedelta(minutes=3))

        assert not any("reached its function" in problem for problem in await problems(world))


@virtual
async def test_messages_that_pile_up_meanwhile_are_harmless_when_the_listeners_are_back() -> None:
    async with simulated(targets=(OPEN,)) as world:
        deaf(world, *QUEUES)
        world.admin.leave(TOTAL_ENGINEERING, LEAVER)
        await world.upstream.post(ONBOARD, users=[{"id": newcomers(1)[0]}])
        await world.passes(timedelta(minutes=30))
        calls = len(world.to_graph.calls)

        [host] = world.hosts
        host.kill()
        host.start()
        await world.until(world.is_quiet)

        assert len(world.to_graph.calls) == calls
        assert world.is_in_step()
        assert world.bus.dead_letters() == {}


@virtual
async def test_no_timer_stands_in_while_the_triggers_work() -> None:
    """A burst keeps each queue busy for minutes."""
    async with simulated(targets=(OPEN,), hosts=2) as world:
        for newcomer in newcomers(90):
            await world.upstream.post(
                ONBOARD, users=[{"id": newcomer}], group={"id": TOTAL_ENGINEERING}
            )
            await asyncio.sleep(1)
        await world.passes(timedelta(minutes=10))

        assert silent(world) == set()
        assert world.is_in_step()
