"""A list with a member who cannot be read removes nobody who may be that member."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hasten.domain.applying import mirroring
from hasten.domain.changes import Action
from hasten.domain.intents import Wanted
from hasten.errors import TemporaryError
from hasten.operate.release_intents import held_intents
from hasten.ports.directory_values import Member, UnreadMember
from hasten.targets import Mode, Target
from tests.support.applying import ADMINS, MONITORED
from tests.support.applying import world_with as policed
from tests.support.ensuring import world_with
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user

UNKNOWN = UnreadMember("", "a member has no id, or a type that is not a text")
PEOPLE = st.sets(st.sampled_from("abcdef"))


@given(
    wanted=PEOPLE, members=PEOPLE, remembered=PEOPLE, hidden_wanted=PEOPLE, hidden_members=PEOPLE
)
def test_a_mirror_never_loses_anybody_who_may_be_in_either_list(
    wanted: set[str],
    members: set[str],
    remembered: set[str],
    hidden_wanted: set[str],
    hidden_members: set[str],
) -> None:
    found = mirroring(
        ["A"],
        wanted=wanted,
        members=members,
        remembered=remembered,
        may_be_wanted=hidden_wanted.__contains__,
        may_be_member=hidden_members.__contains__,
    )
    whole = mirroring(["A"], wanted=wanted, members=members, remembered=remembered)

    assert set(found.leaving) == set(whole.leaving) - hidden_wanted
    assert not set(found.forgotten) & (hidden_wanted | hidden_members)
    assert set(whole.joining) - set(found.joining) <= hidden_members & remembered


@pytest.mark.parametrize("known", [True, False])
def test_nobody_is_removed_who_may_be_the_unreadable_member_of_the_source(
    known: bool,  # noqa: FBT001
) -> None:
    @virtual
    async def scenario() -> None:
        world = await policed(ADMINS, MONITORED)
        world.directory.join(ADMIN, user(1), user(2), user(3))
        await world.applies()
        world.directory.leave(ADMIN, user(3))
        world.directory.unlisted[ADMIN] = [UNKNOWN._replace(id=user(1) if known else "")]
        if not known:
            world.directory.leave(ADMIN, user(1))
        world.directory.join(ADMIN, user(4))

        await world.applies()
        assert await world.members(ENGINEERING) == {
            *(user(n) for n in (1, 2, 4)),
            *(() if known else (user(3),)),
        }
        assert "left_out" in world.results("member")

        world.directory.unlisted.clear()
        await world.applies()
        assert await world.members(ENGINEERING) == {
            user(n) for n in ((1, 2, 4) if known else (2, 4))
        }

    scenario()


@pytest.mark.parametrize("kind", ["", "somethingnew"])
@virtual
async def test_a_member_of_whom_graph_does_not_say_a_known_kind_stays_in_the_mirror(
    kind: str,
) -> None:
    world = await policed(ADMINS, MONITORED)
    world.directory.join(ADMIN, user(1), user(2))
    await world.applies()
    world.directory.history[ADMIN].append(Member(user(1), kind, removed=False))

    assert await world.applies() == []
    assert await world.members(ENGINEERING) == {user(1), user(2)}


@virtual
async def test_hasten_still_knows_whom_it_added_after_the_mirror_could_not_be_read() -> None:
    world = await policed(ADMINS, MONITORED)
    world.directory.join(ADMIN, user(1))
    await world.applies()
    world.directory.unlisted[ENGINEERING] = [UNKNOWN._replace(id=user(1))]
    world.directory.join(ADMIN, user(2))
    await world.applies()
    world.directory.unlisted.clear()
    world.directory.leave(ADMIN, user(1))

    await world.applies()

    assert await world.members(ENGINEERING) == {user(2)}


@virtual
async def test_a_person_who_may_be_the_unreadable_member_is_not_brought_in_step_as_a_leaver() -> (
    None
):
    world = await world_with(user(1), user(2))
    world.directory.join(ENGINEERING, user(1))
    await world.wants(ENGINEERING, user(1), user(2), wanted=Wanted.IN_STEP)
    world.directory.unlisted[ENGINEERING] = [UNKNOWN]

    with pytest.raises(TemporaryError, match="cannot be read"):
        await world.ensures()
    assert (await world.row(ENGINEERING, user(1))).action is Action.ADDED
    assert await world.ledger.find(TOTAL, ENGINEERING, user(2)) is None

    world.directory.unlisted.clear()
    await world.ensures()
    assert (await world.row(ENGINEERING, user(2))).action is Action.REMOVED


@virtual
async def test_an_unreadable_member_counts_towards_the_brake() -> None:
    people = [user(n) for n in range(60)]
    world = await world_with(*people)
    world.directory.join(ENGINEERING, *people)
    world.directory.unlisted[ENGINEERING] = [UNKNOWN._replace(id=one) for one in people]
    await world.wants(ENGINEERING, *people, wanted=Wanted.ABSENT)

    await world.ensures()

    assert await world.members(ENGINEERING) == {*people}
    assert len(await held_intents(world.context, TOTAL, groups=(), users=())) == 60


@virtual
async def test_people_join_and_leave_a_group_whose_list_has_an_unreadable_member() -> None:
    world = await world_with(*(user(n) for n in range(1, 6)))
    world.directory.join(ENGINEERING, user(1), user(2), user(3))
    world.directory.unlisted[ENGINEERING] = [UNKNOWN._replace(id=user(3))]
    await world.wants(ENGINEERING, user(1), user(3), wanted=Wanted.ABSENT)
    await world.wants(ENGINEERING, user(2), user(4))

    await world.ensures_until_done()

    assert await world.members(ENGINEERING) == {user(2), user(4)}


@virtual
async def test_in_observe_mode_nothing_is_said_of_who_may_be_the_unreadable_member() -> None:
    observing = Target(name=TOTAL, display_name=TOTAL, mode=Mode.OBSERVE)
    world = await world_with(user(1), user(2), target=observing)
    world.directory.join(ENGINEERING, user(2), user(3))
    world.directory.unlisted[ENGINEERING] = [UNKNOWN]
    await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT)
    await world.wants(ENGINEERING, user(2), wanted=Wanted.ABSENT)

    with pytest.raises(TemporaryError, match="cannot be read"):
        await world.ensures()

    assert world.reasons() == ["the person would be removed"]
