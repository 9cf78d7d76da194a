"""Microsoft Graph as Hasten needs it. Bodies stay plain JSON: the services pick what they use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from hasten.domain.verdicts import Answer
from hasten.ports.store import Json


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


class DeltaExpired(Exception):  # noqa: N818 - the field's word
    """Graph answered 410: the link can no longer be resumed."""


class Directory(Protocol):
    """Every method raises TemporaryError where trying again may help (429, 5xx, no connection)
    and PermanentError where someone must act (401, 403, and 404 unless said otherwise)."""

    async def service_principals(
        self,
        *,
        object_id: str = "",
        app_id: str = "",
        display_name: str = "",
    ) -> Sequence[Json]:
        """Those that match the one argument given; none is not an error."""
        ...

    async def jobs(self, service_principal: str) -> Sequence[Json]: ...

    async def rules(self, service_principal: str, job: str) -> Sequence[Json]: ...

    async def assigned_groups(self, service_principal: str) -> Sequence[str]:
        """Ids of the groups assigned to it, in any role."""
        ...

    async def assigned_through(self, user: str, service_principal: str) -> Sequence[str] | None:
        """Principal ids (groups, or the user itself) through which `user` is assigned.
        None when the user does not exist."""
        ...

    async def is_enabled(self, user: str) -> bool | None:
        """None when the user does not exist."""
        ...

    async def membership_start(self, group: str) -> str:
        """A delta link from now on: nothing that happened before shows."""
        ...

    async def membership_delta(self, link: str) -> MembershipDelta:
        """Raises DeltaExpired."""
        ...

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

    async def subscriptions(self) -> Sequence[Json]: ...

    async def subscribe(
        self, *, resource: str, url: str, client_state: str, expires: datetime
    ) -> Json: ...

    async def renew(self, subscription: str, expires: datetime) -> Json | None:
        """None when it no longer exists."""
        ...

    async def unsubscribe(self, subscription: str) -> None:
        """One that no longer exists is no error."""
        ...

    async def close(self) -> None: ...
