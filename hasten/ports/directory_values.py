"""Defines what the reads of Microsoft Graph return. An entry that cannot be read is counted beside
the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from hasten.errors import TemporaryError
from hasten.json import Json

SKIP_OUT_OF_SCOPE, SYNC_ALL = "SkipOutOfScopeDeletions", "SyncAll"
SCOPE_SETTINGS = frozenset({SKIP_OUT_OF_SCOPE, SYNC_ALL})
"""Keys of `synchronization/secrets` that decide who is provisioned by a job; the others are
credentials (Graph, synchronizationSecretKeyStringValuePair)."""


HIDDEN_MEMBERSHIP = "HiddenMembership"
"""The `visibility` of a Microsoft 365 group whose members are hidden. Whoever creates the group
chooses it, and it never changes (Graph, group)."""


NOT_USERS = frozenset(
    {
        "group",
        "device",
        "orgcontact",
        "serviceprincipal",
        "agentidentity",
        "agentidentityblueprintprincipal",
    }
)
"""Types of members of groups that are no users (Graph, group: list members). The last two are kinds
of service principals (msgraph-sdk 1.65)."""


class Member(NamedTuple):
    """A member of a group. `kind` is the type without namespace ("user", "group", "device"), or ""
    if unknown. `also_added` marks a removed member whom the same read lists as added, before or
    after the removal. A tuple, because a page has a thousand members."""

    id: str
    kind: str
    removed: bool
    also_added: bool = False

    @property
    def may_be_user(self) -> bool:
        """Returns True also where Graph does not say the kind, or a new one: a user must not be
        missed."""
        return self.kind not in NOT_USERS

    @property
    def counts_for_brake(self) -> bool:
        """Returns False for a new kind: many members who are no users would let users leave by the
        hundred."""
        return self.kind in {"user", ""}


class UnreadMember(NamedTuple):
    """A member, or who is assigned, whom nobody could read or record. `id` is "" if it is not
    known."""

    id: str
    problem: str


@dataclass(frozen=True)
class Members:
    """The direct members of a group, none marked as removed, and those that cannot be read."""

    listed: Sequence[Member]
    unread: Sequence[UnreadMember] = ()

    @cached_property
    def ids(self) -> frozenset[str]:
        return frozenset(member.id for member in self.listed)

    def may_hide(self, user: str) -> bool:
        """Returns whether the list lacks the user, and an entry that cannot be read may be about
        them: their absence proves nothing."""
        return user not in self.ids and any(one.id in {"", user} for one in self.unread)


@dataclass(frozen=True, slots=True)
class MembershipDelta:
    """The net changes of groups since a delta link, from all pages, and the link for the next read.
    `unread` has the entries that Hasten cannot read, by group; "" is a group that is not known."""

    members: Mapping[str, Sequence[Member]]
    link: str
    unread: Mapping[str, Sequence[UnreadMember]] = field(default_factory=dict)

    def unread_of(self, group: str) -> Sequence[UnreadMember]:
        """Returns the entries that cannot be read and that are about the group, or about an unknown
        one."""
        return [*self.unread.get(group, ()), *self.unread.get("", ())]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadEntry:
    """An entry of the provisioning log that cannot be read: it proves nothing. `about` is the
    object id of its subject, "" if that is not known; `at` is None if its time is not known."""

    about: str
    at: datetime | None
    problem: str


@dataclass(frozen=True, slots=True)
class ProvisioningLog:
    """Entries of the provisioning log of a job, newest first, and those that cannot be read."""

    entries: Sequence[Json]
    unread: Sequence[UnreadEntry] = ()


@dataclass(frozen=True, slots=True)
class ListedSubscriptions:
    """The subscriptions of the app, and the ids of those that cannot be read, "" if not known."""

    listed: Sequence[Json]
    unread: Sequence[str] = ()

    def may_hide(self, subscription: str) -> bool:
        """Returns whether an entry that cannot be read may be this subscription."""
        return any(one in {"", subscription} for one in self.unread)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """An appRoleAssignment: `principal` is the id of what is assigned, `role` that of the app role.
    `kind` is "Group", "User" or "ServicePrincipal". `created` is None if Graph does not say."""

    id: str
    principal: str
    kind: str
    role: str
    created: datetime | None


@dataclass(frozen=True, slots=True)
class Assignments:
    """All assignments to a service principal, and those that cannot be read. The id of such an
    entry is that of its principal."""

    listed: Sequence[Assignment]
    unread: Sequence[UnreadMember] = ()

    def principals(self, kind: str) -> frozenset[str]:
        return frozenset(one.principal for one in self.listed if one.kind == kind)

    def may_hide(self, principal: str) -> bool:
        """Returns whether an entry that cannot be read may be about the principal: that the list
        lacks them proves nothing then."""
        return any(one.id in {"", principal} for one in self.unread)


@dataclass(frozen=True, slots=True)
class User:
    """A user in Entra ID. `enabled` is None if Graph does not say, which proves nothing."""

    enabled: bool | None


@dataclass(frozen=True, slots=True)
class Profile:
    """A user's own account: `enabled` as in User, and the values of the properties asked for."""

    enabled: bool | None
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class MemberProfiles:
    """The accounts of the users who are direct members of a group, by user, and the members who
    cannot be read."""

    by_user: Mapping[str, Profile]
    unread: Sequence[UnreadMember] = ()


@dataclass(frozen=True, slots=True)
class PeopleDelta:
    """Users whose account changed, or who were deleted, since a link; and the link for the next
    read. `cut` says why later pages could not be read; `link` then leads to them. `has_unread` is
    set if an entry could not be read: it may be about anybody."""

    changed: frozenset[str]
    link: str
    cut: TemporaryError | None = None
    has_unread: bool = False
