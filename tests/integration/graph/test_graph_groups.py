"""Groups over HTTP: made, found, counted, filled and assigned, on a directory that may lag."""

from typing import Any

from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING, TOTAL_ROLE, object_id

NEW: dict[str, Any] = {
    "displayName": "TOTAL-Analyst",
    "mailNickname": "analyst",
    "mailEnabled": False,
    "securityEnabled": True,
}
ASSIGNED_TO = f"/v1.0/servicePrincipals/{TOTAL}/appRoleAssignedTo"
EVENTUAL = {"ConsistencyLevel": "eventual"}


def people(*numbers: int) -> list[str]:
    return [object_id(f"user/{number}") for number in numbers]


def bound(users: list[str]) -> list[str]:
    return [f"https://graph.microsoft.com/v1.0/directoryObjects/{user}" for user in users]


async def created(graph: Any, **properties: Any) -> str:
    answer = await graph.post("/v1.0/groups", {**NEW, **properties})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def counted(graph: Any, path: str) -> str:
    answer = await graph.http.get(path, headers=EVENTUAL)
    assert answer.headers["Content-Type"].startswith("text/plain"), answer.text
    return str(answer.text)


async def test_people_are_found_by_each_of_their_names(graph: Any, joiner: str) -> None:
    named = "id,userPrincipalName,mail,employeeId,accountEnabled"
    user = await graph.get(f"/v1.0/users/{joiner}", **{"$select": named})

    for name in ("userPrincipalName", "mail", "employeeId"):
        found = await graph.get("/v1.0/users", **{"$filter": f"{name} eq '{user[name].upper()}'"})
        assert [person["id"] for person in found["value"]] == [joiner]
    assert user["accountEnabled"] is True


async def test_a_group_is_found_by_its_names_and_shows_what_decides_about_it(graph: Any) -> None:
    group = await created(graph, displayName="Bob's analysts")

    for expression in ("displayName eq 'bob''s analysts'", "mailNickname eq 'analyst'"):
        found = await graph.get("/v1.0/groups", **{"$filter": expression})
        assert [g["id"] for g in found["value"]] == [group]
    shown = await graph.get(f"/v1.0/groups/{group}")
    decisive = ("isAssignableToRole", "groupTypes", "membershipRule", "securityEnabled")
    assert [shown[name] for name in decisive] == [None, [], None, True]


async def test_nested_members_are_counted_only_when_asked_for(graph: Any) -> None:
    direct, nested = people(281, 282), people(282, 283, 284)
    inner = await created(graph, **{"members@odata.bind": bound(nested)})
    outer = await created(graph, **{"members@odata.bind": bound([*direct, inner])})
    path = f"/v1.0/groups/{outer}"

    assert await counted(graph, f"{path}/members/$count") == "3"
    assert await counted(graph, f"{path}/members/graph.user/$count") == "2"
    assert await counted(graph, f"{path}/transitiveMembers/$count") == "5"
    for kind in ("graph.user", "microsoft.graph.user"):
        assert await counted(graph, f"{path}/transitiveMembers/{kind}/$count") == "4"
    assert (await graph.http.get(f"{path}/transitiveMembers/$count")).status_code == 400


async def test_owners_and_members_of_a_new_group_are_twenty_at_most(graph: Any) -> None:
    owners, members = people(1), people(*range(2, 22))

    refused = await graph.post(
        "/v1.0/groups",
        {**NEW, "owners@odata.bind": bound(owners), "members@odata.bind": bound(members)},
    )
    group = await created(
        graph, **{"owners@odata.bind": bound(owners), "members@odata.bind": bound(members[:19])}
    )

    assert refused.status_code == 400
    shown = await graph.get(f"/v1.0/groups/{group}/owners")
    assert [owner["id"] for owner in shown["value"]] == owners


async def test_a_new_group_needs_what_graph_asks_for(graph: Any) -> None:
    wrong: list[dict[str, Any]] = [
        {"mailEnabled": None},
        {"mailNickname": "with space"},
        {"mailNickname": "x" * 65},
        {"displayName": "x" * 257},
        {"groupTypes": ["DynamicMembership"]},
    ]

    answers = [await graph.post("/v1.0/groups", {**NEW, **part}) for part in wrong]

    assert [answer.status_code for answer in answers] == [400] * len(wrong)


