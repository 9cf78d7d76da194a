"""What a minute and a change cost as a tenant grows: requests and waiting, with 0.1 s for a request
to Graph and 0.01 s for one to the store."""

import pytest

from tests.support.scaling import Scaled, Size
from tests.support.virtual_time import virtual

LARGE = Size(groups=10_000, targets=4)


@pytest.mark.parametrize("timer", ["sweep", "look"])
def test_ten_thousand_unchanged_groups_take_ten_seconds_and_fifty_requests_to_the_store(
    timer: str,
) -> None:
    @virtual
    async def run() -> None:
        scaled = await Scaled.of(LARGE)

        cost = await scaled.timer(timer)

        assert cost.seconds <= 10
        assert cost.store <= 50

    run()


@pytest.mark.parametrize("timer", ["sweep", "wake", "look"])
def test_two_hundred_targets_take_seconds(timer: str) -> None:
    @virtual
    async def run() -> None:
        scaled = await Scaled.of(Size(groups=200, targets=200))

        assert (await scaled.timer(timer)).seconds <= 2

    run()


@pytest.mark.parametrize(
    "size", [LARGE, Size(groups=50, targets=50), Size(members=20_000), Size(rows=2_000)], ids=str
)
def test_one_change_costs_the_same_in_a_tenant_of_any_size(size: Size) -> None:
    @virtual
    async def run() -> None:
        few = min(size.targets, 2)  # several targets share a limit of calls
        small = await (await Scaled.of(Size(groups=few, targets=few))).change()
        large = await (await Scaled.of(size)).change()

        assert (large.graph, large.store) == (small.graph, small.store)
        assert large.seconds <= small.seconds + 0.05

    run()


@virtual
async def test_a_group_that_comes_or_goes_costs_no_more_requests_among_ten_thousand() -> None:
    scaled = await Scaled.of(LARGE)
    principal = "sp-T0"
    given = scaled.world.directory.granted[principal]
    quiet = await scaled.timer("look")
    given.pop()
    await scaled.timer("sweep")

    gone = await scaled.timer("look")
    scaled.world.directory.grant(
        "0000bbbb-0000-4000-8000-000000099999", kind="Group", service_principal=principal
    )
    await scaled.timer("sweep")
    come = await scaled.timer("look")

    assert gone == quiet
    assert come.graph <= quiet.graph + 3
    assert come.store <= quiet.store + 2


@virtual
async def test_a_night_of_ten_thousand_quiet_groups_sends_no_look() -> None:
    scaled = await Scaled.of(LARGE)
    sent = len(scaled.world.bus.sent)

    night = await scaled.night()

    assert scaled.world.bus.sent[sent:] == []
    assert night.graph == 10_000
    assert night.store <= 10_000 / 100 + 100
    assert night.seconds <= 90


@virtual
async def test_a_night_reads_a_thousand_ended_rows_in_one_request() -> None:
    few = await (await Scaled.of(Size(rows=1_000))).night()
    many = await (await Scaled.of(Size(rows=5_000))).night()

    assert many.store <= few.store + 2 * 4
    assert many.graph == few.graph
