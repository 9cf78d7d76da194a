"""The journal: every request and answer with its headers, and no secret in it."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.graph.seed import TOTAL_ENGINEERING

GROUP = f"/v1.0/groups/{TOTAL_ENGINEERING}"
QUERY = {"$filter": "displayName eq 'A & B'"}


async def test_every_request_is_kept_with_its_times_and_written_to_the_record(
    start: Any, tmp_path: Path
) -> None:
    record = tmp_path / "graph.jsonl"
    graph = await start(record=record)

    await graph.get(GROUP)
    (kept,) = await graph.get("/emulator/requests?path=/groups/")

    assert (kept["method"], kept["status"], kept["throttled"]) == ("GET", 200, False)
    assert kept["started_at"] <= kept["ended_at"]
    (line,) = record.read_text().splitlines()
    assert json.loads(json.loads(line)["answer"])["id"] == TOTAL_ENGINEERING


async def test_headers_and_the_target_as_sent_are_shown_and_recorded(
    start: Any, tmp_path: Path
) -> None:
    record = tmp_path / "graph.jsonl"
    graph = await start(record=record)
    headers = {"client-request-id": "mine", "ConsistencyLevel": "eventual"}

    answer = await graph.http.get("/v1.0/groups", params=QUERY, headers=headers)
    (kept,) = await graph.get("/emulator/requests?path=/groups")

    assert kept["target"] == answer.request.url.raw_path.decode()
    assert kept["by_admin"] is True
    assert (kept["headers"]["client-request-id"], kept["headers"]["consistencylevel"]) == (
        "mine",
        "eventual",
    )
    assert kept["answer_headers"]["request-id"] == answer.headers["request-id"]
    assert kept["answer_headers"]["content-type"] == answer.headers["content-type"]
    (line,) = record.read_text().splitlines()
    assert {name: json.loads(line)[name] for name in kept} == kept


async def test_an_injected_fault_is_marked(graph: Any) -> None:
    await graph.post("/emulator/faults", {"path": "/groups", "status": 429, "retry_after": 7})
    await graph.post("/emulator/faults", {"path": "/users", "drop_connection": True})

    await graph.http.get("/v1.0/groups")
    await graph.http.get("/v1.0/groups")
    with pytest.raises(httpx.RemoteProtocolError):
        await graph.http.get("/v1.0/users")
    kept = await graph.get("/emulator/requests")

    assert [(k["status"], k["by_fault"]) for k in kept] == [(429, True), (200, False), (None, True)]
    assert kept[0]["answer_headers"]["retry-after"] == "7"
    assert kept[2]["answer_headers"] == {}


async def test_no_secret_is_recorded(start: Any, tmp_path: Path) -> None:
    record = tmp_path / "graph.jsonl"
    graph = await start(record=record)
    server = graph.server
    identity = {"X-IDENTITY-HEADER": server.identity_header}
    query = {"resource": "https://graph.microsoft.com", "api-version": "2019-08-01"}

    issued = await graph.http.get(server.identity_endpoint, params=query, headers=identity)
    token = issued.json()["access_token"]
    await graph.http.get(GROUP, headers={"Authorization": f"Bearer {token}", "Cookie": "session=1"})
    shown = json.dumps(await graph.get("/emulator/requests"))

    for secret in (token, server.admin_token, server.identity_header, "session=1"):
        assert secret not in shown
        assert secret not in record.read_text()
    kept = [json.loads(line) for line in record.read_text().splitlines()]
    assert kept[-1]["headers"]["authorization"] == "Bearer (not recorded)"
    assert kept[-1]["by_admin"] is False
