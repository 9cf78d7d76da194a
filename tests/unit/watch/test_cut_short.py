"""Where Graph does not give all pages of a delta, what came before is kept."""

import asyncio
from datetime import timedelta

import pytest

from hasten.domain.changes import Action, FoundBy
from hasten.errors import TemporaryError
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.messages import Look
from hasten.ports.bus import DIRECTORY_CHANGES
from hasten.ports.directory_errors import DeltaCutShort
from hasten.ports.directory_values import Member, MembershipDelta
from hasten.records import cursors
from hasten.targets import Target
from hasten.watch.look import look, start_watching
from hasten.watch.reconcile import reconcile
from hasten.watch.sweep import sweep
from tests.fakes.directory import FakeDirectory
from tests.support.subscriber import Subscriber
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

TROUBLE = TemporaryError("Graph's answer is not what was asked for", timedelta(seconds=5))


class InParts(FakeDirectory):
    """Gives one change a read, and the link from which to go on; in a circle when told so."""

    circles = False

    async def membership_delta(self, link: str) -> MembershipDelta:
        whole = await super().membership_delta(link)
        group, _, count = link.partition("|")
        found = whole.members.get(group, ())
        if len(found) <= 1:
            return whole
        part: dict[str, tuple[Member, ...]] = {group: (found[0],)}
        following = link if self.circles else f"{group}|{int(count) + 1}"
        raise DeltaCutShort(TROUBLE, MembershipDelta(part, following))


def a_look() -> Look:
    return Look(group=ENGINEERING, noticed_at=now(), found_by=FoundBy.NOTIFICATION)


async def watched() -> tuple[World, InParts]:
    directory = InParts(groups=[ENGINEERING])
    world = World(directory=directory)
    await world.is_discovered()
    await start_watching(world.context, ENGINEERING)
    return world, directory


async def found(world: World) -> list[str]:
    return sorted(change.user for change in await world.ledger.open_changes(TOTAL))


@virtual
async def test_each_look_goes_on_where_the_last_one_was_cut_short() -> None:
    world, directory = await watched()
    directory.join(ENGINEERING, user(1), user(2), user(3))

    for seen in (1, 2):
        with pytest.raises(DeltaCutShort):
            await look(world.context, a_look())
        assert await found(world) == [user(number) for number in range(1, seen + 1)]
    await look(world.context, a_look())

    assert await found(world) == [user(1), user(2), user(3)]


@virtual
async def test_a_circle_keeps_what_was_read_and_leaves_the_cursor() -> None:
    world, directory = await watched()
    before = await cursors.load(world.store, ENGINEERING)
    directory.circles = True
    directory.join(ENGINEERING, user(1), user(2))
    for _ in range(2):
        with pytest.raises(DeltaCutShort):
            await look(world.context, a_look())
    kept = await found(world)
    after = await cursors.load(world.store, ENGINEERING)

    directory.circles = False
    with pytest.raises(DeltaCutShort):
        await look(world.context, a_look())
    await look(world.context, a_look())

    assert (kept, after) == ([user(1)], before)
    assert await found(world) == [user(1), user(2)]


@virtual
async def test_reconcile_looks_at_what_it_read_and_goes_on_from_there() -> None:
    directory = InParts()
    world = Subscriber(directory=directory)
    await world.watches(ENGINEERING)
    await reconcile(world.context, [ENGINEERING])
    world.bus.sent.clear()
    directory.join(ENGINEERING, user(1), user(2))

    with pytest.raises(DeltaCutShort):
        await reconcile(world.context, [ENGINEERING])
    await reconcile(world.context, [ENGINEERING])

    hinted = [Look.parse(message.body).added for message in world.bus.of(DIRECTORY_CHANGES)]
    assert hinted == [{user(1)}, {user(2)}]


class EndsWithAnEmptyPage(FakeDirectory):
    """The last page of a round cannot be read the first time. It holds nothing, and leads to no
    change that came after the round began."""

    cuts = 1

    async def membership_delta(self, link: str) -> MembershipDelta:
        if link.startswith("page:"):
            return MembershipDelta({}, link.removeprefix("page:"))
        whole = await super().membership_delta(link)
        if self.cuts:
            self.cuts -= 1
            raise DeltaCutShort(TROUBLE, MembershipDelta(whole.members, f"page:{whole.link}"))
        return whole


@virtual
async def test_a_change_after_a_round_cut_short_at_an_empty_page_is_seen() -> None:
    directory = EndsWithAnEmptyPage(groups=[ENGINEERING])
    world = World(directory=directory)
    await world.is_discovered()
    await start_watching(world.context, ENGINEERING)
    directory.join(ENGINEERING, user(1))
    with pytest.raises(DeltaCutShort):
        await look(world.context, a_look())

    directory.join(ENGINEERING, user(2))
    await look(world.context, a_look())
    await look(world.context, a_look())

    assert await found(world) == [user(1), user(2)]


@virtual
async def test_a_change_is_seen_although_a_group_cut_short_there_was_assigned_anew() -> None:
    directory = EndsWithAnEmptyPage(groups=[ENGINEERING])
    few = Target(name=TOTAL, display_name=TOTAL, most_new_members=1)
    world = World(directory=directory, target=few)
    await sweep(world.context)
    directory.join(ENGINEERING, user(1), user(2))
    with pytest.raises(DeltaCutShort):
        await look(world.context, a_look())
    directory.groups.remove(ENGINEERING)
    await sweep(world.context)
    await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds())
    directory.groups.append(ENGINEERING)
    await sweep(world.context)
    assert world.results("assignment")[-1] == "left_to_cycle"

    directory.join(ENGINEERING, user(3))
    await look(world.context, a_look())
    await look(world.context, a_look())

    assert user(3) in await found(world)


class InDisorder(FakeDirectory):
    """Lists the changes of one round on two pages, in this order. The second cannot be read the
    first time."""

    pages = (False, False)

    async def membership_delta(self, link: str) -> MembershipDelta:
        first, second = ({ENGINEERING: (Member(user(1), "user", removed=r),)} for r in self.pages)
        if link in {"second", "end"}:
            return MembershipDelta(second if link == "second" else {}, "end")
        raise DeltaCutShort(TROUBLE, MembershipDelta(first, "second"))


@pytest.mark.parametrize("pages", [(True, False), (False, True)])
@virtual
async def test_a_removal_wins_on_whichever_page_of_its_round_graph_lists_it(
    pages: tuple[bool, bool],
) -> None:
    directory = InDisorder(groups=[ENGINEERING])
    directory.pages = pages
    world = World(directory=directory)
    await world.is_discovered()
    await start_watching(world.context, ENGINEERING)
    with pytest.raises(DeltaCutShort):
        await look(world.context, a_look())

    await look(world.context, a_look())

    [row] = await world.ledger.open_changes(TOTAL)
    assert (row.action, row.also_added) == (Action.REMOVED, True)
