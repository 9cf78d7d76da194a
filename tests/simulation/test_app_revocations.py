"""A thousand people are disabled at once, and the app takes 180 of them a minute."""

from datetime import timedelta

from hasten.messages import Wake
from hasten.provision.drain import drain
from hasten.scim import Scim
from hasten.targets import Target
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

WAKE = Wake(target=TOTAL)
LEAVERS = [user(number) for number in range(1000)]
STAYERS = [user(number) for number in range(1000, 1050)]
JOINERS = [user(number) for number in range(2000, 2020)]
SCIM = Scim.model_validate(
    {
        "url": "https://app.example/scim",
        "token": "HASTEN_SCIM_TOKEN_TOTAL",
        "match": {"app": "externalId", "entra": "id"},
        "calls_per_minute": 180,
    }
)


@virtual
async def test_a_thousand_disabled_people_are_out_within_six_and_a_half_minutes() -> None:
    """By calls it would take 34 minutes. Nobody else waits for them, and nobody else is touched."""
    world = World(target=Target(name=TOTAL, display_name=TOTAL, scim=SCIM))
    await world.is_discovered()
    world.directory.join(ENGINEERING, *LEAVERS)
    world.directory.join(ADMIN, *STAYERS)
    for person in (*LEAVERS, *STAYERS):
        world.app.add(person)
    await world.left(ENGINEERING, *LEAVERS)
    for person in LEAVERS:
        world.directory.disable(person)
    await world.joined(ENGINEERING, *JOINERS)
    started = now()

    while await world.ledger.open_changes(TOTAL):
        await drain(world.context, WAKE)

    took = now() - started
    last_call = max(call.at for call in world.directory.calls)
    assert took <= timedelta(minutes=6.5)
    assert all(world.app.active(person) == [False] for person in LEAVERS)
    assert all(world.app.active(person) == [True] for person in STAYERS)
    assert len(world.app.writes) == len(LEAVERS)
    assert last_call - started <= timedelta(seconds=1)
