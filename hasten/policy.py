"""Defines the group policy of a target, as written in targets.yaml."""

from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

WILDCARDS = frozenset("*?")
"""Brackets are ordinary characters: names such as `[APP] Users` are common."""

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=256)]
"""Name of a group; Graph allows 256 characters."""


class Allowance(StrEnum):
    ALLOW = "allow"
    DENY = "deny"


class Creation(BaseModel):
    """Describes how Hasten creates a group that does not exist: a security group, Assigned or
    Dynamic."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    description: Annotated[str, Field(max_length=1024)] = ""
    owners: Annotated[tuple[UUID, ...], Field(max_length=20)] = ()
    """Object ids. Only administrators can change a group without owners."""

    rule: Annotated[str, Field(max_length=3072)] = ""
    """A membership rule makes the group Dynamic: its members then follow from the rule alone."""


class GroupPolicy(BaseModel):
    """The policy of one group, by object id or by exact display name. A name with wildcards covers
    all groups that onboarding events may create or change, and creates none by itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: UUID | None = None
    name: Name | None = None
    role: str = ""
    """App role by value or display name; needed only if the app declares several."""

    admin: bool = False
    """Its members administer the app; events may change it only with `events: allow`."""

    events: Allowance | None = None
    """Says whether onboarding events may change the group. By default they may, except for admin
    groups."""

    create: Creation | None = None
    """Creates the group if it does not exist; without this, a missing group is an error."""

    also_members_of: tuple[str, ...] = ()
    """Admin groups of this list, by id or name, whose members also become members of this group."""

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
        """Returns what identifies it within the target: its id, or its name in lower case."""
        return str(self.id or self.name).casefold()

    @property
    def is_pattern(self) -> bool:
        return self.name is not None and not WILDCARDS.isdisjoint(self.name)

    @property
    def allows_events(self) -> bool:
        return (
            self.events or (Allowance.DENY if self.admin else Allowance.ALLOW)
        ) is Allowance.ALLOW

    def covers(self, *, group: str, name: str) -> bool:
        """Returns whether the policy covers the group with this object id ("" if it has none
        yet)."""
        if self.id is not None:
            return group.casefold() == str(self.id)
        return fnmatchcase(name.casefold(), self.identity.replace("[", "[[]"))


def policy_for(policies: tuple[GroupPolicy, ...], *, group: str, name: str) -> GroupPolicy | None:
    """Returns the policy that covers a group. A policy that names the group takes precedence over a
    pattern, and of two equal ones the one that denies events."""
    covering = [policy for policy in policies if policy.covers(group=group, name=name)]
    return min(covering, key=lambda p: (p.is_pattern, p.allows_events), default=None)
