"""What events and the policy want, brought about in the emulated Graph over real HTTP."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from azure.identity.aio import ManagedIdentityCredential

from emulator.certificates import trusted
from emulator.graph.seed import TOTAL as APP
from emulator.graph.seed import object_id
from emulator.graph.server import GraphOptions, GraphServer
from hasten.adapters.graph.directory import GraphDirectory
from hasten.domain.changes import DIRECT
from hasten.domain.intents import Wanted
from hasten.ensure.applier import Applier
from hasten.ensure.apply_policy import apply_policy
from hasten.ensure.run import ensure
from hasten.errors import TemporaryError
from hasten.policy import Allowance, Creation, GroupPolicy
from hasten.targets import Target
from tests.support.csdl.check import assert_record_agrees
from tests.support.ensuring import RUN, Onboarding
from tests.support.world import TOTAL

NAME = "TOTAL - Design"
ADMINS = "TOTAL-Admin"
PEOPLE = [object_id(f"user/{number}") for number in range(200, 225)]
NOBODY = object_id("nobody")
OWNER = object_id("user/1")
POLICY = (
    GroupPolicy(name=ADMINS, admin=True, events=Allowance.ALLOW),
    GroupPolicy(name="*"),
    GroupPolicy(name="TOTAL - Watched", create=Creation(), also_members_of=(ADMINS,)),
)


@pytest.fixture(params=[0.0, 0.4], ids=["at once", "replicating"])
async def world(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> AsyncIterator[Onboarding]:
    record = tmp_path / "graph.jsonl"
    options = GraphOptions.kind(users=300, replication_delay=request.param, record=record)
    server = GraphServer(options)
    await server.start()
    monkeypatch.setenv("IDENTITY_ENDPOINT", server.identity_endpoint)
    monkeypatch.setenv("IDENTITY_HEADER", server.identity_header)
    async with ManagedIdentityCredential() as credential:
        transport = httpx.AsyncHTTPTransport(verify=trusted())
        directory = GraphDirectory(f"{server.url}/v1.0", credential, transport)
        target = Target(
            name=TOTAL, service_principal_id=UUID(APP), groups=POLICY, direct=Allowance.ALLOW
        )
        yield Onboarding(target=target, directory=directory)  # type: ignore[arg-type]
        await directory.close()
    await server.stop()
    assert_record_agrees(record)


async def ensured(world: Onboarding) -> None:
    """Retries as Service Bus would, only sooner, until there is nothing to do now."""
    async with asyncio.timeout(20):
        while True:
            try:
                await ensure(world.context, RUN)
            except TemporaryError:
                await asyncio.sleep(0.1)
                continue
            opened = await world.intents.open_intents(TOTAL)
            if not any(intent.is_tried(world.context.now()) for intent in opened):
                return
            await asyncio.sleep(0.1)


async def settled() -> None:
    """Longer than the tenant needs to show a write everywhere."""
    await asyncio.sleep(0.6)


async def test_a_new_group_is_made_filled_and_assigned_and_one_bad_id_loses_nobody(
    world: Onboarding,
) -> None:
    await world.wants(
        "",
        wanted=Wanted.GROUP,
        name=NAME,
        description="Designers",
        owners=[OWNER],
        role="User",
    )
    await world.wants("", *PEOPLE, NOBODY, name=NAME)

    await ensured(world)
    await settled()

    [group] = await world.directory.groups_named(NAME)
    assert await world.members(str(group["id"])) == set(PEOPLE)
    assignments = (await world.directory.assignments(APP)).listed
    assert [a.role for a in assignments if a.principal == group["id"]] == [
        object_id("appRole/TOTAL/User")
    ]
    assert set(world.told()) == {("", "succeeded"), (NOBODY, "rejected")}
    assert len(await world.ledger.open_changes(TOTAL)) == len(PEOPLE)


async def test_people_are_taken_out_again_and_direct_assignments_come_and_go(
    world: Onboarding,
) -> None:
    [group] = await world.directory.groups_named(ADMINS)
    admins = str(group["id"])
    leaver = min(await world.members(admins))
    await world.wants(admins, leaver, wanted=Wanted.ABSENT)
    await world.wants(DIRECT, PEOPLE[0])
    await world.wants(DIRECT, NOBODY)
    await ensured(world)
    await settled()
    assert leaver not in await world.members(admins)
    assert (NOBODY, "rejected") in world.told()
    assert PEOPLE[0] in {a.principal for a in (await world.directory.assignments(APP)).listed}

    await world.wants(DIRECT, PEOPLE[0], wanted=Wanted.ABSENT, age=0)
    await ensured(world)
    await settled()

    assert PEOPLE[0] not in {a.principal for a in (await world.directory.assignments(APP)).listed}


async def test_the_policy_is_applied_and_then_has_nothing_left_to_do(world: Onboarding) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                carried = await apply_policy(
                    world.context, world.target, Applier("os:kim", "a test")
                )
            except TemporaryError:
                await asyncio.sleep(0.1)
                continue
            if not carried.steps:
                break
            await settled()

    [admins] = await world.directory.groups_named(ADMINS)
    [watched] = await world.directory.groups_named("TOTAL - Watched")
    assert await world.members(str(watched["id"])) == await world.members(str(admins["id"]))
    assert str(watched["id"]) in {
        a.principal for a in (await world.directory.assignments(APP)).listed
    }
