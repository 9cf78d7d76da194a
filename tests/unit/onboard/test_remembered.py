"""What an event said is remembered for as long as an older event may still come at its date, also
when Hasten was off at that date."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.intents import Wanted
from hasten.domain.outcomes import REJECTED, STALE
from hasten.events.fault_codes import FaultCode
from hasten.limits import RETENTION
from hasten.retention import forget_old
from tests.support.posting import GROUP, OFFBOARD, ONBOARD, Posting, at, event, ref
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, user

DAY = timedelta(days=1).total_seconds()
NOT_YET_OLD = RETENTION - timedelta(hours=1)
"""Hasten takes an event that comes this long after its date."""


@pytest.mark.parametrize(
    ("kind", "older", "newer_kind", "newer", "comes_late"),
    [
        (ONBOARD, {"group": GROUP, "startAt": 84}, OFFBOARD, {}, True),
        (ONBOARD, {"group": GROUP, "startAt": 84}, OFFBOARD, {"groups": [GROUP]}, True),
        (ONBOARD, {"group": GROUP, "startAt": 60}, ONBOARD, {"group": GROUP, "startAt": 84}, True),
        (OFFBOARD, {"endAt": 120}, OFFBOARD, {"endAt": 300}, False),
        (OFFBOARD, {"groups": [GROUP], "endAt": 700}, OFFBOARD, {"endAt": 730}, True),
    ],
    ids=["cancelled", "cancelled in a group", "start put off", "end put off", "end far ahead"],
)
def test_an_older_event_is_stale_at_its_date_however_long_ago_the_newer_one_came(
    kind: str,
    older: dict[str, Any],
    newer_kind: str,
    newer: dict[str, Any],
    *,
    comes_late: bool,
) -> None:
    def of_days(data: dict[str, Any]) -> dict[str, Any]:
        return {key: at(v * DAY) if key.endswith("At") else v for key, v in data.items()}

    @virtual
    async def run() -> None:
        world = Posting()
        await world.is_discovered()
        if kind == OFFBOARD:
            world.directory.join(ENGINEERING, user(1))
        await world.posts(event(kind, users=[ref(1)], age=1, **of_days(older)))
        [first] = world.sent_on()
        await world.posts(event(newer_kind, event_id="2", users=[ref(1)], **of_days(newer)))
        before = await world.wanted(ENGINEERING, 1)
        for intent in await world.context.intents.open_intents("TOTAL"):
            await world.context.intents.finish([intent], "done")

        late = NOT_YET_OLD.total_seconds() if comes_late else 0
        due = max(older.get("startAt", 0), older.get("endAt", 0)) * DAY
        await asyncio.sleep(due + late)
        await forget_old(world.context)
        await world.receives(first)

        assert await world.wanted(ENGINEERING, 1) is before is not Wanted.MEMBER
        assert world.outcome_results()[-1] == STALE

    run()


@virtual
async def test_an_onboarding_that_is_taken_after_its_end_gives_nobody_access() -> None:
    world = Posting()
    await world.is_discovered()
    given = event(users=[ref(1)], group=GROUP, startAt=at(DAY), endAt=at(2 * DAY))
    await world.posts(given)

    [start] = world.sent_on()
    await asyncio.sleep(3 * DAY)
    await world.receives(start)

    assert await world.wanted(ENGINEERING, 1) is None
    assert world.outcome_results() == [REJECTED]
    assert world.parked()[0].properties["reason"] == FaultCode.END_PAST
