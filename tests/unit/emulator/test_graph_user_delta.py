"""Delta queries on users: what is tracked, and what Graph may hide."""

from random import Random
from typing import Any

from emulator.entra.behaviours import EntraBehaviours
from emulator.graph import delta
from emulator.graph.objects import Entity
from tests.unit.emulator.test_graph_delta import World


def manner(**behaviours: Any) -> delta.Manner:
    return delta.Manner(EntraBehaviours.kind(**behaviours), Random(1))  # noqa: S311 - repeatable


def start(world: World, *select: str) -> delta.Token:
    page = delta.latest(world.replica, delta.Token(None, 0.0, "user", select=select), world.now)
    assert page.delta is not None
    return page.delta


def read(world: World, token: delta.Token, **behaviours: Any) -> dict[str, Any]:
    """The objects of one page, by id."""
    page = delta.read(world.directory, world.replica, token, world.now, manner(**behaviours))
    return {value["id"]: value for value in page.values}


def disable(world: World, user: Entity) -> None:
    world.directory.update(user, {"accountEnabled": False})


def test_only_what_is_selected_is_tracked_and_shown() -> None:
    world = World()
    ada, amir = world.users(2)
    token = start(world, "id", "jobTitle")
    world.directory.update(ada, {"jobTitle": "Analyst"})
    world.directory.update(amir, {"department": "Finance"})

    assert read(world, token) == {ada.id: {"id": ada.id, "jobTitle": "Analyst"}}


def test_a_deletion_says_whether_it_is_permanent_and_a_restored_user_is_shown_as_new() -> None:
    world = World()
    soft, gone, back = world.users(3)
    token = start(world, "id")
    for user in (soft, gone, back):
        world.directory.delete(user)
    world.directory.purge(gone.id)
    world.directory.restore(back.id)

    assert read(world, token) == {
        soft.id: {"id": soft.id, "@removed": {"reason": "changed"}},
        gone.id: {"id": gone.id, "@removed": {"reason": "deleted"}},
        back.id: {"id": back.id},
    }


def test_groups_and_their_members_are_not_in_a_delta_of_users() -> None:
    world = World()
    [ada] = world.users(1)
    token = start(world, "id")
    world.join([ada])

    assert read(world, token) == {}


def test_a_tenant_may_not_track_account_enabled() -> None:
    world = World()
    [ada] = world.users(1)
    token = start(world, "id", "accountEnabled")
    disable(world, ada)

    assert read(world, token).keys() == {ada.id}
    assert read(world, token, account_enabled_untracked=True) == {}


def test_a_tenant_may_hide_that_somebody_was_restored() -> None:
    world = World()
    [ada] = world.users(1)
    world.directory.delete(ada)
    token = start(world, "id")
    world.directory.restore(ada.id)

    assert read(world, token).keys() == {ada.id}
    assert read(world, token, restore_hidden=True) == {}


def test_a_lagging_replica_shows_a_change_later() -> None:
    world = World()
    [ada] = world.users(1)
    token = start(world, "id", "accountEnabled")
    world.replica.delay = 30.0
    world.now += 60
    disable(world, ada)

    before = read(world, token)
    world.now += 31

    assert before == {}
    assert read(world, token).keys() == {ada.id}
