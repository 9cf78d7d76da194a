"""A fault that lasts sends one alert, not one with each evaluation."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from hasten import timers
from hasten.context import Context
from hasten.errors import PermanentError
from hasten.messages import Wake
from hasten.ports.directory_values import UnreadMember
from hasten.ports.store import Put
from hasten.telemetry.work import TimerCrashed
from hasten.watch.look import look
from tests.soak.alerts import FREQUENCY, Alerts
from tests.support.delivery import deliver
from tests.support.looking import a_look
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

OBSERVED = timedelta(hours=3)
EVERY = {"look": 5, "verify": 5, "apply": 10, "people": 60, "renew": 60}
"""Minutes; the other timers run each minute."""

MINUTELY = ("sweep", "wake", "seal")

Fault = Callable[[World], Awaitable[None]]


async def row(world: World) -> None:
    await world.joined(ENGINEERING, user(1))
    [key] = [d.key for d in await world.store.scan("ledger", TOTAL) if "live|open" in d.key]
    [etag] = [d.etag for d in await world.store.scan("ledger", TOTAL) if d.key == key]
    await world.store.commit("ledger", TOTAL, [Put(key, {"broken": True}, etag)])


async def assignment(world: World) -> None:
    world.directory.unread_assignments = {ENGINEERING}


async def member(world: World) -> None:
    world.directory.unread[ENGINEERING] = [UnreadMember(user(2), "no type")]
    await look(world.context, a_look())


FAULTS: dict[str, tuple[Fault, str]] = {
    "a row": (row, "work-waits"),
    "an assignment": (assignment, "entries-unread"),
    "a member": (member, "entries-unread"),
}


async def ticks(world: World, minute: int) -> None:
    for timer in MINUTELY:
        await timers.run(world.context, timer)
    for timer, period in EVERY.items():
        if minute % period == 0:
            await timers.run(world.context, timer)


async def observed(world: World, each_minute: Callable[[int], Awaitable[None]]) -> Counter[str]:
    """The alerts that fired, by rule."""
    world.events.clear()
    alerts = Alerts(begins=now())
    for minute in range(int(OBSERVED / timedelta(minutes=1))):
        before = len(world.events)
        await each_minute(minute)
        alerts.take((now(), event) for event in world.events[before:])
        await asyncio.sleep(60)
        if minute % (FREQUENCY / timedelta(minutes=1)) == 0:
            alerts.evaluate(now())
    return Counter(alert.rule for alert in alerts.fired)


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_read_for_hours_sends_one_alert(fault: str) -> None:
    breaks, rule = FAULTS[fault]

    @virtual
    async def scenario() -> None:
        world = World()
        await timers.run(world.context, "sweep")
        await timers.run(world.context, "renew")
        await breaks(world)

        fired = await observed(world, lambda minute: ticks(world, minute))

        assert fired[rule] == 1
        assert max(fired.values()) == 1

    scenario()


async def given_up(context: Context) -> None:
    async def refused(_: Wake) -> None:
        raise PermanentError("Graph answered 403", "grant it")

    await deliver(context, refused, Wake(target=TOTAL))


async def crashed(context: Context) -> None:
    context.emit(TimerCrashed(timer="sweep", reason="KeyError", trace="a trace"))


@pytest.mark.parametrize(
    ("again", "period", "rule"),
    [
        (given_up, 1, "work-waits"),
        (crashed, 1, "unexpected-error"),
        (crashed, 10, "unexpected-error"),
    ],
)
def test_work_that_fails_again_and_again_sends_one_alert(
    again: Callable[[Context], Awaitable[None]], period: int, rule: str
) -> None:
    @virtual
    async def scenario() -> None:
        world = World()

        async def fails(minute: int) -> None:
            if minute % period == 0:
                await again(world.context)

        fired = await observed(world, fails)

        assert fired == {rule: 1, "silent": 1}, "no timer runs here, so that none is heard"

    scenario()
