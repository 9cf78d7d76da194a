"""Ports that fail once, at a chosen step, as if the host were killed there."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from hasten.json import Json
from hasten.ports.bus import Message
from hasten.ports.store import Write
from tests.fakes.bus import FakeBus
from tests.fakes.directory import FakeDirectory
from tests.fakes.memory_store import MemoryStore


class Killed(BaseException):
    """An exception that no code catches."""


class Fuse:
    """Raises before (or right after) the step of this number, counted from 0. `steps` counts the
    steps so far."""

    def __init__(self, at: int, *, after: bool) -> None:
        self._at = at
        self._after = after
        self.steps = 0

    def before(self) -> None:
        self.steps += 1
        if not self._after and self.steps == self._at + 1:
            raise Killed

    def after(self) -> None:
        if self._after and self.steps == self._at + 1:
            self.steps += 1  # the same step ends but once
            raise Killed


class CrashingStore(MemoryStore):
    fuse = Fuse(-1, after=False)

    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        self.fuse.before()
        etags = await super().commit(collection, partition, writes)
        self.fuse.after()
        return etags


class CrashingBus(FakeBus):
    fuse = Fuse(-1, after=False)

    async def send(self, queue: str, messages: Sequence[Message]) -> None:
        self.fuse.before()
        await super().send(queue, messages)
        self.fuse.after()


class CrashingDirectory(FakeDirectory):
    """`done` holds each write that changed something."""

    fuse = Fuse(-1, after=False)

    def __init__(self, groups: list[str]) -> None:
        super().__init__(groups=groups)
        self.done: list[tuple[Any, ...]] = []

    async def create_group(self, properties: Json) -> str:
        self.fuse.before()
        group = await super().create_group(properties)
        self.done.append(("create", properties["displayName"]))
        self.fuse.after()
        return group

    async def add_members(self, group: str, members: Sequence[str]) -> None:
        self.fuse.before()
        await super().add_members(group, members)
        self.done += [("add", group, member) for member in members]
        self.fuse.after()

    async def remove_member(self, group: str, member: str) -> bool:
        self.fuse.before()
        removed = await super().remove_member(group, member)
        if removed:
            self.done.append(("remove", group, member))
        self.fuse.after()
        return removed

    async def assign(self, service_principal: str, principal: str, role: str) -> None:
        self.fuse.before()
        await super().assign(service_principal, principal, role)
        self.done.append(("assign", principal))
        self.fuse.after()

    async def unassign(self, service_principal: str, assignment: str) -> bool:
        self.fuse.before()
        gone = await super().unassign(service_principal, assignment)
        if gone:
            self.done.append(("unassign", assignment))
        self.fuse.after()
        return gone


@contextmanager
def killed_at(
    step: int, port: CrashingStore | CrashingBus | CrashingDirectory, *, after: bool = False
) -> Iterator[None]:
    """Kills the host before, or right after, a step of this port. The next host goes on."""
    port.fuse = Fuse(step, after=after)
    with suppress(Killed):
        yield
    port.fuse = Fuse(-1, after=False)
