"""Groups and people of what is held, as an operator names them."""

import pytest

from hasten.domain.changes import Action
from hasten.errors import PermanentError
from hasten.operate.held import choose_held
from hasten.watch.admit import admit
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, found, user

LEAVERS = tuple(user(number) for number in range(1, 13))


async def holding() -> World:
    world = World()
    world.directory.has_group(ENGINEERING, "TOTAL-Engineering")
    world.directory.has_group(ADMIN, "TOTAL-Admins")
    for leaver in LEAVERS:
        world.directory.has_user(leaver, upn=f"{leaver}@x.example")
    removals = [found(ENGINEERING, one, Action.REMOVED, 2) for one in LEAVERS]
    await admit(world.context, removals, members_before=12)
    return world


@pytest.mark.parametrize(
    "given", [ENGINEERING, ENGINEERING.upper(), "TOTAL-Engineering", "total-engineering"]
)
@virtual
async def test_a_group_is_named_by_id_or_by_name(given: str) -> None:
    world = await holding()

    held = await choose_held(world.context, TOTAL, groups=[given], users=[])

    assert {change.user for change in held.changes} == set(LEAVERS)


@pytest.mark.parametrize("given", [user(3), f"{user(3)}@x.example"])
@virtual
async def test_a_person_is_named_by_id_or_by_upn(given: str) -> None:
    world = await holding()

    held = await choose_held(world.context, TOTAL, groups=[], users=[given])

    assert [change.user for change in held.changes] == [user(3)]


@virtual
async def test_a_name_that_two_groups_have_means_the_one_of_which_something_is_held() -> None:
    world = await holding()
    world.directory.has_group("another", "TOTAL-Engineering")

    held = await choose_held(world.context, TOTAL, groups=["TOTAL-Engineering"], users=[])

    assert held.groups == {ENGINEERING}


@pytest.mark.parametrize(
    ("groups", "users", "says"),
    [
        ([user(99)], [], f"nothing of group {user(99)} is held by TOTAL"),
        (["TOTAL-Admins"], [], "nothing of group TOTAL-Admins is held by TOTAL"),
        (["TOTAL-Enginering"], [], "no group is called TOTAL-Enginering"),
        (["direct"], [], "nothing of group direct is held by TOTAL"),
        ([], [user(99)], f"nothing of user {user(99)} is held by TOTAL"),
        ([f"{{{ENGINEERING}}}"], [], "no group is called {"),
        ([ENGINEERING.replace("-", "")], [], "no group is called 0000bbbb0000"),
        ([], [user(3).replace("-", "")], "no user has this UPN, mail or employeeId"),
        ([], ["nobody@x.example"], "no user has this UPN, mail or employeeId"),
    ],
)
@virtual
async def test_a_mistyped_name_is_an_error(groups: list[str], users: list[str], says: str) -> None:
    world = await holding()

    with pytest.raises(PermanentError, match=says):
        await choose_held(world.context, TOTAL, groups=groups, users=users)


@virtual
async def test_where_nothing_is_held_nothing_is_chosen() -> None:
    assert len(await choose_held(World().context, TOTAL, groups=[], users=[])) == 0
