"""Microsoft Graph as Hasten needs it. Bodies stay plain JSON: the flows pick what they use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from hasten.domain.verdicts import Answer
from hasten.errors import TemporaryError
from hasten.json import Json

NOT_YET_DELAY = timedelta(seconds=15)
"""Graph documents no bound for its replication; its samples wait 10 s between tries."""


SKIP_OUT_OF_SCOPE, SYNC_ALL = "SkipOutOfScopeDeletions", "SyncAll"
SCOPE_SETTINGS = frozenset({SKIP_OUT_OF_SCOPE, SYNC_ALL})
"""Keys of `synchronization/secrets` that decide whom a job provisions; the others are credentials
(Graph, synchronizationSecretKeyStringValuePair)."""


class Member(NamedTuple):
    """`kind` is the type without namespace ("user", "group", "device"); empty when unknown.

    A tuple, as a page makes a thousand of them.
    """

    id: str
    kind: str
    removed: bool


@dataclass(frozen=True, slots=True)
class MembershipDelta:
    """Net changes of groups since a link, all pages read, and the link for the next time."""

    members: Mapping[str, Sequence[Member]]
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """An appRoleAssignment of a service principal. `kind` is "Group", "User" or
    "ServicePrincipal"; `created` is None where Graph does not say."""

    id: str
    principal: str
    kind: str
    role: str
    created: datetime | None


@dataclass(frozen=True, slots=True)
class User:
    """A user in Entra ID. `enabled` is None where Graph does not say: that is no evidence."""

    enabled: bool | None


class DeltaExpired(Exception):  # noqa: N818 - the field's word
    """Graph refused the link: it can no longer be resumed."""


class DeltaCutShort(TemporaryError):  # noqa: N818 - the field's word
    """A page of a delta could not be read. `read` holds what came before it, and from which link to
    go on."""

    def __init__(self, cause: TemporaryError, read: MembershipDelta) -> None:
        super().__init__(cause.reason, cause.delay)
        self.read = read


class AlreadyExists(Exception):  # noqa: N818 - the field's word
    """Graph refused to make what is there already: read again. Of several members, one is."""


class Missing(Exception):  # noqa: N818 - the field's word
    """Graph answered 404 to a write: something it names is not there, or not there yet."""


class NotYet(TemporaryError):  # noqa: N818 - the field's word
    """What was just made has not reached every replica: the same request will do later."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, NOT_YET_DELAY)


class Directory(Protocol):
    """Every method raises TemporaryError where trying again may help (429, 5xx, no connection, an
    answer that is not what was asked for) and PermanentError where someone must act (401, 403, and
    404 unless said otherwise)."""

    # --- what is there ---

    async def service_principals(
        self,
        *,
        object_id: str = "",
        app_id: str = "",
        display_name: str = "",
    ) -> Sequence[Json]:
        """Those that match the one argument given, with id, appId, displayName and appRoles; none
        is not an error."""
        ...

    async def users(
        self, *, object_id: str = "", upn: str = "", mail: str = "", employee_id: str = ""
    ) -> Sequence[Json]:
        """Those that match the one argument given, with id and accountEnabled; none is not an
        error."""
        ...

    async def group(self, group: str) -> Json | None:
        """id, displayName, mailNickname, mailEnabled, securityEnabled, isAssignableToRole,
        groupTypes, membershipRule. None when it does not exist."""
        ...

    async def groups_named(self, display_name: str) -> Sequence[Json]:
        """Those with exactly this name (Graph compares without case), as `group` shows them."""
        ...

    async def members(self, group: str) -> Sequence[Member]:
        """All direct members, none of them removed."""
        ...

    async def member_count(self, group: str) -> int:
        """Direct members of any kind."""
        ...

    async def transitive_user_count(self, group: str) -> int:
        """Users who are members directly or through nested groups."""
        ...

    async def assignments(self, service_principal: str) -> Sequence[Assignment]:
        """Who is assigned to it, in any role."""
        ...

    async def assigned_through(self, user: str, service_principal: str) -> Sequence[str] | None:
        """Principal ids (groups, or the user itself) through which `user` is assigned.
        None when the user does not exist."""
        ...

    async def user(self, user: str) -> User | None:
        """None when the user does not exist."""
        ...

    # --- what changes ---

    async def membership_start(self, *groups: str) -> str:
        """A delta link for these groups (at most MAX_GROUPS_PER_DELTA) from now on: nothing that
        happened before shows."""
        ...

    async def membership_delta(self, link: str) -> MembershipDelta:
        """Raises DeltaExpired, and DeltaCutShort where only some of the pages can be read."""
        ...

    # --- groups, members and assignments: writes ---

    async def create_group(self, properties: Json) -> str:
        """The id of a new group. `properties` are Graph's; owners are named as
        `owners@odata.bind` by object id alone, the adapter makes addresses of them."""
        ...

    async def add_members(self, group: str, members: Sequence[str]) -> None:
        """All or none, at most MAX_LINKS_PER_PATCH. Raises AlreadyExists, Missing and NotYet."""
        ...

    async def remove_member(self, group: str, member: str) -> bool:
        """False when it was no member (or does not exist)."""
        ...

    async def assign(self, service_principal: str, principal: str, role: str) -> None:
        """Raises AlreadyExists and NotYet."""
        ...

    async def unassign(self, service_principal: str, assignment: str) -> bool:
        """False when there was no such assignment any more."""
        ...

    # --- provisioning ---

    async def jobs(self, service_principal: str) -> Sequence[Json]:
        """With id, schedule and status, as Graph shows them."""
        ...

    async def job(self, service_principal: str, job: str) -> Json | None:
        """None when it does not exist."""
        ...

    async def rules(self, service_principal: str, job: str) -> Sequence[Json]: ...

    async def scope_settings(self, service_principal: str) -> Mapping[str, str]:
        """Those of SCOPE_SETTINGS that Graph shows, by key; never a credential."""
        ...

    async def pause_job(self, service_principal: str, job: str) -> None: ...

    async def provision_on_demand(
        self,
        service_principal: str,
        job: str,
        rule: str,
        *,
        group: str | None,
        users: Sequence[str],
    ) -> Answer:
        """One call, never retried here. Raises TemporaryError only when no answer came."""
        ...

    async def provisioning_log(self, job: str, since: datetime) -> Sequence[Json]:
        """Entries of the job after `since`, newest first; one request a page of up to 999."""
        ...

    # --- subscriptions ---

    async def subscriptions(self) -> Sequence[Json]: ...

    async def subscribe(
        self,
        *,
        resource: str,
        url: str,
        lifecycle_url: str,
        client_state: str,
        expires: datetime,
    ) -> Json:
        """Raises AlreadyExists when there is one for this resource."""
        ...

    async def renew(self, subscription: str, expires: datetime) -> Json | None:
        """None when it no longer exists."""
        ...

    async def unsubscribe(self, subscription: str) -> None:
        """One that no longer exists is no error."""
        ...

    async def close(self) -> None: ...
