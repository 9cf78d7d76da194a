"""The provisioning log in the shape of captured entries."""

from typing import Any

from emulator.entra.behaviours import EntraBehaviours
from emulator.graph.objects import Entity
from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING, object_id
from tests.unit.emulator.graph_tenant import LocalTenant, local_tenant

LEAVER, JOINER, STRANGER = (object_id(f"user/{number}") for number in (100, 290, 291))
CAPTURED = EntraBehaviours.kind(log_as_captured=True)


def engineering(local: LocalTenant) -> Entity:
    return local.tenant.directory.groups[TOTAL_ENGINEERING]


async def call(local: LocalTenant, subject: str, *members: str) -> None:
    job = local.tenant.targets[TOTAL].job
    kind = "Group" if members else "User"
    links = [{"objectId": member, "objectTypeName": "User"} for member in members]
    answer = await local.app.post(
        f"/v1.0/servicePrincipals/{TOTAL}/synchronization/jobs/{job.id}/provisionOnDemand",
        json={
            "parameters": [
                {
                    "ruleId": job.rule,
                    "subjects": [
                        {
                            "objectId": subject,
                            "objectTypeName": kind,
                            **({"links": {"members": links}} if members else {}),
                        }
                    ],
                }
            ]
        },
    )
    assert answer.status_code == 200, answer.text


async def entries(local: LocalTenant) -> dict[str, dict[str, Any]]:
    """By the id of their subject, of which there is one entry each."""
    shown = (await local.read("/auditLogs/provisioning"))["value"]
    by_subject = {entry["sourceIdentity"]["id"]: entry for entry in shown}
    assert len(by_subject) == len(shown)
    return by_subject


async def test_a_skip_has_its_reason_in_a_step_and_no_error() -> None:
    async with local_tenant(CAPTURED) as local:
        await call(local, STRANGER)
        entry = (await entries(local))[STRANGER]
        await local.admin.post("/emulator/entra", json={"log-as-captured": False})
        await call(local, JOINER)
        plain = (await entries(local))[JOINER]

    assert entry["provisioningStatusInfo"] == {"status": "skipped", "errorInformation": None}
    [export] = [s for s in entry["provisioningSteps"] if s["provisioningStepType"] == "export"]
    assert export["status"] == "skipped"
    assert export["details"]["SkipReason"] == "NotEffectivelyEntitled"
    assert export["details"]["ReportableIdentifier"].endswith("@contoso.example")
    error = plain["provisioningStatusInfo"]["errorInformation"]
    assert error["errorCode"] == "NotEffectivelyEntitled"
    assert plain["provisioningSteps"] == []


async def test_a_failure_has_its_error() -> None:
    async with local_tenant(CAPTURED) as local:
        path = f"/emulator/targets/{TOTAL}/connector-errors"
        await local.admin.post(path, json={"code": "InvalidAnchor"})
        await call(local, LEAVER)
        entry = (await entries(local))[LEAVER]

    error = entry["provisioningStatusInfo"]["errorInformation"]
    assert error["errorCode"] == "InvalidAnchor"


async def test_a_group_call_names_whom_it_added_and_removed_in_one_entry() -> None:
    async with local_tenant(CAPTURED) as local:
        directory = local.tenant.directory
        directory.remove_member(engineering(local), LEAVER)
        directory.add_members(engineering(local), [JOINER])
        await call(local, TOTAL_ENGINEERING, LEAVER, JOINER)
        found = await entries(local)

    assert found.keys() == {TOTAL_ENGINEERING, JOINER}
    assert found[TOTAL_ENGINEERING]["modifiedProperties"] == [
        {"displayName": "members", "oldValue": LEAVER, "newValue": None},
        {"displayName": "members", "oldValue": None, "newValue": JOINER},
    ]
    assert found[JOINER]["provisioningAction"] == "create"


async def test_a_former_member_who_was_not_removed_is_not_named() -> None:
    behaviours = EntraBehaviours.kind(log_as_captured=True, members_not_removed=True)
    async with local_tenant(behaviours) as local:
        directory = local.tenant.directory
        directory.remove_member(engineering(local), LEAVER)
        directory.add_members(engineering(local), [JOINER])
        await call(local, TOTAL_ENGINEERING, LEAVER, JOINER)
        entry = (await entries(local))[TOTAL_ENGINEERING]

    assert entry["provisioningStatusInfo"]["status"] == "success"
    assert [p["newValue"] for p in entry["modifiedProperties"]] == [JOINER]


async def test_a_user_who_was_disabled_shows_that_active_changed() -> None:
    async with local_tenant(CAPTURED) as local:
        local.tenant.directory.remove_member(engineering(local), LEAVER)
        await call(local, LEAVER)
        entry = (await entries(local))[LEAVER]

    assert entry["provisioningAction"] == "disable"
    active = {"displayName": "active", "oldValue": "True", "newValue": "False"}
    assert active in entry["modifiedProperties"]


async def test_a_cycle_writes_accounts_and_groups_apart() -> None:
    async with local_tenant(CAPTURED) as local:
        directory = local.tenant.directory
        directory.remove_member(engineering(local), LEAVER)
        directory.add_members(engineering(local), [JOINER])
        local.tenant.targets[TOTAL].run_cycle()
        found = await entries(local)

    actions = {subject: entry["provisioningAction"] for subject, entry in found.items()}
    assert actions == {LEAVER: "disable", JOINER: "create", TOTAL_ENGINEERING: "update"}
    members = found[TOTAL_ENGINEERING]["modifiedProperties"]
    assert {(p["oldValue"], p["newValue"]) for p in members} == {(LEAVER, None), (None, JOINER)}
