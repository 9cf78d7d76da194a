"""On-demand requests of the Graph adapter: sent once, the answer given back as it came."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from hasten.errors import TemporaryError
from tests.support.graph_wire import (
    ALICE,
    APP,
    BOB,
    GROUP,
    Wire,
    ok,
    refused,
)
from tests.support.virtual_time import virtual


@virtual
async def test_a_group_call_names_the_members_in_links_and_returns_the_answer_as_it_came() -> None:
    wire = Wire(httpx.Response(200, content=b'{"key": "{}"}'))

    answer = await wire.directory().provision_on_demand(
        APP, "total.1", "rule#V2", group=GROUP, users=[ALICE, BOB]
    )

    [request] = wire.requests
    members = [{"objectId": u, "objectTypeName": "User"} for u in (ALICE, BOB)]
    group = {"objectId": GROUP, "objectTypeName": "Group", "links": {"members": members}}
    assert request.method == "POST"
    assert request.url.path == (
        f"/v1.0/servicePrincipals/{APP}/synchronization/jobs/total.1/provisionOnDemand"
    )
    assert json.loads(request.content) == {
        "parameters": [{"ruleId": "rule#V2", "subjects": [group]}]
    }
    assert (answer.status, answer.body) == (200, b'{"key": "{}"}')


@virtual
async def test_a_user_call_names_the_user_alone() -> None:
    wire = Wire(ok({}))

    await wire.directory().provision_on_demand(APP, "j", "r", group=None, users=[ALICE])

    [parameters] = json.loads(wire.requests[0].content)["parameters"]
    assert parameters["subjects"] == [{"objectId": ALICE, "objectTypeName": "User"}]


@virtual
async def test_an_on_demand_call_is_never_sent_twice_whatever_the_answer() -> None:
    for answer in (refused(503), refused(429, **{"Retry-After": "7"}), refused(500)):
        wire = Wire(answer)

        given = await wire.directory().provision_on_demand(APP, "j", "r", group=None, users=[ALICE])

        assert len(wire.requests) == 1
        assert given.status == answer.status_code


async def retry_after(header: str) -> timedelta | None:
    wire = Wire(refused(429, **{"Retry-After": header}))
    directory = wire.directory()
    return (
        await directory.provision_on_demand(APP, "j", "r", group=None, users=[ALICE])
    ).retry_after


@virtual
async def test_retry_after_is_read_as_seconds_or_as_a_date() -> None:
    in_90_s = datetime.now(UTC) + timedelta(seconds=90)
    date = in_90_s.strftime("%a, %d %b %Y %H:%M:%S GMT")

    from_date = await retry_after(date)

    assert await retry_after("7") == timedelta(seconds=7)
    assert from_date is not None
    assert timedelta(seconds=60) < from_date <= timedelta(seconds=90)
    assert await retry_after("soon") is None


@virtual
async def test_no_answer_to_a_call_is_a_temporary_error_that_names_no_secret() -> None:
    wire = Wire(httpx.ConnectError("connection to host refused"))

    with pytest.raises(TemporaryError, match="ConnectError"):
        await wire.directory().provision_on_demand(APP, "j", "r", group=None, users=[ALICE])

    assert len(wire.requests) == 1
