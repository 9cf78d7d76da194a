"""What is posted over HTTP and refused, and who may post."""

import json
from typing import Any

import pytest

from hasten.api.caller import Role
from hasten.api.events import MAX_BATCH_BYTES, MAX_BATCH_EVENTS
from hasten.onboard.message import TRIES
from tests.support.face import Face, bearer
from tests.support.posted_over_http import BATCH, STRUCTURED, binary, event, posted, queued
from tests.support.virtual_time import virtual
from tests.support.world import TOTAL, World, user


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
