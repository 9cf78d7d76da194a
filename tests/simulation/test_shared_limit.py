"""A tenant in which Entra counts the calls of all targets together, refused ones too."""

from dataclasses import replace
from datetime import timedelta

from emulator.entra.behaviours import EntraBehaviours
from emulator.graph.options import GraphOptions
from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING, object_id
from hasten.domain.shared_pace import LimitScope
from hasten.limits import CALL_WINDOW, CALL_WINDOW_MARGIN, CALLS_PER_WINDOW, MAX_MEMBERS_PER_CALL
from hasten.targets import Target
from tests.simulation.measuring import Measured
from tests.simulation.oracle import differences
from tests.simulation.world import TARGET, World, newcomers, simulated
from tests.support.virtual_time import now, virtual

OTHERS = ("App-1", "App-2")
TARGETS = (TARGET, *(Target(name=name, display_name=name) for name in OTHERS))
IDS = (TOTAL, *(object_id(f"servicePrincipal/{name}") for name in OTHERS))
SHARED = GraphOptions(
    users=520,
    more_targets=len(OTHERS),
    entra=EntraBehaviours.kind(shared_window=True, refused_calls_count=True),
)
LEAVERS = [object_id(f"user/{number}") for number in range(100, 106)]
JOINERS = 200
ONE_WINDOW = (CALL_WINDOW + CALL_WINDOW_MARGIN).total_seconds()
NOTICED_WITHIN = 3.0
"""Seconds for the notification, the look at the group, and the reads before the call."""

A_FEW = 6
"""Calls refused before the targets share the limit: those that are under way at the first 429."""


def refused(world: World) -> int:
    return sum(world.tenant.targets[app].limit_violations for app in IDS)


async def called(world: World, user: str) -> float:
    """Seconds from now until Entra accepts a call about `user`."""
    began = now()
    target = world.tenant.targets[TOTAL]

    def is_called() -> bool:
        return any(call.users == (user,) and call.status == 200 for call in world.to_graph.calls)

    assert user in target.app.accounts
    await world.until(is_called)
    [at] = [c.at for c in world.to_graph.calls if c.users == (user,) and c.status == 200]
    return (at - began).total_seconds()


async def longest_wait(world: World, *, apart: float) -> float:
    """Of people who leave TOTAL one by one, while the other targets have joiners to call."""
    for number, name in enumerate(OTHERS):
        first = 301 + number * 20
        world.admin.join(object_id(f"group/{name}-Users"), *newcomers(JOINERS, first))
    longest = 0.0
    for leaver in LEAVERS:
        await world.passes(timedelta(seconds=apart))
        world.admin.leave(TOTAL_ENGINEERING, leaver)
        longest = max(longest, await called(world, leaver))
    return longest


def test_a_revocation_waits_one_window_at_most_behind_hundreds_of_joiners_of_other_targets(
    record_property: Measured,
) -> None:
    @virtual
    async def run() -> None:
        async with simulated(hosts=2, targets=TARGETS, graph=SHARED) as world:
            longest = await longest_wait(world, apart=7.7)
            rejected = refused(world)
            await world.until(world.is_quiet)

            report = await world.report()
            record_property("longest wait of a revocation in seconds", round(longest, 1))
            record_property("refused calls", refused(world))
            assert longest < ONE_WINDOW + NOTICED_WITHIN
            assert 0 < rejected <= A_FEW
            assert refused(world) == rejected
            assert report.events["limit shared"] == 1
            assert not any(differences(world.tenant, app) for app in IDS)
            assert (report.open_rows, report.failures, report.dead_letters) == ([], [], {})

    run()


@virtual
async def test_with_the_scope_tenant_no_call_is_refused() -> None:
    async with simulated(
        hosts=2, targets=TARGETS, graph=SHARED, limit_scope=LimitScope.TENANT
    ) as world:
        longest = await longest_wait(world, apart=5.3)
        await world.until(world.is_quiet)

        report = await world.report()
        assert not any(differences(world.tenant, app) for app in IDS)
        assert longest < ONE_WINDOW + NOTICED_WITHIN
        assert (refused(world), report.throttled, report.open_rows) == (0, 0, [])


@virtual
async def test_with_the_scope_target_a_revocation_waits_for_minutes() -> None:
    """What the other scopes prevent: the tenant of these tests does refuse calls. Each target that
    finds the window taken repeats its call, so that the number depends on how many targets wait at
    once: 85 where one target takes every slot until it has no joiner left, 136 where they take
    turns."""
    async with simulated(
        hosts=2, targets=TARGETS, graph=SHARED, limit_scope=LimitScope.TARGET
    ) as world:
        longest = await longest_wait(world, apart=7.7)

        assert longest > 60
        assert refused(world) > 10 * A_FEW


@virtual
async def test_where_entra_counts_each_target_by_itself_they_do_not_share() -> None:
    async with simulated(
        targets=TARGETS, graph=replace(SHARED, entra=EntraBehaviours.kind())
    ) as world:
        longest = await longest_wait(world, apart=2.9)
        await world.until(world.is_quiet)

        report = await world.report()
        least = JOINERS / MAX_MEMBERS_PER_CALL / CALLS_PER_WINDOW * ONE_WINDOW
        assert longest < NOTICED_WITHIN
        assert refused(world) == report.events["limit shared"] == 0
        assert report.seconds < least + 60


@virtual
async def test_a_host_that_dies_with_revocations_waiting_holds_up_nobody() -> None:
    """The rows of the host that died are called by the other one, as soon as it may take them."""
    async with simulated(
        hosts=2, targets=TARGETS, graph=SHARED, limit_scope=LimitScope.TENANT
    ) as world:
        for number, name in enumerate(OTHERS):
            first = 301 + number * 20
            world.admin.join(object_id(f"group/{name}-Users"), *newcomers(JOINERS, first))
        await world.passes(timedelta(seconds=20))
        world.admin.leave(TOTAL_ENGINEERING, *LEAVERS)
        await world.passes(timedelta(seconds=4))
        world.hosts[0].kill()
        before = len(world.to_graph.calls)
        await world.passes(3 * timedelta(seconds=ONE_WINDOW))

        assert len(world.to_graph.calls) - before >= CALLS_PER_WINDOW
        world.hosts[0].start()
        await world.until(world.is_quiet)
        assert not any(differences(world.tenant, app) for app in IDS)
        assert refused(world) == 0
