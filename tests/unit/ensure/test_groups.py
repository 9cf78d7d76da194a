"""A group is made once, although Graph may not show it yet or may not have answered."""

import asyncio
from datetime import timedelta

import pytest

from hasten.domain.intents import Wanted
from hasten.ensure.apply_policy import apply_policies
from hasten.ensure.groups import mail_nickname, properties
from hasten.errors import TemporaryError
from hasten.json import Json
from hasten.policy import Creation, GroupPolicy
from hasten.ports.directory_errors import NotYet
from hasten.records import cursors
from hasten.targets import Target
from tests.support.ensuring import Onboarding
from tests.support.virtual_time import virtual
from tests.support.world import TOTAL, user

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


NO_ANSWER = TemporaryError("no answer came", timedelta(seconds=5))


def makes_without_an_answer(world: Onboarding) -> list[str]:
    """Graph makes the group of the first try without an answer, and no operator says whose it is.
    Returns the id of that group once it is made."""
    make, made = world.directory.create_group, list[str]()

    async def create_group(properties: Json) -> str:
        if made:
            return await make(properties)
        made.append(await make(properties))
        world.strangers.add(made[-1])
        raise NO_ANSWER

    world.directory.create_group = create_group  # type: ignore[method-assign]
    return made


@pytest.mark.parametrize("seconds", [0, 60, 600])
@virtual
async def test_a_group_that_graph_made_without_an_answer_is_found_and_not_made_again(
    seconds: float,
) -> None:
    """However late Graph shows it: a later try gives it the same mailNickname."""
    world = await a_world()
    made = makes_without_an_answer(world)
    await world.wants("", user(1), name=NAME, description="x")
    with pytest.raises(TemporaryError, match="no answer came"):
        await world.ensures()
    await asyncio.sleep(seconds)

    await world.ensures()

    assert await world.members(made[0]) == {user(1)}
    assert world.directory.writes["create_group"] == 1
    await asyncio.sleep(120)
    shown = world.directory.group_objects[made[0]]
    world.directory.group_objects[made[0]] = {**shown, "mailNickname": "another"}
    await world.wants("", name=NAME, description="x", wanted=Wanted.GROUP)
    await world.ensures_until_done()
    assert "rejected" not in dict(world.told()).values()


@virtual
async def test_a_group_of_the_policy_that_graph_made_without_an_answer_needs_no_operator() -> None:
    policy = GroupPolicy(name=NAME, create=Creation())
    world = Onboarding(target=Target(name=TOTAL, display_name=TOTAL, groups=(policy,)))
    await world.is_discovered()
    made = makes_without_an_answer(world)
    with pytest.raises(TemporaryError, match="no answer came"):
        await apply_policies(world.context)

    await apply_policies(world.context)

    assert len(world.given(made[0])) == 1
    assert world.directory.writes["create_group"] == 1


@virtual
async def test_a_group_of_an_earlier_try_that_appears_after_the_next_one_is_found() -> None:
    world = await a_world()
    made = makes_without_an_answer(world)
    await world.wants("", user(1), name=NAME, description="x")
    with pytest.raises(TemporaryError, match="no answer came"):
        await world.ensures()
    late = world.directory.group_objects.pop(made[0])
    await asyncio.sleep(130)
    world.directory.refusals["create_group"].append(NO_ANSWER)
    with pytest.raises(TemporaryError, match="no answer came"):
        await world.ensures()
    world.directory.group_objects[made[0]] = late

    await world.ensures()

    assert await world.members(made[0]) == {user(1)}


@virtual
async def test_a_group_of_the_name_that_somebody_else_made_meanwhile_is_not_taken() -> None:
    world = await a_world()
    world.directory.refusals["create_group"].append(NO_ANSWER)
    await world.wants("", user(1), name=NAME, description="x")
    with pytest.raises(TemporaryError, match="no answer came"):
        await world.ensures()
    strange = "0000bbbb-0000-4000-a000-000000000001"
    world.directory.has_group(strange, NAME)
    world.strangers.add(strange)

    await world.ensures_until_done()

    assert await world.members(strange) == set()
    assert world.told() == [(user(1), "rejected")]


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


@pytest.mark.parametrize("name", [NAME, "Größe & Maß: <Ünit>", "漢字", "x" * 256])
def test_a_mail_nickname_is_ascii_and_short_and_another_for_each_secret(name: str) -> None:
    nicknames = {mail_nickname(name, secret) for secret in ("one", "two")}

    assert len(nicknames) == 2
    assert all(len(n) <= 64 and n.isascii() and " " not in n for n in nicknames)


def test_an_empty_description_is_not_sent() -> None:
    assert "description" not in properties(NAME, "nickname", Creation())
