"""An entry of the provisioning log that cannot be read proves nothing, and stops no other proof."""

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hasten.adapters.graph.log_entries import entry_of, log_of
from hasten.domain.changes import State
from hasten.domain.proof import PROOF_TIMEOUT
from hasten.limits import LOG_SETTLED_AFTER
from hasten.ports.directory_values import ProvisioningLog, UnreadEntry
from hasten.provision.drain import drain
from hasten.provision.verify import verify
from hasten.telemetry.provision import LogEntriesUnread
from tests.fakes.directory import JOB, FakeDirectory
from tests.support.graph_answers import spoiled
from tests.support.verifying import WAKE, log
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, World, user


class Raw(FakeDirectory):
    """Returns the log as the adapter reads what Graph shows."""

    async def provisioning_log(
        self, job: str, since: datetime, subjects: Collection[str]
    ) -> ProvisioningLog:
        self.log_reads.append(now())
        return log_of(entry_of(job, subjects, one) for one in self.log)


async def called(*users: str) -> World:
    world = World(directory=Raw(groups=[ENGINEERING, ADMIN]))
    await world.is_discovered()
    await world.joined(ENGINEERING, *users)
    await drain(world.context, WAKE)
    return world


def entry(name: str, **properties: Any) -> dict[str, Any]:
    return {
        "id": "e",
        "jobId": JOB,
        "activityDateTime": now().isoformat(),
        "provisioningAction": "create",
        "provisioningStatusInfo": {"status": "success", "errorInformation": {"errorCode": ""}},
        "provisioningSteps": [{"status": "Success", "details": {"SkipReason": ""}}],
        "sourceIdentity": {"id": name},
        "modifiedProperties": [{"displayName": "members", "oldValue": "y", "newValue": "x"}],
        **properties,
    }


async def state(world: World, name: str) -> State:
    return (await world.row(ENGINEERING, name)).state


@given(data=st.data())
def test_the_entries_of_others_prove_as_before_whatever_one_entry_looks_like(
    data: st.DataObject,
) -> None:
    @virtual
    async def scenario() -> None:
        world = await called(user(1), user(2))
        garbled = dict(spoiled(entry(user(1))))
        name = data.draw(st.sampled_from(sorted(garbled)))
        world.directory.log += [garbled[name]]
        log(world, user(2), "create")

        await verify(world.context)

        assert await state(world, user(2)) is State.CONFIRMED

    scenario()


@virtual
async def test_an_entry_is_named_by_an_event_each_time_and_proves_once_it_can_be_read() -> None:
    world = await called(user(1))
    whole = entry(user(1))
    world.directory.log = [{**whole, "provisioningStatusInfo": "jane@contoso.com"}]
    for _ in range(2):
        await verify(world.context)
    assert await state(world, user(1)) is State.SUCCEEDED
    met = [event for event in world.events if isinstance(event, LogEntriesUnread)]
    assert [(event.entries, event.subjects) for event in met] == [(1, [user(1)])] * 2
    assert met[0].problem
    assert "jane" not in repr(met)

    world.directory.log = [whole]
    await verify(world.context)

    assert await state(world, user(1)) is State.CONFIRMED
    assert len(world.results("log_entry")) == 2


@virtual
async def test_a_log_with_an_unreadable_entry_is_read_from_the_same_time_and_not_for_ever() -> None:
    world = await called(user(1))
    world.directory.log = [None]  # type: ignore[list-item]
    await verify(world.context)
    await asyncio.sleep((PROOF_TIMEOUT + timedelta(minutes=1)).total_seconds())

    await verify(world.context)
    await verify(world.context)

    assert len(world.directory.log_reads) == 2
    row = await world.row(ENGINEERING, user(1))
    assert not row.needs_proof
    assert "could read no entry" in row.reason


def unread(about: str, at: datetime | None) -> UnreadEntry:
    return UnreadEntry(about=about, at=at, problem="provisioningAction is not a text")


@pytest.mark.parametrize(
    ("about", "age", "is_left_out"),
    [
        ("", None, False),
        (ENGINEERING, None, False),
        (ENGINEERING, timedelta(0), False),
        ("", timedelta(0), False),
        (ADMIN, None, True),
        (user(9), timedelta(0), True),
        ("", timedelta(hours=1), True),
        (ENGINEERING, timedelta(hours=1), True),
    ],
)
def test_nobody_is_left_out_of_a_log_with_an_entry_that_may_name_them(
    about: str,
    age: timedelta | None,
    is_left_out: bool,  # noqa: FBT001
) -> None:
    @virtual
    async def scenario() -> None:
        world = World()
        await world.is_discovered()
        await world.joined(ENGINEERING, user(1), user(2))
        await drain(world.context, WAKE)
        world.directory.log = [
            entry(ENGINEERING, modifiedProperties=[{"displayName": "members", "newValue": user(1)}])
        ]
        world.directory.unread_log = [unread(about, None if age is None else now() - age)]
        await asyncio.sleep(LOG_SETTLED_AFTER.total_seconds())

        await verify(world.context)

        row = await world.row(ENGINEERING, user(2))
        assert row.alone is is_left_out
        assert await state(world, user(1)) is State.CONFIRMED

    scenario()


@pytest.mark.parametrize(
    ("about", "age", "is_proven"),
    [
        (user(1), timedelta(seconds=1), False),
        (user(1), timedelta(seconds=2), False),
        (user(1), timedelta(seconds=3), True),
        (user(1), None, False),
        (user(2), None, True),
        (ENGINEERING, None, True),
        ("", None, True),
    ],
)
def test_no_entry_proves_a_removal_that_is_older_than_an_unreadable_one_of_the_user(
    about: str,
    age: timedelta | None,
    is_proven: bool,  # noqa: FBT001
) -> None:
    @virtual
    async def scenario() -> None:
        world = World()
        await world.is_discovered()
        world.directory.join(ENGINEERING, user(1))
        await world.left(ENGINEERING, user(1))
        await drain(world.context, WAKE)
        log(world, user(1), "disable")
        await asyncio.sleep(2)
        world.directory.unread_log = [unread(about, None if age is None else now() - age)]

        await verify(world.context)

        row = await world.row(ENGINEERING, user(1))
        assert (row.state is State.CONFIRMED) is is_proven
        assert row.needs_proof is not is_proven

    scenario()
