"""An event that Hasten has accepted and does not carry out, because targets.yaml has changed in
between: an operator learns of it, above all if somebody keeps access."""

import asyncio
from typing import Any

import pytest

from hasten.domain.changes import DIRECT
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.ports.bus import ONBOARDING_EVENTS
from hasten.targets import Mode
from tests.support.posting import GROUP, OFFBOARD, ONBOARD, Posting, at, event, ref, total
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, user

FORBIDDING: dict[str, Any] = {"groups": [{"name": "TOTAL-Engineering", "admin": True}]}
OBSERVING: dict[str, Any] = {"mode": Mode.OBSERVE}


async def accepted(kind: str, after: dict[str, Any], **before: Any) -> Posting:
    """Hasten accepts the event under one targets.yaml, and comes to it under another."""
    world = Posting(target=total(**before))
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(1))
    world.directory.assigned[user(1)] = [ENGINEERING]
    group = {"groups": [GROUP]} if kind == OFFBOARD else {"group": GROUP}
    await world.posts(event(kind, age=5, users=[ref(1 if kind == OFFBOARD else 2)], **group))
    assert world.results("onboarding") == ["accepted"]
    world.target = total(**after)
    await world.ensures_until_done()
    return world


def problems(world: Posting) -> list[str]:
    return [one.result for one in world.events if one.name == "intent" and one.problem]


@pytest.mark.parametrize("after", [FORBIDDING, OBSERVING])
def test_an_offboarding_that_is_not_carried_out_any_more_is_a_problem(
    after: dict[str, Any],
) -> None:
    @virtual
    async def run() -> None:
        world = await accepted(OFFBOARD, after)

        [outcome] = world.outcomes()
        assert outcome["result"] == "rejected"
        assert outcome["nextAction"].endswith("then post it again with a new id and time")
        assert problems(world) == ["rejected"]
        [said] = [one.fields for one in world.events if one.name == "intent"]
        assert said["next_action"] == outcome["nextAction"]
        assert user(1) in await world.members(ENGINEERING)

    run()


@virtual
async def test_so_is_an_onboarding_that_the_policy_forbids_since() -> None:
    world = await accepted(ONBOARD, FORBIDDING)

    assert (world.outcome_results(), problems(world)) == (["rejected"], ["rejected"])


@pytest.mark.parametrize(
    ("kind", "before", "after"), [(OFFBOARD, OBSERVING, OBSERVING), (ONBOARD, {}, OBSERVING)]
)
def test_what_was_only_to_be_observed_or_gives_access_is_no_problem_in_observe_mode(
    kind: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    @virtual
    async def run() -> None:
        world = await accepted(kind, after, **before)

        assert (world.outcome_results(), problems(world)) == (["observed"], [])

    run()


@pytest.mark.parametrize(("left", "ends"), [(False, "rejected"), (True, "observed")])
def test_a_direct_assignment_that_stays_is_a_problem(ends: str, *, left: bool) -> None:
    @virtual
    async def run() -> None:
        world = Posting(target=total(direct="allow"))
        await world.is_discovered()
        world.directory.grant(user(1), kind="User")
        await world.posts(event(OFFBOARD, age=5, users=[ref(1)]))
        assert await world.wanted(DIRECT, 1) == "absent"
        if left:
            world.directory.granted.clear()
        world.target = total(**OBSERVING)
        await world.ensures_until_done()

        assert world.outcome_results() == [ends]
        assert problems(world) == ([] if left else ["rejected"])

    run()


@virtual
async def test_whoever_left_before_the_target_was_observed_has_nothing_to_lose() -> None:
    world = Posting(target=total())
    await world.is_discovered()
    await world.posts(event(OFFBOARD, age=5, users=[ref(1)], groups=[GROUP]))
    world.target = total(**OBSERVING)
    await world.ensures_until_done()

    assert (world.outcome_results(), problems(world)) == (["observed"], [])


async def receives(world: Posting, *, seconds: float) -> None:
    await asyncio.sleep(seconds)
    [kept] = world.bus.of(ONBOARDING_EVENTS)
    await world.receives(kept)
    await world.ensures_until_done()


@pytest.mark.parametrize(
    ("before", "ends"), [({}, "rejected"), (OBSERVING, "observed")], ids=["act", "observe"]
)
@pytest.mark.parametrize("kind", [OFFBOARD, ONBOARD])
def test_so_is_one_that_was_kept_for_its_date_while_hasten_acted(
    kind: str, before: dict[str, Any], ends: str
) -> None:
    """An offboarding at a date, or the end of an onboarding."""

    @virtual
    async def run() -> None:
        world = Posting(target=total(**before))
        await world.is_discovered()
        world.directory.join(ENGINEERING, user(1))
        of = {"groups": [GROUP]} if kind == OFFBOARD else {"group": GROUP}
        await world.posts(event(kind, users=[ref(1)], endAt=at(3600), **of))
        world.target = total(**OBSERVING)
        await world.ensures_until_done()
        said = len(world.outcomes())

        await receives(world, seconds=3600)

        assert world.outcome_results()[said:] == [ends]
        assert problems(world) == (["rejected"] if ends == "rejected" else [])

    run()


@virtual
async def test_so_is_one_whose_second_look_comes_in_observe_mode() -> None:
    world = Posting(target=total())
    await world.is_discovered()
    await world.posts(event(OFFBOARD, users=[ref(1)]))
    world.directory.join(ENGINEERING, user(1))
    world.directory.assigned[user(1)] = [ENGINEERING]
    world.target = total(**OBSERVING)

    await receives(world, seconds=REPLICATION_SETTLED_AFTER.total_seconds())

    assert (world.outcome_results(), problems(world)) == (["rejected"], ["rejected"])
