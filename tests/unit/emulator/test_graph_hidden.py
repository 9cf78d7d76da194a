"""Groups with hidden membership, for an app with and without the permission to read it."""

import httpx
import pytest

from emulator.graph.auth import ROLES
from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING, object_id
from tests.unit.emulator.graph_tenant import LocalTenant, local_tenant

JOINER = object_id("user/290")
GROUP = f"/v1.0/groups/{TOTAL_ENGINEERING}"


async def seen(local: LocalTenant, client: httpx.AsyncClient) -> list[bool]:
    """Returns whether each read shows the membership of JOINER, or the count any."""
    query = {"$filter": f"id eq '{TOTAL_ENGINEERING}'", "$select": "id,members"}
    start = await client.get("/v1.0/groups/delta", params={**query, "$deltatoken": "latest"})
    local.tenant.directory.add_members(local.tenant.directory.groups[TOTAL_ENGINEERING], [JOINER])
    eventual = {"ConsistencyLevel": "eventual"}
    answers = [
        await client.get(f"{GROUP}/members", params={"$top": "999"}),
        await client.get(f"{GROUP}/transitiveMembers", params={"$top": "999"}),
        await client.get(start.json()["@odata.deltaLink"]),
        await client.get(f"/v1.0/users/{JOINER}/appRoleAssignments"),
        await client.get(f"/v1.0/users/{JOINER}/memberOf"),
    ]
    count = await client.get(f"{GROUP}/members/$count", headers=eventual)
    direct, transitive, changes, assigned, of = [answer.json()["value"] for answer in answers]
    local.tenant.directory.remove_member(local.tenant.directory.groups[TOTAL_ENGINEERING], JOINER)
    changed = [member for one in changes for member in one.get("members@delta", ())]
    return [
        JOINER in {member["id"] for member in direct},
        JOINER in {member["id"] for member in transitive},
        count.text != "0",
        JOINER in {member["id"] for member in changed},
        TOTAL_ENGINEERING in {assignment["principalId"] for assignment in assigned},
        TOTAL_ENGINEERING in {group["id"] for group in of},
    ]


@pytest.mark.parametrize("may_read", [False, True])
async def test_the_members_are_shown_only_to_who_may_read_them(may_read: bool) -> None:  # noqa: FBT001
    async with local_tenant() as local:
        group = local.tenant.directory.groups[TOTAL_ENGINEERING]
        local.tenant.directory.update(group, {"visibility": "HiddenMembership"})
        if may_read:
            local.tenant.tokens.roles = (*ROLES, "Member.Read.Hidden")

        by_app, by_admin = await seen(local, local.app), await seen(local, local.admin)
        shown = (await local.app.get(GROUP)).json()
        app = await local.app.get(f"/v1.0/servicePrincipals/{TOTAL}/appRoleAssignedTo")

    assert by_admin == [True] * 6
    assert by_app == [may_read] * 6
    assert shown["visibility"] == "HiddenMembership"
    assert TOTAL_ENGINEERING in {one["principalId"] for one in app.json()["value"]}
