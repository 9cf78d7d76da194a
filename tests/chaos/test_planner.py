"""The operator of a storm who cancels dates or brings them forward: what becomes of them is known,
or nobody claims to know it."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest

from emulator.graph.seed import TOTAL_ENGINEERING
from tests.chaos import planner
from tests.chaos.ahead import Ahead
from tests.chaos.dates import broken_dates
from tests.chaos.operations import Operations
from tests.chaos.planner import End, Planner, known_after
from tests.chaos.targets import POLICY
from tests.chaos.wishes import Posted
from tests.simulation.upstream import ONBOARD
from tests.simulation.world import TARGET, World, newcomers, simulated
from tests.support.virtual_time import now, virtual

ALLOWS = TARGET.model_copy(update={"groups": POLICY})
GROUP = {"name": "TOTAL-Engineering"}
NEVER, ALWAYS = 0.0, 1.0
LATER = timedelta(minutes=10)


async def starts_later(world: World, ahead: Ahead) -> Posted:
    [user] = newcomers(1)
    about: dict[str, Any] = {"users": [{"id": user}], "group": GROUP}
    start = (now() + LATER).isoformat()
    posted = Posted(await world.upstream.post(ONBOARD, **about, startAt=start))
    ahead.posted.append(posted)
    await world.passes(timedelta(minutes=1))
    return posted


@pytest.mark.parametrize("by_api", [NEVER, ALWAYS])
@pytest.mark.parametrize("cancels", [NEVER, ALWAYS])
@pytest.mark.parametrize("dies", [NEVER, ALWAYS])
def test_what_an_operator_decided_is_what_became_of_it(
    cancels: float, by_api: float, dies: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    likely = {"OFTEN": 1, "CANCELS": cancels, "BY_API": by_api, "DIES": dies, "TWO": NEVER}
    for name, value in likely.items():
        monkeypatch.setattr(planner, name, value)
    monkeypatch.setattr(planner, "LAST_REQUEST", 1)

    @virtual
    async def run() -> None:
        async with simulated(targets=(ALLOWS,)) as world:
            people = Operations(world, Random(1))
            ahead = Ahead(world, people, Random(1))
            operator = Planner(world, people, ahead, Random(1))
            posted = await starts_later(world, ahead)
            event = posted.event["id"]

            for _ in range(2):  # the second time somebody is deciding about it
                operator.maybe_act()
            await operator.are_done()
            await world.passes(timedelta(minutes=2))
            group = world.tenant.directory.groups[TOTAL_ENGINEERING]
            is_member = newcomers(1)[0] in group.members

            if dies and not (cancels and by_api):
                assert event in posted.unclear
            elif cancels:
                assert (posted.cancelled, posted.unclear, is_member) == ({event}, set(), False)
            else:
                assert (set(posted.brought), posted.unclear, is_member) == ({event}, set(), True)
            assert list(operator.false) == []
            await world.passes(LATER)
            assert list(broken_dates(world, ahead)) == []

    run()


@pytest.mark.parametrize("seed", [0, 1, 4, 15])
def test_of_two_operators_at_one_date_both_are_told_what_became_of_it(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seeds draw both to cancel, both to bring forward, and one each in either order."""
    likely = {"OFTEN": 1, "CANCELS": 0.5, "DIES": NEVER, "TWO": ALWAYS, "APART": 0.02}
    for name, value in likely.items():
        monkeypatch.setattr(planner, name, value)

    @virtual
    async def run() -> None:
        async with simulated(targets=(ALLOWS,)) as world:
            people = Operations(world, Random(1))
            ahead = Ahead(world, people, Random(1))
            operator = Planner(world, people, ahead, Random(seed))
            posted = await starts_later(world, ahead)

            operator.maybe_act()
            await operator.are_done()
            await world.passes(timedelta(minutes=2))

            group = world.tenant.directory.groups[TOTAL_ENGINEERING]
            is_member = newcomers(1)[0] in group.members
            is_cancelled = posted.event["id"] in posted.cancelled
            assert operator.false == []
            assert is_cancelled is not is_member
            assert is_cancelled or set(posted.brought) == {posted.event["id"]}

    run()


@pytest.mark.parametrize(
    ("ends", "was_unclear", "known"),
    [
        ({End.CANCELLED, End.UNCLEAR}, True, End.CANCELLED),
        ({End.CANCELLED, End.PARTLY}, False, End.UNCLEAR),
        ({End.UNCLEAR, End.NOTHING}, False, End.UNCLEAR),
        ({End.BROUGHT}, True, End.UNCLEAR),
        ({End.BROUGHT}, False, End.NOTHING),
    ],
)
def test_an_event_of_which_one_part_may_come_is_not_taken_for_cancelled(
    *, ends: set[End], was_unclear: bool, known: End
) -> None:
    assert known_after(ends, was_unclear=was_unclear) is known
