"""People who are gone, who cannot be read, and of whom very many events speak."""

from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.intents import Wanted, group_key
from hasten.errors import WrongInputError
from hasten.json import Json
from hasten.records.people import MAPPING, LatestJoin, Person
from hasten.records.repository import Repository
from tests.support.posting import GROUP, OFFBOARD, Posting, at, event, ref, total
from tests.support.virtual_time import START, virtual
from tests.support.world import ENGINEERING, TOTAL, user

AN_HOUR = timedelta(hours=1)
DELETED = {"id": "0000cccc-0000-4000-8000-000000009999"}


@pytest.mark.parametrize("groups", [None, [GROUP]])
def test_offboarding_somebody_who_was_deleted_is_no_error(
    groups: list[dict[str, str]] | None,
) -> None:
    @virtual
    async def run() -> None:
        world = Posting()
        await world.is_discovered()
        named: dict[str, Any] = {"groups": groups} if groups else {}

        await world.posts(event(OFFBOARD, users=[DELETED, ref(1)], **named))
        await world.looks_again()
        await world.ensures_until_done()

        assert world.parked() == []
        results = {o["user"]: o["result"] for o in world.outcomes()}
        assert results == {DELETED["id"]: "in_sync", user(1): "in_sync"}

    run()


@pytest.mark.parametrize("key", ["upn", "mail", "employeeId"])
def test_an_offboarding_of_nobody_never_advises_to_create_them(key: str) -> None:
    @virtual
    async def run() -> None:
        world = Posting()
        await world.is_discovered()

        await world.posts(event(OFFBOARD, users=[{key: "nobody"}]))

        [fault] = world.faults()
        assert "create" not in fault["fix"]
        assert "deleted" in fault["fix"]

    run()


@virtual
async def test_a_reference_that_graph_refuses_parks_that_person_alone() -> None:
    world = Posting()
    await world.is_discovered()
    users = world.directory.users

    async def refusing(**how: str) -> list[Json]:
        if how.get("upn") == "odd":
            raise WrongInputError("Graph answered 400", "correct the value")
        return list(await users(**how))

    world.directory.users = refusing  # type: ignore[method-assign]
    await world.posts(event(users=[ref(1), {"upn": "odd"}, ref(2)], group=GROUP))

    assert [await world.wanted(ENGINEERING, n) for n in (1, 2)] == [Wanted.MEMBER] * 2
    [parked] = world.parked_events()
    assert parked["data"]["users"] == [{"upn": "odd"}]
    assert world.faults() == [
        {
            "field": "data.users[1].upn",
            "problem": "Graph answered 400",
            "fix": "correct the value",
        }
    ]


@virtual
async def test_events_without_number_never_fill_what_is_kept_of_a_person() -> None:
    """Of the longest names, ids and sources, in characters that take twelve bytes each."""
    world = Posting(target=total(groups=[{"name": "*", "create": {}}]))
    await world.is_discovered()
    wide = "\U0001f600"
    joins = {
        group_key(f"{number:04}{wide * 120}"): LatestJoin(time=START - AN_HOUR, cause="c" * 32)
        for number in range(480)
    }
    await Repository(world.store, MAPPING).update(
        [Person(target=TOTAL, user=user(1), joined=joins)], lambda _, new: new
    )
    for number in range(480, 520):
        name = f"{number:04}" + wide * 120
        given = event(event_id=f"{number}{wide * 100}", users=[ref(1)], group={"name": name})
        given["source"] = "/" + wide * 120
        given["time"] = at(-520 + number)
        await world.posts(given)
    assert world.parked() == []

    await world.posts(event(OFFBOARD, event_id="last", users=[ref(1)]))

    assert world.parked() == []
    known = await world.context.people.find("TOTAL", user(1))
    assert known is not None
    assert known.left_at is not None
    assert len(known.joined) == 500
