"""Hostile and odd events, each taken and then carried out in the directory: Hasten refuses what it
cannot obey with field and fix, changes no group outside the policy, and does nothing today for a
date that lies ahead. `make hostile` tries four times as many as `make test`."""

import asyncio
import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from hasten.domain.outcomes import REJECTED
from hasten.errors import TemporaryError
from tests.support.hostile_events import (
    AHEAD,
    NEVER_IN_A_REFUSAL,
    PAYROLL,
    RULE_TEAM,
    SECRET_TEAM,
    STRANGER_TEAM,
    TWIN_TEAMS,
    dated,
    hostile,
)
from tests.support.hostile_wire import Hostile
from tests.support.posting import Posting
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user

SEEDS = range(int(os.environ.get("HASTEN_EVENT_SEEDS", "1")))
HOSTILE = 500
DATED = 100
"""Events of each seed."""

AT_A_TIME = 5
"""Hypothesis draws several events at once faster than one by one."""

MOST_RUNS = 60
UNTOUCHABLE = (ADMIN, PAYROLL, SECRET_TEAM, RULE_TEAM, *TWIN_TEAMS, STRANGER_TEAM)
KNOWN = {*UNTOUCHABLE, ENGINEERING}
PEOPLE = tuple(user(number) for number in range(1, 31))

MAY_BE_MADE = "team-"
"""Begins the names under which the policy of the world lets an event make a group."""


def try_all(
    number: int, most: int, events: st.SearchStrategy[Hostile], check: Callable[[Posting], Any]
) -> Counter[str]:
    """Posts `most` events of one seed, each to a world of its own, and carries them out. Counts how
    many were taken, how many were parked, and how many wrote to the directory."""
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
        world = await tenant()
        before = untouchable(world)
        await world.posts(made.body, content_type=made.content_type, properties=made.properties)
        await carry_out(world)
        assert untouchable(world) == before
        await check(world)
        fates["parked" if world.parked() else "taken"] += 1
        fates["written"] += bool(world.directory.writes)

    run()
    assert fates["taken"] + fates["parked"] >= most
    return fates


async def tenant() -> Posting:
    """A tenant with groups that no event may change, each with members and some assigned."""
    world = Posting()
    await world.is_discovered()
    world.directory.has_group(PAYROLL, "Payroll")
    world.directory.has_group(SECRET_TEAM, "Team-Secret", role_assignable=True)
    world.directory.has_group(RULE_TEAM, "Team-Rule", rule="(user.department -ne null)")
    for group in TWIN_TEAMS:
        world.directory.has_group(group, "Team-Twin")
    world.directory.has_group(STRANGER_TEAM, "Team-Stranger")
    world.strangers |= {STRANGER_TEAM, *TWIN_TEAMS}
    for group in UNTOUCHABLE:
        world.directory.join(group, user(1), user(2))
    world.directory.join(ENGINEERING, user(2), user(3))
    return world


def untouchable(world: Posting) -> Any:
    """Everything that the directory shows of the groups that no event may change, and of who is
    assigned to the app without a group. An event may assign a dynamic group of the policy."""
    directory = world.directory
    return (
        [directory.group_objects[group] for group in UNTOUCHABLE],
        [list(directory.history[group]) for group in UNTOUCHABLE],
        [world.given(one) for one in (*UNTOUCHABLE, *PEOPLE) if one != RULE_TEAM],
        sorted(group for group in directory.groups if group in UNTOUCHABLE),
    )


async def carry_out(world: Posting) -> None:
    """Brings about every intent, as the queue `ensure` would."""
    for _ in range(MOST_RUNS):
        opened = await world.intents.open_intents(TOTAL)
        if not opened:
            return
        until = min(intent.not_before or now() for intent in opened)
        await asyncio.sleep(max(0.0, (until - now()).total_seconds()))
        try:
            await world.ensures()
        except TemporaryError as error:
            await asyncio.sleep(error.delay.total_seconds())
        else:
            await asyncio.sleep(1)
    raise AssertionError("the intents never ended")


def says_what_to_mend(world: Posting) -> None:
    """Each parked event names field and fix, and each refusal in an outcome names what to do."""
    refused = [o for o in world.outcomes() if o["result"] == REJECTED]
    assert len(world.parked()) <= len(refused)
    for outcome in refused:
        assert outcome["reason"]
        assert outcome["nextAction"]
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
        made = world.directory.group_objects.keys() - KNOWN
        names = [str(world.directory.group_objects[group]["displayName"]) for group in made]
        assert all(name.casefold().startswith(MAY_BE_MADE) for name in names)

    fates = try_all(number, HOSTILE, hostile(), check)

    assert min(fates["taken"], fates["parked"], fates["written"]) > HOSTILE // 20


@pytest.mark.parametrize("number", SEEDS)
def test_a_date_that_lies_ahead_has_no_effect_today(number: int) -> None:
    async def check(world: Posting) -> None:
        says_what_to_mend(world)
        assert not await world.intents.open_intents(TOTAL)
        assert not world.ensured()
        assert not world.directory.writes
        assert len(world.parked()) + len(world.sent_on()) == 1
        assert all(message.at == AHEAD for message in world.sent_on())

    fates = try_all(number, DATED, dated(), check)

    assert fates["parked"] > DATED // 10
