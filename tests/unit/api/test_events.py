"""Onboarding events over HTTP: the three modes, what is refused, and what reaches the queue."""

import json
from typing import Any

import httpx
import pytest

from hasten.api.caller import Role
from hasten.api.events import MAX_BATCH_BYTES, MAX_BATCH_EVENTS
from hasten.domain.history import Kind
from hasten.onboard.message import TRIES, Posted
from hasten.onboard.take import take
from hasten.ports.bus import ONBOARDING_EVENTS, ONBOARDING_REJECTED, Received
from tests.support.face import OPERATOR, Face, bearer
from tests.support.posting import Posting
from tests.support.virtual_time import now, virtual
from tests.support.world import TOTAL, World, user

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


def event(number: int = 1, **changed: Any) -> dict[str, Any]:
    found = {
        "specversion": "1.0",
        "id": f"event-{number}",
        "source": "/hr",
        "type": "hasten.provision.v1",
        "time": now().isoformat(),
        "data": {"target": TOTAL, "users": [{"id": user(number)}]},
        **changed,
    }
    return {name: value for name, value in found.items() if value is not None}


def binary(**changed: str) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "ce-specversion": "1.0",
        "ce-id": "event-1",
        "ce-source": "/hr",
        "ce-type": "hasten.provision.v1",
        "ce-time": now().isoformat(),
        **changed,
    }


async def posted(
    face: Face, content: Any, headers: dict[str, str] | str = STRUCTURED
) -> httpx.Response:
    given = {"Content-Type": headers} if isinstance(headers, str) else headers
    body = content if isinstance(content, bytes) else json.dumps(content)
    return await face.http.post(
        "/api/v1/events", content=body, headers={**bearer(Role.SEND), **given}
    )


def queued(world: World) -> list[Any]:
    return world.bus.of(ONBOARDING_EVENTS)


async def taken(world: World) -> list[str]:
    """Takes what is queued as the function of the queue does. Returns the rejections."""
    for message in queued(world):
        received = Received(
            queue=ONBOARDING_EVENTS,
            body=message.raw,
            content_type=message.content_type,
            message_id=message.message_id,
            properties=message.properties,
        )
        await take(world.context, Posted.of(received))
    return world.results("event")


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
    assert {entry.kind for entry in page.entries} == {Kind.POSTED}
    assert {(entry.by, entry.causes[0].id) for entry in page.entries} == {
        (OPERATOR, "event-1"),
        (OPERATOR, "event-2"),
    }


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"id": None}, "id"),
        ({"time": "yesterday"}, "time"),
        ({"type": "hasten.user.offbord.v1"}, "type"),
        ({"specversion": "0.3"}, "specversion"),
        ({"data": {"target": TOTAL, "users": [{"upn": "a", "id": "b"}]}}, "data.users[0]"),
        ({"data": {"target": "OTHER", "users": [{"id": user(1)}]}}, "data.target"),
        ({"users": []}, "users"),
        ({"time": "2031-01-01T00:00:00Z"}, "time"),
    ],
)
@virtual
async def test_an_event_at_fault_is_refused_with_the_field_and_the_fix(
    changed: dict[str, Any], field: str
) -> None:
    world = World()

    answer = await posted(Face(world), event(**changed))

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert any(fault["field"].startswith(field) for fault in answer.json()["faults"])
    assert all(fault["fix"] for fault in answer.json()["faults"])
    assert queued(world) == []


