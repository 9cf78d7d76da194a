"""Stops the writes to Entra ID of a worker that was displaced, and corrects a write that a newer
event contradicts."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

from hasten.context import Context
from hasten.domain.changes import DIRECT
from hasten.domain.intents import Intent, Wanted, key
from hasten.errors import TemporaryError
from hasten.json import Json
from hasten.messages import Ensure
from hasten.ports.directory import Directory
from hasten.records.intents import MEMBERSHIPS
from hasten.records.lease import Lease

MOST_REVERSALS = 5
"""Maximum number of corrections of one write for newer events; after that the next round
continues."""


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


async def is_still_wanted(
    context: Context, intent: Intent, write: Callable[[Wanted], Awaitable[object]]
) -> bool:
    """Returns whether the newest event wants what was just written for `intent`. If it does not,
    writes what that event wants. A displaced worker does so too, because its slow write may have
    taken effect after the work for the newer event had ended. Raises TemporaryError once the newest
    intent is open again.
    """
    written = intent.wanted
    for _ in range(MOST_REVERSALS):
        newest = await context.intents.find(intent.target, intent.group, intent.user)
        if newest is None or newest.wanted is written or newest.wanted not in MEMBERSHIPS:
            break
        written = newest.wanted
        try:
            await write(written)
        except TemporaryError:
            await context.intents.reopen(intent.target, [intent.key])
            again = Ensure(target=intent.target)
            await context.bus.send(again.queue, [again.message(context.new_id())])
            raise
    return written is intent.wanted
