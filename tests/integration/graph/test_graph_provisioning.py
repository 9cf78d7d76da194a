"""Provisioning over HTTP: jobs, calls on demand with their limit, the cycle and the log."""

import asyncio
import json
from typing import Any

from emulator.clock import iso
from emulator.graph.seed import TOTAL, TOTAL_ADMIN, TOTAL_ENGINEERING, object_id


async def test_a_call_on_demand_brings_a_joiner_into_the_app(graph: Any, joiner: str) -> None:
    await graph.join(joiner)
    before = await graph.account(joiner)

    answer = await graph.provision(joiner)

    assert before is None
    assert answer.status_code == 200
    assert json.loads(answer.json()["key"]) == {"result": "Success", "details": {}}
    after = await graph.account(joiner)
    assert after is not None
    assert (after["active"], after["groups"]) == (True, [TOTAL_ENGINEERING])


async def test_the_sixth_call_in_ten_seconds_is_throttled_and_counted(
    graph: Any, joiner: str
) -> None:
    await graph.join(joiner)

    answers = await asyncio.gather(*(graph.provision(joiner) for _ in range(6)))
    stats = await graph.get("/emulator/stats")

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [429]
    (refused,) = [answer for answer in answers if answer.status_code == 429]
    assert 1 <= int(refused.headers["Retry-After"]) <= 10
    assert stats["on_demand_calls"][TOTAL] == 5
    assert (stats["throttled"], stats["limit_violations"]) == (1, 1)


async def test_calls_may_go_on_when_the_clock_has_passed_the_window(
    graph: Any, joiner: str
) -> None:
    await asyncio.gather(*(graph.provision(joiner) for _ in range(5)))

    await graph.post("/emulator/clock", {"advance_seconds": 10})

    assert (await graph.provision(joiner)).status_code == 200


async def test_a_sixth_member_is_refused_and_counted(graph: Any) -> None:
    users = [object_id(f"user/{number}") for number in range(1, 7)]

    answer = await graph.provision(*users)

    assert answer.status_code == 400
    assert (await graph.get("/emulator/stats"))["limit_violations"] == 1


async def test_a_call_goes_on_when_the_caller_is_gone(start: Any, joiner: str) -> None:
    graph = await start(on_demand_delay=(0.2, 0.2))
    await graph.join(joiner)

    call = asyncio.create_task(graph.provision(joiner))
    async with asyncio.timeout(10):
        while (await graph.get("/emulator/stats"))["on_demand_calls"][TOTAL] == 0:
            pass
    call.cancel()

    async with asyncio.timeout(10):
        while await graph.account(joiner) is None:
            pass


async def test_the_cycle_comes_when_its_time_has_come(graph: Any, joiner: str) -> None:
    await graph.join(joiner)
    cycle = await graph.get("/emulator/cycle", target=TOTAL)

    await graph.post("/emulator/clock", {"advance_seconds": 40 * 60 + 1})

    async with asyncio.timeout(10):
        while (account := await graph.account(joiner)) is None:
            pass
    assert account["active"]
    assert (await graph.get("/emulator/cycle", target=TOTAL))["next_at"] > cycle["next_at"]
    job = await graph.get(await graph.jobs_path())
    assert job["status"]["lastSuccessfulExecution"]["countExported"] == 1


async def test_a_quarantined_job_says_so_until_it_is_started(graph: Any) -> None:
    path = await graph.jobs_path()

    await graph.post(f"/emulator/targets/{TOTAL}/quarantine", {"reason": "TooManyDeletes"})
    quarantined = (await graph.get(path))["status"]
    await graph.post(f"{path}/start")

    assert quarantined["code"] == "Quarantine"
    assert quarantined["quarantine"]["reason"] == "TooManyDeletes"
    assert (await graph.get(path))["status"]["code"] == "Active"


async def test_a_job_can_be_missing_and_come_back(graph: Any) -> None:
    path = await graph.jobs_path()

    await graph.post(f"/emulator/targets/{TOTAL}/job", {"exists": False})
    jobs = await graph.get(path.rsplit("/", 1)[0])
    job = await graph.http.get(path)
    await graph.post(f"/emulator/targets/{TOTAL}/job", {"exists": True})

    assert (jobs["value"], job.status_code) == ([], 404)
    assert (await graph.http.get(path)).status_code == 200


async def test_a_paused_job_says_so_until_it_is_started(graph: Any) -> None:
    path = await graph.jobs_path()

    paused = await graph.post(f"{path}/pause")
    shown = await graph.get(path)
    await graph.post(f"{path}/start")

    assert paused.status_code == 204
    assert (shown["status"]["code"], shown["schedule"]["state"]) == ("Paused", "Disabled")
    assert (await graph.get(path))["status"]["code"] == "Active"


