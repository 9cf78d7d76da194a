"""Every method of the adapter, held against Microsoft's metadata of Graph v1.0."""

import copy
import inspect
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.certificates import trusted
from emulator.entra.behaviours import EntraBehaviours
from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING, object_id
from emulator.graph.server import GraphOptions, GraphServer
from hasten.adapters.graph.directory import GraphDirectory
from hasten.errors import PermanentError
from hasten.ports.clock import utc_now
from hasten.ports.directory import Directory
from tests.simulation.graph import Credential
from tests.support.csdl.check import OTHER_NAMESPACE, assert_agrees, faults
from tests.support.csdl.exchange import Exchange, recorded

JOINER = object_id("user/290")
HOOK = "https://hasten.test/api/graph/notifications"
OPEN = {
    "details",
    "initiatedBy",
    "servicePrincipal",
    "sourceIdentity",
    "sourceSystem",
    "targetIdentity",
    "targetSystem",
}
"""Properties of the provisioning log whose objects take any name: another name is no fault."""


class Called:
    """Notes which methods of `directory` a test used."""

    def __init__(self, directory: GraphDirectory) -> None:
        self._directory = directory
        self.names = set[str]()

    def __getattr__(self, name: str) -> Any:
        self.names.add(name)
        return getattr(self._directory, name)


LEAVES_OUT = {"account_enabled_absent"}
"""Behaviours that leave out a selected property on purpose: no metadata allows it."""

SWITCHES = [
    field.name
    for field in fields(EntraBehaviours)
    if field.type is bool and field.name not in LEAVES_OUT
]


@pytest.fixture
async def record(tmp_path: Path) -> list[Exchange]:
    return await _traffic(tmp_path / "graph.jsonl", EntraBehaviours.kind())


async def _traffic(file: Path, entra: EntraBehaviours) -> list[Exchange]:
    """What passed when every method had been called once or more."""
    options = GraphOptions(
        users=300,
        on_demand_delay=(0.0, 0.0),
        entra=entra,
        record=file,
        webhooks=httpx.MockTransport(_shake_hands),
    )
    server = GraphServer(options)
    await server.start()
    token = server.tenant.tokens.issue("https://graph.microsoft.com")["access_token"]
    directory = GraphDirectory(
        f"{server.url}/v1.0", Credential(str(token)), httpx.AsyncHTTPTransport(verify=trusted())
    )
    called = Called(directory)
    await _answer_a_task(server, called)
    await _use_all(called)
    await server.stop()
    assert _methods() - called.names == set()
    return list(recorded(file))


async def test_every_request_and_answer_of_the_adapter_agrees(record: list[Exchange]) -> None:
    assert assert_agrees(record) > 30
    assert {exchange.status for exchange in record} >= {200, 201, 204, 400, 404}


@pytest.mark.parametrize("switch", SWITCHES)
async def test_each_behaviour_of_entra_agrees(tmp_path: Path, switch: str) -> None:
    switched: dict[str, Any] = {switch: True}
    entra = EntraBehaviours.kind(**switched)

    assert assert_agrees(await _traffic(tmp_path / "graph.jsonl", entra)) > 30


async def test_every_body_is_read_to_its_last_property(record: list[Exchange]) -> None:
    """Each property of each body in turn gets another name, and then another type."""
    planted, missed = 0, list[str]()

    for exchange in _one_of_each_kind(record):
        for part in ("body", "answer"):
            for way in _ways(getattr(exchange, part)):
                for wrong in _wrong(getattr(exchange, part), way):
                    planted += 1
                    if not faults(replace(exchange, **{part: wrong})):
                        missed.append(f"{exchange} {part} {way}")

    assert missed == []
    assert planted > 300


async def _use_accounts(directory: Any) -> None:
    people = await directory.people_start(["jobTitle"])
    await directory.profile(JOINER, ["jobTitle", "onPremisesExtensionAttributes"])
    await directory.profile(object_id("nobody"), [])
    await directory.member_profiles(TOTAL_ENGINEERING, ["jobTitle"])
    await directory.is_restorable(JOINER)
    await directory.assigned_to(object_id("user/1"))
    await directory.people_delta(people)


async def _answer_a_task(server: GraphServer, directory: Any) -> None:
    user = server.tenant.directory.user(JOINER)
    assert user is not None
    about = {"id": JOINER, **user.properties}
    launched = server.tenant.lifecycle_workflows.launch(about, seconds=60, waits=True)
    await directory.resume_task(launched["data"]["callbackUriPath"], completed=True)


