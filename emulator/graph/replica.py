"""The directory as a replica shows it that lags behind by a while: eventual consistency."""

from collections.abc import Iterator

from emulator.graph.assignments import Assignments
from emulator.graph.directory import Directory
from emulator.graph.objects import Assignment, Entity


class Replica:
    """`delay` in seconds of the emulated clock; 0 shows the truth at once. Assignments may have a
    delay of their own, theirs is the same when it is None."""

    def __init__(
        self,
        directory: Directory,
        assignments: Assignments,
        delay: float,
        assignment_delay: float | None = None,
    ) -> None:
        self._directory = directory
        self._assignments = assignments
        self.delay = delay
        self.assignment_delay = assignment_delay

    def position(self) -> int:
        """How many entries of the history it has received."""
        history = self._directory.history
        if not self.delay:
            return len(history)
        horizon = self._horizon
        position = len(history)
        while position and history[position - 1].at > horizon:
            position -= 1
        return position

    def shows(self, entity: Entity | None) -> bool:
        """A new object is not there yet; a deleted one is gone at once."""
        return (
            entity is not None
            and entity.deleted_at is None
            and (not self.delay or entity.created_at <= self._horizon)
        )

    def members(self, group: Entity, position: int | None = None) -> dict[str, None]:
        """Direct members at a position of the history, the replica's own by default."""
        at = self.position() if position is None else position
        missing = self._directory.history[at:]
        members = dict(group.members)
        for change in reversed(missing):
            if change.subject is group and change.member is not None:
                if change.removed:
                    members[change.member.id] = None
                else:
                    members.pop(change.member.id, None)
        return members

    def assignments(
        self, *, resource: Entity | None = None, principals: frozenset[str] | None = None
    ) -> Iterator[Assignment]:
        """Those of the resource, or of the principals, that the replica shows."""
        delay = self.delay if self.assignment_delay is None else self.assignment_delay
        horizon = self._directory.now() - delay
        for assignment in self._assignments:
            if resource is not None and assignment.resource is not resource:
                continue
            if principals is not None and assignment.principal.id not in principals:
                continue
            removed = assignment.removed_at is not None and assignment.removed_at <= horizon
            if (
                not removed
                and assignment.created_at <= horizon
                and assignment.principal.deleted_at is None
            ):
                yield assignment

    @property
    def _horizon(self) -> float:
        return self._directory.now() - self.delay
