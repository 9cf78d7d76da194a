"""Two workers write the same record at once: the first write stays, and the second worker goes on,
or says that it lost."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from hasten.domain.history import Entry, EntryKind
from hasten.errors import Conflict
from hasten.records import (
    arrivals,
    cursors,
    direct_assignments,
    discovered,
    heartbeats,
    made_groups,
    people_refusal,
    policy_left_out,
    running_targets,
    signs,
    speed,
    stops,
    subscriptions,
)
from hasten.records.discovered import DiscoveredTarget
from hasten.records.history_days import list_day, listed, unlist
from hasten.records.people_refusal import SubscriptionRefusal
from hasten.records.policy_left_out import LeftOut
from hasten.records.subscriptions import SubscriptionRecord
from hasten.targets import Target
from tests.support.history import all_sealed, entry, history
from tests.support.racing_store import Racing
from tests.support.virtual_time import START, now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

Work = Callable[[Racing], Awaitable[object]]


def target(job: str) -> DiscoveredTarget:
    return DiscoveredTarget(
        target=TOTAL,
        service_principal="p",
        job=job,
        user_rule=None,
        group_rule=None,
        groups=(),
    )


def subscription(etag: str | None = None) -> SubscriptionRecord:
    return SubscriptionRecord(id="s", resource="groups", expires=START, state="x", etag=etag)


async def made(store: Racing) -> object:
    await made_groups.adopt(store, TOTAL, "G", user(1), START)
    return [group.id for group in await made_groups.load_all(store, TOTAL)]


async def left_out(store: Racing) -> object:
    people = [LeftOut(group=ENGINEERING, user=user(1), sources=("A",))]
    await policy_left_out.save(store, TOTAL, people)
    return await policy_left_out.load(store, TOTAL)


async def refused(store: Racing) -> object:
    refusal = SubscriptionRefusal(reason="mine", next_action="n", at=START)
    await people_refusal.save(store, refusal)
    return (await people_refusal.load(store)) is not None


async def beaten(store: Racing) -> object:
    await heartbeats.beat(store, "look", START)
    return [beat.ran_at for beat in await heartbeats.load_all(store)]


async def noted(store: Racing) -> object:
    await direct_assignments.note(store, TOTAL, user(1), START)
    return set(await direct_assignments.known(store, TOTAL))


async def signed(store: Racing) -> object:
    await signs.Signs(store, lambda: START).note(signs.Sign.EVENT)
    return dict(await signs.load(store))


async def arrived(store: Racing) -> object:
    await arrivals.stood_in(store, "q", START)
    return {queue: one.stood_in_at for queue, one in (await arrivals.load_all(store)).items()}


async def run(store: Racing) -> object:
    return await running_targets.save(store, [Target(name=TOTAL, display_name=TOTAL)], START)


@pytest.mark.parametrize(
    "work",
    [made, left_out, refused, beaten, noted, signed, arrived, run],
    ids=lambda work: str(work.__name__),
)
@virtual
async def test_who_comes_second_with_the_same_record_leaves_that_of_the_first(work: Work) -> None:
    alone = await work(Racing())
    store = Racing()
    store.meanwhile = lambda: work(store)

    assert await work(store) == alone


@virtual
async def test_a_sweep_leaves_what_another_sweep_discovered_since() -> None:
    for is_late in (False, True):
        store = Racing()
        theirs = discovered.save(store, target("theirs"), over=None)
        if is_late:
            await theirs
        else:
            store.meanwhile = lambda theirs=theirs: theirs

        with pytest.raises(Conflict):
            await discovered.save(store, target("ours"), over=None)

        assert (await discovered.must_load(store, TOTAL)).job == "theirs"


@virtual
async def test_a_sweep_notes_no_user_of_whom_another_sweep_has_noted_something_else() -> None:
    store, users = Racing(), [user(1), user(2), user(3)]
    etags = await direct_assignments.announce(store, TOTAL, dict.fromkeys(users))
    await direct_assignments.save_sweep(store, TOTAL, [user(1)], [user(2)], etags)

    await direct_assignments.save_sweep(store, TOTAL, [user(2), user(3)], [user(1)], etags)

    known = await direct_assignments.known(store, TOTAL)
    assert {name: dict(one.body) for name, one in known.items()} == {user(1): {}, user(3): {}}


@virtual
async def test_a_sweep_announces_nobody_whom_another_one_has_noted() -> None:
    store = Racing()
    await direct_assignments.note(store, TOTAL, user(1), START)

    with pytest.raises(Conflict):
        await direct_assignments.announce(store, TOTAL, {user(1): None})


@virtual
async def test_a_renewal_or_an_end_of_a_subscription_that_another_worker_saw_too_is_no_error() -> (
    None
):
    store = Racing()
    await subscriptions.save(store, subscription())
    later = START + timedelta(hours=1)
    store.meanwhile = lambda: subscriptions.renewed(store, "s", later)
    await subscriptions.renewed(store, "s", later)
    assert [one.expires for one in await subscriptions.load_all(store)] == [later]

    store.meanwhile = lambda: subscriptions.forget(store, "s")
    await subscriptions.forget(store, "s")
    assert await subscriptions.known(store) == frozenset()
    await subscriptions.renewed(store, "s", later)
    await subscriptions.forget(store, "s")
    assert await subscriptions.known(store) == frozenset()


@virtual
async def test_a_day_that_another_worker_took_from_the_list_is_gone() -> None:
    store = Racing()
    for day in ("2026-11-01", "2026-11-02"):
        await list_day(store, day)
    store.meanwhile = lambda: unlist(store, "2026-11-01")

    await unlist(store, "2026-11-01")
    await unlist(store, "2026-10-01")

    assert await listed(store) == ["2026-11-02"]


@virtual
async def test_groups_that_another_worker_gave_a_cursor_keep_it() -> None:
    store = Racing()
    store.meanwhile = lambda: cursors.save_first(store, {"b": "theirs"}, START)

    await cursors.save_first(store, {"a": "ours", "b": "ours"}, START)

    found = [await cursors.load(store, group) for group in ("a", "b")]
    assert [one.link for one in found if one] == ["ours", "theirs"]


@virtual
async def test_a_seal_that_another_worker_wrote_is_not_written_again() -> None:
    store = Racing()
    world = World(store=store)
    await history(world).append([entry(str(number)) for number in range(3)])
    seals, days = world.context.seals, await history(world).days()
    store.meanwhile = lambda: seals.seal(days, now())

    assert await seals.seal(days, now()) == 0
    assert (await seals.head()).number == 1
    assert await seals.seal(days, now()) == 0


@virtual
async def test_speed_that_another_worker_counts_is_counted_once() -> None:
    store = Racing()
    world = World(store=store)
    await history(world).append([Entry(id="1", at=now(), kind=EntryKind.OUTCOME, target=TOTAL)])
    await all_sealed(world)
    store.meanwhile = lambda: speed.fold(store)

    assert await speed.fold(store) == 0
    assert await speed.fold(store) == 0


@virtual
async def test_a_decision_to_stop_at_the_same_moment_as_another_raises() -> None:
    store = Racing()
    one = stops.StopRecord(target=TOTAL, is_stop=True, by="ada", reason="r", at=START)
    store.meanwhile = lambda: stops.save(store, one)

    with pytest.raises(Conflict):
        await stops.save(store, one)
