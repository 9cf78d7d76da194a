"""Stops the writes to Entra ID of a worker that was displaced, and corrects a write that a newer
event contradicts."""

from collections.abc import Sequence
from typing import Any, cast

from hasten.context import Context
from hasten.domain.changes import DIRECT
from hasten.domain.intents import Intent, key
from hasten.json import Json
from hasten.messages import Ensure
from hasten.ports.directory import Directory
from hasten.records.intents import MEMBERSHIPS
from hasten.records.lease import Lease


def fenced(context: Context, lease: Lease) -> Context:
    """A Directory whose writes raise Displaced if another worker has taken the `lease`."""
    return context.through(cast("Directory", _Fenced(context.directory, lease)))


class _Fenced:
    """Passes reads on unchanged."""

    def __init__(self, directory: Directory, lease: Lease) -> None:
        self._directory = directory
        self._lease = lease

    def __getattr__(self, name: str) -> Any:
        return getattr(self._directory, name)

    async def create_group(self, properties: Json) -> str:
        async with self._lease.writing():
            return await self._directory.create_group(properties)

    async def add_members(self, group: str, members: Sequence[str]) -> None:
        async with self._lease.writing([key(group, member) for member in members]):
            await self._directory.add_members(group, members)

    async def remove_member(self, group: str, member: str) -> bool:
        async with self._lease.writing([key(group, member)]):
            return await self._directory.remove_member(group, member)

    async def assign(self, service_principal: str, principal: str, role: str) -> None:
        async with self._lease.writing([key(DIRECT, principal)]):
            await self._directory.assign(service_principal, principal, role)

    async def unassign(self, service_principal: str, assignment: str) -> bool:
        async with self._lease.writing():
            return await self._directory.unassign(service_principal, assignment)


async def is_still_wanted(context: Context, intent: Intent) -> bool:
    """Returns whether the newest event wants what was just written for `intent`.

    If it does not, opens the newest intent again and wakes the target: a slow write may have taken
    effect after the work for the newer event had ended. The worker with the lease then writes what
    the newest event wants. The worker that wrote may be displaced, and writes nothing more.
    """
    newest = await context.intents.find(intent.target, intent.group, intent.user)
    if newest is None or newest.wanted is intent.wanted or newest.wanted not in MEMBERSHIPS:
        return True
    await context.intents.reopen(intent.target, [intent.key])
    again = Ensure(target=intent.target)
    await context.bus.send(again.queue, [again.message(context.new_id())])
    return False
