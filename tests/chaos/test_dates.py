"""The watch over the dates of events finds what comes too late, too early or never."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from hasten.ports.bus import ONBOARDING_EVENTS
from hasten.ports.store import Put
from hasten.records.agenda import ENTRY_PREFIX, KEY_TIME
from hasten.records.alarms import AGENDA_COLLECTION
from tests.chaos.ahead import Ahead
from tests.chaos.dates import MAX_OVERDUE, Dates, broken_dates
from tests.chaos.operations import Operations
from tests.chaos.targets import POLICY
from tests.chaos.wishes import Posted
from tests.simulation.upstream import ONBOARD
from tests.simulation.world import TARGET, World, newcomers, simulated
from tests.support.virtual_time import now, virtual

ALLOWS = TARGET.model_copy(update={"groups": POLICY})
GROUP = {"name": "TOTAL-Engineering"}


def dated(seconds: Mapping[str, float]) -> dict[str, Any]:
    return {name: (now() + timedelta(seconds=ahead)).isoformat() for name, ahead in seconds.items()}


async def lies_unread(world: World, due: datetime) -> None:
    """An entry that no host can read: it stays where it is."""
    key = f"{ENTRY_PREFIX}{due.strftime(KEY_TIME)}|m"
    await world.store.commit(AGENDA_COLLECTION, ONBOARDING_EVENTS, [Put(key, {"message": "?"})])


@pytest.mark.parametrize("is_alive", [True, False])
def test_what_is_due_and_waits_is_found_unless_no_instance_lives(
    is_alive: bool,  # noqa: FBT001 - a case of the table
) -> None:
    @virtual
    async def run() -> None:
        async with simulated() as world:
            dates = Dates(world)
            await lies_unread(world, now() + timedelta(minutes=1))
            dates.look()
            if not is_alive:
                world.hosts[0].kill()
            for _ in range(2):
                await world.passes(timedelta(minutes=1) + MAX_OVERDUE)
                dates.look()

        assert bool(dates.false) is is_alive

    run()


@pytest.mark.parametrize(
    ("said", "posts", "found"),
    [
        ({"startAt": 60}, {"startAt": 60}, ""),
        ({"startAt": 60, "endAt": 120}, {"startAt": 60, "endAt": 120}, ""),
        ({"startAt": 60}, None, "was never carried out"),
        ({"startAt": 60}, {}, "before"),
        ({"endAt": 120}, {}, "event-1:end was never carried out"),
        ({"startAt": 60, "endAt": 120}, {"startAt": 60, "endAt": 100}, "event-1:end"),
    ],
)
def test_an_event_that_comes_early_or_never_is_found(
    said: Mapping[str, float], posts: Mapping[str, float] | None, found: str
) -> None:
    """`said` is what Hasten was to do, and `posts` what it got."""

    @virtual
    async def run() -> None:
        async with simulated(targets=(ALLOWS,)) as world:
            ahead = Ahead(world, Operations(world, Random(1)), Random(1))
            [user] = newcomers(1)
            about: dict[str, Any] = {"users": [{"id": user}], "group": GROUP}
            body = world.upstream.event(ONBOARD, **about, **dated(said))
            ahead.posted.append(Posted(body))
            if posts is not None:
                event = json.loads(body)
                for name in said:
                    del event["data"][name]
                event["data"] |= dated(posts)
                await world.upstream.post_raw(json.dumps(event).encode())
            await world.passes(timedelta(minutes=5))

            lines = list(broken_dates(world, ahead))

        assert len(lines) == bool(found)
        assert all(found in line for line in lines)

    run()


@pytest.mark.parametrize("is_carried_out", [True, False])
def test_a_cancelled_event_that_is_carried_out_is_found(
    is_carried_out: bool,  # noqa: FBT001 - a case of the table
) -> None:
    @virtual
    async def run() -> None:
        async with simulated(targets=(ALLOWS,)) as world:
            ahead = Ahead(world, Operations(world, Random(1)), Random(1))
            [user] = newcomers(1)
            about: dict[str, Any] = {"users": [{"id": user}], "group": GROUP}
            posted = Posted(world.upstream.event(ONBOARD, **about, **dated({"startAt": 60})))
            posted.cancelled.add(posted.event["id"])
            ahead.posted.append(posted)
            if is_carried_out:
                await world.upstream.post_raw(posted.body)
            await world.passes(timedelta(minutes=2))

            lines = list(broken_dates(world, ahead))

        assert len(lines) == is_carried_out
        assert all("was cancelled, and was carried out" in line for line in lines)

    run()
