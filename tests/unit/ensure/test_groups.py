"""A group is made once, although Graph may not show it yet or may not have answered."""

import asyncio
from datetime import timedelta

import pytest

from hasten.ensure.groups import mail_nickname, properties
from hasten.errors import TemporaryError
from hasten.policy import Creation
from hasten.ports.directory_errors import NotYet
from hasten.records import cursors
from tests.support.ensuring import Onboarding
from tests.support.virtual_time import virtual
from tests.support.world import user

NAME = "TOTAL - Design"


async def a_world() -> Onboarding:
    world = Onboarding()
    await world.is_discovered()
    world.directory.has_user(user(1))
    return world


class Hiding(Onboarding):
    """New groups are made, but no replica shows them until `shown`."""

    def hide(self) -> None:
        self.directory.groups_named = self._none  # type: ignore[assignment, method-assign]
        self.directory.group = self._nothing  # type: ignore[method-assign]

    def show(self) -> None:
        del self.directory.groups_named
        del self.directory.group

    async def _none(self, display_name: str) -> list[object]:
        return []

    async def _nothing(self, group: str) -> None:
        return None


@virtual
async def test_a_group_made_a_moment_ago_is_remembered_until_it_shows() -> None:
    world = Hiding()
    await world.is_discovered()
    world.directory.has_user(user(1))
    world.hide()
    await world.wants("", user(1), name=NAME, description="x", age=1.5)
    with pytest.raises(NotYet):
        await world.ensures()
    await world.wants("", user(1), name=NAME, description="x", age=1.4)
    with pytest.raises(NotYet):
        await world.ensures()
    world.show()

    await world.ensures_until_done()

    [made] = await world.directory.groups_named(NAME)
    assert await world.members(str(made["id"])) == {user(1)}
    assert world.directory.writes["create_group"] == 1


@virtual
async def test_a_leaver_of_a_new_group_is_not_missed_before_the_sweep_has_seen_it() -> None:
    world = await a_world()
    await world.wants("", user(1), name=NAME, description="x", age=2)
    await world.ensures_until_done()
    [made] = await world.directory.groups_named(NAME)
    group = str(made["id"])

    await world.directory.remove_member(group, user(1))

    cursor = await cursors.load(world.store, group)
    assert cursor is not None
    [member] = (await world.directory.membership_delta(cursor.link)).members[group]
    assert (member.id, member.removed) == (user(1), True)


@virtual
async def test_a_group_that_may_have_been_made_is_waited_for_before_it_is_made_again() -> None:
    world = await a_world()
    no_answer = TemporaryError("no answer came", timedelta(seconds=5))
    world.directory.refusals["create_group"].append(no_answer)
    await world.wants("", user(1), name=NAME, description="x")
    with pytest.raises(TemporaryError, match="no answer came"):
        await world.ensures()

    await asyncio.sleep(30)
    with pytest.raises(TemporaryError, match="may have been made") as waiting:
        await world.ensures()
    assert waiting.value.delay == timedelta(seconds=15)
    await asyncio.sleep(91)
    await world.ensures_until_done()

    assert world.directory.writes["create_group"] == 2
    assert len(await world.directory.groups_named(NAME)) == 1


@virtual
async def test_a_group_that_graph_made_without_an_answer_is_found_and_not_made_again() -> None:
    world = await a_world()
    no_answer = TemporaryError("no answer came", timedelta(seconds=5))
    world.directory.refusals["create_group"].append(no_answer)
    await world.wants("", user(1), name=NAME, description="x")
    with pytest.raises(TemporaryError, match="no answer came"):
        await world.ensures()
    world.directory.has_group("0000bbbb-0000-4000-a000-000000000001", NAME)

    await world.ensures()

    assert await world.members("0000bbbb-0000-4000-a000-000000000001") == {user(1)}
    assert world.directory.writes["create_group"] == 1


@virtual
async def test_a_group_that_was_renamed_since_is_no_longer_the_one_of_the_name() -> None:
    world = await a_world()
    await world.wants("", user(1), name=NAME, description="x")
    await world.ensures()
    [made] = await world.directory.groups_named(NAME)
    world.directory.has_group(str(made["id"]), "Another name")
    world.directory.has_group("0000bbbb-0000-4000-a000-000000000002", NAME)
    world.directory.has_user(user(2))

    await world.wants("", user(2), name=NAME)
    await world.ensures()

    assert await world.members("0000bbbb-0000-4000-a000-000000000002") == {user(2)}


def test_a_mail_nickname_is_ascii_short_and_the_same_for_the_same_name() -> None:
    names = [NAME, "total - design", "Größe & Maß: <Ünit>", "漢字", "x" * 256, "TOTAL Design"]

    nicknames = [mail_nickname(name) for name in names]

    assert nicknames[0] == nicknames[1]
    assert len(set(nicknames)) == len(names) - 1
    assert all(len(n) <= 59 and n.isascii() and " " not in n for n in nicknames)
    assert nicknames[0].startswith("total-design-")


def test_an_empty_description_is_not_sent() -> None:
    assert "description" not in properties(NAME, Creation())
