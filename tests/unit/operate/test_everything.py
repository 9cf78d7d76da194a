"""What is said of one person is about this person, however many others there are."""

import json
from typing import Any
from unittest.mock import AsyncMock

import pytest

from hasten.errors import PermanentError
from hasten.operate.everything import everything_about
from hasten.operate.parked_events import of_person
from hasten.operate.person import person_overview
from hasten.ports.bus import ONBOARDING_REJECTED
from hasten.ports.dead_letters import Parked
from tests.fakes.dead_letters import FakeParkedMessages
from tests.support.lying_ahead import World
from tests.support.posting import GROUP, OFFBOARD, UPN, at, event, ref
from tests.support.virtual_time import virtual
from tests.support.world import user

ADA = 1
HER_NAMES = [ref(ADA), {"upn": UPN.format(ADA)}, {"mail": "MAIL1@contoso.example"}]
HER_NAMES += [{"employeeId": " E1 "}]


def parked(number: int, *users: dict[str, str]) -> Parked:
    body = json.dumps(event(OFFBOARD, users=list(users), event_id=f"e{number}")).encode()
    return Parked(number=number, message_id=f"m{number}", body=body)


@pytest.mark.parametrize("given", HER_NAMES, ids=[next(iter(one)) for one in HER_NAMES])
@virtual
async def test_a_parked_event_of_hers_is_found_among_any_number_of_others(
    given: dict[str, str],
) -> None:
    world = World()
    await world.is_discovered()
    others = [parked(n, {"upn": f"a{n}@contoso.example"}) for n in range(300)]
    lying = {(ONBOARDING_REJECTED, False): [*others, parked(300, given)]}
    world.parked_messages = FakeParkedMessages(lying)
    world.directory.users = AsyncMock(  # type: ignore[method-assign]
        side_effect=PermanentError("Graph refuses one of the values", "none")
    )

    everything = await everything_about(world.context, user(ADA), [world.target])

    assert [one.event for one in everything.parked] == ["e300"]


def test_what_cannot_be_read_is_about_nobody() -> None:
    bodies = [b"{", b"7", b'{"data": {"users": [7, {"upn": 7}, {"id": null}]}}', b"\xff"]
    lying = [Parked(number=n, message_id=f"m{n}", body=b) for n, b in enumerate(bodies)]

    assert of_person(lying, [user(ADA)]) == []


@virtual
async def test_what_a_newer_event_of_somebody_else_overtakes_still_comes_for_her() -> None:
    world = World()
    await world.is_discovered()
    both: dict[str, Any] = {"users": [ref(ADA), ref(2)], "group": GROUP}
    await world.posts(event(event_id="a", age=20, startAt=at(3600), **both))
    await world.posts(event(OFFBOARD, event_id="b", age=10, users=[ref(2)]))

    said = {}
    for number in (ADA, 2):
        everything = await everything_about(world.context, user(number), [world.target])
        overview = await person_overview(world.context, user(number))
        explained = everything.targets[0].scheduled
        said[number] = [one.is_overtaken for one in (*explained, *overview.ahead)]

    assert said == {ADA: [False, False], 2: [True, True]}
    assert [one.is_overtaken for one in await world.ahead()] == [False]
