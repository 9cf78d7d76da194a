"""The people of a target that was not watched for a while, beside one that was: the target is new,
was out of targets.yaml, got another name, or had `users: off`."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from hasten.context import Context
from hasten.domain.changes import OWN_ACCOUNT, Action
from hasten.errors import TemporaryError
from hasten.people_look import PeopleLook
from hasten.ports.bus import DIRECTORY_CHANGES
from hasten.ports.directory_values import Assignment, MemberProfiles
from hasten.records import people_cursor
from hasten.records.people_cursor import PeopleCursor
from hasten.targets import Target
from hasten.watch.compare_people import compare_people
from hasten.watch.people import look_at_people
from hasten.watch.people_delta import reconcile_people
from hasten.watch.sweep import sweep
from tests.fakes.memory_store import MemoryStore
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

FIRST = Target(name=TOTAL, display_name=TOTAL)
WIKI = Target(name="WIKI", display_name="WIKI")
RENAMED = Target(name="NEW", display_name="WIKI")
OFF = WIKI.model_copy(update={"users": False})
WIKI_APP = "0000aaaa-0000-4000-8000-00000000abcd"
READERS = "0000aaaa-0000-4000-8000-00000000cafe"
ADA, AMIR = user(1), user(2)


def of(world: World, *targets: Target) -> Context:
    return Context(world.context.settings, targets, world)


async def minutes(world: World, *targets: Target) -> None:
    """Runs the timers of five minutes, and the looks that they queue."""
    context = of(world, *targets)
    await sweep(context)
    world.bus.sent.clear()
    await reconcile_people(context)
    queued = [m for m in world.bus.of(DIRECTORY_CHANGES) if m.body.get("kind") == "people"]
    for message in queued:
        await look_at_people(context, PeopleLook.parse(message.body))


async def begun(*targets: Target) -> World:
    """ADA and AMIR are in a group of WIKI alone."""
    world = World(store=MemoryStore())
    world.directory.groups = [ENGINEERING]
    world.directory.principals.append({"id": WIKI_APP, "displayName": "WIKI"})
    given = Assignment(id="1", principal=READERS, kind="Group", role="r", created=None)
    world.directory.granted[WIKI_APP].append(given)
    world.directory.join(READERS, ADA, AMIR)
    for _ in range(2):
        await minutes(world, *targets)
    return world


async def own_rows(world: World, name: str) -> dict[str, Action]:
    rows = await world.ledger.open_changes(name)
    return {row.user: row.action for row in rows if row.group == OWN_ACCOUNT}


@pytest.mark.parametrize(
    ("before", "meanwhile", "after"),
    [
        ([FIRST, WIKI], [FIRST], [FIRST, WIKI]),
        ([FIRST, WIKI], [FIRST], [FIRST, RENAMED]),
        ([FIRST, WIKI], [FIRST, OFF], [FIRST, WIKI]),
    ],
    ids=["out", "out, and back under another name", "users off"],
)
@virtual
async def test_who_was_disabled_while_the_target_was_not_watched_is_found_when_it_is(
    before: Sequence[Target], meanwhile: Sequence[Target], after: Sequence[Target]
) -> None:
    world = await begun(*before)
    await minutes(world, *meanwhile)
    world.directory.disable(ADA)
    await minutes(world, *meanwhile)

    await minutes(world, *after)

    assert await own_rows(world, after[-1].name) == {ADA: Action.DISABLED}


@virtual
async def test_the_people_of_a_target_that_is_new_beside_another_are_watched_at_once() -> None:
    world = await begun(FIRST)
    await minutes(world, FIRST, WIKI)

    world.directory.disable(ADA)
    await minutes(world, FIRST, WIKI)

    assert await own_rows(world, "WIKI") == {ADA: Action.DISABLED}


@virtual
async def test_a_target_that_cannot_be_compared_delays_no_other_and_is_compared_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await begun(FIRST)
    world.directory.join(ENGINEERING, ADA)
    await compare_people(of(world, FIRST))
    world.directory.disable(ADA)
    read = world.directory.member_profiles

    async def fails(group: str, properties: Sequence[str]) -> MemberProfiles | None:
        if group == READERS:
            raise TemporaryError("Graph answered 503", timedelta(seconds=5))
        return await read(group, properties)

    monkeypatch.setattr(world.directory, "member_profiles", fails)
    with pytest.raises(TemporaryError):
        await minutes(world, FIRST, WIKI)
    queued = [m.body["users"] for m in world.bus.of(DIRECTORY_CHANGES) if "users" in m.body]
    known = await people_cursor.load(world.store)
    monkeypatch.undo()
    world.directory.disable(AMIR)
    await minutes(world, FIRST, WIKI)

    assert queued == [[ADA]]
    assert known is not None
    assert known.targets == {TOTAL}
    assert set(await world.context.roster.load("WIKI")) == {ADA, AMIR}


@virtual
async def test_nothing_is_compared_again_while_the_targets_stay() -> None:
    world = await begun(FIRST, WIKI)
    world.events.clear()

    for _ in range(3):
        await minutes(world, FIRST, WIKI)

    assert "compared" not in world.results("people")


@virtual
async def test_a_cursor_of_an_earlier_version_compares_once() -> None:
    world = await begun(FIRST, WIKI)
    known = await people_cursor.load(world.store)
    assert known is not None
    await people_cursor.save(world.store, PeopleCursor(known.link, known.properties, known.etag))
    world.events.clear()

    for _ in range(2):
        await minutes(world, FIRST, WIKI)

    assert world.results("people").count("compared") == 2
