"""What Graph may answer a read or a subscription with: unknown states, limits, spoiled bodies."""

from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from emulator.clock import iso
from emulator.entra.behaviours import EntraBehaviours, RetryAfter
from emulator.graph.seed import TOTAL_ENGINEERING, object_id
from emulator.graph.subscriptions import MAX_LIFETIME
from emulator.graph.units import Units, cost
from tests.unit.emulator.graph_tenant import LocalTenant, local_tenant
from tests.unit.emulator.webhook_stub import HOOK, Hook

USER = object_id("user/100")
READ = f"/users/{USER}?$select=id,accountEnabled"
MEMBERS = f"/groups/{TOTAL_ENGINEERING}/members"


async def test_account_enabled_may_be_null_or_absent_in_every_answer_about_users() -> None:
    async with local_tenant() as local:
        plain = await local.read(READ)
        await local.admin.post("/emulator/entra", json={"account-enabled-null": True})
        null = await local.read(READ)
        await local.admin.post("/emulator/entra", json={"account-enabled-absent": True})
        absent = await local.read(READ)
        listed = await local.read(f"{MEMBERS}?$select=id,accountEnabled")

    assert plain["accountEnabled"] is True
    assert null["accountEnabled"] is None
    assert "accountEnabled" not in absent
    assert not any("accountEnabled" in member for member in listed["value"])


async def subscribe(local: LocalTenant, lifetime: float, resource: str = "/groups") -> Any:
    return await local.app.post(
        "/v1.0/subscriptions",
        json={
            "changeType": "updated",
            "notificationUrl": HOOK,
            "resource": resource,
            "expirationDateTime": iso(local.wall.now + lifetime),
            "clientState": "secret",
        },
    )


@pytest.mark.parametrize(("margin", "status"), [(0.0, 400), (3600.0, 201)])
async def test_a_clock_behind_ours_refuses_the_longest_expiry(margin: float, status: int) -> None:
    async with local_tenant(EntraBehaviours.kind(clock_behind=1.0), webhooks=Hook()) as local:
        answer = await subscribe(local, MAX_LIFETIME - margin)

    assert answer.status_code == status


async def test_a_full_quota_of_subscriptions_is_a_403_that_names_the_limit() -> None:
    async with local_tenant(EntraBehaviours.kind(subscription_limit=1), webhooks=Hook()) as local:
        first = await subscribe(local, 86400, "/groups")
        second = await subscribe(local, 86400, f"/groups/{TOTAL_ENGINEERING}")

    assert (first.status_code, second.status_code) == (201, 403)
    assert "limit of 1 subscriptions" in second.json()["error"]["message"]


@pytest.mark.parametrize("form", list(RetryAfter))
async def test_retry_after_comes_in_every_form(form: RetryAfter) -> None:
    async with local_tenant(EntraBehaviours.kind(retry_after=form)) as local:
        await local.admin.post(
            "/emulator/faults", json={"path": "users", "status": 429, "retry_after": 7}
        )
        answer = await local.app.get(f"/v1.0{READ}")
        now = local.wall.now

    header = answer.headers.get("retry-after")
    match form:
        case RetryAfter.SECONDS:
            assert header == "7"
        case RetryAfter.DECIMAL:
            assert header == "7.25"
        case RetryAfter.DATE:
            assert 7 <= parsedate_to_datetime(header).timestamp() - now <= 8
        case RetryAfter.ABSENT:
            assert header is None


async def test_a_fault_may_name_its_own_retry_after() -> None:
    async with local_tenant() as local:
        await local.admin.post(
            "/emulator/faults", json={"path": "users", "status": 503, "retry_after": 2.5}
        )
        answer = await local.app.get(f"/v1.0{READ}")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2.5")


