"""What the API shows: the answers of the operator's own functions, page by page."""

from typing import Any

import pytest

from hasten.api.caller import Role
from tests.support.face import Face, holds
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, World, user


async def with_held(count: int) -> Face:
    world = World()
    await holds(world, *(user(number) for number in range(1, count + 1)))
    return Face(world)


async def pages(face: Face, path: str, items: str, following: str, **query: Any) -> list[Any]:
    """All items of a list, read page by page."""
    found: list[Any] = []
    before: str | None = None
    while True:
        more = {} if before is None else {"before": before}
        answer = await face.get(path, Role.READ, **query, **more)
        assert answer.status_code == 200, answer.text
        found += answer.json()[items]
        before = answer.json()[following]
        if before is None:
            return found


@virtual
async def test_a_person_is_explained_in_sentences_and_as_data() -> None:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1))

    answer = await Face(world).get(f"/people/{user(1)}", Role.READ)

    [target] = answer.json()["targets"]
    assert answer.status_code == 200
    assert target["target"] == TOTAL
    assert target["sentences"]
    assert target["facts"]["rows"][0]["user"] == user(1)


@pytest.mark.parametrize(
    "given",
    [
        "nobody@contoso.example",
        "0000dddd-0000-4000-8000-000000000001",
        "0000dddd000040008000000000000001",
    ],
)
@virtual
async def test_somebody_whom_nobody_knows_is_404(given: str) -> None:
    world = World()
    await world.is_discovered()

    answer = await Face(world).get(f"/people/{given}", Role.READ)

    assert answer.status_code == 404
    assert answer.json()["fix"]


@pytest.mark.parametrize("path", ["/people/x", "/changes", "/held", "/scheduled"])
@virtual
async def test_an_unknown_target_is_404_and_the_known_ones_are_named(path: str) -> None:
    answer = await Face(World()).get(path, Role.READ, target="OTHER")

    assert answer.status_code == 404
    assert TOTAL in answer.json()["fix"]


@virtual
async def test_the_targets_are_shown_with_the_health_of_the_app() -> None:
    face = await with_held(3)

    answer = await face.get("/targets", Role.READ)

    [target] = answer.json()["targets"]
    assert (target["target"], target["held"]) == (TOTAL, 3)
    assert "timers" in answer.json()["app"]


@virtual
async def test_what_is_held_comes_page_by_page_and_each_once() -> None:
    face = await with_held(7)

    found = await pages(face, "/held", "held", "next", limit=3)

    assert sorted(one["user"] for one in found) == [user(number) for number in range(1, 8)]
    assert {one["target"] for one in found} == {TOTAL}
    assert all(one["if_released"] and one["if_discarded"] for one in found)


@virtual
async def test_held_changes_are_found_by_user_and_group() -> None:
    face = await with_held(3)

    one = await face.get("/held", Role.READ, user=user(2), group=ENGINEERING)
    none = await face.get("/held", Role.READ, group="direct")

    assert [held["user"] for held in one.json()["held"]] == [user(2)]
    assert none.json() == {"held": [], "total": 0, "next": None}


@virtual
async def test_changes_are_filtered_by_state() -> None:
    face = await with_held(3)

    held = await face.get("/changes", Role.READ, state=["held", "failed"])
    pending = await face.get("/changes", Role.READ, state="pending")

    assert len(held.json()["opened"]) == 3
    assert pending.json()["opened"] == []


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/changes", {"limit": 0}, "query.limit"),
        ("/changes", {"limit": 201}, "query.limit"),
        ("/changes", {"limit": "many"}, "query.limit"),
        ("/changes", {"state": "lost"}, "query.state.0"),
        ("/changes", {"user": "olga@contoso.example"}, "query.user"),
        ("/changes", {"group": "TOTAL-Engineering"}, "query.group"),
        ("/changes", {"user": user(1).replace("-", "")}, "query.user"),
        ("/held", {"user": f"{{{user(1)}}}"}, "query.user"),
        ("/held", {"group": ENGINEERING.replace("-", "")}, "query.group"),
        ("/held", {"group": f"urn:uuid:{ENGINEERING}"}, "query.group"),
        ("/changes", {"before": "x"}, "query.before"),
        ("/changes", {"before": "../../x"}, "query.before"),
        ("/changes", {"sort": "asc"}, "query.sort"),
        ("/changes", {"limit": ["1", "2"]}, "query.limit"),
        ("/held", {"before": "x"}, "query.before"),
        ("/held", {"before": "e30="}, "query.before"),
        ("/held", {"before": "\u00e9"}, "query.before"),
        ("/held", {"target": "\n"}, "query.target"),
        ("/targets", {"target": TOTAL}, "query.target"),
        ("/people/x", {"all": "1"}, "query.all"),
    ],
)
@virtual
async def test_a_wrong_parameter_is_named_with_its_fix(
    path: str, query: dict[str, Any], field: str
) -> None:
    answer = await Face(World()).get(path, Role.READ, **query)

    assert answer.status_code == 400
    assert [fault["field"] for fault in answer.json()["faults"]] == [field]


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/people/",
        "/people/a/b",
        "//targets",
        "/people/%2e%2e%2ftargets",
        "/people/%00",
        "/people/" + "a" * 2000,
        "/scheduled/%2f/cancel",
    ],
)
@virtual
async def test_a_strange_path_finds_nothing_and_fails_nowhere(path: str) -> None:
    world = World()
    await world.is_discovered()

    answer = await Face(world).get(path, Role.READ)

    assert answer.status_code in {400, 404, 405}
    assert answer.headers["Content-Type"] == "application/problem+json"


@virtual
async def test_a_method_that_a_path_does_not_have_is_405() -> None:
    answer = await Face(World()).http.request("DELETE", "/api/v1/targets")

    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


@virtual
async def test_no_answer_is_kept_by_a_cache() -> None:
    answer = await (await with_held(1)).get("/held", Role.READ)

    assert answer.headers["Cache-Control"] == "no-store"
