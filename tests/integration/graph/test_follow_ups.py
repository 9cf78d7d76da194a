"""Sign-in sessions and the callback of Lifecycle Workflows, as the Graph adapter meets them over
HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.identity.aio import ManagedIdentityCredential

from emulator.certificates import trusted
from emulator.graph.auth import ROLES
from emulator.graph.seed import object_id
from emulator.graph.server import GraphOptions, GraphServer
from hasten.adapters.graph.directory import GraphDirectory
from hasten.errors import PermanentError
from hasten.ports.directory_errors import Missing
from tests.support.csdl.check import assert_record_agrees

USER = object_id("user/290")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[GraphServer]:
    record = tmp_path / "graph.jsonl"
    server = GraphServer(GraphOptions.kind(users=300, record=record))
    await server.start()
    yield server
    await server.stop()
    assert_record_agrees(record)


@pytest.fixture
async def directory(
    server: GraphServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[GraphDirectory]:
    monkeypatch.setenv("IDENTITY_ENDPOINT", server.identity_endpoint)
    monkeypatch.setenv("IDENTITY_HEADER", server.identity_header)
    async with ManagedIdentityCredential() as credential:
        transport = httpx.AsyncHTTPTransport(verify=trusted())
        directory = GraphDirectory(f"{server.url}/v1.0", credential, transport)
        yield directory
        await directory.close()


async def launched(server: GraphServer, **asked: Any) -> str:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, verify=trusted()) as client:
        lever = "/emulator/lifecycle-workflows"
        answer = await client.post(lever, json={"userId": USER, **asked})
        return str(answer.json()["data"]["callbackUriPath"])


def states(server: GraphServer) -> list[str]:
    workflows = server.tenant.lifecycle_workflows
    return [task.state(workflows.clock()) for task in workflows.tasks.values()]


async def test_the_sessions_of_a_user_end(server: GraphServer, directory: GraphDirectory) -> None:
    await directory.revoke_sessions(USER)

    user = server.tenant.directory.user(USER)
    assert user is not None
    assert user.properties["signInSessionsValidFromDateTime"] is not None


async def test_nobody_has_no_sessions(directory: GraphDirectory) -> None:
    with pytest.raises(Missing):
        await directory.revoke_sessions(object_id("nobody"))


async def test_without_the_permission_the_refusal_names_it(
    server: GraphServer, directory: GraphDirectory
) -> None:
    server.tenant.tokens.roles = [r for r in ROLES if r != "User.RevokeSessions.All"]

    with pytest.raises(PermanentError, match=r"User\.RevokeSessions\.All"):
        await directory.revoke_sessions(USER)


@pytest.mark.parametrize(("completed", "state"), [(True, "completed"), (False, "failed")])
async def test_a_task_gets_its_answer_once(
    server: GraphServer, directory: GraphDirectory, *, completed: bool, state: str
) -> None:
    path = await launched(server)

    await directory.resume_task(path, completed=completed)

    assert states(server) == [state]
    with pytest.raises(Missing):
        await directory.resume_task(path, completed=completed)


async def test_a_task_whose_time_is_over_is_gone(
    server: GraphServer, directory: GraphDirectory
) -> None:
    path = await launched(server, seconds=0)

    with pytest.raises(Missing):
        await directory.resume_task(path, completed=True)
    assert states(server) == ["timed_out"]
