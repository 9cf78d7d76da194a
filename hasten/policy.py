"""The policy of the groups of a target, as targets.yaml states it."""

from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

WILDCARDS = frozenset("*?")
"""Brackets are ordinary characters: names such as `[APP] Users` are common."""

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=256)]
"""Of a group: 256 characters are the most in Graph."""


class Access(StrEnum):
    ALLOW = "allow"
    DENY = "deny"


class Creation(BaseModel):
    """How to make a group that does not exist yet: a security group, Assigned or Dynamic."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    description: Annotated[str, Field(max_length=1024)] = ""
    owners: Annotated[tuple[UUID, ...], Field(max_length=20)] = ()
    """Object ids. Without an owner a group can be changed by administrators alone."""

    rule: Annotated[str, Field(max_length=3072)] = ""
    """A membership rule makes the group Dynamic: its members then follow from the rule alone."""


class GroupPolicy(BaseModel):
    """One group, by object id or by exact display name. A name with wildcards stands for all
    groups that onboarding events may make or touch; it makes none by itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: UUID | None = None
    name: Name | None = None
    role: str = ""
    """App role by value or display name; needed only where the app declares several."""

    admin: bool = False
    """Its members administer the app: events may touch it only with `events: allow`."""

    events: Access | None = None
    """Whether onboarding events may touch it; unsaid, all but admin groups may be."""

    create: Creation | None = None
    """Makes it when it does not exist; without, a missing group is an error."""

    also_members_of: tuple[str, ...] = ()
    """Admin groups of this list, by id or name, whose people become members of this one too."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.id is None) == (self.name is None):
            raise ValueError("give a group exactly one of id and name")
        if self.id is not None and self.create is not None:
            raise ValueError("a group that is to be created is given by name")
        if self.is_pattern and self.also_members_of:
            raise ValueError("also_members_of needs one group: give it without wildcards")
        return self

    @property
    def identity(self) -> str:
        """What names it within the target: its id or its name without case."""
        return str(self.id or self.name).casefold()

    @property
    def is_pattern(self) -> bool:
        return self.name is not None and not WILDCARDS.isdisjoint(self.name)

    @property
    def allows_events(self) -> bool:
        return (self.events or (Access.DENY if self.admin else Access.ALLOW)) is Access.ALLOW

    def covers(self, *, group: str, name: str) -> bool:
        """Whether it speaks of the group with this object id ("" where there is none yet)."""
        if self.id is not None:
            return group.casefold() == str(self.id)
        return fnmatchcase(name.casefold(), self.identity.replace("[", "[[]"))


def policy_for(policies: tuple[GroupPolicy, ...], *, group: str, name: str) -> GroupPolicy | None:
    """The one that speaks of a group; one that names it goes before a pattern, and of two alike the
    one that keeps events away."""
    covering = [policy for policy in policies if policy.covers(group=group, name=name)]
    return min(covering, key=lambda p: (p.is_pattern, p.allows_events), default=None)