async def test_one_bad_member_keeps_all_the_others_out(graph: Any) -> None:
    known, unknown = people(281), ["11111111-1111-4111-8111-111111111111"]
    member = await graph.get(f"/v1.0/groups/{TOTAL_ENGINEERING}/members", **{"$top": "1"})
    before = await counted(graph, f"/v1.0/groups/{TOTAL_ENGINEERING}/members/$count")

    for other in (unknown, [member["value"][0]["id"]]):
        answer = await graph.http.patch(
            f"/v1.0/groups/{TOTAL_ENGINEERING}", json={"members@odata.bind": bound(known + other)}
        )
        assert answer.status_code in {400, 404}

    assert await counted(graph, f"/v1.0/groups/{TOTAL_ENGINEERING}/members/$count") == before


async def test_a_new_group_is_there_for_nobody_until_it_is_replicated(graph: Any) -> None:
    await graph.post("/emulator/replication", {"delay_seconds": 30})
    group = await created(graph)
    path, by_name = f"/v1.0/groups/{group}", {"$filter": "displayName eq 'TOTAL-Analyst'"}
    body = {"principalId": group, "resourceId": TOTAL, "appRoleId": TOTAL_ROLE}
    members = {"members@odata.bind": bound(people(281))}

    read = await graph.http.get(path)
    filled = await graph.http.patch(path, json=members)
    assigned = await graph.post(ASSIGNED_TO, body)
    found = await graph.get("/v1.0/groups", **by_name)
    await graph.post("/emulator/clock", {"advance_seconds": 30})

    assert [(a.status_code, a.json()["error"]["code"]) for a in (read, filled, assigned)] == [
        (404, "Request_ResourceNotFound"),
        (404, "Request_ResourceNotFound"),
        (400, "Request_BadRequest"),
    ]
    assert "Not a valid reference update" in assigned.json()["error"]["message"]
    assert found["value"] == []
    assert (await graph.http.patch(path, json=members)).status_code == 204
    assert (await graph.post(ASSIGNED_TO, body)).status_code == 201
    assert len((await graph.get("/v1.0/groups", **by_name))["value"]) == 1


async def test_an_assignment_alone_can_lag_for_calls_on_demand(graph: Any) -> None:
    await graph.post("/emulator/replication", {"assignments_delay_seconds": 60})
    (user,) = people(281)
    group = await created(graph, **{"members@odata.bind": bound([user])})
    body = {"principalId": group, "resourceId": TOTAL, "appRoleId": TOTAL_ROLE}
    assert (await graph.post(ASSIGNED_TO, body)).status_code == 201

    too_early = await graph.provision(user, group=group)
    again = await graph.post(ASSIGNED_TO, body)
    await graph.post("/emulator/clock", {"advance_seconds": 60})
    later = await graph.provision(user, group=group)

    assert "NotEffectivelyEntitled" in too_early.json()["key"]
    assert again.status_code == 400
    assert '"Success"' in later.json()["key"]


async def test_members_of_a_dynamic_group_follow_its_rule_and_send_notifications(
    graph: Any, webhook: Any, joiner: str
) -> None:
    group = await created(
        graph,
        groupTypes=["DynamicMembership"],
        membershipRule='(user.department -eq "Astronomy")',
        membershipRuleProcessingState="On",
    )
    await graph.subscribe(webhook.url, f"groups/{group}")

    await graph.http.patch(f"/v1.0/users/{joiner}", json={"department": "Astronomy"})
    (told,) = await webhook.next()
    by_hand = await graph.http.patch(
        f"/v1.0/groups/{group}", json={"members@odata.bind": bound(people(281))}
    )

    assert told["resourceData"]["members@delta"] == [{"id": joiner}]
    assert by_hand.status_code == 403
    assert await counted(graph, f"/v1.0/groups/{group}/members/$count") == "1"


async def test_an_app_can_have_further_roles_and_a_namesake(graph: Any) -> None:
    total = await graph.get(f"/v1.0/servicePrincipals/{TOTAL}")
    analyst = {**total["appRoles"][0], "id": object_id("appRole/Analyst"), "value": "Analyst"}

    await graph.http.patch(
        f"/v1.0/servicePrincipals/{TOTAL}", json={"appRoles": [*total["appRoles"], analyst]}
    )
    assigned = await graph.post(
        ASSIGNED_TO,
        {"principalId": people(281)[0], "resourceId": TOTAL, "appRoleId": analyst["id"]},
    )
    await graph.post("/v1.0/servicePrincipals", {"displayName": "TOTAL", "appId": object_id("x")})
    named = await graph.get("/v1.0/servicePrincipals", **{"$filter": "displayName eq 'TOTAL'"})

    assert assigned.status_code == 201
    assert assigned.json()["createdDateTime"]
    assert len(named["value"]) == 2
