"""targets.yaml names another enterprise application under the name of a known target."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from hasten.context import Context
from hasten.errors import PermanentError
from hasten.ports.directory_values import Assignment
from hasten.records import discovered
from hasten.targets import Target
from hasten.watch.sweep import discover, sweep
from tests.fakes.tenant import SERVICE_PRINCIPAL
from tests.support.swept import swept
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

WIKI = "WIKI"
WIKI_APP = "0000aaaa-0000-4000-8000-00000000abcd"
WRITERS = "0000bbbb-0000-4000-8000-000000000003"
APP_ID = "0000aaaa-0000-4000-8000-00000000eeee"

KEYS = pytest.mark.parametrize(
    "key",
    [{"display_name": WIKI}, {"service_principal_id": UUID(WIKI_APP)}, {"app_id": UUID(APP_ID)}],
    ids=["display name", "service principal", "app id"],
)


def has_wiki(world: World) -> None:
    """The tenant has another app, with other people."""
    world.directory.principals.append({"id": WIKI_APP, "displayName": WIKI, "appId": APP_ID})
    world.directory.granted[WIKI_APP].append(
        Assignment(id="1", principal=WRITERS, kind="Group", role="r", created=None)
    )
    world.directory.join(WRITERS, *(user(number) for number in range(20, 24)))


async def rows(world: World, *targets: str) -> Sequence[object]:
    return [row for name in targets for row in await world.ledger.open_changes(name)]


@KEYS
@virtual
async def test_nobody_joins_or_leaves_and_the_target_is_refused(key: dict[str, object]) -> None:
    world = await swept()
    has_wiki(world)
    world.target = Target.model_validate({"name": TOTAL, **key})

    await sweep(world.context)
    with pytest.raises(PermanentError, match="another enterprise application"):
        await discover(world.context, world.target)

    assert not await rows(world, TOTAL)
    assert "unhealthy" in world.results("target")
    found = await discovered.load(world.store, TOTAL)
    assert found is not None
    assert found.service_principal == SERVICE_PRINCIPAL


@virtual
async def test_two_targets_that_change_names_are_both_refused() -> None:
    world = await swept()
    has_wiki(world)
    settings = world.context.settings
    total, wiki = world.target, Target(name=WIKI, display_name=WIKI)
    await sweep(Context(settings, (total, wiki), world))
    changed = (total.model_copy(update={"name": WIKI}), wiki.model_copy(update={"name": TOTAL}))
    world.events.clear()

    await sweep(Context(settings, changed, world))

    assert not await rows(world, TOTAL, WIKI)
    assert world.results("target") == ["unhealthy"] * 2


@virtual
async def test_the_other_app_is_served_under_a_new_name_and_the_first_one_when_put_back() -> None:
    world = await swept()
    has_wiki(world)
    settings, total = world.context.settings, world.target
    wiki = Target(name=WIKI, display_name=WIKI)
    await sweep(Context(settings, (wiki.model_copy(update={"name": TOTAL}),), world))
    world.events.clear()

    await sweep(Context(settings, (total, wiki), world))

    assert world.results("target") == ["found"] * 2
    assert not await rows(world, TOTAL, WIKI)
    world.directory.groups.remove(ENGINEERING)
    await sweep(Context(settings, (total, wiki), world))
    assert len(await rows(world, TOTAL)) == 5
