"""What a minute and a change cost as a tenant grows: requests and waiting, with 0.1 s for a request
to Graph and 0.01 s for one to the store."""

import pytest

from tests.support.scaling import Scaled, Size
from tests.support.virtual_time import virtual

LARGE = Size(groups=10_000, targets=4)


@virtual
async def test_ten_thousand_groups_take_seconds_and_few_requests_to_the_store() -> None:
    scaled = await Scaled.of(LARGE)

    costs = [await scaled.timer("sweep"), quiet := await scaled.timer("look")]

    assert all(cost.seconds <= 10 and cost.store <= 50 for cost in costs), costs

    given = scaled.world.directory.granted["sp-T0"]
    given.pop()
    await scaled.timer("sweep")
    gone = await scaled.timer("look")
    scaled.world.directory.grant(
        "0000bbbb-0000-4000-8000-000000099999", kind="Group", service_principal="sp-T0"
    )
    await scaled.timer("sweep")
    come = await scaled.timer("look")

    assert gone == quiet, "a group that goes costs no more"
    assert come.graph <= quiet.graph + 3
    assert come.store <= quiet.store + 2


@virtual
async def test_two_hundred_targets_take_seconds() -> None:
    scaled = await Scaled.of(Size(groups=200, targets=200))

    costs = {timer: await scaled.timer(timer) for timer in ("sweep", "wake", "look")}

    assert all(cost.seconds <= 2 for cost in costs.values()), costs


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
