"""The server around the directory: tokens, errors, faults and records."""

import time
from typing import Any

import httpx
import pytest

from emulator.graph.seed import TOTAL, TOTAL_ADMIN, TOTAL_ENGINEERING, TOTAL_ROLE, object_id

GROUP = f"/v1.0/groups/{TOTAL_ENGINEERING}"


async def test_the_seed_is_in_step_and_the_same_in_every_run(start: Any) -> None:
    first, second = await start(), await start()

    for graph in (first, second):
        accounts = await graph.get(f"/emulator/targets/{TOTAL}/accounts")
        assert len(accounts) == 205
    people = [await graph.get("/v1.0/users", **{"$top": "300"}) for graph in (first, second)]
    names = [[user["userPrincipalName"] for user in page["value"]] for page in people]
    assert names[0] == names[1]
    assigned = await first.get(f"/v1.0/servicePrincipals/{TOTAL}/appRoleAssignedTo")
    assert {a["principalId"] for a in assigned["value"]} == {TOTAL_ADMIN, TOTAL_ENGINEERING}


async def test_a_tenant_can_have_more_targets_and_more_groups(start: Any) -> None:
    graph = await start(more_targets=2, more_groups=(3, 20))

    targets = {t["display_name"]: t for t in await graph.get("/emulator/targets")}
    groups = [object_id(f"group/TOTAL-Group-{number}") for number in (1, 2, 3)]
    members = await graph.get(f"/v1.0/groups/{groups[0]}/members", **{"$select": "id"})
    accounts = await graph.get(f"/emulator/targets/{TOTAL}/accounts")

    assert set(targets["TOTAL"]["groups"]) == {TOTAL_ADMIN, TOTAL_ENGINEERING, *groups}
    assert targets["App-2"]["groups"] == [object_id("group/App-2-Users")]
    assert len(members["value"]) == 20
    in_groups = {m["id"] for m in members["value"]}
    in_app = {a["id"] for a in accounts if groups[0] in a["groups"]}
    assert in_app == in_groups
    assert in_groups.isdisjoint(object_id(f"user/{number}") for number in range(1, 301))


async def test_a_service_principal_is_found_by_its_id_its_app_and_its_name(graph: Any) -> None:
    found = await graph.get("/v1.0/servicePrincipals", **{"$filter": "displayName eq 'TOTAL'"})
    (total,) = found["value"]

    by_app = await graph.get(f"/v1.0/servicePrincipals(appId='{total['appId']}')")
    by_id = await graph.get(f"/v1.0/servicePrincipals/{total['id']}")

    assert total["id"] == by_app["id"] == by_id["id"] == TOTAL


async def test_members_are_read_in_pages(graph: Any) -> None:
    first = await graph.get(f"{GROUP}/members", **{"$top": "150", "$select": "id"})
    second = await graph.get(first["@odata.nextLink"])

    assert (len(first["value"]), len(second["value"])) == (150, 50)
    assert "@odata.nextLink" not in second
    assert set(first["value"][0]) == {"@odata.type", "id"}


async def test_an_admin_makes_a_group_assigns_it_and_takes_it_back(graph: Any) -> None:
    users = [object_id(f"user/{number}") for number in (291, 292)]
    made = await graph.post(
        "/v1.0/groups",
        {
            "displayName": "TOTAL-Analyst",
            "mailNickname": "analyst",
            "mailEnabled": False,
            "securityEnabled": True,
            "members@odata.bind": [f"{graph.server.url}/v1.0/users/{user}" for user in users],
        },
    )
    group = made.json()["id"]
    body = {"principalId": group, "resourceId": TOTAL, "appRoleId": TOTAL_ROLE}
    path = f"/v1.0/servicePrincipals/{TOTAL}/appRoleAssignedTo"

    assigned = await graph.post(path, body)
    again = await graph.post(path, body)
    of_user = await graph.get(f"/v1.0/users/{users[0]}/appRoleAssignments")
    removed = await graph.http.delete(f"{path}/{assigned.json()['id']}")

    assert (made.status_code, assigned.status_code, again.status_code) == (201, 201, 400)
    assert [a["principalId"] for a in of_user["value"]] == [group]
    assert removed.status_code == 204