async def test_a_schema_can_map_otherwise_and_have_two_rules_that_fit(graph: Any) -> None:
    path = await graph.jobs_path()

    await graph.post(
        f"/emulator/targets/{TOTAL}/schema", {"mapping": {"mailNickname": "externalId"}, "rules": 2}
    )
    schema = await graph.get(f"{path}/schema")

    fitting = [
        rule
        for rule in schema["synchronizationRules"]
        if rule["sourceDirectoryName"] == "Azure Active Directory"
    ]
    assert len({rule["id"] for rule in fitting}) == 2
    [users] = [m for m in fitting[0]["objectMappings"] if m["sourceObjectName"] == "User"]
    (attribute,) = users["attributeMappings"]
    assert attribute["source"]["name"] == "mailNickname"
    assert attribute["targetAttributeName"] == "externalId"


async def test_every_result_is_in_the_provisioning_log(graph: Any, joiner: str) -> None:
    began = (await graph.get("/emulator/clock"))["emulated"]
    await graph.join(joiner)

    await graph.provision(joiner)
    await graph.post(f"/emulator/cycle?target={TOTAL}")
    log = await graph.get(
        "/v1.0/auditLogs/provisioning",
        **{"$filter": f"servicePrincipal/id eq '{TOTAL}' and activityDateTime ge {iso(began)}"},
    )

    told = [(e["sourceIdentity"]["id"], e["provisioningAction"]) for e in log["value"]]
    assert told == [(TOTAL_ENGINEERING, "update"), (joiner, "create")]
    assert {e["provisioningStatusInfo"]["status"] for e in log["value"]} == {"success"}
    assert len({e["changeId"] for e in log["value"]}) == 2
    assert len({e["cycleId"] for e in log["value"]}) == 1


async def test_an_answer_and_the_log_name_the_same_change(graph: Any, joiner: str) -> None:
    answer = await graph.provision(joiner, group=TOTAL_ADMIN)
    log = await graph.get("/v1.0/auditLogs/provisioning", **{"$top": "1"})

    (entry,) = log["value"]
    assert json.loads(answer.json()["value"])["changeId"] == entry["changeId"]
    assert (entry["sourceIdentity"]["id"], entry["provisioningAction"]) == (TOTAL_ADMIN, "other")


async def test_a_log_entry_can_take_its_time(graph: Any, joiner: str) -> None:
    await graph.post("/emulator/entra", {"log-lag": 30})
    await graph.join(joiner)
    await graph.provision(joiner)

    at_once = await graph.get("/v1.0/auditLogs/provisioning")
    await graph.post("/emulator/clock", {"advance_seconds": 30})
    later = await graph.get("/v1.0/auditLogs/provisioning")

    assert (len(at_once["value"]), len(later["value"])) == (0, 2)


async def test_a_success_that_the_log_contradicts_changed_nothing(graph: Any, joiner: str) -> None:
    other = object_id("user/291")
    await graph.join(joiner)
    await graph.join(other)
    await graph.post("/emulator/logs/contradict", {"user": joiner, "error_code": "InvalidAnchor"})

    answer = await graph.provision(joiner, other)
    log = await graph.get("/v1.0/auditLogs/provisioning")

    assert json.loads(answer.json()["key"])["result"] == "Success"
    info = {e["sourceIdentity"]["id"]: e["provisioningStatusInfo"] for e in log["value"]}
    assert info[joiner]["status"] == "failure"
    assert info[joiner]["errorInformation"]["errorCode"] == "InvalidAnchor"
    assert info[other]["status"] == "success"
    assert await graph.account(joiner) is None
    assert await graph.account(other) is not None
    assert json.loads((await graph.provision(joiner)).json()["key"])["result"] == "Success"
    assert await graph.account(joiner) is not None


async def test_the_cycle_follows_a_user_who_is_disabled_and_then_deleted_for_good(
    graph: Any, joiner: str
) -> None:
    await graph.join(joiner)
    await graph.provision(joiner)

    await graph.http.patch(f"/v1.0/users/{joiner}", json={"accountEnabled": False})
    await graph.post(f"/emulator/cycle?target={TOTAL}")
    disabled = await graph.account(joiner)
    await graph.http.delete(f"/v1.0/users/{joiner}")
    await graph.http.delete(f"/v1.0/directory/deletedItems/{joiner}")
    await graph.post(f"/emulator/cycle?target={TOTAL}")
    log = await graph.get(
        "/v1.0/auditLogs/provisioning", **{"$filter": f"sourceIdentity/id eq '{joiner}'"}
    )

    assert disabled is not None
    assert not disabled["active"]
    assert await graph.account(joiner) is None
    actions = [entry["provisioningAction"] for entry in log["value"]]
    assert actions == ["delete", "disable", "create"]


async def test_an_error_of_the_app_is_in_the_answer_and_changes_nothing(
    graph: Any, joiner: str
) -> None:
    await graph.join(joiner)
    await graph.post(
        f"/emulator/targets/{TOTAL}/connector-errors", {"code": "TooManyRequests", "times": 1}
    )

    failed = await graph.provision(joiner)
    absent = await graph.account(joiner) is None
    repeated = await graph.provision(joiner)

    assert json.loads(failed.json()["key"])["details"]["errorCode"] == "TooManyRequests"
    assert absent
    assert json.loads(repeated.json()["key"])["result"] == "Success"
