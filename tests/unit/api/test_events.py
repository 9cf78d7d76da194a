"""Onboarding events over HTTP: the three modes, what is refused, and what reaches the queue."""

import json
from typing import Any

import pytest

from hasten.domain.history import EntryKind
from hasten.ports.bus import ONBOARDING_REJECTED
from tests.support.face import OPERATOR, Face
from tests.support.posted_over_http import BATCH, STRUCTURED, binary, event, posted, queued, taken
from tests.support.posting import Posting
from tests.support.virtual_time import virtual
from tests.support.world import World


@virtual
async def test_a_structured_event_is_queued_as_it_came_and_its_id_is_given_back() -> None:
    world = World()
    face = Face(world)
    body = json.dumps(event(), indent=3).encode()

    answer = await posted(face, body)

    [message] = queued(world)
    assert answer.status_code == 202
    assert answer.json() == {
        "accepted": [{"id": "event-1", "source": "/hr", "message": message.message_id}]
    }
    assert (message.raw, message.content_type) == (body, STRUCTURED)


@virtual
async def test_a_binary_event_is_queued_with_its_attributes() -> None:
    world = World()

    answer = await posted(Face(world), event()["data"], binary(**{"ce-subject": "a%20b%25"}))

    [message] = queued(world)
    assert answer.status_code == 202
    assert message.properties["cloudEvents:id"] == "event-1"
    assert message.properties["cloudEvents:subject"] == "a b%"


@virtual
async def test_a_batch_is_queued_event_by_event() -> None:
    world = World()

    answer = await posted(Face(world), [event(1), event(2)], BATCH)

    assert answer.status_code == 202
    assert [one["id"] for one in answer.json()["accepted"]] == ["event-1", "event-2"]
    assert len(queued(world)) == 2


@virtual
async def test_an_empty_batch_is_accepted_and_queues_nothing() -> None:
    world = World()

    answer = await posted(Face(world), [], BATCH)

    assert (answer.status_code, answer.json(), queued(world)) == (202, {"accepted": []}, [])


@pytest.mark.parametrize("mode", ["structured", "binary", "batch"])
@virtual
async def test_what_is_accepted_is_taken_from_the_queue_without_a_rejection(mode: str) -> None:
    world = Posting()
    face = Face(world)
    content: Any = {"batch": [event()], "binary": event()["data"]}.get(mode, event())
    headers: Any = {"batch": BATCH, "binary": binary()}.get(mode, STRUCTURED)

    assert (await posted(face, content, headers)).status_code == 202

    assert "rejected" not in await taken(world)
    assert not world.bus.of(ONBOARDING_REJECTED)


@virtual
async def test_the_history_says_who_posted_which_event() -> None:
    world = World()

    await posted(Face(world), [event(1), event(2)], BATCH)

    page = await world.context.history.newest(10)
    assert {entry.kind for entry in page.entries} == {EntryKind.POSTED}
    assert {(entry.by, entry.causes[0].id) for entry in page.entries} == {
        (OPERATOR, "event-1"),
        (OPERATOR, "event-2"),
    }


@virtual
async def test_the_same_event_again_is_accepted_again() -> None:
    world = World()
    face = Face(world)

    answers = [await posted(face, event()) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [202, 202]


@virtual
async def test_the_handshake_of_a_webhook_is_answered_without_a_token() -> None:
    answer = await Face(World()).http.options(
        "/api/v1/events",
        headers={"WebHook-Request-Origin": "eventgrid.azure.net", "WebHook-Request-Rate": "120"},
    )

    assert answer.status_code == 200
    assert answer.headers["WebHook-Allowed-Origin"] == "eventgrid.azure.net"
    assert answer.headers["WebHook-Allowed-Rate"] == "*"
    assert answer.headers["Allow"] == "POST, OPTIONS"


@virtual
async def test_the_handshake_does_not_let_anybody_post() -> None:
    face = Face(World())
    headers = {"WebHook-Request-Origin": "eventgrid.azure.net"}
    await face.http.options("/api/v1/events", headers=headers)

    answer = await face.http.post(
        "/api/v1/events", content=json.dumps(event()), headers={"Content-Type": STRUCTURED}
    )

    assert answer.status_code == 401
