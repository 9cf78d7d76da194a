"""Defines what Hasten needs from Microsoft Graph. Bodies stay plain JSON; the flows pick what they
use."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from hasten.domain.verdicts import Answer
from hasten.json import Json
from hasten.ports.directory_values import (
    Assignments,
    ListedSubscriptions,
    MemberProfiles,
    Members,
    MembershipDelta,
    PeopleDelta,
    Profile,
    ProvisioningLog,
    User,
)


class Directory(Protocol):
    """Reads and writes Entra ID through Microsoft Graph.

    Every method raises TemporaryError if another try may help (429, 5xx, no connection, an
    unexpected answer) and PermanentError if an operator must act (401, 403, and 404 unless stated
    otherwise)."""

    # --- directory objects: reads ---

    async def service_principals(
        self,
        *,
        object_id: str = "",
        app_id: str = "",
        display_name: str = "",
    ) -> Sequence[Json]:
        """Returns the service principals that match the argument, with id, appId, displayName and
        appRoles. Give exactly one argument. An empty result is no error."""
        ...

    async def users(
        self, *, object_id: str = "", upn: str = "", mail: str = "", employee_id: str = ""
    ) -> Sequence[Json]:
        """Returns the users that match the argument, with their ids in lower case. Give exactly one
        argument. An empty result is no error."""
        ...

    async def group(self, group: str) -> Json | None:
        """Returns id, displayName, mailNickname, mailEnabled, securityEnabled, isAssignableToRole,
        groupTypes, membershipRule, onPremisesSyncEnabled and visibility, or None if the group does
        not exist."""
        ...

    async def groups_named(self, display_name: str) -> Sequence[Json]:
        """Returns the groups with exactly this name (Graph compares without case), with the
        properties of `group`."""
        ...

    async def members(self, group: str, *, enough: int | None = None) -> Members:
        """Returns all direct members, or only `enough` users and perhaps more. An entry that cannot
        be read hurts no other. If Graph hides the members of the group from Hasten, there is one
        such entry, which may be anybody."""
        ...

    async def transitive_user_count(self, group: str) -> int:
        """Returns the number of users who are members directly or through nested groups."""
        ...

    async def assignments(self, service_principal: str) -> Assignments:
        """Returns all assignments to the service principal, in any role. An entry that cannot be
        read hurts no other."""
        ...

    async def assigned_through(self, user: str, service_principal: str) -> Sequence[str] | None:
        """Returns the principal ids (groups, or the user itself) through which `user` is assigned,
        or None if the user does not exist."""
        ...

    async def user(self, user: str) -> User | None:
        """Returns the user, or None if it does not exist."""
        ...

    async def profile(self, user: str, properties: Sequence[str]) -> Profile | None:
        """Returns the account of a user, or None if it does not exist or is deleted."""
        ...

    async def member_profiles(self, group: str, properties: Sequence[str]) -> MemberProfiles | None:
        """Returns the accounts of all users who are direct members, or None if the group does not
        exist. An entry that cannot be read hurts no other. Graph may answer from an index that is
        not up to date."""
        ...

    async def is_restorable(self, user: str) -> bool:
        """Returns whether the user is soft-deleted: Entra ID can restore it for 30 days."""
        ...

    async def assigned_to(self, user: str) -> Mapping[str, Sequence[str]] | None:
        """Returns, by service principal, the principal ids (groups, or the user itself) through
        which `user` is assigned; None if the user does not exist."""
        ...

    # --- changes of users ---

    async def people_start(self, properties: Sequence[str]) -> str:
        """Returns a delta link that starts now, for all users of the tenant. Graph tracks the
        properties that are named here."""
        ...

    async def people_delta(self, link: str) -> PeopleDelta:
        """Reads the changes of users since `link`. Raises DeltaExpired."""
        ...

    # --- membership changes ---

    async def membership_start(self, *groups: str) -> str:
        """Returns a delta link that starts now, for these groups (at most MAX_GROUPS_PER_DELTA).
        Earlier changes do not appear."""
        ...

    async def membership_delta(self, link: str) -> MembershipDelta:
        """Reads the changes since `link`. Raises DeltaExpired, or DeltaCutShort after a page."""
        ...

    # --- groups, members and assignments: writes ---
    #
    # What they raise or return about the state before the write is certain. If a request was sent
    # twice, and the first may have taken effect, they raise TemporaryError instead.

    async def create_group(self, properties: Json) -> str:
        """Creates a group and returns its id. `properties` are those of a Graph group, except that
        `owners@odata.bind` contains object ids, which the adapter converts to addresses. Sends the
        request once: Graph may accept a second group of one name. Raises AlreadyExists."""
        ...

    async def add_members(self, group: str, members: Sequence[str]) -> None:
        """Adds all of 1 to MAX_LINKS_PER_PATCH users, or none. Raises AlreadyExists if one of them
        is a member already, Missing if Graph does not find the group or a user, and NotYet."""
        ...

    async def remove_member(self, group: str, member: str) -> bool:
        """Removes a member. Returns False if Graph finds no such member of such a group."""
        ...

    async def assign(self, service_principal: str, principal: str, role: str) -> None:
        """Creates an appRoleAssignment. Raises AlreadyExists, and NotYet if Graph does not find the
        service principal, the principal or the role."""
        ...

    async def unassign(self, service_principal: str, assignment: str) -> bool:
        """Deletes the appRoleAssignment of this id. Returns False if it does not exist any more."""
        ...

    # --- other requests of events ---

    async def revoke_sessions(self, user: str) -> None:
        """Ends the sign-in sessions of a user: refresh tokens and the cookies of Entra ID. Raises
        Missing."""
        ...

    async def resume_task(self, path: str, *, completed: bool) -> None:
        """Answers a task of Lifecycle Workflows by its callback path, below the version of Graph.
        Raises Missing if the task is gone."""
        ...

    # --- provisioning ---

    async def jobs(self, service_principal: str) -> Sequence[Json]:
        """Returns the provisioning jobs with id, schedule and status, as Graph shows them."""
        ...

    async def job(self, service_principal: str, job: str) -> Json | None:
        """Returns the provisioning job, or None if it does not exist."""
        ...

    async def rules(self, service_principal: str, job: str) -> Sequence[Json]:
        """Returns the synchronization rules of the job, with their object mappings."""
        ...

    async def scope_settings(self, service_principal: str) -> Mapping[str, str]:
        """Returns those of SCOPE_SETTINGS that Graph shows, by key; never a credential."""
        ...

    async def pause_job(self, service_principal: str, job: str) -> None:
        """Pauses the job, so that Entra's own cycle does not run. Hasten never starts a job."""
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
        """Makes one on-demand call and never retries it: about one user, or about a group and at
        most MAX_MEMBERS_PER_CALL of its users. `rule` is the id of the rule for users or groups.
        Returns every answer, also a refusal. Raises TemporaryError only if no answer came."""
        ...

    async def provisioning_log(
        self, job: str, since: datetime, subjects: Collection[str]
    ) -> ProvisioningLog:
        """Returns the entries of the job after `since` that are about one of the objects
        `subjects`, and every one that cannot be read, with one request per page of up to 999. Graph
        allows an app five such requests in ten seconds (Graph docs, throttling limits). An entry
        that cannot be read hurts no other."""
        ...

    # --- subscriptions ---

    async def subscriptions(self) -> ListedSubscriptions:
        """Returns all subscriptions of the app. Graph does not show their `clientState`. An entry
        that cannot be read hurts no other."""
        ...

    async def subscribe(
        self,
        *,
        resource: str,
        url: str,
        lifecycle_url: str,
        client_state: str,
        expires: datetime,
    ) -> Json:
        """Creates a subscription, at most MAX_SUBSCRIPTION_LIFETIME before it expires, and returns
        it. Raises AlreadyExists if the resource already has one."""
        ...

    async def renew(self, subscription: str, expires: datetime) -> Json | None:
        """Renews a subscription until `expires` and returns it, or None if it no longer exists."""
        ...

    async def unsubscribe(self, subscription: str) -> None:
        """Deletes a subscription. One that no longer exists is no error."""
        ...

    async def close(self) -> None: ...
