"""targets.yaml names another enterprise application under the name of a known target."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

import pytest

from hasten.context import Context
from hasten.ensure.applier import Applier
from hasten.ensure.apply_policy import apply_policy
from hasten.errors import PermanentError
from hasten.operate.stop import start, stop
from hasten.ports.bus import PROVISIONING
from hasten.ports.directory_values import Assignment
from hasten.provision.drain import drain
from hasten.records import discovered, stops
from hasten.scim import Scim
from hasten.targets import Target
from hasten.watch.another_app import refuse_another_app
from hasten.watch.look import look
from hasten.watch.route import read_route
from hasten.watch.sweep import discover, sweep
from tests.fakes.tenant import SERVICE_PRINCIPAL
from tests.support.looking import WAKE, a_look
from tests.support.swept import swept
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

WIKI = "WIKI"
WIKI_APP = "0000aaaa-0000-4000-8000-00000000abcd"
WRITERS = "0000bbbb-0000-4000-8000-000000000003"
APP_ID = "0000aaaa-0000-4000-8000-00000000eeee"

SHOUTED = SERVICE_PRINCIPAL.upper()
LEAVER = user(1)
SCIM = Scim.model_validate(
    {
        "url": "https://wiki.example/scim",
        "token": "HASTEN_SCIM_TOKEN_WIKI",
        "match": {"app": "externalId", "entra": "id"},
    }
)

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


async def with_a_leaver_under_the_name_of_wiki() -> tuple[World, Target]:
    """Somebody leaves TOTAL while its name is given to another app, where they have an account.
    Returns the target as it was before, too."""
    world = await swept()
    has_wiki(world)
    world.app.add(LEAVER)
    total = world.target
    world.target = Target(name=TOTAL, display_name=WIKI, scim=SCIM)
    await sweep(world.context)
    world.directory.leave(ENGINEERING, LEAVER)
    world.directory.assigned[LEAVER] = []
    await look(world.context, a_look())
    return world, total


@pytest.mark.parametrize("is_stopped", [False, True], ids=["", "an operator has stopped it"])
@virtual
async def test_nothing_is_taken_or_given_in_the_other_app(
    is_stopped: bool,  # noqa: FBT001 - a case
) -> None:
    world, _ = await with_a_leaver_under_the_name_of_wiki()
    if is_stopped:
        await stop(world.context, TOTAL, by="Ada", reason="it gets another app")

    await drain(world.context, WAKE)
    for target in (TOTAL, stops.ALL_TARGETS):
        with suppress(PermanentError):
            await start(world.context, target, by="Ada", reason="let us see")
        await drain(world.context, WAKE)

    assert not world.app.requests
    assert not world.directory.calls
    assert len(await rows(world, TOTAL)) == 1
    with pytest.raises(PermanentError, match=r"another app|another enterprise application"):
        await apply_policy(world.context, world.target, Applier(by="Ada"))


@virtual
async def test_the_work_goes_on_when_the_name_is_put_back() -> None:
    world, total = await with_a_leaver_under_the_name_of_wiki()
    world.target = total
    world.bus.sent.clear()

    await sweep(world.context)

    assert world.bus.of(PROVISIONING)
    await drain(world.context, WAKE)
    assert [call.users for call in world.directory.calls] == [(LEAVER,)]


@virtual
async def test_the_stop_of_an_operator_stays() -> None:
    world, total = await with_a_leaver_under_the_name_of_wiki()
    await stop(world.context, TOTAL, by="Ada", reason="an audit")
    world.target = total

    for _ in range(2):
        await sweep(world.context)

    assert await stops.find(world.store, TOTAL) is not None


@virtual
async def test_no_stop_stays_of_a_name_that_nobody_uses() -> None:
    world, total = await with_a_leaver_under_the_name_of_wiki()

    await sweep(Context(world.context.settings, (total.model_copy(update={"name": "NEW"}),), world))

    assert await stops.find(world.store, TOTAL) is None
    assert len(await rows(world, "NEW")) == 1


@virtual
async def test_another_case_of_the_same_id_is_no_other_app() -> None:
    world = await swept()
    found = await discovered.must_load(world.store, TOTAL)
    route = await read_route(world.context, world.target)

    refuse_another_app(world.target, found, replace(route, service_principal=SHOUTED))
