"""What an operator decides over the API, and that the history keeps who and why."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import httpx
import pytest

from hasten.api.caller import Role
from hasten.domain.changes import State
from hasten.domain.history import BEGUN, DONE, EntryKind
from hasten.errors import TemporaryError
from hasten.ports.store import Write
from tests.fakes.memory_store import MemoryStore
from tests.fakes.sign_in import signed
from tests.support.face import OPERATOR, Face, bearer, holds, program
from tests.support.history import noted
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

WHY = "agreed with HR"


class Failing(MemoryStore):
    """A store that takes no entries of the history while it fails."""

    fails = False

    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        if self.fails and collection == "history":
            raise TemporaryError("the store is down", timedelta(seconds=5))
        return await super().commit(collection, partition, writes)


async def holding(count: int = 3) -> Face:
    world = World()
    await holds(world, *(user(number) for number in range(1, count + 1)))
    return Face(world)


async def states(world: World, count: int = 3) -> list[State]:
    return [(await world.row(ENGINEERING, user(n))).state for n in range(1, count + 1)]


@virtual
async def test_named_people_are_released_and_no_others() -> None:
    face = await holding()

    answer = await face.post("/held/release", {"target": TOTAL, "users": [user(1)], "reason": WHY})

    assert answer.status_code == 200
    assert (answer.json()["chosen"], answer.json()["moved"]) == (1, 1)
    assert await states(face.world) == [State.PENDING, State.HELD, State.HELD]
    assert await noted(face.world, EntryKind.RELEASED) == {
        (user(1), BEGUN, OPERATOR, WHY),
        (user(1), DONE, OPERATOR, WHY),
    }


@virtual
async def test_all_is_discarded_where_the_request_says_so() -> None:
    face = await holding()

    answer = await face.post("/held/discard", {"target": TOTAL, "all": True, "reason": WHY})

    assert (answer.status_code, answer.json()["moved"]) == (200, 3)
    assert await states(face.world) == [State.LEFT_TO_CYCLE] * 3
    assert {user for user, *_ in await noted(face.world, EntryKind.DISCARDED)} == {
        user(number) for number in range(1, 4)
    }


@virtual
async def test_nothing_held_is_no_error_and_does_nothing() -> None:
    world = World()
    await world.is_discovered()

    answer = await Face(world).post("/held/release", {"target": TOTAL, "all": True, "reason": WHY})

    assert answer.json() == {
        "target": TOTAL,
        "chosen": 0,
        "moved": 0,
        "proposed": 0,
        "problem": None,
        "fix": None,
    }


@pytest.mark.parametrize("path", ["/held/release", "/held/discard"])
@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"reason": None}, "body.reason"),
        ({"reason": "  "}, "body.reason"),
        ({"reason": "x" * 501}, "body.reason"),
        ({"reason": "a\nb: c"}, "body.reason"),
        ({"target": None}, "body.target"),
        ({"users": None}, "body"),
        ({"users": []}, "body"),
        ({"all": True}, "body"),
        ({"users": "all"}, "body.users"),
        ({"users": [1]}, "body.users.0"),
        ({"users": [""]}, "body.users.0"),
        ({"users": ["x"] * 1001}, "body.users"),
        ({"yes": True}, "body.yes"),
    ],
)
@virtual
async def test_a_decision_at_fault_changes_nothing_and_names_the_field(
    path: str, changed: dict[str, Any], field: str
) -> None:
    face = await holding()
    whole = {"target": TOTAL, "users": [user(1)], "reason": WHY, **changed}
    body = {name: value for name, value in whole.items() if value is not None}

    answer = await face.post(path, body)

    assert answer.status_code == 400
    assert [fault["field"] for fault in answer.json()["faults"]] == [field]
    assert await states(face.world) == [State.HELD] * 3


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'"all"', "application/json", 400),
        (b'{"target": "TOTAL", "target": "OTHER"}', "application/json", 400),
        (b"[" * 50_000, "application/json", 400),
        (b"\xff", "application/json", 400),
        (b" " * 65_537, "application/json", 413),
        (b"x" * 1024 * 1024, "application/json", 413),
        (b"{}", "text/plain", 415),
        (b"all=true&target=TOTAL", "application/x-www-form-urlencoded", 415),
    ],
)
@virtual
async def test_a_body_that_is_no_decision_is_refused(
    content: bytes, kind: str, status: int
) -> None:
    face = await holding()

    answer = await face.http.post(
        "/api/v1/held/discard",
        content=content,
        headers={**bearer(Role.OPERATE), "Content-Type": kind},
    )

    assert answer.status_code == status
    assert await states(face.world) == [State.HELD] * 3


@pytest.mark.parametrize(
    "path", ["/held/release", "/held/discard", "/stop", "/start", "/scheduled/x/cancel"]
)
@pytest.mark.parametrize("roles", [(), (Role.READ,), (Role.SEND,), (Role.READ, Role.SEND)])
@virtual
async def test_only_an_operator_decides(path: str, roles: tuple[str, ...]) -> None:
    face = await holding()
    headers = {**bearer(*roles), "Content-Type": "application/json"}
    body = json.dumps({"target": TOTAL, "all": True, "reason": WHY})

    answer = await face.http.post(f"/api/v1{path}", content=body, headers=headers)

    assert answer.status_code == 403
    assert await states(face.world) == [State.HELD] * 3


@virtual
async def test_a_session_decides_only_from_a_page_of_hasten() -> None:
    face = await holding()
    body = json.dumps({"target": TOTAL, "all": True, "reason": WHY})
    headers = {**face.cookie(Role.OPERATE), "Content-Type": "application/json"}
    ours = {"Origin": "https://hasten.example", "X-CSRF-Token": "the-token-of-the-session"}

    forged = await face.http.post("/api/v1/held/discard", content=body, headers=headers)
    done = await face.http.post("/api/v1/held/discard", content=body, headers={**headers, **ours})

    assert [forged.status_code, done.status_code] == [403, 200]


@virtual
async def test_where_two_must_agree_the_second_operator_releases() -> None:
    world = World()
    world.target = world.target.model_copy(update={"release_by_two": True})
    await holds(world, user(1))
    face = Face(world)
    body = json.dumps({"target": TOTAL, "all": True, "reason": WHY})

    async def releases(who: str) -> Any:
        headers = {**bearer(Role.OPERATE, oid=who), "Content-Type": "application/json"}
        return (await face.http.post("/api/v1/held/release", content=body, headers=headers)).json()

    first, again = await releases(user(901)), await releases(user(901))
    second = await releases(user(902))

    assert [first["moved"], again["moved"], second["moved"]] == [0, 0, 1]
    assert first["proposed"] == 1


@pytest.mark.parametrize("tells_its_type", [True, False])
@virtual
async def test_where_two_must_agree_a_program_is_neither_of_them(*, tells_its_type: bool) -> None:
    """One person may have the secrets of many programs."""
    world = World()
    world.target = world.target.model_copy(update={"release_by_two": True})
    await holds(world, user(1))
    face = Face(world)
    names = {"oid": user(902), "sub": user(902)} | ({"idtyp": "app"} if tells_its_type else {})
    token = signed(program(Role.OPERATE, **names))
    body = json.dumps({"target": TOTAL, "all": True, "reason": WHY})

    async def releases(authorization: Mapping[str, str]) -> httpx.Response:
        headers = {**authorization, "Content-Type": "application/json"}
        return await face.http.post("/api/v1/held/release", content=body, headers=headers)

    by_program = {"Authorization": f"Bearer {token}"}
    refused = [await releases(by_program)]
    proposed = await releases(bearer(Role.OPERATE, oid=user(901)))
    refused.append(await releases(by_program))

    assert [answer.status_code for answer in refused] == [409, 409]
    assert "with a token of your own" in refused[0].text
    assert proposed.json()["proposed"] == 1
    assert await states(world, 1) == [State.HELD]


@virtual
async def test_the_history_tells_a_program_from_a_person() -> None:
    face = await holding(1)
    headers = {"Authorization": f"Bearer {signed(program(Role.OPERATE))}"}
    body = json.dumps({"target": TOTAL, "all": True, "reason": WHY})

    answer = await face.http.post(
        "/api/v1/held/release",
        content=body,
        headers={**headers, "Content-Type": "application/json"},
    )

    assert answer.json()["moved"] == 1
    assert {by for _, _, by, _ in await noted(face.world, EntryKind.RELEASED)} == {
        f"app:{OPERATOR}"
    }


@virtual
async def test_while_the_history_cannot_be_written_nothing_is_decided() -> None:
    """The first entry is written before anything is done."""
    store = Failing()
    world = World(store=store)
    await holds(world, user(1), user(2), user(3))
    face = Face(world)
    store.fails = True

    answer = await face.post("/held/discard", {"target": TOTAL, "all": True, "reason": WHY})

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert await states(face.world) == [State.HELD] * 3
