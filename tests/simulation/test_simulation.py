"""The simulation proves itself on the product: joiners, leavers, bursts, crashes, lost messages."""

from collections import Counter
from datetime import timedelta

from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING, object_id
from hasten.limits import ASSIGNMENT_COUNTS_WITHIN
from tests.simulation.faults import Rates
from tests.simulation.world import World, newcomers, simulated
from tests.support.virtual_time import virtual

LEAVER = object_id("user/100")
LOOK_PERIOD = timedelta(minutes=5)

STORM = Rates(
    store_conflict=0.02,
    store_before=0.01,
    store_after=0.01,
    bus_before=0.02,
    bus_partly=0.02,
    bus_after=0.02,
    lock_lost=0.1,
    not_settled=0.03,
    graph_throttled=0.02,
    graph_unavailable=0.02,
    graph_cut_before=0.01,
    graph_cut_after=0.01,
    graph_slow=0.02,
    notification_dropped=0.2,
    notification_repeated=0.2,
    notification_late=0.2,
)


@virtual
async def test_a_joiner_is_provisioned_within_seconds() -> None:
    async with simulated() as world:
        world.admin.join(TOTAL_ENGINEERING, *newcomers(1))

        took = await world.until(world.is_in_step)
        await world.until(world.is_quiet)

        report = await world.report()
        assert took < 10
        assert (report.calls, report.open_rows, report.failures) == (1, [], [])


@virtual
async def test_a_burst_of_23_takes_five_calls() -> None:
    async with simulated() as world:
        world.admin.join(TOTAL_ENGINEERING, *newcomers(23))

        await world.until(world.is_in_step)
        await world.until(world.is_quiet)

        report = await world.report()
        assert (report.calls, report.limit_violations, report.throttled) == (5, 0, 0)


@virtual
async def test_a_leaver_is_disabled() -> None:
    async with simulated() as world:
        world.admin.leave(TOTAL_ENGINEERING, LEAVER)

        took = await world.until(world.is_in_step)

        assert took < 10
        assert not world.tenant.targets[TOTAL].app.accounts[LEAVER].active


@virtual
async def test_two_hosts_share_the_work_keep_the_limit_and_call_nobody_twice() -> None:
    async with simulated(hosts=2) as world:
        joiners = newcomers(60)
        world.admin.join(TOTAL_ENGINEERING, *joiners)
        world.admin.leave(TOTAL_ENGINEERING, LEAVER)

        await world.until(world.is_in_step)
        await world.until(world.is_quiet)

        report = await world.report()
        assert report.users_called == Counter([*joiners, LEAVER])
        assert (report.limit_violations, report.throttled) == (0, 0)
        assert all(host.calls["get cursors"] > 0 for host in world.hosts)


@virtual
async def test_a_host_killed_between_ledger_and_cursor_loses_nothing() -> None:
    async with simulated() as world:
        [host] = world.hosts
        before = host.calls["commit cursors"]
        host.die_after("commit ledger")
        world.admin.join(TOTAL_ENGINEERING, *newcomers(7))

        await world.until(lambda: not host.is_alive)
        assert host.calls["commit cursors"] == before
        host.start()

        await world.until(world.is_in_step)
        await world.until(world.is_quiet)
        report = await world.report()
        assert (report.limit_violations, report.open_rows) == (0, [])


@virtual
async def test_a_call_in_flight_goes_on_in_graph_when_its_host_is_killed() -> None:
    async with simulated() as world:
        [host] = world.hosts
        world.admin.join(TOTAL_ENGINEERING, *newcomers(1))
        await world.until(lambda: bool(world.to_graph.calls))

        host.kill()

        await world.until(world.is_in_step, within=timedelta(seconds=10))


@virtual
async def test_the_look_timer_finds_a_change_without_a_notification() -> None:
    async with simulated(rates=Rates(notification_dropped=1.0)) as world:
        world.admin.join(TOTAL_ENGINEERING, *newcomers(3))

        took = await world.until(world.is_in_step)

        assert 10 < took < LOOK_PERIOD.total_seconds() + 10


@virtual
async def test_forged_notifications_change_nothing() -> None:
    async with simulated() as world:
        for _ in range(20):
            await world.forge(knows_the_secret=False)
            await world.forge(knows_the_secret=True)
        await world.until(world.is_quiet)

        report = await world.report()
        assert report.events["notification queued"] > 0
        assert (report.differences, report.states, report.calls) == ([], {}, 0)


@virtual
async def test_a_storm_of_every_fault_with_hosts_that_die_ends_in_step() -> None:
    async with simulated(seed=7, hosts=2, rates=STORM) as world:
        await _through_a_storm(world)

        report = await world.report()
        assert (report.differences, report.open_rows, report.limit_violations) == ([], [], 0)
        assert sum(report.faults.values()) > 30


def test_the_same_seed_is_the_same_run() -> None:
    runs = []

    @virtual
    async def run() -> None:
        async with simulated(seed=3, hosts=2, rates=STORM) as world:
            await _through_a_storm(world)
            runs.append((world.around.events, (await world.report()).requests))

    run()
    run()

    assert runs[0] == runs[1]


async def _through_a_storm(world: World) -> None:
    for number, joiner in enumerate(newcomers(30)):
        world.admin.join(TOTAL_ENGINEERING, joiner)
        world.admin.leave(TOTAL_ENGINEERING, object_id(f"user/{100 + number}"))
        if number % 10 == 5:
            world.hosts[0].kill()
        if number % 10 == 8:
            world.hosts[0].start()
        await world.passes(timedelta(seconds=20))
    world.calm()
    await world.until(world.is_in_step)
    await world.passes(ASSIGNMENT_COUNTS_WITHIN)  # until then "in sync" ends no grant
    await world.until(world.is_quiet)
