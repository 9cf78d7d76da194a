"""The Graph adapter against the emulated Graph, over real HTTP: both read the same contract."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from azure.identity.aio import ManagedIdentityCredential

from emulator.certificates import trusted
from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING, object_id
from emulator.graph.server import GraphOptions, GraphServer
from hasten.adapters.graph.directory import GraphDirectory
from hasten.ports.clock import utc_now
from hasten.ports.directory_errors import AlreadyExists, Missing, NotYet
from hasten.ports.directory_values import HIDDEN_MEMBERSHIP
from tests.support.csdl.check import assert_record_agrees

JOINER = object_id("user/290")
OTHER = object_id("user/291")
NOBODY = object_id("nobody")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[GraphServer]:
    record = tmp_path / "graph.jsonl"
    server = GraphServer(GraphOptions.kind(users=300, on_demand_delay=(0.0, 0.0), record=record))
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


async def test_a_user_is_found_by_each_name_a_person_has(
    server: GraphServer, directory: GraphDirectory
) -> None:
    guest = {
        "displayName": "Pat O'Neil",
        "mailNickname": "pat",
        "userPrincipalName": "pat.o'neil_other.com#EXT#@contoso.com",
        "mail": "pat.o'neil@other.com",
        "employeeId": "G'7",
        "accountEnabled": False,
        "passwordProfile": {"password": "not-a-secret"},
    }
    admin = {"Authorization": f"Bearer {server.admin_token}"}
    async with httpx.AsyncClient(headers=admin, trust_env=False, verify=trusted()) as http:
        made = (await http.post(f"{server.url}/v1.0/users", json=guest)).json()["id"]

    found = [
        await directory.users(object_id=made),
        await directory.users(upn="pat.o'neil_other.com#EXT#@contoso.com"),
        await directory.users(mail="pat.o'neil@other.com"),
        await directory.users(employee_id="G'7"),
    ]

    assert [[user["id"] for user in users] for users in found] == [[made]] * 4
    assert await directory.users(object_id=NOBODY) == []
    assert await directory.users(employee_id="G") == []


async def test_a_group_is_made_filled_and_emptied(directory: GraphDirectory) -> None:
    made = await directory.create_group(
        {
            "displayName": "Tom's new group",
            "mailNickname": "toms-new-group",
            "mailEnabled": False,
            "securityEnabled": True,
            "owners@odata.bind": [JOINER],
        }
    )

    await directory.add_members(made, [JOINER, OTHER])
    members = (await directory.members(made)).ids
    [named] = await directory.groups_named("tom's new GROUP")
    read = await directory.group(made)
    count = await directory.transitive_user_count(made)
    removed = [await directory.remove_member(made, OTHER) for _ in range(2)]

    assert members == {JOINER, OTHER}
    assert named["id"] == made
    assert read is not None
    assert named.items() <= read.items()
    assert await directory.group(NOBODY) is None
    assert count == 2
    assert removed == [True, False]


async def test_a_group_with_hidden_membership_says_that_it_hides_its_members(
    server: GraphServer, directory: GraphDirectory
) -> None:
    tenant = server.tenant.directory
    tenant.update(tenant.groups[TOTAL_ENGINEERING], {"visibility": HIDDEN_MEMBERSHIP})

    found = await directory.members(TOTAL_ENGINEERING)

    assert (found.listed, found.may_hide(JOINER)) == ([], True)


async def test_one_member_who_is_there_or_does_not_exist_refuses_all(
    directory: GraphDirectory,
) -> None:
    await directory.add_members(TOTAL_ENGINEERING, [JOINER])

    with pytest.raises(AlreadyExists):
        await directory.add_members(TOTAL_ENGINEERING, [OTHER, JOINER])
    with pytest.raises(Missing):
        await directory.add_members(TOTAL_ENGINEERING, [OTHER, NOBODY])

    assert OTHER not in (await directory.members(TOTAL_ENGINEERING)).ids


async def test_a_user_is_assigned_once_and_unassigned_once(directory: GraphDirectory) -> None:
    [application] = await directory.service_principals(object_id=TOTAL)
    role = next(r["id"] for r in application["appRoles"] if "User" in r["allowedMemberTypes"])
    before = utc_now() - timedelta(minutes=1)

    await directory.assign(TOTAL, JOINER, role)
    with pytest.raises(AlreadyExists):
        await directory.assign(TOTAL, JOINER, role)
    with pytest.raises(NotYet):
        await directory.assign(TOTAL, NOBODY, role)

    [given] = [a for a in (await directory.assignments(TOTAL)).listed if a.principal == JOINER]
    assert (given.kind, given.role) == ("User", role)
    assert given.created is not None
    assert given.created > before
    assert await directory.unassign(TOTAL, given.id) is True
    assert await directory.unassign(TOTAL, given.id) is False


async def test_a_delta_of_several_groups_shows_who_joined_which(directory: GraphDirectory) -> None:
    groups = [a.principal for a in (await directory.assignments(TOTAL)).listed if a.kind == "Group"]
    assert len(groups) > 1
    link = await directory.membership_start(*groups)
    await directory.add_members(TOTAL_ENGINEERING, [JOINER])

    found = await directory.membership_delta(link)

    [joined] = found.members[TOTAL_ENGINEERING]
    assert (joined.id, joined.removed) == (JOINER, False)


async def test_a_provisioned_user_is_in_the_log_of_the_job(directory: GraphDirectory) -> None:
    [job] = await directory.jobs(TOTAL)
    rules = await directory.rules(TOTAL, job["id"])
    before = utc_now() - timedelta(minutes=1)
    await directory.add_members(TOTAL_ENGINEERING, [JOINER])
    rule = next(r["id"] for r in rules if r["objectMappings"][0]["sourceObjectName"] == "Group")

    await directory.provision_on_demand(
        TOTAL, job["id"], rule, group=TOTAL_ENGINEERING, users=[JOINER]
    )

    log = await directory.provisioning_log(job["id"], before, {JOINER})
    assert JOINER in {entry["sourceIdentity"]["id"] for entry in log.entries}
    assert log.unread == []
    later = await directory.provisioning_log(job["id"], utc_now() + timedelta(hours=1), {JOINER})
    assert later.entries == []


async def test_a_job_is_read_and_paused(directory: GraphDirectory) -> None:
    [job] = await directory.jobs(TOTAL)

    await directory.pause_job(TOTAL, job["id"])

    paused = await directory.job(TOTAL, job["id"])
    assert paused is not None
    assert paused["status"]["code"] == "Paused"
    assert await directory.job(TOTAL, "no.such.job") is None
