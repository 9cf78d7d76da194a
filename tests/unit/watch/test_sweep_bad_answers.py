"""One app that Graph answers badly about keeps its own groups and holds up no other app."""

from datetime import timedelta

from hasten.context import Context
from hasten.errors import TemporaryError
from hasten.ports.directory_values import Assignments
from hasten.records import discovered
from hasten.targets import Target
from hasten.timers import run
from tests.fakes.directory import FakeDirectory
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World

OTHER = "0000aaaa-0000-4000-8000-000000000002"
NEW = "0000bbbb-0000-4000-8000-000000000003"


class Garbled(FakeDirectory):
    """Who is assigned to OTHER cannot be read while `garbled`."""

    garbled = False

    async def assignments(self, service_principal: str) -> Assignments:
        if self.garbled and service_principal == OTHER:
            raise TemporaryError("no JSON", timedelta(seconds=5))
        return await super().assignments(service_principal)


def resources(world: World) -> set[str]:
    return {made["resource"] for made in world.directory.subscribed}


@virtual
async def test_assignments_of_one_app_that_cannot_be_read_leave_all_subscriptions_as_they_are() -> (
    None
):
    directory = Garbled(groups=[ENGINEERING])
    directory.principals.append({"id": OTHER, "displayName": "OTHER", "appRoles": []})
    directory.grant(ADMIN, kind="Group", service_principal=OTHER)
    world = World(directory=directory)
    targets = (world.target, Target(name="OTHER", display_name="OTHER"))
    context = Context(world.context.settings, targets, world)
    await run(context, "sweep")
    before = resources(world)

    directory.garbled = True
    directory.grant(NEW, kind="Group")
    await run(context, "sweep")

    [total] = [f for f in await discovered.load_all(world.store) if f.target == TOTAL]
    [other] = [f for f in await discovered.load_all(world.store) if f.target == "OTHER"]
    assert before == {f"groups/{ENGINEERING}", f"groups/{ADMIN}", "users"}
    assert resources(world) == {*before, f"groups/{NEW}"}
    assert (total.watches(NEW), other.watches(ADMIN)) == (True, True)
    assert world.results("target").count("unreachable") == 1