@pytest.mark.parametrize(
    ("fault", "body"),
    [
        ({"garbled": "html"}, "<html>"),
        ({"garbled": "empty"}, ""),
        ({"garbled": "cut"}, '{"@odata.context"'),
        ({"garbled": "type"}, "[{"),
    ],
)
async def test_a_200_may_have_another_body(fault: dict[str, str], body: str) -> None:
    async with local_tenant() as local:
        whole = (await local.app.get(f"/v1.0{READ}")).text
        await local.admin.post("/emulator/faults", json={"path": "GET .*/users/", **fault})
        answer = await local.app.get(f"/v1.0{READ}")
        again = (await local.app.get(f"/v1.0{READ}")).text

    assert answer.status_code == 200
    assert answer.text.startswith(body)
    assert answer.text != whole == again
    if fault["garbled"] == "cut":
        assert answer.text == whole[: len(whole) // 2]


async def test_a_collection_may_be_an_object_and_a_property_may_be_missing_or_null() -> None:
    async with local_tenant() as local:
        answers = []
        for fault in (
            {"garbled": "type"},
            {"garbled": "missing"},
            {"garbled": "missing", "property": "id"},
            {"garbled": "null", "property": "id"},
        ):
            await local.admin.post("/emulator/faults", json={"path": MEMBERS, **fault})
            answers.append((await local.app.get(f"/v1.0{MEMBERS}")).json())

    wrong_type, no_value, no_id, null_id = answers
    assert isinstance(wrong_type["value"], dict)
    assert "value" not in no_value
    assert no_id["value"]
    assert not any("id" in member for member in no_id["value"])
    assert {member["id"] for member in null_id["value"]} == {None}


@pytest.mark.parametrize("after", [True, False])
async def test_an_answer_of_html_may_come_with_or_without_the_work_done(*, after: bool) -> None:
    joiner = object_id("user/290")
    async with local_tenant() as local:
        fault = {"path": "members", "garbled": "html", "after": after}
        await local.admin.post("/emulator/faults", json=fault)
        reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{joiner}"}
        await local.app.post(f"/v1.0{MEMBERS}/$ref", json=reference)
        group = local.tenant.directory.groups[TOTAL_ENGINEERING]

    assert (joiner in group.members) is after


async def test_an_unknown_way_to_garble_is_refused() -> None:
    async with local_tenant() as local:
        answer = await local.admin.post(
            "/emulator/faults", json={"path": "users", "garbled": "backwards"}
        )

    assert answer.status_code == 400
    assert "html, empty, cut" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "query", "units"),
    [
        ("/groups/x/members", {}, 3),
        ("/groups/x/members", {"$select": "id", "$top": "5"}, 1),
        ("/groups/x/transitiveMembers/microsoft.graph.user", {}, 5),
        ("/users", {"$expand": "manager"}, 3),
        ("/users/x", {"$select": "id"}, 1),
        ("/servicePrincipals/x/appRoleAssignedTo", {}, 2),
    ],
)
def test_a_read_costs_what_graph_documents(path: str, query: dict[str, str], units: int) -> None:
    assert cost("GET", path, query) == units


def test_units_fall_out_after_ten_seconds() -> None:
    units = Units()
    for at in range(10):
        units.charge(1, 10, now=float(at), speed=1.0)

    headers = units.charge(1, 10, now=10.0, speed=1.0)

    assert headers == {"x-ms-resource-unit": "1", "x-ms-throttle-limit-percentage": "1.00"}


async def test_an_app_above_its_resource_units_is_throttled_and_an_administrator_is_not() -> None:
    async with local_tenant(EntraBehaviours.kind(resource_units=6)) as local:
        answers = [await local.app.get(f"/v1.0{MEMBERS}") for _ in range(3)]
        by_admin = await local.admin.get(f"/v1.0{MEMBERS}")
        local.wall.now += 10
        later = await local.app.get(f"/v1.0{MEMBERS}")

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[1].headers["x-ms-throttle-limit-percentage"] == "1.00"
    refused = answers[2].headers
    assert refused["x-ms-throttle-information"] == "ResourceUnitLimitExceeded"
    assert refused["retry-after"] == "10"
    assert (by_admin.status_code, later.status_code) == (200, 200)
