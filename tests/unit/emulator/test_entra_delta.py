"""Delta answers and collections in the ways that Graph allows itself."""

from random import Random
from typing import Any

from emulator.entra.behaviours import EntraBehaviours
from emulator.graph import delta
from emulator.graph.seed import TOTAL_ENGINEERING, object_id
from tests.unit.emulator.graph_tenant import BASE, LocalTenant, local_tenant
from tests.unit.emulator.test_graph_delta import World

A, B = object_id("user/290"), object_id("user/291")
START = f"/groups/delta?$deltatoken=latest&$filter=id eq '{TOTAL_ENGINEERING}'&$select=id,members"


def manner(**behaviours: Any) -> delta.Manner:
    return delta.Manner(EntraBehaviours.kind(**behaviours), Random(1))  # noqa: S311 - repeatable


def rounds(world: World, token: delta.Token, how: delta.Manner) -> tuple[list[Any], delta.Token]:
    """All the objects of one round, and the token for the next."""
    page = delta.read(world.directory, world.replica, token, world.now, how)
    values = list(page.values)
    while page.next is not None:
        page = delta.read(world.directory, world.replica, page.next, world.now, how)
        values += page.values
    assert page.delta is not None
    return values, page.delta


def named(values: list[Any]) -> list[tuple[str, bool]]:
    return [
        (member["id"], "@removed" in member)
        for value in values
        for member in value.get("members@delta", ())
    ]


async def all_pages(local: LocalTenant, path: str) -> list[Any]:
    pages = [await local.read(path)]
    while "@odata.nextLink" in pages[-1]:
        pages.append(await local.read(pages[-1]["@odata.nextLink"].removeprefix(f"{BASE}/v1.0")))
    return pages


def test_changes_of_earlier_answers_are_repeated_now_and_then() -> None:
    world = World()
    ada, amir = world.users(2)
    how = manner(delta_replays=True)
    token = world.latest()
    world.join([ada])
    _, token = rounds(world, token, how)

    repeats = 0
    for _ in range(40):
        values, token = rounds(world, token, how)
        repeats += (ada.id, False) in named(values)
    world.join([amir])
    found = []
    for _ in range(2):
        values, token = rounds(world, token, how)
        found += named(values)

    assert 0 < repeats < 40
    assert (amir.id, False) in found


def test_without_order_each_change_is_an_object_and_a_superseded_one_shows() -> None:
    world = World()
    users = world.users(30)
    world.join(users)
    token = world.latest()
    for user in users:
        world.directory.remove_member(world.group, user.id)
    world.join(users)

    values, _ = rounds(world, token, manner(delta_disorder=True))
    plain, _ = rounds(world, token, manner())

    assert all(len(value["members@delta"]) == 1 for value in values)
    shown = named(values)
    assert set(shown) == {(user.id, removed) for user in users for removed in (True, False)}
    assert len(shown) > len(set(shown))
    last = dict(shown)
    assert set(last.values()) == {True, False}, "what comes last is not always the newest"
    assert set(named(plain)) == {(user.id, False) for user in users}


def test_pages_without_order_add_up_to_every_change() -> None:
    world = World()
    token = world.latest()
    users = world.users(3 * delta.PAGE)
    world.join(users)

    values, after = rounds(world, token, manner(delta_disorder=True))

    assert {user for user, _ in named(values)} == {user.id for user in users}
    assert rounds(world, after, manner(delta_disorder=True))[0] == []


async def test_the_first_page_of_a_delta_round_may_be_empty() -> None:
    async with local_tenant(EntraBehaviours.kind(empty_pages=True)) as local:
        directory = local.tenant.directory
        [start] = await all_pages(local, START)
        link = start["@odata.deltaLink"].removeprefix(f"{BASE}/v1.0")
        directory.add_members(directory.groups[TOTAL_ENGINEERING], [A])
        first, second = await all_pages(local, link)

    assert first["value"] == []
    assert named(second["value"]) == [(A, False)]
    assert "@odata.deltaLink" in second


async def test_the_first_page_of_a_collection_may_be_empty() -> None:
    members = f"/groups/{TOTAL_ENGINEERING}/members"
    async with local_tenant() as local:
        plain = await all_pages(local, members)
        await local.admin.post("/emulator/entra", json={"empty-pages": True})
        first, *others = await all_pages(local, members)

    assert first["value"] == []
    assert [page["value"] for page in others] == [page["value"] for page in plain]
