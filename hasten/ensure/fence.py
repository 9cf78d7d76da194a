"""Stops the writes to Entra ID of a worker that was displaced or whose target an operator stopped,
and corrects a write that a newer event contradicts."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from hasten.context import Context
from hasten.domain.changes import DIRECT
from hasten.domain.intents import Intent, key
from hasten.errors import TemporaryError
from hasten.json import Json
from hasten.messages import Ensure
from hasten.records import stops
from hasten.records.intents import MEMBERSHIPS
from hasten.records.lease import Lease

if TYPE_CHECKING:
    from hasten.ports.directory import Directory
    from hasten.ports.directory_values import Assignments
    from hasten.records.stops import StopRecord

STOP_PAUSE = timedelta(minutes=1)
"""Delay before the message of a stopped run comes again. It then finds the stop and does nothing;
`start` sends a message of its own."""


class StoppedError(TemporaryError):
    """An operator has stopped the target, so that Hasten writes nothing for it."""

    def __init__(self, stop: "StopRecord") -> None:
        super().__init__(str(stop), STOP_PAUSE)


def fenced(context: Context, lease: Lease) -> Context:
    """Returns a context whose writes to Entra ID raise Displaced if another worker has taken the
    `lease`, and StoppedError while an operator has stopped its target. Call just after a check
    for a stop: the next one comes STOP_CHECK_KEPT later."""
    return context.through(cast("Directory", _Fenced(context, lease)))


class _Fenced:
    """Passes reads on unchanged."""

    def __init__(self, context: Context, lease: Lease) -> None:
        self._context = context
        self._directory = context.directory
        self._lease = lease
        self._stop: StopRecord | None = None
        self._stop_checked_at = context.now()
        self._principals: dict[str, str] = {}
        """By assignment: only its id names it when it is removed."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._directory, name)

    async def assignments(self, service_principal: str) -> "Assignments":
        found = await self._directory.assignments(service_principal)
        self._principals |= {one.id: one.principal for one in found.listed}
        return found

    async def create_group(self, properties: Json) -> str:
        await self._check_stop()
        async with self._lease.writing():
            return await self._directory.create_group(properties)

    async def add_members(self, group: str, members: Sequence[str]) -> None:
        await self._check_stop()
        async with self._lease.writing([key(group, member) for member in members]):
            await self._directory.add_members(group, members)

    async def remove_member(self, group: str, member: str) -> bool:
        await self._check_stop()
        async with self._lease.writing([key(group, member)]):
            return await self._directory.remove_member(group, member)

    async def assign(self, service_principal: str, principal: str, role: str) -> None:
        await self._check_stop()
        async with self._lease.writing([key(DIRECT, principal)]):
            await self._directory.assign(service_principal, principal, role)

    async def unassign(self, service_principal: str, assignment: str) -> bool:
        await self._check_stop()
        principal = self._principals.get(assignment)
        async with self._lease.writing([key(DIRECT, principal)] if principal else []):
            return await self._directory.unassign(service_principal, assignment)

    async def _check_stop(self) -> None:
        now = self._context.now()
        if now - self._stop_checked_at > stops.STOP_CHECK_KEPT:
            self._stop = await stops.find(self._context.store, self._lease.target)
            self._stop_checked_at = now
        if self._stop is not None:
            raise StoppedError(self._stop)


async def is_still_wanted(context: Context, intent: Intent) -> bool:
    """Returns whether the newest event wants what was just written for `intent`.

    If it does not, opens the newest intent again and wakes the target: a slow write may have taken
    effect after the work for the newer event had ended. The worker with the lease then writes what
    the newest event wants. The worker that wrote may be displaced, and writes nothing more. A
    declined intent wants nothing of Entra ID.
    """
    newest = await context.intents.find(intent.target, intent.group, intent.user)
    if newest is None or newest.is_declined:
        return True
    if newest.wanted is intent.wanted or newest.wanted not in MEMBERSHIPS:
        return True
    await context.intents.reopen(intent.target, [intent.key], context.now())
    await context.send(Ensure(target=intent.target))
    return False
