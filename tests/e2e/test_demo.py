"""The demo's story, with all that passed between it, Hasten and Graph."""

from rich.console import Console

from emulator.demo.__main__ import play
from tests.support.csdl.exchange import recorded
from tests.support.tenant import RECORD, Tenant


async def test_all_traffic_of_the_demo_agrees_with_the_metadata_of_graph(tenant: Tenant) -> None:
    """`emulated` holds the record against the metadata; here is what must be in it."""
    host = await tenant.host()
    await tenant.watched_by(host)
    ports = {
        "graph": tenant.graph.port,
        "functions": host.port,
        "admin_token": tenant.graph.admin_token,
    }

    await play(Console(quiet=True), ports)

    kinds = {
        (exchange.method, exchange.path.rpartition("/")[2], exchange.status)
        for exchange in recorded(tenant.state / RECORD)
    }
    assert kinds >= {
        ("POST", "provisionOnDemand", 200),
        ("GET", "schema", 200),
        ("GET", "delta", 200),
        ("POST", "subscriptions", 201),
        ("GET", "appRoleAssignedTo", 200),
        ("POST", "$ref", 204),
        ("DELETE", "$ref", 204),
    }
