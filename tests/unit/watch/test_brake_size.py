"""The brake counts each person once, whether or not a list still shows those who have left."""

from collections.abc import Sequence

import pytest

from hasten.domain.changes import OWN_ACCOUNT
from hasten.domain.sightings import Sighting
from hasten.ports.directory_values import Member
from hasten.watch.hold_removals import judge_removals
from tests.support.posting import Posting
from tests.support.removals import people, watching
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user

FIFTH, ONE_MORE = people(10), people(1, first=11)


async def judged(world: Posting, group: str, leavers: Sequence[str], by: str = "look") -> str:
    found = await judge_removals(
        world.context, world.target, {group: leavers}, still_members=by == "event"
    )
    return found[group].reason if found else ""


@pytest.mark.parametrize("by", ["event", "look"])
@virtual
async def test_whoever_left_and_is_still_listed_lets_nobody_else_leave(by: str) -> None:
    """Graph has not removed them yet, or a replica lags."""
    world = await watching(50)

    assert await judged(world, ENGINEERING, FIFTH, by) == ""
    said = await judged(world, ENGINEERING, ONE_MORE, by)

    assert said.startswith("11 of 50 members")


@pytest.mark.parametrize("by", ["event", "look"])
@virtual
async def test_whoever_left_and_is_not_listed_any_more_counts_among_those_before(
    by: str,
) -> None:
    world = await watching(60)

    assert await judged(world, ENGINEERING, FIFTH, by) == ""
    world.directory.leave(ENGINEERING, *FIFTH)

    assert await judged(world, ENGINEERING, people(2, first=11), by) == ""
    said = await judged(world, ENGINEERING, people(1, first=13), by)
    assert said.startswith("13 of 60 members")


@pytest.mark.parametrize("kind", ["device", "somethingnew"])
@virtual
async def test_members_who_are_no_users_or_of_a_new_kind_let_nobody_else_leave(kind: str) -> None:
    world = await watching(50)
    others = [Member(name, kind, removed=False) for name in people(200, first=1000)]
    world.directory.history[ENGINEERING].extend(others)

    said = await judged(world, ENGINEERING, people(11))

    assert said.startswith("11 of 50 members")


@pytest.mark.parametrize(
    ("disabled", "reason"), [(20, ""), (21, "21 of 100 people"), (25, "25 of 100 people")]
)
@pytest.mark.parametrize("at_a_time", [5, 30])
@virtual
async def test_disabled_people_who_stay_members_are_counted_once(
    disabled: int, reason: str, at_a_time: int
) -> None:
    """A hundred people of another group are on the roster, although it was unassigned. Those who
    are assigned twice count once as well."""
    world = await watching(100)
    world.directory.join(ADMIN, *people(100))
    others = dict.fromkeys((user(n) for n in range(1000, 1100)), lambda _: Sighting())
    await world.context.roster.add(TOTAL, people(100), world.now())
    await world.context.roster.change(TOTAL, others)

    said = ""
    for first in range(1, disabled + 1, at_a_time):
        leavers = people(min(at_a_time, disabled + 1 - first), first=first)
        said = await judged(world, OWN_ACCOUNT, leavers)

    assert said.partition(" were")[0] == reason