async def test_requests_without_a_token_of_the_tenant_are_refused(graph: Any) -> None:
    refusals = [
        await graph.http.get(GROUP, headers={"Authorization": value}) for value in ("", "Bearer x")
    ]

    assert [answer.status_code for answer in refusals] == [401, 401]
    error = refusals[0].json()["error"]
    assert (error["code"], error["message"]) == (
        "InvalidAuthenticationToken",
        "Access token is empty.",
    )
    assert error["innerError"]["request-id"] == refusals[0].headers["request-id"]


async def test_the_identity_endpoint_asks_for_its_header(graph: Any) -> None:
    query = {"resource": "https://graph.microsoft.com", "api-version": "2019-08-01"}

    refused = await graph.http.get(graph.server.identity_endpoint, params=query)
    given = await graph.http.get(
        graph.server.identity_endpoint,
        params=query,
        headers={"X-IDENTITY-HEADER": graph.server.identity_header},
    )

    assert refused.status_code == 401
    bearer = {"Authorization": f"Bearer {given.json()['access_token']}"}
    assert (await graph.http.get(GROUP, headers=bearer)).status_code == 200


async def test_a_fault_hits_as_often_as_it_says(graph: Any) -> None:
    await graph.post(
        "/emulator/faults",
        {"path": "GET .*/groups/", "status": 503, "times": 2, "retry_after": 7},
    )

    answers = [await graph.http.get(GROUP) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert answers[0].headers["Retry-After"] == "7"
    assert answers[0].json()["error"]["code"] == "ServiceUnavailable"


async def test_a_fault_by_chance_hits_the_same_requests_in_every_run(start: Any) -> None:
    runs = []

    for _ in range(2):
        graph = await start(seed=7)
        await graph.post(
            "/emulator/faults", {"path": "GET", "status": 429, "probability": 0.3, "times": 1000}
        )
        runs.append([(await graph.http.get(GROUP)).status_code for _ in range(50)])

    assert runs[0] == runs[1]
    assert 5 <= runs[0].count(429) <= 25


async def test_a_fault_can_add_headers_to_an_answer_that_is_as_ever(graph: Any) -> None:
    headers = {"x-ms-throttle-limit-percentage": "0.9"}
    await graph.post("/emulator/faults", {"path": "GET .*/groups/", "headers": headers})

    warned, after = await graph.http.get(GROUP), await graph.http.get(GROUP)

    assert (warned.status_code, warned.json()["id"]) == (200, TOTAL_ENGINEERING)
    assert warned.headers["x-ms-throttle-limit-percentage"] == "0.9"
    assert "x-ms-throttle-limit-percentage" not in after.headers


async def test_an_answer_can_be_lost_after_the_work_is_done(graph: Any, joiner: str) -> None:
    await graph.post(
        "/emulator/faults", {"path": "members", "drop_connection": True, "after": True}
    )

    with pytest.raises(httpx.RemoteProtocolError):
        await graph.join(joiner)

    groups = await graph.get(f"/v1.0/users/{joiner}/memberOf")
    assert TOTAL_ENGINEERING in [group["id"] for group in groups["value"]]


async def test_expired_delta_tokens_are_gone_with_a_place_to_start_over(graph: Any) -> None:
    latest = await graph.get("/v1.0/groups/delta", **{"$deltatoken": "latest"})

    await graph.post("/emulator/delta-tokens/expire")
    answer = await graph.http.get(latest["@odata.deltaLink"])

    assert answer.status_code == 410
    assert answer.headers["Location"].endswith("/v1.0/groups/delta?$deltatoken=")


async def test_a_small_answer_does_not_wait_for_an_acknowledgement(graph: Any) -> None:
    seconds = []

    for _ in range(10):
        began = time.perf_counter()
        await graph.get(GROUP)
        seconds.append(time.perf_counter() - began)

    assert min(seconds) < 0.03


async def test_an_unknown_path_is_an_error_of_graph(graph: Any) -> None:
    answer = await graph.http.get("/v1.0/groups/x/nonsense")

    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "Resource not found for the segment 'nonsense'."
