"""The users who left a group lately, in documents that several of them share."""

import itertools
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.brake import BRAKE_WINDOW
from hasten.records.recent_removals import (
    RECENT_REMOVALS_COLLECTION,
    WHOLE_TARGET,
    RecentRemovals,
    Trip,
)
from tests.fakes.memory_store import MemoryStore
from tests.support.virtual_time import START, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user

SECOND = timedelta(seconds=1)
HEIR = "HEIR"
MORE_THAN_SHARDS = 300
"""Users of which many share a document with another."""


@virtual
async def test_users_who_leave_one_after_another_are_counted_though_they_share_documents() -> None:
    store = MemoryStore()
    removals = RecentRemovals(store)

    for number in range(MORE_THAN_SHARDS):
        tally = await removals.count(TOTAL, {ENGINEERING: [user(number)]}, START)
        assert (tally.groups, tally.people) == ({ENGINEERING: number + 1}, number + 1)
    assert (tally.left(ENGINEERING), tally.left(ADMIN)) == (MORE_THAN_SHARDS, 0)

    assert len(await store.scan(RECENT_REMOVALS_COLLECTION, TOTAL)) <= 128


@virtual
async def test_a_user_who_is_counted_already_is_not_written_again_and_keeps_the_first_time() -> (
    None
):
    store = MemoryStore()
    removals = RecentRemovals(store)
    await removals.count(TOTAL, {ENGINEERING: [user(1)]}, START)
    commits = store.commits

    for seconds in itertools.chain(range(3), [BRAKE_WINDOW.total_seconds() - 1]):
        at = START + seconds * SECOND
        tally = await removals.count(TOTAL, {ENGINEERING: [user(1)]}, at)
        assert (tally.people, store.commits) == (1, commits)
    ended = await removals.count(TOTAL, {}, START + BRAKE_WINDOW)

    assert ended.people == 0


@virtual
async def test_what_is_older_than_the_window_is_deleted() -> None:
    store = MemoryStore()
    removals = RecentRemovals(store)
    await removals.count(TOTAL, {ENGINEERING: [user(1)]}, START)
    await removals.trip(
        Trip(target=TOTAL, group=ENGINEERING, at=START, reason="r", next_action="n")
    )

    await removals.count(TOTAL, {}, START + BRAKE_WINDOW - SECOND)
    assert len(await store.scan(RECENT_REMOVALS_COLLECTION, TOTAL)) == 2
    await removals.count(TOTAL, {}, START + BRAKE_WINDOW)

    assert await store.scan(RECENT_REMOVALS_COLLECTION, TOTAL) == []


@pytest.mark.parametrize("later", [TOTAL, HEIR])
@virtual
async def test_what_moves_to_another_target_is_counted_with_what_is_there(later: str) -> None:
    """The trip that lasts longer holds, and a user keeps the first time under the new name."""
    removals = RecentRemovals(MemoryStore())
    at = {TOTAL: START, HEIR: START, later: START + SECOND}
    people = {TOTAL: [user(1), user(2)], HEIR: [user(2), user(3)]}
    for target in (TOTAL, HEIR):
        await removals.count(target, {ENGINEERING: people[target]}, at[target])
        await removals.trip(
            Trip(target=target, group=ENGINEERING, at=at[target], reason=target, next_action="n")
        )

    for _ in range(2):
        await removals.move(TOTAL, HEIR)

    tally = await removals.count(HEIR, {}, START + SECOND)
    assert (tally.people, tally.trips[ENGINEERING].reason) == (3, later)
    assert (await removals.count(TOTAL, {}, START + SECOND)).people == 0
    until = at[HEIR] + BRAKE_WINDOW
    assert (await removals.count(HEIR, {}, until)).people == (1 if later == TOTAL else 0)


@virtual
async def test_what_cannot_be_read_is_not_deleted_and_holds_until_an_operator_decides() -> None:
    store = MemoryStore()
    for key in (f"left|{ENGINEERING}|007", "trip|other", "strange"):
        store.plant(RECENT_REMOVALS_COLLECTION, TOTAL, key, "{")
    removals = RecentRemovals(store)

    for at in (START, START + 2 * BRAKE_WINDOW):
        tally = await removals.count(TOTAL, {}, at)
        assert set(tally.trips) == {ENGINEERING, "other", "*"}
        trip = tally.trip("another group")
        assert trip is not None
        assert (trip.group, trip.at) == ("*", at)
        assert f"release {TOTAL}, which counts anew" in trip.next_action
        tripped = await removals.tripped(TOTAL, "other", at)
        assert tripped is not None
        assert tripped.group == "other"

    await removals.forget(TOTAL, "other")
    assert set((await removals.count(TOTAL, {}, START)).trips) == {ENGINEERING, "*"}
    await removals.forget(TOTAL, "*")
    assert await store.scan(RECENT_REMOVALS_COLLECTION, TOTAL) == []


@virtual
async def test_who_leaves_while_an_operator_has_the_brake_count_anew_is_counted() -> None:
    store = MemoryStore()
    removals = RecentRemovals(store)
    commit = store.commit

    async def commit_and_forget(*what: Any) -> Sequence[str | None]:
        etags = await commit(*what)
        vars(store).pop("commit", None)
        await removals.forget(TOTAL, WHOLE_TARGET)
        return etags

    vars(store)["commit"] = commit_and_forget
    tally = await removals.count(TOTAL, {ENGINEERING: [user(1)]}, START)

    assert tally.groups == {ENGINEERING: 1}
