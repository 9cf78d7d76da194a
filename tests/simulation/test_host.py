"""The simulated host has the ways of Azure's, each beside the kind variant where there is one."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from emulator.functions.behaviours import HostBehaviours
from emulator.servicebus.entities import Entities, QueueSettings
from hasten.ports.bus import Message
from tests.simulation.bus import SESSION, SimulatedBus, epoch
from tests.simulation.faults import Faults
from tests.simulation.host import HOST_JSON, RESTART
from tests.simulation.owners import Owner
from tests.simulation.pump import Pump
from tests.simulation.world import simulated
from tests.support.virtual_time import virtual

ENTITIES = Entities(
    queues=(
        QueueSettings(name="plain", lock_duration=30.0),
        QueueSettings(name="sessions", lock_duration=30.0, requires_session=True),
    )
)

LENIENT, STRICT = HostBehaviours.lenient(), HostBehaviours.strict()
QUEUES = ("plain", "sessions")
STALLS, RECOVERS = 1, 0
"""Seeds by what their first draw decides."""


class Calls:
    """The functions of one host: each takes `seconds`; `ends` says when and which ended."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.begun = 0
        self.ends: list[tuple[str, float]] = []
        self.running: list[str] = []
        self.overlapped = False

    async def handle(self, queue: str, message: Message) -> bool:
        name = str(message.body["name"])
        self.overlapped |= bool(self.running)
        self.running.append(name)
        self.begun += 1
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.running.remove(name)
        self.ends.append((name, epoch()))
        return True


class Bench:
    """A bus, and hosts on it."""

    def __init__(self, behaviours: HostBehaviours, seed: int = STALLS) -> None:
        self.bus = SimulatedBus(ENTITIES)
        self._behaviours = behaviours
        self._faults = Faults(Random(0))
        self._luck = Random(seed)
        self.owners: list[Owner] = []

    def host(
        self,
        handle: Callable[[str, Message], Awaitable[bool]],
        *,
        slots: int = 2,
        calls: int = HOST_JSON.max_calls,
        renewal: timedelta = HOST_JSON.max_lock_renewal,
    ) -> Pump:
        self.owners.append(Owner())
        pump = Pump(
            self.bus,
            options=replace(
                HOST_JSON, max_sessions=slots, max_calls=calls, max_lock_renewal=renewal
            ),
            host=self.owners[-1],
            faults=self._faults,
            behaviours=self._behaviours,
            luck=self._luck,
            handle=handle,
        )
        for queue in QUEUES:
            pump.start(queue)
        return pump

    async def send(self, queue: str, *names: str, session: str = "s") -> None:
        of = {SESSION: session} if queue == "sessions" else {}
        await self.bus.send(
            queue,
            [Message(body={"name": name}, message_id=name, properties=of) for name in names],
        )

    def counts(self, queue: str) -> dict[str, int]:
        return self.bus.namespace.stats()[queue]

    def deliveries(self, queue: str) -> list[int]:
        entries = self.bus.namespace.outlet(queue).queue.peek(start=0, limit=99, now=epoch())
        return [entry.delivery_count for entry in entries]


@contextmanager
def bench(behaviours: HostBehaviours, seed: int = STALLS) -> Iterator[Bench]:
    made = Bench(behaviours, seed)
    try:
        yield made
    finally:
        for owner in made.owners:
            owner.cancel()


@pytest.mark.parametrize("hosts", [1, 2], ids=["without a lock", "locked for another call"])
@virtual
async def test_a_call_whose_lock_ran_out_settles_nothing(hosts: int) -> None:
    with bench(LENIENT) as made:
        calls = Calls(seconds=40)
        for _ in range(hosts):
            made.host(calls.handle, calls=1, renewal=timedelta(0))
        await made.send("plain", "a")

        await asyncio.sleep(41)

        assert [name for name, _ in calls.ends] == ["a"]
        assert made.counts("plain")["locked"] == 1
        assert calls.begun == 2


@pytest.mark.parametrize("queue", QUEUES)
@pytest.mark.parametrize(("behaviours", "left"), [(STRICT, [1]), (LENIENT, [])])
def test_an_invocation_that_succeeds_while_the_host_stops_runs_again(
    queue: str, behaviours: HostBehaviours, left: list[int]
) -> None:
    @virtual
    async def run() -> None:
        with bench(behaviours) as made:
            calls = Calls(seconds=3)
            pump = made.host(calls.handle)
            await made.send(queue, "a")
            await asyncio.sleep(1)

            assert await pump.stop(within=10)

            assert [name for name, _ in calls.ends] == ["a"]
            assert made.deliveries(queue) == left

    run()


