"""The button: a person is provisioned at once, and the answer has Entra's verdict or says where to
look."""

import asyncio
from typing import Any

import pytest

from hasten.api.caller import Role
from hasten.domain.changes import State
from hasten.domain.history import EntryKind
from hasten.messages import Wake
from hasten.provision.drain import drain
from tests.support.face import OPERATOR, Face, bearer, holds
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

WHY = "needs access now"
PATH = f"/people/{user(1)}/provision"


async def with_joiner() -> Face:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1))
    return Face(world)


async def asked(face: Face, **more: Any) -> Any:
    return await face.post(PATH, {"target": TOTAL, "reason": WHY, **more})


@virtual
async def test_the_answer_has_the_verdict_when_it_comes_in_time() -> None:
    face = await with_joiner()
    waiting = asyncio.create_task(asked(face))
    await asyncio.sleep(2)
    await drain(face.world.context, Wake(target=TOTAL))

    answer = await waiting

    [change] = answer.json()["changes"]
    assert answer.status_code == 200
    assert (answer.json()["is_done"], change["group"]) == (True, ENGINEERING)
    assert change["state"] in {State.SUCCEEDED, State.IN_SYNC}


@virtual
async def test_without_a_verdict_in_time_the_answer_says_where_to_look() -> None:
    face = await with_joiner()
    began = now()

    answer = await asked(face)

    assert answer.status_code == 202
    assert 60 <= (now() - began).total_seconds() < 62
    assert answer.json()["is_done"] is False
    looked = await face.http.get(answer.headers["Location"], headers=bearer(Role.READ))
    assert looked.status_code == 200


@virtual
async def test_who_need_not_wait_gets_202_at_once() -> None:
    face = await with_joiner()
    began = now()

    answer = await asked(face, wait=0)

    assert (answer.status_code, now()) == (202, began)


@virtual
async def test_the_history_says_who_asked_and_why() -> None:
    face = await with_joiner()

    await asked(face, wait=0)

    page = await face.world.context.history.newest(10)
    entries = [entry for entry in page.entries if entry.kind is EntryKind.PROVISIONED]
    assert {(entry.by, entry.why) for entry in entries} == {(OPERATOR, WHY)}


@virtual
async def test_what_is_held_is_shown_and_not_called() -> None:
    world = World()
    await holds(world, user(1))

    answer = await asked(Face(world), wait=0)

    assert [change["state"] for change in answer.json()["changes"]] == [State.HELD]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/people/nobody@contoso.example/provision", {}, 404),
        (f"/people/{user(99)}/provision", {}, 404),
        (PATH, {"target": "OTHER"}, 404),
        (PATH, {"reason": ""}, 400),
        (PATH, {"wait": 61}, 400),
        (PATH, {"wait": -1}, 400),
        (PATH, {"wait": "long"}, 400),
        (PATH, {"users": []}, 400),
    ],
)
@virtual
async def test_a_request_at_fault_calls_nobody(
    path: str, body: dict[str, Any], status: int
) -> None:
    face = await with_joiner()

    answer = await face.post(path, {"target": TOTAL, "reason": WHY, **body})

    assert answer.status_code == status
    assert (await face.world.context.history.newest(10)).entries == []


@virtual
async def test_a_reader_may_not_ask() -> None:
    face = await with_joiner()

    answer = await face.post(PATH, {"target": TOTAL, "reason": WHY}, Role.READ)

    assert answer.status_code == 403
