"""What an operator stops, starts and cancels over the API, and that the history keeps by whom."""

from datetime import timedelta
from unittest.mock import AsyncMock

import pytest

from hasten.api.caller import Role
from hasten.domain.history import EntryKind
from hasten.operate.scheduled import find
from hasten.ports.bus import ONBOARDING_EVENTS
from hasten.records import stops
from hasten.records.stops import ALL_TARGETS
from tests.support.face import OPERATOR, Face
from tests.support.history import noted
from tests.support.posting import Posting, event, ref
from tests.support.virtual_time import now, virtual
from tests.support.world import TOTAL, World, user


@virtual
async def test_a_stop_and_a_start_name_the_caller_and_the_reason() -> None:
    world = World()
    face = Face(world)

    stopped = await face.post("/stop", {"reason": "an incident"})
    stop = await stops.find(world.store, TOTAL)
    started = await face.post("/start", {"reason": "it is over"})

    assert stopped.json()["target"] == ALL_TARGETS
    assert stop is not None
    assert (stop.by, stop.reason) == (OPERATOR, "an incident")
    assert started.json()["is_stop"] is False
    assert await stops.find(world.store, TOTAL) is None
    assert {why for _, _, _, why in await noted(world, EntryKind.STOPPED)} == {"an incident"}


@virtual
async def test_a_start_answers_what_is_still_stopped() -> None:
    face = Face(World())
    await face.post("/stop", {"reason": "an incident"})
    await face.post("/stop", {"target": TOTAL, "reason": "odd removals"})

    of_one = await face.post("/start", {"target": TOTAL, "reason": "it is over"})
    of_all = await face.post("/start", {"reason": "it is over"})

    [still] = of_one.json()["still_stopped"]
    assert (still["target"], still["reason"], still["by"]) == (ALL_TARGETS, "an incident", OPERATOR)
    assert of_all.json()["still_stopped"] == []


@virtual
async def test_one_target_is_stopped_and_an_unknown_one_is_404() -> None:
    face = Face(World())

    one = await face.post("/stop", {"target": TOTAL, "reason": "an incident"})
    unknown = await face.post("/stop", {"target": "*", "reason": "an incident"})

    assert one.json()["target"] == TOTAL
    assert unknown.status_code == 404


@pytest.mark.parametrize("target", [None, "", " ", 0, [], ["TOTAL"]])
@pytest.mark.parametrize("path", ["/stop", "/start"])
@virtual
async def test_a_target_without_a_name_does_not_mean_all_targets(path: str, target: object) -> None:
    face = Face(World())
    await face.post("/stop", {"reason": "an incident"})
    before = await stops.load_all(face.world.store)

    answer = await face.post(path, {"target": target, "reason": "it is over"})

    assert answer.status_code == 400
    assert await stops.load_all(face.world.store) == before


@virtual
async def test_an_entry_that_was_posted_meanwhile_is_answered_as_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = Posting(keeps_agenda=True)
    later = (now() + timedelta(days=3)).isoformat()
    await world.posts(event(users=[ref(1)], group={"name": "TOTAL-Engineering"}, startAt=later))
    entries = await find(world.context, "1")
    await world.context.agenda.post_due(ONBOARDING_EVENTS, entries[0].due)
    monkeypatch.setattr("hasten.api.deciding.find", AsyncMock(return_value=entries))

    answer = await Face(world).post("/scheduled/1/cancel", {"reason": "no longer wanted"})

    assert answer.json() == {"cancelled": 0, "due": 0, "gone": 1}


@virtual
async def test_a_start_that_lies_ahead_is_listed_and_cancelled() -> None:
    world = Posting(keeps_agenda=True)
    later = (now() + timedelta(days=3)).isoformat()
    await world.posts(event(users=[ref(1)], group={"name": "TOTAL-Engineering"}, startAt=later))
    face = Face(world)

    listed = (await face.get("/scheduled", Role.READ)).json()
    [entry] = listed["scheduled"]
    cancelled = await face.post(f"/scheduled/{entry['id']}/cancel", {"reason": "no longer wanted"})
    again = await face.post(f"/scheduled/{entry['id']}/cancel", {"reason": "no longer wanted"})

    assert (entry["event"], entry["users"]) == ("1", [user(1)])
    assert cancelled.json() == {"cancelled": 1, "due": 0, "gone": 0}
    assert again.status_code == 404
    assert (await face.get("/scheduled", Role.READ)).json()["scheduled"] == []
    assert {by for _, _, by, _ in await noted(world, EntryKind.CANCELLED)} == {OPERATOR}
