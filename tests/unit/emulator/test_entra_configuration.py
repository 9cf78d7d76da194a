"""What shows how provisioning is set up: schema rules, secrets, the limit, and answers."""

import json
from typing import Any

import pytest

from emulator.entra.behaviours import EntraBehaviours
from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING, object_id
from tests.unit.emulator.graph_tenant import LocalTenant, local_tenant

LEAVER = object_id("user/100")
SECRETS = f"/servicePrincipals/{TOTAL}/synchronization/secrets"


async def user_mapping(local: LocalTenant) -> dict[str, Any]:
    job = local.tenant.targets[TOTAL].job.id
    schema = await local.read(f"/servicePrincipals/{TOTAL}/synchronization/jobs/{job}/schema")
    [rule] = [
        r
        for r in schema["synchronizationRules"]
        if r["sourceDirectoryName"] == "Azure Active Directory"
    ]
    [mapping] = [m for m in rule["objectMappings"] if m["sourceObjectName"] == "User"]
    return dict(mapping)


async def call_on_demand(local: LocalTenant, target: str = TOTAL, user: str = LEAVER) -> Any:
    job = local.tenant.targets[target].job
    return await local.app.post(
        f"/v1.0/servicePrincipals/{target}/synchronization/jobs/{job.id}/provisionOnDemand",
        json={
            "parameters": [
                {
                    "ruleId": job.rule,
                    "subjects": [{"objectId": user, "objectTypeName": "User"}],
                }
            ]
        },
    )


@pytest.mark.parametrize(
    ("behaviours", "flows"),
    [
        (EntraBehaviours(), "Add,Update,Delete"),
        (EntraBehaviours.kind(no_delete_flow=True), "Add,Update"),
        (EntraBehaviours.kind(no_update_flow=True), "Add,Delete"),
    ],
)
async def test_the_schema_lists_the_target_object_actions(
    behaviours: EntraBehaviours, flows: str
) -> None:
    async with local_tenant(behaviours) as local:
        assert (await user_mapping(local))["flowTypes"] == flows


@pytest.mark.parametrize("is_off", [False, True])
async def test_the_schema_shows_whether_active_is_mapped(*, is_off: bool) -> None:
    async with local_tenant(EntraBehaviours.kind(no_active_mapping=is_off)) as local:
        mapping = await user_mapping(local)

    targets = {m["targetAttributeName"] for m in mapping["attributeMappings"]}
    assert ("active" in targets) is not is_off


async def test_the_secrets_show_the_scope_and_never_a_credential() -> None:
    async with local_tenant() as local:
        plain = {s["key"]: s["value"] for s in (await local.read(SECRETS))["value"]}
        await local.admin.post(
            "/emulator/entra", json={"skip-out-of-scope": True, "sync-all": True}
        )
        changed = {s["key"]: s["value"] for s in (await local.read(SECRETS))["value"]}

    assert (plain["SyncAll"], plain.get("SkipOutOfScopeDeletions")) == ("False", None)
    assert (changed["SyncAll"], changed["SkipOutOfScopeDeletions"]) == ("True", "True")
    assert plain["SecretToken"] == "*"


async def test_the_secrets_can_be_out_of_reach() -> None:
    async with local_tenant(EntraBehaviours.kind(secrets_unreadable=True)) as local:
        answer = await local.app.get(f"/v1.0{SECRETS}")

    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "Authorization_RequestDenied"


async def test_an_unknown_behaviour_is_refused_and_changes_nothing() -> None:
    async with local_tenant() as local:
        refused = await local.admin.post("/emulator/entra", json={"skip-everything": True})
        shown = (await local.admin.get("/emulator/entra")).json()

    assert refused.status_code == 400
    assert "choose one of" in refused.json()["error"]["message"]
    assert not shown["skip-out-of-scope"]


@pytest.mark.parametrize(("is_shared", "status"), [(True, 429), (False, 200)])
async def test_targets_of_a_tenant_can_share_the_limit(*, is_shared: bool, status: int) -> None:
    async with local_tenant(EntraBehaviours.kind(shared_window=is_shared)) as local:
        [other] = [target for target in local.tenant.targets if target != TOTAL]
        first = [(await call_on_demand(local)).status_code for _ in range(5)]
        sixth = await call_on_demand(local, other)

    assert first == [200] * 5
    assert sixth.status_code == status


async def test_the_matching_step_shows_the_account_as_the_call_found_it() -> None:
    async with local_tenant() as local:
        directory = local.tenant.directory
        directory.remove_member(directory.groups[TOTAL_ENGINEERING], LEAVER)
        first, second = [(await call_on_demand(local)).json() for _ in range(2)]

    matched = [step(json.loads(body["value"]), "Matching") for body in (first, second)]
    assert [details["active"] for details in matched] == ["True", "False"]
    assert {"displayName", "externalId", "id", "userName"} <= set(matched[0])
    skip = step(json.loads(second["value"]), "Export")
    scoping = step(json.loads(second["value"]), "Scoping")
    assert skip["SkipReason"] == "NotEffectivelyEntitled"
    assert (scoping["IsActive"], scoping["Assigned"]) == ("True", "False")


async def test_nobody_matched_shows_nothing_of_the_app() -> None:
    async with local_tenant() as local:
        body = (await call_on_demand(local, user=object_id("user/290"))).json()

    assert step(json.loads(body["value"]), "Matching") == {}


async def test_a_typed_answer_names_a_type_and_lists_its_records() -> None:
    async with local_tenant(EntraBehaviours.kind(typed_answers=True)) as local:
        body = (await call_on_demand(local)).json()

    assert body["key"].endswith(".SyncFabric.StatusInfo")
    [record] = json.loads(body["value"])
    assert step(record, "Export") == {"SkipReason": "RedundantExport"}


def step(record: dict[str, Any], kind: str) -> dict[str, Any]:
    [found] = [s for s in record["provisioningSteps"] if s["type"] == kind]
    return dict(found["details"])
