"""Requests that are refused are counted, and their rate is bounded."""

import asyncio

import pytest

from hasten.api.caller import Role
from hasten.api.refused import MOST_A_MINUTE, WINDOW
from tests.support.face import Face
from tests.support.virtual_time import virtual
from tests.support.world import World

TARGETS = "/api/v1/targets"


def noted(world: World) -> list[tuple[object, object, object]]:
    events = [event for event in world.events if event.name == "request"]
    return [(event.result, event.fields["door"], event.fields["count"]) for event in events]


@pytest.mark.parametrize(
    ("path", "roles", "told"),
    [
        (TARGETS, (), ("unauthorized", "api", 1)),
        ("/api/v1/stop", (Role.READ,), ("forbidden", "api", 1)),
        ("/api/ui/stop", (), ("unauthorized", "pages", 1)),
        ("/api/ui/stop", (Role.READ,), ("forbidden", "pages", 1)),
    ],
)
@virtual
async def test_a_refused_request_is_one_event(
    path: str, roles: tuple[Role, ...], told: tuple[str, str, int]
) -> None:
    world = World()
    face = Face(world)
    headers = face.cookie(*roles) if roles else {}

    answer = await face.http.request("GET" if path == TARGETS else "POST", path, headers=headers)

    assert answer.status_code in {401, 403}
    assert noted(world) == [told]


@virtual
async def test_a_browser_that_is_sent_to_the_sign_in_is_not_refused() -> None:
    world = World()

    answer = await Face(world).http.get("/api/ui/held")

    assert (answer.status_code, noted(world)) == (303, [])


@virtual
async def test_beyond_the_bound_a_refusal_says_when_to_come_again_and_makes_no_event() -> None:
    world = World()
    face = Face(world)
    for _ in range(MOST_A_MINUTE):
        assert (await face.http.get(TARGETS)).status_code == 401
    await asyncio.sleep(20)

    over = [await face.http.get(TARGETS) for _ in range(3)]

    assert {answer.status_code for answer in over} == {429}
    assert over[0].headers["Retry-After"] == "40"
    assert over[0].headers["Content-Type"] == "application/problem+json"
    assert noted(world)[MOST_A_MINUTE:] == [("throttled", "api", 1)]


@virtual
async def test_a_valid_token_passes_while_others_are_refused() -> None:
    face = Face(World())
    for _ in range(MOST_A_MINUTE + 5):
        await face.http.get(TARGETS)

    assert (await face.get("/targets", Role.READ)).status_code == 200


@virtual
async def test_the_next_minute_counts_those_that_had_no_event() -> None:
    world = World()
    face = Face(world)
    for _ in range(MOST_A_MINUTE + 5):
        await face.http.get(TARGETS)
    await asyncio.sleep(WINDOW.total_seconds())

    answer = await face.http.get(TARGETS)

    assert answer.status_code == 401
    assert noted(world)[-2:] == [("throttled", "api", 1), ("unauthorized", "api", 5)]
    assert sum(int(str(count)) for _, _, count in noted(world)) == MOST_A_MINUTE + 6