@virtual
async def test_one_event_at_fault_keeps_the_whole_batch_from_the_queue() -> None:
    world = World()
    batch = [event(1), event(2, time="yesterday"), event(3, id=None), 7, []]

    answer = await posted(Face(world), batch, BATCH)

    fields = [fault["field"] for fault in answer.json()["faults"]]
    assert answer.status_code == 400
    assert {"[1].time", "[2].id"} <= set(fields)
    assert any(field.startswith("[3]") for field in fields)
    assert any(field.startswith("[4]") for field in fields)
    assert queued(world) == []


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"", STRUCTURED, 400),
        (b"{", STRUCTURED, 400),
        (b"\xff\xfe\x00", STRUCTURED, 400),
        (b"[" * 100_000, BATCH, 400),
        (b"{}", BATCH, 400),
        (b"[[[[[[]]]]]]", BATCH, 400),
        (b'[{"a":1,"a":2}]', BATCH, 400),
        (b"[NaN]", BATCH, 400),
        (json.dumps([{}] * (MAX_BATCH_EVENTS + 1)).encode(), BATCH, 400),
        (b" " * (MAX_BATCH_BYTES + 1), STRUCTURED, 413),
        (b" " * (MAX_BATCH_BYTES + 1), BATCH, 413),
        (b'"' + b"a" * (MAX_BATCH_BYTES - 2) + b'"', STRUCTURED, 400),
        (b'{"specversion": "1.0"}', "text/plain", 400),
        (b"<xml/>", "application/xml", 400),
        (b"\x1f\x8b\x08\x00", STRUCTURED, 400),
    ],
)
@virtual
async def test_a_body_that_is_no_event_is_refused(
    content: bytes, headers: str, status: int
) -> None:
    world = World()

    answer = await posted(Face(world), content, headers)

    assert answer.status_code == status
    assert queued(world) == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"ce-source": "/hr%0d%0aX-Injected:%201"}, "source"),
        ({"ce-id": "%00"}, "id"),
        ({"ce-id": "%ff"}, "ce-id"),
        ({"ce-id": "x" * 10_000}, "ce-id"),
        ({"ce-id": "x" * 300}, "id"),
        ({"ce-type": "hasten.provision.v1%0a"}, "type"),
        ({"ce-time": ""}, "time"),
        ({"Content-Type": "text/plain"}, "content type"),
    ],
)
@virtual
async def test_an_attribute_that_could_break_out_of_its_header_is_refused(
    changed: dict[str, str], field: str
) -> None:
    world = World()

    answer = await posted(Face(world), event()["data"], binary(**changed))

    assert answer.status_code == 400
    assert {fault["field"] for fault in answer.json()["faults"]} == {field}
    assert queued(world) == []


@virtual
async def test_no_header_becomes_a_property_of_hastens_own() -> None:
    """Hasten marks the messages that it sends to itself. Nobody outside may."""
    world = World()
    headers = binary(**{TRIES: "0", "hastenEndOf": "x", f"ce-{TRIES}": "0", "cloudEvents:id": "y"})

    answer = await posted(Face(world), event()["data"], headers)

    [message] = queued(world)
    assert answer.status_code == 202
    assert not {TRIES, "hastenEndOf"} & set(message.properties)
    assert message.properties["cloudEvents:id"] == "event-1"


@virtual
async def test_an_attribute_that_is_given_twice_is_refused() -> None:
    world = World()
    headers = [*{**bearer(Role.SEND), **binary()}.items(), ("ce-id", "event-2")]

    answer = await Face(world).http.post(
        "/api/v1/events", content=json.dumps(event()["data"]), headers=headers
    )

    assert answer.status_code == 400
    assert queued(world) == []


@pytest.mark.parametrize("role", [Role.READ, Role.OPERATE])
@virtual
async def test_only_a_sender_may_post(role: Role) -> None:
    world = World()
    headers = {**bearer(role), "Content-Type": STRUCTURED}

    answer = await Face(world).http.post(
        "/api/v1/events", content=json.dumps(event()), headers=headers
    )

    assert answer.status_code == 403
    assert queued(world) == []


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
async def test_options_without_an_origin_consents_to_nothing() -> None:
    answer = await Face(World()).http.options("/api/v1/events")

    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("webhook")]


@pytest.mark.parametrize("origin", ["a b", "a\tb", "https://evil.example", "x" * 300, "*"])
@virtual
async def test_an_origin_that_is_no_host_name_is_not_repeated(origin: str) -> None:
    answer = await Face(World()).http.options(
        "/api/v1/events", headers={"WebHook-Request-Origin": origin}
    )

    assert answer.status_code == 400
    assert "WebHook-Allowed-Origin" not in answer.headers


@virtual
async def test_the_handshake_does_not_let_anybody_post() -> None:
    face = Face(World())
    headers = {"WebHook-Request-Origin": "eventgrid.azure.net"}
    await face.http.options("/api/v1/events", headers=headers)

    answer = await face.http.post(
        "/api/v1/events", content=json.dumps(event()), headers={"Content-Type": STRUCTURED}
    )

    assert answer.status_code == 401
