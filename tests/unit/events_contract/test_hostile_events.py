"""Thousands of hostile and odd events, each through the whole of taking an event: what cannot be
obeyed is parked with field and fix, and no date that lies ahead has an effect today."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from hasten.domain.intents import NAMED, Intent
from hasten.domain.outcomes import REJECTED
from tests.support.hostile_events import AHEAD, NEVER_IN_A_REFUSAL, PAYROLL, dated, hostile
from tests.support.hostile_wire import Hostile
from tests.support.posting import Posting
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL

SEEDS = range(12)
HOSTILE = 500
DATED = 100
"""Events of each seed: 6,000 and 1,200 in all."""

AT_A_TIME = 5
"""Hypothesis draws several events at once faster than one by one."""

MAY_BE_MADE = "team-"
"""Begins the names under which the policy of the world lets an event make a group."""


def try_all(
    number: int, most: int, events: st.SearchStrategy[Hostile], check: Callable[[Posting], Any]
) -> Counter[str]:
    """Posts `most` events of one seed, each to a world of its own. How many were taken and how
    many parked."""
    fates: Counter[str] = Counter()

    @seed(number)
    @settings(
        max_examples=most // AT_A_TIME,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.tuples(*[events] * AT_A_TIME))
    def run(drawn: Sequence[Hostile]) -> None:
        for made in drawn:
            post(made)

    @virtual
    async def post(made: Hostile) -> None:
        world = Posting()
        world.directory.has_group(PAYROLL, "Payroll")
        await world.posts(made.body, content_type=made.content_type, properties=made.properties)
        await check(world)
        fates["parked" if world.parked() else "taken"] += 1

    run()
    assert fates.total() >= most
    return fates


def may_be_touched(intent: Intent) -> bool:
    """The key of a group that is still to be made says nothing: its name does."""
    if intent.group.startswith(NAMED):
        return intent.group_name.casefold().startswith(MAY_BE_MADE)
    return intent.group == ENGINEERING


def says_what_to_mend(world: Posting) -> None:
    """Each parked event, and the outcome that goes with it."""
    assert len(world.parked()) == len([o for o in world.outcomes() if o["result"] == REJECTED])
    for parked in world.parked():
        faults = json.loads(parked.properties["fields"])
        assert faults
        for fault in faults:
            assert fault["field"]
            assert fault["problem"]
            assert fault["fix"]
            assert NEVER_IN_A_REFUSAL not in fault["problem"] + fault["fix"]


@pytest.mark.parametrize("number", SEEDS)
def test_a_hostile_event_is_taken_or_parked_and_touches_only_groups_of_the_policy(
    number: int,
) -> None:
    async def check(world: Posting) -> None:
        says_what_to_mend(world)
        for intent in await world.intents.open_intents(TOTAL):
            assert may_be_touched(intent)

    fates = try_all(number, HOSTILE, hostile(), check)

    assert min(fates["taken"], fates["parked"]) > HOSTILE // 10


@pytest.mark.parametrize("number", SEEDS)
def test_a_date_that_lies_ahead_has_no_effect_today(number: int) -> None:
    async def check(world: Posting) -> None:
        says_what_to_mend(world)
        assert not await world.intents.open_intents(TOTAL)
        assert not world.ensured()
        assert len(world.parked()) + len(world.sent_on()) == 1
        assert all(message.at == AHEAD for message in world.sent_on())

    fates = try_all(number, DATED, dated(), check)

    assert fates["parked"] > DATED // 10
