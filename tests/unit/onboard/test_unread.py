"""People of whom Graph gives no usable answer hold up no other of their event."""

from typing import Any

import pytest

from hasten.domain.intents import Wanted
from hasten.domain.outcomes import REJECTED
from hasten.errors import PermanentError, TemporaryError
from hasten.onboard.message import OF_PEOPLE
from hasten.onboard.unread import MIN_OPERATOR_WAIT
from tests.support.posting import ENSURE_GROUP, GROUP, OFFBOARD, PROVISION, event, ref
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, user
from tests.unit.onboard.unread import ODD, UNREAD, data_of, parts, posting, spoil

DENIED = PermanentError("Graph answered 403", "grant the app's identity a permission")
EVENTS: dict[str, tuple[dict[str, Any], Wanted]] = {
    "onboarding": ({"users": [ref(1), ODD, ref(2)], "group": GROUP}, Wanted.MEMBER),
    "offboarding": (
        {"kind": OFFBOARD, "users": [ref(1), ODD, ref(2)], "groups": [GROUP]},
        Wanted.ABSENT,
    ),
    "offboarding from everything": (
        {"kind": OFFBOARD, "users": [ref(1), ODD, ref(2)]},
        Wanted.ABSENT,
    ),
    "group": (
        {"kind": ENSURE_GROUP, "group": GROUP, "members": [ref(1), ODD, ref(2)]},
        Wanted.MEMBER,
    ),
    "provisioning": ({"kind": PROVISION, "users": [ref(1), ODD, ref(2)]}, Wanted.IN_STEP),
}


@pytest.mark.parametrize("error", [UNREAD, DENIED])
@pytest.mark.parametrize("name", EVENTS)
def test_the_others_of_the_event_go_on_and_the_person_comes_again(
    name: str, error: Exception
) -> None:
    @virtual
    async def run() -> None:
        world = await posting()
        world.directory.join(ENGINEERING, user(1), user(2), user(3))
        mend = spoil(world, "users", "E3", error)
        given, wanted = EVENTS[name]

        await world.posts(event(**given))

        assert [await world.wanted(ENGINEERING, n) for n in (1, 2, 3)] == [wanted, wanted, None]
        [part] = parts(world)
        assert data_of(part).get("users", data_of(part).get("members")) == [ODD]
        assert part.properties[OF_PEOPLE] == "3"
        least = error.delay if isinstance(error, TemporaryError) else MIN_OPERATOR_WAIT
        assert part.at is not None
        assert part.at >= now() + least
        assert not world.parked()

        mend()
        await world.receives(part)
        assert await world.wanted(ENGINEERING, 3) is wanted

    run()


@pytest.mark.parametrize("error", [UNREAD, DENIED])
def test_an_event_of_which_nothing_is_read_waits_whole(error: Exception) -> None:
    @virtual
    async def run() -> None:
        world = await posting()
        for name in ("E3", user(1), user(2)):
            spoil(world, "users", name, error)

        with pytest.raises(TemporaryError, match=str(error).partition(";")[0]):
            await world.posts(event(users=[ref(1), ODD, ref(2)], group=GROUP))

        assert not world.bus.sent
        assert not await world.intents.open_intents(TOTAL)

    run()


@virtual
async def test_an_unknown_person_is_told_of_although_another_is_not_read() -> None:
    world = await posting()
    spoil(world, "users", "E3", UNREAD)

    await world.posts(event(users=[{"upn": "nobody"}, ODD], group=GROUP))

    assert [e["data"]["users"] for e in world.parked_events()] == [[{"upn": "nobody"}]]
    assert world.outcome_results() == [REJECTED]
    assert [data_of(part)["users"] for part in parts(world)] == [[ODD]]


@virtual
async def test_owners_who_are_not_read_let_the_group_wait() -> None:
    world = await posting()
    spoil(world, "users", "E3", UNREAD)

    with pytest.raises(TemporaryError):
        await world.posts(event(ENSURE_GROUP, group={"name": "Team-New"}, owners=[ref(1), ODD]))

    assert not await world.intents.open_intents(TOTAL)
