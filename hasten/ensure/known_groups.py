"""Decides which groups Hasten knows. A display name proves nothing: anybody may give a new group
the name that a policy names."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from hasten.context import Context
from hasten.errors import TemporaryError
from hasten.json import Json
from hasten.policy import GroupPolicy, policy_for
from hasten.records import discovered, made_groups
from hasten.targets import Target

FIRST_SWEEP_DELAY = timedelta(minutes=1)
"""Time between two sweeps."""


@dataclass(frozen=True, slots=True)
class KnownGroups:
    """The known groups of a target: those that Hasten created or an operator adopted (`names`, by
    object id), those that the policy names by id, and those that an administrator has `assigned` to
    the target. `assigned` is None if no sweep has found the target yet."""

    target: Target
    names: Mapping[str, str]
    assigned: Collection[str] | None

    @classmethod
    async def load(cls, context: Context, target: Target) -> "KnownGroups":
        made = await made_groups.load_all(context.store, target.name)
        found = await discovered.load(context.store, target.name)
        names = {one.id: one.name for one in made if one.id}
        return cls(target, names, frozenset(found.groups) if found else None)

    def knows(self, shown: Json) -> bool:
        """Raises TemporaryError if only the next sweep can say."""
        group = str(shown["id"])
        named = {str(policy.id) for policy in self.target.groups if policy.id}
        if group in self.names or group.casefold() in named:
            return True
        if self.assigned is None:
            raise TemporaryError(
                f"no sweep has found target {self.target.name} yet", FIRST_SWEEP_DELAY
            )
        return group in self.assigned

    def of(self, shown: Sequence[Json]) -> Sequence[Json]:
        return [group for group in shown if self.knows(group)]

    def policy(self, shown: Json) -> GroupPolicy | None:
        """Returns the policy of a known group, or None. A renamed group keeps the policy of the
        name under which Hasten knows it."""
        if not self.knows(shown):
            return None
        group, name = str(shown["id"]), str(shown["displayName"])
        remembered = policy_for(self.target.groups, group=group, name=self.names.get(group, name))
        if remembered is None and group in (self.assigned or ()):
            return policy_for(self.target.groups, group=group, name=name)
        return remembered
