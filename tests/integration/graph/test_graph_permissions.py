"""What the managed identity may do, and how Graph refuses what it may not."""

import base64
import json
from typing import Any

import httpx
import pytest

from emulator.graph.auth import ROLES
from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING, object_id

SP = f"/v1.0/servicePrincipals/{TOTAL}"
GROUP = f"/v1.0/groups/{TOTAL_ENGINEERING}"
USER = f"/v1.0/users/{object_id('user/290')}"


@pytest.fixture
async def hasten(graph: Any) -> dict[str, str]:
    """The headers of a request by the managed identity."""
    given = await graph.http.get(
        graph.server.identity_endpoint,
        params={"resource": "https://graph.microsoft.com", "api-version": "2019-08-01"},
        headers={"X-IDENTITY-HEADER": graph.server.identity_header},
    )
    return {"Authorization": f"Bearer {given.json()['access_token']}"}


def refusal(answer: httpx.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["message"]


async def test_the_token_says_what_it_permits_to_whom_and_until_when(
    graph: Any, hasten: dict[str, str]
) -> None:
    _, payload, _ = hasten["Authorization"].removeprefix("Bearer ").split(".")

    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))

    assert set(claims["roles"]) == set(ROLES)
    assert claims["tid"] == graph.server.tenant.id
    assert {"appid", "exp"} <= set(claims)


@pytest.mark.parametrize(
    ("missing", "asked"),
    [
        ("Directory.Read.All", ("GET", "/v1.0/users", None)),
        ("Group.Read.All", ("GET", f"{GROUP}/members", None)),
        ("Directory.Read.All", ("GET", f"{SP}/appRoleAssignedTo", None)),
        ("Group.Create", ("POST", "/v1.0/groups", {})),
        ("GroupMember.ReadWrite.All", ("PATCH", GROUP, {"members@odata.bind": []})),
        ("AppRoleAssignment.ReadWrite.All", ("POST", f"{SP}/appRoleAssignedTo", {})),
        ("AuditLog.Read.All", ("GET", "/v1.0/auditLogs/provisioning", None)),
        ("Group.Read.All", ("POST", "/v1.0/subscriptions", {"resource": "/groups"})),
        ("User.Read.All", ("POST", "/v1.0/subscriptions", {"resource": "/users"})),
    ],
)
async def test_a_request_without_its_permission_is_refused(
    graph: Any, hasten: dict[str, str], missing: str, asked: tuple[str, str, Any]
) -> None:
    method, path, body = asked
    covering = {missing, "Directory.Read.All"}
    if missing == "Group.Read.All":
        covering.add("GroupMember.ReadWrite.All")
    if path == "/v1.0/users":
        covering.add("User.Read.All")
    if path == f"{SP}/appRoleAssignedTo":
        covering.add("AppRoleAssignment.ReadWrite.All")
    granted = await graph.http.request(method, path, json=body, headers=hasten)
    await graph.post("/emulator/permissions", {"roles": sorted(set(ROLES) - covering)})

    refused = await graph.http.request(method, path, json=body, headers=hasten)

    assert granted.status_code != 403
    assert refusal(refused) == (
        403,
        "Authorization_RequestDenied",
        "Insufficient privileges to complete the operation.",
    )


async def test_synchronization_answers_a_missing_permission_with_401_and_no_reason(
    graph: Any, hasten: dict[str, str]
) -> None:
    path = await graph.jobs_path()
    await graph.post("/emulator/permissions", {"roles": ["Synchronization.Read.All"]})

    read = await graph.http.get(path, headers=hasten)
    call = await graph.http.post(f"{path}/provisionOnDemand", json={}, headers=hasten)

    assert read.status_code == 200
    assert refusal(call) == (401, "UnknownError", "")


async def test_a_fault_can_spare_the_administrator(graph: Any, hasten: dict[str, str]) -> None:
    fault = {"path": "/groups/", "status": 503, "times": 1, "identity_only": True}
    await graph.post("/emulator/faults", fault)

    spared = await graph.http.get(GROUP)
    hit = await graph.http.get(GROUP, headers=hasten)

    assert (spared.status_code, hit.status_code) == (200, 503)


async def test_the_identity_may_not_do_what_only_administrators_do(
    graph: Any, hasten: dict[str, str]
) -> None:
    answers = [
        await graph.http.patch(USER, json={"accountEnabled": False}, headers=hasten),
        await graph.http.patch(GROUP, json={"description": "x"}, headers=hasten),
        await graph.http.delete(GROUP, headers=hasten),
        await graph.http.patch(SP, json={"appRoles": []}, headers=hasten),
    ]

    assert [answer.status_code for answer in answers] == [403] * len(answers)
