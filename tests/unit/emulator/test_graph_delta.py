"""Delta queries on groups."""

from typing import Any

import pytest

from emulator.graph import delta
from emulator.graph.assignments import Assignments
from emulator.graph.directory import Directory
from emulator.graph.errors import GraphError
from emulator.graph.objects import Entity
from emulator.graph.replica import Replica


class World:
    def __init__(self) -> None:
        self.now = 1000.0
        self.directory = Directory(lambda: self.now, lambda: self.now)
        self.replica = Replica(self.directory, Assignments(self.directory), 0.0)
        self.group = self.directory.create_group({"displayName": "G", "mailNickname": "g"})
        self.token = delta.Token(
            since=None, issued=self.now, ids=[self.group.id], select=["id", "members"]
        )

    def users(self, count: int) -> list[Entity]:
        first = len(self.directory.users)
        return [
            self.directory.create_user(
                {"displayName": "U", "userPrincipalName": f"u{first + n}@contoso.example"}
            )
            for n in range(count)
        ]

    def join(self, users: list[Entity]) -> None:
        for user in users:
            self.directory.add_members(self.group, [user.id])

    def latest(self) -> delta.Token:
        page = delta.latest(self.replica, self.token, self.now)
        assert page.delta is not None
        return page.delta

    def read(self, token: delta.Token) -> tuple[list[Any], delta.Token]:
        """All pages, and the token for the next time."""
        values: list[Any] = []
        page = delta.read(self.directory, self.replica, token, self.now)
        values += page.values
        while page.next is not None:
            page = delta.read(self.directory, self.replica, page.next, self.now)
            values += page.values
        assert page.delta is not None
        return values, page.delta


@pytest.fixture
def world() -> World:
    return World()


def test_latest_shows_nothing_of_the_past_and_everything_after(world: World) -> None:
    ada, amir = world.users(2)
    world.join([ada])

    token = world.latest()
    world.join([amir])
    values, _ = world.read(token)

    assert values == [
        {
            "id": world.group.id,
            "members@delta": [{"@odata.type": "#microsoft.graph.user", "id": amir.id}],
        }
    ]


def test_a_removed_member_carries_an_object_as_reason(world: World) -> None:
    (ada,) = world.users(1)
    world.join([ada])
    token = world.latest()

    world.directory.remove_member(world.group, ada.id)
    values, _ = world.read(token)

    assert values[0]["members@delta"] == [
        {
            "@odata.type": "#microsoft.graph.user",
            "id": ada.id,
            "@removed": {"reason": "deleted"},
        }
    ]


def test_only_the_last_of_several_changes_of_a_member_counts(world: World) -> None:
    (ada,) = world.users(1)
    token = world.latest()

    world.join([ada])
    world.directory.remove_member(world.group, ada.id)
    world.join([ada])
    values, _ = world.read(token)

    assert len(values[0]["members@delta"]) == 1
    assert "@removed" not in values[0]["members@delta"][0]


def test_the_new_token_does_not_show_what_was_read(world: World) -> None:
    token = world.latest()
    world.join(world.users(3))

    _, token = world.read(token)

    assert world.read(token)[0] == []


def test_a_large_group_is_sliced_over_pages(world: World) -> None:
    users = world.users(delta.PAGE * 2 + 10)
    world.join(users)

    values, _ = world.read(world.token)

    assert [value["id"] for value in values] == [world.group.id] * 3
    shown = [member["id"] for value in values for member in value["members@delta"]]
    assert shown == [user.id for user in users]


def test_a_change_while_pages_are_read_comes_with_the_next_token(world: World) -> None:
    users = world.users(delta.PAGE + 1)
    world.join(users)
    (late,) = world.users(1)
    first = delta.read(world.directory, world.replica, world.token, world.now)
    assert first.next is not None

    world.join([late])
    second = delta.read(world.directory, world.replica, first.next, world.now)
    assert second.delta is not None
    later, _ = world.read(second.delta)

    in_pages = [m["id"] for v in (*first.values, *second.values) for m in v["members@delta"]]
    assert late.id not in in_pages
    assert [m["id"] for v in later for m in v["members@delta"]] == [late.id]


def test_other_groups_and_unasked_members_do_not_show(world: World) -> None:
    (ada,) = world.users(1)
    other = world.directory.create_group({"displayName": "Other", "mailNickname": "other"})
    token = world.latest()
    without_members = delta.Token(since=token.since, issued=world.now, select=["displayName"])

    world.directory.add_members(other, [ada.id])

    assert world.read(token)[0] == []
    assert world.read(without_members)[0] == []


def test_a_change_shows_only_once_it_is_replicated(world: World) -> None:
    world.replica.delay = 15
    (ada,) = world.users(1)
    world.now += 100
    token = world.latest()
    world.join([ada])

    early, token = world.read(token)
    world.now += 15
    late, _ = world.read(token)

    assert early == []
    assert [m["id"] for m in late[0]["members@delta"]] == [ada.id]


def test_a_softly_deleted_group_may_come_back_and_one_deleted_for_good_may_not(
    world: World,
) -> None:
    token = world.latest()

    world.directory.delete(world.group)
    soft, token = world.read(token)
    world.directory.purge(world.group.id)
    hard, _ = world.read(token)

    assert soft == [{"id": world.group.id, "@removed": {"reason": "changed"}}]
    assert hard == [{"id": world.group.id, "@removed": {"reason": "deleted"}}]


def test_a_token_survives_its_way_through_a_link(world: World) -> None:
    token = world.latest()

    assert delta.decoded(token.encoded(), now=world.now, valid_from=0) == token


def test_a_token_older_than_seven_days_is_gone(world: World) -> None:
    text = world.latest().encoded()

    with pytest.raises(GraphError) as refused:
        delta.decoded(text, now=world.now + delta.TOKEN_LIFETIME + 1, valid_from=0)

    assert (refused.value.status, refused.value.code) == (410, "syncStateNotFound")


def test_a_token_that_was_never_given_out_is_refused() -> None:
    with pytest.raises(GraphError) as refused:
        delta.decoded("bm9uc2Vuc2U", now=0, valid_from=0)

    assert refused.value.status == 400
