"""People who leave at once are held, and one command lets them go."""

from functools import partial

from emulator.graph.seed import TOTAL_ENGINEERING, object_id
from tests.support.command_line import CommandLine
from tests.support.tenant import Tenant, eventually

LEAVERS = [object_id(f"user/{number}") for number in range(10, 70)]


async def are_held(line: CommandLine, count: int) -> bool:
    [status] = (await line.status("TOTAL"))["targets"]
    held: list[int] = [one["changes"] for one in status["held"]]
    return sum(held) == count


async def has_called(tenant: Tenant) -> bool:
    return await tenant.calls_made() > 0


async def test_sixty_of_two_hundred_who_left_are_held_until_one_command_releases_them(
    tenant: Tenant,
) -> None:
    host = await tenant.host()
    await tenant.watched_by(host)
    line = CommandLine(tenant, host.url)
    tenant.graph.tenant.subscriptions.clear()  # so that one look sees them all
    for leaver in LEAVERS:
        await tenant.admin.leave(TOTAL_ENGINEERING, leaver)

    await host.fire("look")
    await eventually(partial(are_held, line, len(LEAVERS)))
    await eventually(tenant.is_quiet)
    calls_before = await tenant.calls_made()
    released = await line.run("release", "TOTAL", "--yes")
    await eventually(partial(has_called, tenant))

    assert calls_before == 0
    assert (released.exit_code, released.stderr) == (0, "")
    assert "60 released." in released.stdout
    assert await are_held(line, 0)
