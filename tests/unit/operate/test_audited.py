"""Who released, discarded, stopped, started, cancelled and replayed what, and why: the history says
it before Hasten acts, and afterwards what came of it."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from hasten.domain.changes import Action
from hasten.domain.history import EntryKind, Filter
from hasten.errors import TemporaryError
from hasten.operate.decide import HeldAction
from hasten.operate.release import held_changes
from hasten.operate.replay import replay_parked
from hasten.operate.scheduled import drop, find
from hasten.operate.stop import start, stop
from hasten.ports.bus import ONBOARDING_EVENTS, PROVISIONING
from hasten.ports.store import Write
from hasten.records import stops
from hasten.records.ledger_keys import LEDGER_COLLECTION
from hasten.records.stops import ALL_TARGETS
from hasten.watch.admit import admit
from tests.fakes.dead_letters import FakeParkedMessages
from tests.fakes.memory_store import MemoryStore
from tests.support.history import history
from tests.support.lying_ahead import World as Scheduling
from tests.support.posting import GROUP, at, event, ref
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, World, found, user
from tests.unit.operate.test_decide import ALICE, BOB, LEAVERS, decided, with_leavers
from tests.unit.operate.test_replay import DEAD

WHY = "they left the company"


async def said(world: World, **matches: str) -> list[tuple[str, str, str, str]]:
    """Kind, result, who and why of what operators did, oldest first."""
    page = await history(world).newest(100, matches=Filter(**matches))  # type: ignore[arg-type]
    entries = [entry for entry in reversed(page.entries) if entry.by]
    return [(entry.kind, entry.result, entry.by, entry.why) for entry in entries]


def both(kind: EntryKind, result: str, by: str, why: str = WHY) -> list[tuple[str, str, str, str]]:
    return [(kind, "begun", by, why), (kind, result, by, why)]


class Unappendable(MemoryStore):
    """Takes nothing for the history."""

    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        if collection == "history":
            raise TemporaryError("the store did not answer", timedelta(seconds=1))
        return await super().commit(collection, partition, writes)


class Failing(MemoryStore):
    """Fails at the commit to the ledger with the number `at`, which begins with 1."""

    at = 0

    @staticmethod
    def of(store: object, *, at: int) -> "Failing":
        assert isinstance(store, MemoryStore)
        store.__class__ = Failing
        assert isinstance(store, Failing)
        store.at = at
        return store

    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        if collection == LEDGER_COLLECTION and self.at:
            self.at -= 1
            if not self.at:
                raise TemporaryError("the store did not answer", timedelta(seconds=1))
        return await super().commit(collection, partition, writes)


@virtual
@pytest.mark.parametrize(
    ("decision", "kind"),
    [(HeldAction.RELEASE, EntryKind.RELEASED), (HeldAction.DISCARD, EntryKind.DISCARDED)],
)
async def test_the_history_of_a_person_says_who_decided_about_them_and_why(
    decision: HeldAction, kind: EntryKind
) -> None:
    world = await with_leavers(two=False)

    await decided(world, ALICE, *LEAVERS[:2], decision=decision)

    assert sorted(await said(world, user=LEAVERS[0])) == sorted(both(kind, "done", ALICE))
    assert await said(world, user=LEAVERS[2]) == []


@virtual
async def test_the_history_names_both_of_two_operators() -> None:
    world = await with_leavers(two=True)

    await decided(world, ALICE, LEAVERS[0])
    await decided(world, BOB, LEAVERS[0])

    assert sorted(await said(world, user=LEAVERS[0])) == sorted(
        both(EntryKind.RELEASED, "proposed", ALICE) + both(EntryKind.RELEASED, "done", BOB)
    )


@virtual
async def test_nothing_is_released_that_the_history_cannot_say() -> None:
    world = await with_leavers(two=False)
    documents = world.store
    assert isinstance(documents, MemoryStore)
    documents.__class__ = Unappendable

    with pytest.raises(TemporaryError):
        await decided(world, ALICE)

    assert len(await held_changes(world.context, TOTAL, groups=(), users=())) == len(LEAVERS)


KINDS = {HeldAction.RELEASE: EntryKind.RELEASED, HeldAction.DISCARD: EntryKind.DISCARDED}


@virtual
@pytest.mark.parametrize("decision", KINDS)
async def test_the_history_says_done_of_what_is_written_although_nobody_can_be_told(
    decision: HeldAction,
) -> None:
    world = await with_leavers(two=False)
    world.bus.down = True

    done = await decided(world, ALICE, *LEAVERS[:2], decision=decision)

    assert (done.problem is not None, done.moved) == (True, 2)
    for user_id in LEAVERS[:2]:
        assert sorted(await said(world, user=user_id)) == both(KINDS[decision], "done", ALICE)


@virtual
async def test_of_a_release_that_fails_in_between_the_history_says_what_is_released() -> None:
    world = await with_leavers(two=False)
    late = [found(ENGINEERING, user(n), Action.REMOVED, 2) for n in range(100, 120)]
    await admit(world.context, late, members_before=20)
    store = Failing.of(world.store, at=2)

    done = await decided(world, ALICE)
    store.at = 0

    held = {row.user for row in await held_changes(world.context, TOTAL, groups=(), users=())}
    assert (done.moved, len(held)) == (20, 12)
    for one in (*LEAVERS, *(row.user for row in late)):
        result = "left as it was" if one in held else "done"
        assert sorted(await said(world, user=one)) == both(EntryKind.RELEASED, result, ALICE)


@virtual
async def test_the_history_says_who_stopped_and_started_hasten() -> None:
    world = World()

    await stop(world.context, ALL_TARGETS, by="cli:1", named="the platform team", reason="a fire")
    await start(world.context, TOTAL, by=ALICE, reason="it is out")

    assert sorted(await said(world)) == sorted(
        both(EntryKind.STOPPED, "done", "cli:1", "a fire")
        + both(EntryKind.STARTED, "done", ALICE, "it is out")
    )
    [everywhere, *_] = await stops.load_all(world.store)
    assert everywhere.by == "the platform team"
    page = await history(world).newest(10, matches=Filter(kinds=frozenset({EntryKind.STOPPED})))
    assert {entry.details["named"] for entry in page.entries} == {"the platform team"}


@virtual
async def test_the_history_of_a_person_says_who_cancelled_a_start_that_lay_ahead() -> None:
    world = Scheduling()
    await world.posts(event(users=[ref(1)], group=GROUP, startAt=at(3600), event_id="a"))
    [entry] = await find(world.context, "a")

    await drop(world.context, entry, by=ALICE, reason=WHY)
    await drop(world.context, entry, by=BOB, reason=WHY)

    assert sorted(await said(world, user=user(1))) == sorted(
        both(EntryKind.CANCELLED, "done", ALICE) + both(EntryKind.CANCELLED, "left as it was", BOB)
    )
    [cancelled, *_] = (await history(world).newest(10, matches=Filter(user=user(1)))).entries
    assert cancelled.causes[0].id == "a"
    assert await world.context.agenda.ahead(ONBOARDING_EVENTS) == []


@virtual
async def test_the_history_says_who_sent_a_dead_letter_again_and_that_it_failed() -> None:
    world = World(parked_messages=FakeParkedMessages({(PROVISIONING, True): [DEAD]}))
    world.bus.down = True

    for _ in range(2):
        try:
            await replay_parked(
                world.context,
                PROVISIONING,
                [DEAD],
                dead_letters=True,
                by=ALICE,
                reason=WHY,
            )
        except TemporaryError:
            world.bus.down = False

    assert sorted(await said(world)) == sorted(
        both(EntryKind.REPLAYED, "failed", ALICE) + both(EntryKind.REPLAYED, "done", ALICE)
    )
    page = await history(world).newest(10)
    assert {entry.details["message"] for entry in page.entries} == {DEAD.message_id}


@virtual
async def test_the_group_of_a_release_is_found_too() -> None:
    world = await with_leavers(two=False)

    await decided(world, ALICE)

    assert len(await said(world, group=ENGINEERING)) == 2 * len(LEAVERS)
