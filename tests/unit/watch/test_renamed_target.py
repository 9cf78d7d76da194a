"""A target gets a new name in targets.yaml. Nothing that happens meanwhile is lost."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.changes import DIRECT, OWN_ACCOUNT, Action, FoundBy, HeldBy
from hasten.errors import PermanentError, TemporaryError
from hasten.json import Json
from hasten.operate.backlog import backlog
from hasten.operate.release import held_changes
from hasten.people_look import PeopleLook
from hasten.ports.directory_values import Assignments
from hasten.records import discovered
from hasten.targets import Mode, Target
from hasten.watch.hand_over import LEFT_LATELY
from hasten.watch.look import look
from hasten.watch.people import look_at_people
from hasten.watch.sweep import sweep
from tests.support.crashing import CrashingStore, killed_at
from tests.support.looking import a_look
from tests.support.renaming import (
    ASSIGNED,
    DIRECTLY,
    JOINER,
    MEMBER,
    MISTAKEN,
    NEW,
    NEWER,
    OLD,
    Happens,
    a_group_is_assigned,
    a_group_is_unassigned,
    known,
    of,
    rows,
    somebody_is_assigned,
    somebody_is_unassigned,
)
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, found

HAPPENS: dict[Happens, tuple[str, str, Action]] = {
    a_group_is_unassigned: (ENGINEERING, MEMBER, Action.REMOVED),
    a_group_is_assigned: (ADMIN, JOINER, Action.ADDED),
    somebody_is_assigned: (DIRECT, DIRECTLY, Action.ADDED),
    somebody_is_unassigned: (DIRECT, ASSIGNED, Action.REMOVED),
}


@pytest.mark.parametrize("happens", HAPPENS)
@pytest.mark.parametrize("fails", [False, True])
@virtual
async def test_the_first_sweep_under_the_new_name_finds_what_happened_since(
    happens: Happens,
    fails: bool,  # noqa: FBT001 - a case
) -> None:
    world = await known()
    happens(world)
    if fails:
        await sweep(of(world, MISTAKEN))

    await sweep(of(world, NEW))

    assert await rows(world, TOTAL, "NEW") == [("NEW", *HAPPENS[happens])]


@virtual
async def test_who_is_disabled_after_the_first_sweep_under_the_new_name_is_revoked() -> None:
    world = await known()
    await sweep(of(world, NEW))

    world.directory.disabled.add(MEMBER)
    users, noticed_at = frozenset({MEMBER}), now() - timedelta(minutes=5)
    seen = PeopleLook(users=users, noticed_at=noticed_at, found_by=FoundBy.RECONCILE)
    await look_at_people(of(world, NEW), seen)

    assert await rows(world, TOTAL, "NEW") == [("NEW", OWN_ACCOUNT, MEMBER, Action.DISABLED)]


@virtual
async def test_what_an_earlier_use_of_the_name_left_counts_for_nothing() -> None:
    world = await known()
    await sweep(of(world, NEW))
    somebody_is_unassigned(world)
    somebody_is_assigned(world)
    await sweep(of(world, NEW))
    before = await rows(world, TOTAL, "NEW")

    for name in (OLD, NEW):
        await sweep(of(world, name))

    assert await rows(world, TOTAL, "NEW") == before


LEFT = ("NEW", ENGINEERING, MEMBER, Action.REMOVED)


async def with_a_leaver() -> World:
    world = await known()
    world.directory.leave(ENGINEERING, MEMBER)
    await look(of(world, OLD), a_look())
    return world


@pytest.mark.parametrize("read", ["service_principals", "jobs", "assignments"])
@pytest.mark.parametrize(
    "error",
    [TemporaryError("Graph answered 503", timedelta(seconds=5)), PermanentError("403", "consent")],
)
@virtual
async def test_what_is_open_waits_for_the_first_sweep_that_succeeds(
    read: str, error: Exception
) -> None:
    world = await with_a_leaver()

    async def failing(*_: Any, **__: Any) -> Any:
        raise error

    setattr(world.directory, read, failing)
    for _ in range(2):
        await sweep(of(world, NEW))
    delattr(world.directory, read)
    await sweep(of(world, NEW))

    assert await rows(world, TOTAL, "NEW") == [LEFT]


@pytest.mark.parametrize(
    ("targets", "place"),
    [
        ([NEW.model_copy(update={"mode": Mode.OBSERVE}), NEW], "NEW"),
        ([MISTAKEN, NEW], "NEW"),
        ([MISTAKEN, OLD], TOTAL),
    ],
    ids=["observed at first", "with a mistake at first", "taken back"],
)
@virtual
async def test_what_is_open_waits_until_a_target_makes_the_calls(
    targets: Sequence[Target], place: str
) -> None:
    world = await with_a_leaver()

    for target in targets:
        for _ in range(2):
            await sweep(of(world, target))

    assert await rows(world, TOTAL, "NEW") == [(place, *LEFT[1:])]
    await asyncio.sleep(LEFT_LATELY.total_seconds())
    await sweep(of(world, targets[-1]))
    assert not await discovered.load_left(world.store)


OBSERVING = {"mode": Mode.OBSERVE}


@pytest.mark.parametrize(
    "last", [OLD, OLD.model_copy(update=OBSERVING)], ids=["acted since", "observed to the end"]
)
@pytest.mark.parametrize("leaves", [True, False])
@virtual
async def test_what_observe_mode_holds_is_held_under_the_new_name_and_is_late_there(
    last: Target,
    leaves: bool,  # noqa: FBT001 - a case
) -> None:
    world = await known()
    change = world.directory.leave if leaves else world.directory.join
    change(ENGINEERING, MEMBER if leaves else JOINER)
    await look(of(world, OLD.model_copy(update=OBSERVING)), a_look())
    await sweep(of(world, last))

    for _ in range(2):
        await sweep(of(world, NEW))

    context = of(world, NEW)
    [row] = await held_changes(context, "NEW", groups=(), users=())
    assert (row.held_by, row.is_removal) == (HeldBy.OBSERVE, leaves)
    assert await rows(world, TOTAL) == []
    await asyncio.sleep(600)
    opened = await world.ledger.open_changes("NEW")
    measured = await backlog(context, await discovered.must_load(world.store, "NEW"), opened)
    assert measured.oldest_change == pytest.approx(600, abs=5)
    assert bool(measured.oldest_revocation) is leaves


@pytest.mark.parametrize("step", range(16))
@virtual
async def test_a_crash_of_the_first_sweep_loses_nothing(step: int) -> None:
    store = CrashingStore()
    world = await known(store)
    a_group_is_unassigned(world)
    somebody_is_assigned(world)
    with killed_at(step, store):
        await sweep(of(world, NEW))
    await sweep(of(world, NEW))

    assert await rows(world, TOTAL, "NEW") == sorted(
        [("NEW", *HAPPENS[somebody_is_assigned]), ("NEW", *HAPPENS[a_group_is_unassigned])]
    )


@virtual
async def test_what_a_target_saw_long_ago_is_compared_with_nothing() -> None:
    world = await known()
    await sweep(of(world, MISTAKEN))
    somebody_is_unassigned(world)
    await asyncio.sleep(LEFT_LATELY.total_seconds())

    await sweep(of(world, NEW))

    assert await rows(world, TOTAL, "NEW") == []


@virtual
async def test_what_another_process_writes_late_under_the_old_name_is_called() -> None:
    world = await known()
    world.directory.leave(ENGINEERING, MEMBER)
    late = found(ENGINEERING, MEMBER, Action.REMOVED, 1)
    await sweep(of(world, NEW))

    await world.ledger.record([late])
    await sweep(of(world, NEW))

    assert await rows(world, TOTAL, "NEW") == [LEFT]


@virtual
async def test_what_is_open_waits_for_no_other_target() -> None:
    world = await with_a_leaver()
    wiki = Target(name="WIKI", display_name="WIKI")
    principals = world.directory.service_principals

    async def slow(*, display_name: str = "", **keys: str) -> Sequence[Json]:
        await asyncio.sleep(600 if display_name == "WIKI" else 0)
        return await principals(display_name=display_name, **keys)

    world.directory.service_principals = slow  # type: ignore[method-assign]
    sweeping = asyncio.create_task(sweep(of(world, NEW, wiki)))
    await asyncio.sleep(60)

    assert await rows(world, TOTAL, "NEW") == [LEFT]
    await sweeping


@virtual
async def test_an_error_of_what_moves_is_none_of_the_target() -> None:
    world = await with_a_leaver()
    world.bus.down = True
    world.events.clear()
    with pytest.raises(TemporaryError):
        await sweep(of(world, NEW))
    world.bus.down = False

    assert world.results("target") == ["found"]
    await sweep(of(world, NEW))
    assert await rows(world, TOTAL, "NEW") == [LEFT]


@virtual
async def test_the_groups_are_watched_until_the_first_sweep_under_the_new_name_has_ended() -> None:
    world, watched = await known(), list[frozenset[str]]()
    read = world.directory.assignments

    async def assignments(service_principal: str) -> Assignments:
        watched.append(await discovered.watched(world.store))
        return await read(service_principal)

    world.directory.assignments = assignments  # type: ignore[method-assign]
    await sweep(of(world, NEW))

    assert watched == [frozenset({ENGINEERING})]


@virtual
async def test_the_last_of_several_names_counts() -> None:
    world = await known()
    await sweep(of(world, NEW))
    somebody_is_unassigned(world)
    await sweep(of(world, NEW))

    await sweep(of(world, NEWER))

    assert await rows(world, TOTAL, "NEW", "NEWER") == [("NEWER", *HAPPENS[somebody_is_unassigned])]
    somebody_is_assigned(world)
    await sweep(of(world, NEWER))
    await sweep(of(world, OLD))
    assert len(await rows(world, TOTAL, "NEW", "NEWER")) == 2
