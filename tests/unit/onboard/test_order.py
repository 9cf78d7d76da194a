"""Events about one person in any order: the newest decides, and a tie takes access away."""

import itertools
from typing import Any

import pytest

from hasten.domain.intents import Wanted, group_key
from hasten.domain.outcomes import STALE
from hasten.errors import TemporaryError
from hasten.ports.bus import PROVISIONING_OUTCOMES
from tests.support.posting import GROUP, OFFBOARD, PROVISION, Posting, at, event, ref
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL


@virtual
async def test_the_same_event_three_times_is_one_intent_and_publishes_nothing() -> None:
    world = Posting()
    given = event(users=[ref(1)], group=GROUP)

    for _ in range(3):
        await world.posts(given)

    assert len(await world.intents.open_intents(TOTAL)) == 1
    assert not world.outcomes()


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("groups", [None, [GROUP]])
def test_onboard_offboard_and_onboard_end_alike_in_any_order(
    order: tuple[int, ...], groups: list[dict[str, str]] | None
) -> None:
    @virtual
    async def run() -> None:
        world = Posting()
        await world.is_discovered()
        leaving: dict[str, Any] = {"groups": groups} if groups else {}
        events = [
            event(users=[ref(1)], group=GROUP, event_id="1", age=2),
            event(OFFBOARD, users=[ref(1)], event_id="2", age=1.5, **leaving),
            event(users=[ref(1)], group=GROUP, event_id="3", age=1),
        ]

        for number in order:
            await world.posts(events[number])

        assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER
        intent = await world.intent(ENGINEERING, 1)
        assert intent is not None
        assert intent.cause.id == "3"

    run()


@pytest.mark.parametrize("offboard_first", [True, False])
@pytest.mark.parametrize("groups", [None, [GROUP]])
def test_an_offboarding_within_the_second_wins_in_either_order(
    groups: list[dict[str, str]] | None, *, offboard_first: bool
) -> None:
    """Nothing of the onboarding shows in the directory yet."""

    @virtual
    async def run() -> None:
        world = Posting()
        await world.is_discovered()
        leaving: dict[str, Any] = {"groups": groups} if groups else {}
        onboard = event(users=[ref(1)], group=GROUP, event_id="1", age=1)
        offboard = event(OFFBOARD, users=[ref(1)], event_id="2", age=0.5, **leaving)

        for given in (offboard, onboard) if offboard_first else (onboard, offboard):
            await world.posts(given)

        assert await world.wanted(ENGINEERING, 1) is not Wanted.MEMBER

    run()


@virtual
async def test_the_removal_wins_over_an_event_of_the_same_time() -> None:
    world = Posting()
    await world.is_discovered()
    same = at(-1)

    await world.posts(event(OFFBOARD, users=[ref(1)], event_id="2", time=same))
    await world.posts(event(users=[ref(1)], group=GROUP, event_id="1", time=same))

    assert await world.wanted(ENGINEERING, 1) is None
    assert STALE in world.outcome_results()


@virtual
async def test_a_leaver_leaves_a_group_that_is_still_to_be_made() -> None:
    world = Posting()
    await world.is_discovered()
    await world.posts(event(users=[ref(1)], group={"name": "Team-New"}, event_id="1", age=1))

    await world.posts(event(OFFBOARD, users=[ref(1)], event_id="2"))

    assert await world.wanted(group_key("Team-New"), 1) is Wanted.ABSENT


@virtual
async def test_provisioning_waits_for_an_earlier_event_about_the_same_person() -> None:
    world = Posting()
    await world.posts(event(users=[ref(1)], group=GROUP, event_id="1"))

    with pytest.raises(TemporaryError):
        await world.posts(event(PROVISION, users=[ref(1)], group=GROUP, event_id="2"))

    assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER


@virtual
async def test_an_event_that_a_newer_one_replaces_is_superseded_even_after_a_crash() -> None:
    world = Posting()
    await world.posts(event(users=[ref(1)], group=GROUP, event_id="1", age=1))
    newer = event(OFFBOARD, users=[ref(1)], groups=[GROUP], event_id="2")

    await world.posts(newer)
    await world.posts(newer)

    assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT
    assert world.outcome_results() == ["superseded", "superseded"]
    assert world.outcomes()[0]["causes"] == [{"source": "/hr", "id": "1"}]
    assert len({m.message_id for m in world.bus.of(PROVISIONING_OUTCOMES)}) == 1


@virtual
async def test_provisioning_says_nothing_of_who_is_a_member_to_an_older_event_that_comes_late() -> (
    None
):
    world = Posting()
    await world.posts(event(PROVISION, users=[ref(1)], group=GROUP, event_id="1"))
    await world.intents.finish(await world.intents.open_intents(TOTAL), "recorded")

    await world.posts(event(users=[ref(1)], group=GROUP, event_id="2", age=1))

    assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER
    assert world.outcome_results() == []


@virtual
async def test_provisioning_does_not_make_hasten_forget_that_a_person_has_left() -> None:
    world = Posting()
    await world.posts(event(OFFBOARD, users=[ref(1)], groups=[GROUP], event_id="1", age=1))
    await world.intents.finish(await world.intents.open_intents(TOTAL), "recorded")
    await world.posts(event(PROVISION, users=[ref(1)], group=GROUP, event_id="2"))
    await world.intents.finish(await world.intents.open_intents(TOTAL), "recorded")

    await world.posts(event(users=[ref(1)], group=GROUP, event_id="3", age=2))

    assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT
    assert world.outcome_results() == [STALE]
