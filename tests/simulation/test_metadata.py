"""Traffic under faults agrees with Microsoft's metadata of Graph, as traffic in calm does."""

from datetime import timedelta
from pathlib import Path

from emulator.graph.options import GraphOptions
from emulator.graph.seed import TOTAL_ADMIN, TOTAL_ENGINEERING, object_id
from tests.simulation.defaults import USERS
from tests.simulation.test_simulation import STORM
from tests.simulation.world import newcomers, simulated
from tests.support.csdl.check import assert_record_agrees
from tests.support.csdl.exchange import recorded
from tests.support.virtual_time import virtual

LEAVER, MOVED = object_id("user/100"), object_id("user/101")


@virtual
async def test_all_traffic_of_a_storm_agrees_with_the_metadata_of_graph(tmp_path: Path) -> None:
    record = tmp_path / "graph.jsonl"
    graph = GraphOptions.kind(users=USERS, record=record, replication_delay=5.0)
    async with simulated(hosts=2, graph=graph, rates=STORM) as world:
        world.admin.join(TOTAL_ENGINEERING, *newcomers(23))
        world.admin.leave(TOTAL_ENGINEERING, LEAVER)
        world.admin.join(TOTAL_ADMIN, MOVED)
        world.admin.leave(TOTAL_ENGINEERING, MOVED)
        await world.until(world.is_in_step)
        await world.passes(timedelta(minutes=6))  # every timer of five minutes, with its faults
        world.calm()
        await world.until(world.is_quiet)

    assert assert_record_agrees(record) > 50
    assert any(exchange.by_fault for exchange in recorded(record))
