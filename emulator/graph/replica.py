"""Emulates eventual consistency: the directory as lagging replicas show it."""

from collections.abc import Iterator
from dataclasses import replace

from emulator.entra.behaviours import Switches
from emulator.graph.assignments import Assignments
from emulator.graph.directory import Directory
from emulator.graph.objects import Assignment, Entity
from emulator.graph.replicas import NO_REPLICAS, Replicas


class Replica:
    """A replica. `delay` is in seconds of the emulated clock; 0 shows the current state.
    Assignments may have a delay of their own; None means the same delay. `replicas` add the lag of
    the replica that answers the current request."""

    def __init__(
        self,
        directory: Directory,
        assignments: Assignments,
        delay: float,
        assignment_delay: float | None = None,
        *,
        switches: Switches | None = None,
        replicas: Replicas = NO_REPLICAS,
    ) -> None:
        self._directory = directory
        self._assignments = assignments
        self._switches = switches or Switches()
        self._replicas = replicas
        self.delay = delay
        self.assignment_delay = assignment_delay

    @property
    def lag_of_assignments(self) -> float:
        """Returns the lag in seconds, without that of the replica that answers."""
        return self.delay if self.assignment_delay is None else self.assignment_delay

    @property
    def removals_lag(self) -> bool:
        """Returns whether removals lag as well as additions."""
        return self._switches.now.removals_lag or self._switches.now.replica_lag > 0

    def position(self) -> int:
        """Returns how many entries of the history it has received."""
        return self.position_before(self._lag)

    def position_before(self, lag: float) -> int:
        """Returns how many entries of the history are at least `lag` seconds old."""
        history = self._directory.history
        if not lag:
            return len(history)
        horizon = self._directory.now() - lag
        position = len(history)
        while position and history[position - 1].at > horizon:
            position -= 1
        return position

    def shows(self, entity: Entity | None) -> bool:
        """Returns whether it shows the object. A new object is missing at first; a deleted one
        disappears at once, unless removals lag."""
        if entity is None:
            return False
        lag = self._lag
        horizon = self._directory.now() - lag
        is_gone = entity.deleted_at is not None and not (
            lag and self.removals_lag and entity.deleted_at > horizon
        )
        return not is_gone and (not lag or entity.created_at <= horizon)

    def seen(self, entity: Entity) -> Entity:
        """Returns the object with the properties that the replica has received."""
        if not self.removals_lag:
            return entity
        older: dict[str, object] = {}
        for change in reversed(self._directory.history[self.position() :]):
            if change.subject is entity and change.before:
                older |= change.before
        if not older:
            return entity
        return replace(entity, properties={**entity.properties, **older}, _texts={})

    def members(self, group: Entity, position: int | None = None) -> dict[str, None]:
        """Returns the direct members at a position of the history, by default the replica's own."""
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

    def groups_of(self, user: Entity) -> list[Entity]:
        """Returns the groups in which it shows the user as a direct member."""
        groups = self._directory.groups
        if self.removals_lag:
            known = list(groups.values())
        else:
            known = [groups[group] for group in sorted(self._directory.groups_of(user.id))]
        return [group for group in known if user.id in self.members(group)]

    def assignments(
        self,
        *,
        resource: Entity | None = None,
        principals: frozenset[str] | None = None,
        lag: float | None = None,
    ) -> Iterator[Assignment]:
        """Returns the assignments of the resource, or of the principals, that the replica shows.
        `lag`, in seconds, replaces its own."""
        if lag is None:
            lag = self.lag_of_assignments + self._replicas.lag
        horizon = self._directory.now() - lag
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
    def _lag(self) -> float:
        return self.delay + self._replicas.lag