@virtual
async def test_a_stopping_host_takes_no_more_messages_and_frees_its_sessions_at_once() -> None:
    with bench(STRICT) as made:
        first, second = Calls(seconds=3), Calls(seconds=3)
        pump = made.host(first.handle)
        await made.send("sessions", "a", "b")
        await asyncio.sleep(1)
        assert await pump.stop(within=10)
        pump.release()
        made.host(second.handle)
        began = epoch()
        await asyncio.sleep(7)

        assert [name for name, _ in first.ends] == ["a"]
        assert [(name, round(at - began)) for name, at in second.ends] == [("a", 3), ("b", 6)]


@virtual
async def test_a_host_that_is_killed_at_its_stop_leaves_the_locks() -> None:
    async with simulated(behaviours=STRICT) as world:
        [host] = world.hosts
        assert host._pump is not None
        host._pump._handle = Calls(seconds=60).handle
        await world.bus.send("directory-changes", [Message(body={"name": "a"}, message_id="a")])
        await world.passes(timedelta(seconds=1))

        began = epoch()
        await host.stop()

        assert not host.is_alive
        assert round(epoch() - began) == 10
        assert world.bus.namespace.stats()["directory-changes"]["locked"] == 1


@pytest.mark.parametrize(("behaviours", "overlaps"), [(STRICT, True), (LENIENT, False)])
def test_a_session_that_stays_busy_is_lost_when_its_renewal_ends(
    behaviours: HostBehaviours, *, overlaps: bool
) -> None:
    @virtual
    async def run() -> None:
        with bench(behaviours, seed=RECOVERS) as made:
            calls = Calls(seconds=20)
            made.host(calls.handle, renewal=timedelta(seconds=40))
            await made.send("sessions", *"abcdefgh")

            await asyncio.sleep(400)

            assert calls.overlapped is overlaps
            assert made.counts("sessions")["active"] == 0

    run()


@pytest.mark.parametrize(
    ("behaviours", "seed", "stalls"),
    [(STRICT, STALLS, True), (STRICT, RECOVERS, False), (LENIENT, STALLS, False)],
)
def test_a_slot_whose_link_is_cut_while_its_function_runs_may_stall(
    behaviours: HostBehaviours, seed: int, *, stalls: bool
) -> None:
    @virtual
    async def run() -> None:
        with bench(behaviours, seed) as made:
            calls = Calls(seconds=3)
            pump = made.host(calls.handle, slots=1)
            await made.send("sessions", "cut", session="one")
            await made.send("plain", "kept")
            await asyncio.sleep(1)
            pump.cut_links()
            await made.send("sessions", "other", session="two")
            await asyncio.sleep(600)

            assert made.counts("sessions")["active"] == (2 if stalls else 0)
            assert made.counts("plain")["active"] + made.counts("plain")["locked"] == 0
            made.host(calls.handle)
            await asyncio.sleep(60)
            assert made.counts("sessions")["active"] == 0
            assert sorted(name for name, _ in calls.ends) == ["cut", "cut", "kept", "other"]

    run()


@pytest.mark.parametrize("queue", QUEUES)
def test_a_function_that_raises_gets_its_ten_deliveries_without_a_pause(queue: str) -> None:
    @virtual
    async def run() -> None:
        tries = 0

        async def handle(_queue: str, _message: Message) -> bool:
            nonlocal tries
            tries += 1
            return False

        with bench(STRICT) as made:
            made.host(handle)
            await made.send(queue, "a")
            await asyncio.sleep(0.1)

            assert tries == 10
            assert made.counts(queue)["dead_lettered"] == 1

    run()


@pytest.mark.parametrize(("behaviours", "ends"), [(STRICT, True), (LENIENT, False)])
def test_a_function_that_runs_too_long_ends_with_its_host_which_starts_again(
    behaviours: HostBehaviours, *, ends: bool
) -> None:
    @virtual
    async def run() -> None:
        assert HOST_JSON.function_timeout is not None
        limit = HOST_JSON.function_timeout.total_seconds()
        async with simulated(behaviours=behaviours) as world:
            [host] = world.hosts
            ended = host._owner.spawn(host._run("long", lambda: asyncio.sleep(limit + 60)))

            await asyncio.sleep(limit + 1)
            assert host.is_alive is not ends
            await asyncio.sleep(RESTART)

            assert host.is_alive
            assert ended.cancelled() is ends
            assert any("long ran for" in failure for failure in world.around.failures) is ends

    run()


@virtual
async def test_the_scaler_does_not_see_work_behind_ten_scheduled_messages() -> None:
    with bench(STRICT) as made:
        await made.send("plain", "before")
        assert made.bus.scale_votes()["plain"].messages == 1
        made.host(Calls(seconds=1).handle)
        await asyncio.sleep(2)

        assert made.bus.scale_votes()["plain"].vote == "scale in"
