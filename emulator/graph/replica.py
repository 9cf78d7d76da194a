"""The directory as replicas show it that lag behind by a while: eventual consistency."""

from collections.abc import Iterator
from dataclasses import replace

from emulator.entra.behaviours import Switches
from emulator.graph.assignments import Assignments
from emulator.graph.directory import Directory
from emulator.graph.objects import Assignment, Entity
from emulator.graph.replicas import NO_REPLICAS, Replicas


class Replica:
    """`delay` in seconds of the emulated clock; 0 shows the truth at once. Assignments may have a
    delay of their own, theirs is the same when it is None. `replicas` add the lag of the one that
    answers the request under way."""

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
        """In seconds, without the lag of the replica that answers."""
        return self.delay if self.assignment_delay is None else self.assignment_delay

    @property
    def removals_lag(self) -> bool:
        """Whether what it shows is old in both directions."""
        return self._switches.now.removals_lag or self._switches.now.replica_lag > 0

    def position(self) -> int:
        """How many entries of the history it has received."""
        return self.position_before(self._lag)

    def position_before(self, lag: float) -> int:
        """How many entries of the history are at least `lag` seconds old."""
        history = self._directory.history
        if not lag:
            return len(history)
        horizon = self._directory.now() - lag
        position = len(history)
        while position and history[position - 1].at > horizon:
            position -= 1
        return position

    def shows(self, entity: Entity | None) -> bool:
        """A new object is not there yet; a deleted one is gone at once, unless removals lag."""
        if entity is None:
            return False
        lag = self._lag
        horizon = self._directory.now() - lag
        is_gone = entity.deleted_at is not None and not (
            lag and self.removals_lag and entity.deleted_at > horizon
        )
        return not is_gone and (not lag or entity.created_at <= horizon)

    def seen(self, entity: Entity) -> Entity:
        """The object with the properties that the replica has received."""
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

    def groups_of(self, user: Entity) -> list[Entity]:
        """Groups that it shows the user to be a direct member of."""
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
        """Those of the resource, or of the principals, that the replica shows; `lag` in seconds
        takes the place of its own."""
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
