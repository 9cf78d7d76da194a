"""Jobs and the provisioning log of the Graph adapter."""

import asyncio
from datetime import datetime, timedelta, timezone

import httpx
import pytest

from hasten.errors import PermanentError
from hasten.json import Json
from tests.support.graph_wire import ALICE, APP, BASE, Wire, ok, refused
from tests.support.virtual_time import virtual

JOB_PATH = f"/v1.0/servicePrincipals/{APP}/synchronization/jobs/total.1"
IN_BERLIN = datetime(2026, 11, 24, 10, 0, 0, 500_000, tzinfo=timezone(timedelta(hours=1)))


@virtual
async def test_a_job_is_read_as_graph_shows_it() -> None:
    wire = Wire(ok({"id": "total.1", "status": {"code": "Active"}}))

    found = await wire.directory().job(APP, "total.1")

    [request] = wire.requests
    assert (request.method, request.url.path) == ("GET", JOB_PATH)
    assert found == {"id": "total.1", "status": {"code": "Active"}}


@virtual
async def test_a_job_that_is_gone_is_none() -> None:
    assert await Wire(refused(404)).directory().job(APP, "total.1") is None


@pytest.mark.parametrize("text", ["", "yesterday", "0001-01-01T00:00:00", 7])
@virtual
async def test_a_job_is_read_although_a_time_of_its_status_cannot_be(text: object) -> None:
    run = {"timeBegan": text, "timeEnded": text}
    status = {"code": "Active", "lastExecution": run, "lastSuccessfulExecution": run}
    body = {"id": "total.1", "status": status}
    directory = Wire(ok(body), ok({"value": [body]})).directory()

    assert await directory.job(APP, "total.1") == body
    assert await directory.jobs(APP) == [body]


@virtual
async def test_jobs_and_rules_are_read_below_their_application() -> None:
    wire = Wire(
        ok({"value": [{"id": "total.1"}]}), ok({"synchronizationRules": [{"id": "rule#V2"}]})
    )
    directory = wire.directory()

    jobs, rules = await directory.jobs(APP), await directory.rules(APP, "total.1")

    assert (jobs, rules) == ([{"id": "total.1"}], [{"id": "rule#V2"}])
    assert [request.url.path for request in wire.requests] == [
        JOB_PATH.removesuffix("/total.1"),
        f"{JOB_PATH}/schema",
    ]


@virtual
async def test_a_job_is_paused() -> None:
    wire = Wire(httpx.Response(204))

    await wire.directory().pause_job(APP, "total.1")

    [request] = wire.requests
    assert (request.method, request.url.path) == ("POST", f"{JOB_PATH}/pause")


def of_alice(at: str) -> Json:
    return {"activityDateTime": at, "sourceIdentity": {"id": ALICE}}


@virtual
async def test_the_provisioning_log_of_a_job_is_read_over_all_pages_newest_first() -> None:
    oldest, newest = "2026-11-24T09:00:01Z", "2026-11-24T09:00:03.1234567Z"
    between = "2026-11-24T09:00:02Z"
    wire = Wire(
        ok(
            {
                "value": [of_alice(oldest), of_alice(newest)],
                "@odata.nextLink": f"{BASE}/auditLogs/provisioning?$skiptoken=2",
            }
        ),
        ok({"value": [of_alice(between)]}),
    )

    found = await wire.directory().provisioning_log("total.1", IN_BERLIN, {ALICE})

    request = wire.requests[0]
    assert request.url.path == "/v1.0/auditLogs/provisioning"
    assert dict(request.url.params) == {
        "$filter": "jobId eq 'total.1' and activityDateTime gt 2026-11-24T09:00:00.500Z",
        "$top": "999",
    }
    assert [entry["activityDateTime"] for entry in found.entries] == [newest, between, oldest]
    preferred = [request.headers.get("Prefer") for request in wire.requests]
    assert preferred == ["include-unknown-enum-members"] * 2


@virtual
async def test_the_log_of_many_jobs_is_read_five_times_in_ten_seconds() -> None:
    wire = Wire(ok({"value": []}))
    directory = wire.directory()

    began = asyncio.get_running_loop().time()
    for _ in range(11):
        await directory.provisioning_log("total.1", IN_BERLIN, {ALICE})

    assert len(wire.requests) == 11
    assert 20 <= asyncio.get_running_loop().time() - began < 25


@virtual
async def test_a_log_that_may_not_be_read_names_the_permission_to_grant() -> None:
    with pytest.raises(PermanentError) as caught:
        await Wire(refused(403)).directory().provisioning_log("total.1", IN_BERLIN, {ALICE})

    assert "AuditLog.Read.All" in caught.value.next_action