async def _use_all(directory: Any) -> None:
    await _use_accounts(directory)
    await directory.revoke_sessions(JOINER)
    [application] = await directory.service_principals(object_id=TOTAL)
    role = application["appRoles"][0]["id"]
    await directory.service_principals(app_id=application["appId"])
    await directory.service_principals(display_name="TOTAL")
    await directory.users(object_id=JOINER)
    await directory.users(upn="o'neil@contoso.com")
    await directory.users(mail="o'neil@contoso.com")
    await directory.users(employee_id="E00290")
    await directory.user(JOINER)
    await directory.group(TOTAL_ENGINEERING)
    await directory.group(object_id("nobody"))
    await directory.groups_named("TOTAL-Engineering")
    link = await directory.membership_start(TOTAL_ENGINEERING, object_id("group/TOTAL-Admin"))
    made = await directory.create_group(
        {
            "displayName": "New",
            "mailNickname": "new",
            "mailEnabled": False,
            "securityEnabled": True,
            "owners@odata.bind": [JOINER],
        }
    )
    await directory.add_members(made, [JOINER])
    with pytest.raises(Exception, match="already exist"):
        await directory.add_members(made, [JOINER])
    await directory.add_members(TOTAL_ENGINEERING, [JOINER])
    await directory.remove_member(TOTAL_ENGINEERING, object_id("user/100"))
    await directory.membership_delta(link)
    await directory.members(TOTAL_ENGINEERING)
    await directory.transitive_user_count(TOTAL_ENGINEERING)
    await directory.remove_member(made, JOINER)
    await directory.assign(TOTAL, JOINER, role)
    assigned = (await directory.assignments(TOTAL)).listed
    await directory.assigned_through(JOINER, TOTAL)
    await directory.unassign(TOTAL, next(a.id for a in assigned if a.principal == JOINER))
    [job] = await directory.jobs(TOTAL)
    await directory.job(TOTAL, job["id"])
    rule = (await directory.rules(TOTAL, job["id"]))[0]["id"]
    for group in (TOTAL_ENGINEERING, None):
        await directory.provision_on_demand(TOTAL, job["id"], rule, group=group, users=[JOINER])
    await directory.provisioning_log(job["id"], utc_now() - timedelta(hours=1), {JOINER})
    with suppress(PermanentError):  # one of the behaviours refuses it
        await directory.scope_settings(TOTAL)
    await directory.pause_job(TOTAL, job["id"])
    expires = utc_now() + timedelta(days=1)
    subscription = await directory.subscribe(
        resource=f"groups/{TOTAL_ENGINEERING}",
        url=HOOK,
        lifecycle_url=HOOK,
        client_state="state",
        expires=expires,
    )
    await directory.subscriptions()
    await directory.renew(subscription["id"], expires)
    of_people = await directory.subscribe(
        resource="users", url=HOOK, lifecycle_url=HOOK, client_state="state", expires=expires
    )
    await directory.unsubscribe(of_people["id"])
    await directory.unsubscribe(subscription["id"])
    await directory.close()


def _shake_hands(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, text=request.url.params["validationToken"])


def _methods() -> set[str]:
    return {name for name, _ in inspect.getmembers(Directory, inspect.isfunction) if name[0] != "_"}


def _one_of_each_kind(record: list[Exchange]) -> Iterator[Exchange]:
    """Exchanges that succeeded and whose types the metadata has; of those with the same method and
    depth of path, the largest."""
    largest = dict[tuple[str, str], Exchange]()
    for exchange in record:
        is_checked = not exchange.path.startswith(OTHER_NAMESPACE)
        if is_checked and exchange.status in {200, 201, 204}:
            kind = exchange.method, exchange.path.rpartition("/")[2]
            known = largest.get(kind)
            if known is None or len(str(exchange.answer)) > len(str(known.answer)):
                largest[kind] = exchange
    return iter(largest.values())


Way = tuple[str | int, ...]


def _ways(body: Any, way: Way = ()) -> Iterator[Way]:
    """To every property in `body`; of a list, through its first and last item."""
    if isinstance(body, dict):
        for name, value in body.items():
            yield (*way, name)
            if name != "details":
                yield from _ways(value, (*way, name))
    elif isinstance(body, list):
        for index in {0, len(body) - 1} if body else ():
            yield from _ways(body[index], (*way, index))


def _wrong(body: Any, way: Way) -> Iterator[Any]:
    """Copies of `body` in which the property at the end of `way` is called or is something else."""
    *before, name = way
    is_open = bool(before) and before[-1] in OPEN
    for plant in (_retype,) if is_open else (_rename, _retype):
        changed = copy.deepcopy(body)
        parent = changed
        for step in before:
            parent = parent[step]
        plant(parent, str(name))
        yield changed


def _rename(parent: dict[str, Any], name: str) -> None:
    parent[f"{name}Planted"] = parent.pop(name)


def _retype(parent: dict[str, Any], name: str) -> None:
    parent[name] = {"planted": 1} if not isinstance(parent[name], dict) else 1
