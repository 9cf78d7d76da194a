"""An answer is no proof: the provisioning log confirms it, or what it contradicts is mended."""

from datetime import datetime, timedelta

from emulator.graph.options import GraphOptions
from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING, object_id
from hasten.domain.changes import Change, State
from hasten.domain.outcomes import ALERT
from hasten.targets import Mode, Target
from tests.simulation.measuring import Measured
from tests.simulation.oracle import active
from tests.simulation.world import TARGET, World, newcomers, simulated
from tests.support.virtual_time import virtual

LEAVER = object_id("user/100")
[JOINER] = newcomers(1)
VERIFY = timedelta(minutes=5)
REFUSED = "InvalidAnchor"
OUTCOMES = "provisioning-outcomes/subscriptions/all"
LOG = "/auditLogs/provisioning"


@virtual
async def test_the_verify_timer_confirms_a_change_that_the_log_shows() -> None:
    async with simulated() as world:
        world.admin.join(TOTAL_ENGINEERING, JOINER)
        world.admin.leave(TOTAL_ENGINEERING, LEAVER)
        await world.until(world.is_in_step)

        await world.passes(VERIFY)

        assert (await world.report()).states == {State.CONFIRMED: 2}


@virtual
async def test_a_removal_that_did_not_take_is_called_again_until_it_does() -> None:
    async with simulated() as world:
        world.tenant.log.contradictions[LEAVER] = REFUSED
        world.admin.leave(TOTAL_ENGINEERING, LEAVER)

        took = await world.until(world.is_in_step)
        await world.passes(VERIFY)

        assert took < VERIFY.total_seconds() + 60
        assert (await row_of(world, LEAVER)).state is State.CONFIRMED
        assert len(world.to_graph.calls) == 2


def test_a_removal_that_never_takes_fails_after_three_contradictions_and_calls_an_operator(
    record_property: Measured,
) -> None:
    @virtual
    async def run() -> None:
        async with simulated() as world:
            world.tenant.targets[TOTAL].next_cycle += 3600
            world.admin.leave(TOTAL_ENGINEERING, LEAVER)
            for _ in range(60):
                world.tenant.log.contradictions[LEAVER] = REFUSED
                await world.passes(timedelta(seconds=30))

            row = await row_of(world, LEAVER)
            told = [message.body for message in world.bus.waiting(OUTCOMES)]
            record_property("calls on demand", len(world.to_graph.calls))
            assert row.state is State.FAILED
            assert row.reason.startswith(REFUSED)
            assert len(world.to_graph.calls) == 4
            assert [e["data"]["result"] for e in told if e["type"] == ALERT] == [
                "revocation_not_taken"
            ]

    run()


@virtual
async def test_a_grant_that_the_log_contradicts_fails_with_the_reason_of_the_log() -> None:
    async with simulated() as world:
        world.tenant.log.contradictions[JOINER] = REFUSED
        world.admin.join(TOTAL_ENGINEERING, JOINER)

        await world.passes(VERIFY + timedelta(minutes=1))

        row = await row_of(world, JOINER)
        assert row.state is State.FAILED
        assert row.reason.startswith(REFUSED)
        assert row.next_action


@virtual
async def test_the_log_is_read_at_most_five_times_in_ten_seconds_however_many_changes() -> None:
    async with simulated() as world:
        world.admin.join(TOTAL_ENGINEERING, *newcomers(99))
        await world.passes(3 * VERIFY)

        reads = [e["started_at"] for e in world.tenant.journal.entries if e["path"].endswith(LOG)]
        assert reads
        assert all(later - earlier >= 10 for earlier, later in zip(reads, reads[5:], strict=False))
        assert (await world.report()).states == {State.CONFIRMED: 99}


@virtual
async def test_a_target_in_observe_mode_writes_nothing_and_sees_the_cycle_do_it() -> None:
    observing = Target(name="TOTAL", display_name="TOTAL", mode=Mode.OBSERVE)
    async with simulated(targets=(observing,)) as world:
        world.admin.join(TOTAL_ENGINEERING, JOINER)
        world.admin.leave(TOTAL_ENGINEERING, LEAVER)
        await world.passes(timedelta(minutes=10))
        assert [row.state for row in await world.rows()] == [State.HELD] * 2

        await world.passes(timedelta(minutes=35))

        report = await world.report()
        writes = [name for name in report.requests if not name.startswith("GET ")]
        assert all("/subscriptions" in name for name in writes)
        assert (report.states, report.differences) == ({State.DONE_BY_CYCLE: 2}, [])


def test_grants_that_come_sooner_by_the_cycle_are_left_to_it_with_the_time(
    record_property: Measured,
) -> None:
    @virtual
    async def run() -> None:
        slow = TARGET.model_copy(update={"max_calls_per_hour": 20})
        options = GraphOptions.kind(users=600)
        async with simulated(targets=(slow,), graph=options) as world:
            cycle_at = world.tenant.targets[TOTAL].next_cycle
            world.admin.join(TOTAL_ENGINEERING, *newcomers(200))
            await world.passes(timedelta(minutes=1))
            left = [row for row in await world.rows() if row.state is State.LEFT_TO_CYCLE]

            await world.passes(timedelta(minutes=50))

            report = await world.report()
            record_property("left to the cycle", len(left))
            record_property("called", report.calls)
            assert {_minutes(row.expected_at, cycle_at) for row in left} == {1}
            assert len(left) >= 100
            assert report.states[State.DONE_BY_CYCLE] == len(left)
            assert (report.differences, report.open_rows) == ([], [])
            assert len(active(world.tenant, TOTAL)) == 405

    run()


async def row_of(world: World, user: str) -> Change:
    [row] = [row for row in await world.rows() if row.user == user]
    return row


def _minutes(expected: datetime | None, cycle_at: float) -> int:
    assert expected is not None
    return round((expected.timestamp() - cycle_at) / 60)
