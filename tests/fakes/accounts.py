"""Users' own accounts in memory: enabled, disabled, deleted, with properties and a delta."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hasten.ports.directory_errors import DeltaExpired
from hasten.ports.directory_values import MemberProfiles, PeopleDelta, Profile
from tests.fakes.tenant import FakeTenant

ENABLED, DELETED, RESTORED = "accountEnabled", "deleted", "restored"
"""Subjects of an entry of the history; the other subjects are names of properties."""


PROPERTY_OF = {"upn": "userPrincipalName", "mail": "mail", "employee_id": "employeeId"}
"""The property of Graph for each key by which a test names a user."""


@dataclass
class FakeAccounts(FakeTenant):
    properties: dict[str, dict[str, object]] = field(default_factory=dict)
    """The accounts, by user."""
    deleted: dict[str, list[str]] = field(default_factory=dict)
    """Softly deleted users, each with the principals through which they were assigned."""
    accounts: list[tuple[str, str]] = field(default_factory=list)
    """The history: the user and what changed."""
    hidden: set[str] = field(default_factory=set)
    """Changes that the delta does not report: ENABLED or RESTORED."""
    unread_people: bool = False
    """The delta of users has an entry that cannot be read."""
    expired_people_links: set[str] = field(default_factory=set)
    accounts_read: list[str] = field(default_factory=list)
    """The users who were read one by one."""

    # --- what a test arranges ---

    def disable(self, user: str) -> None:
        self.disabled.add(user)
        self.accounts.append((user, ENABLED))

    def enable(self, user: str) -> None:
        self.disabled.discard(user)
        self.accounts.append((user, ENABLED))

    def delete(self, user: str) -> None:
        self.deleted[user] = self.assigned.pop(user)
        self.accounts.append((user, DELETED))

    def restore(self, user: str) -> None:
        self.assigned[user] = self.deleted.pop(user)
        self.accounts.append((user, RESTORED))

    def purge(self, user: str) -> None:
        """Permanently deletes a user who is softly deleted."""
        del self.deleted[user]
        self.accounts.append((user, DELETED))

    def change(self, user: str, **values: object) -> None:
        self.properties.setdefault(user, {}).update(values)
        self.accounts += [(user, name) for name in values]

    # --- the port ---

    async def profile(self, user: str, properties: Sequence[str]) -> Profile | None:
        self.accounts_read.append(user)
        return self._profile(user, properties)

    async def member_profiles(self, group: str, properties: Sequence[str]) -> MemberProfiles | None:
        if await self.group(group) is None:
            return None
        listed = await self.members(group)
        found = {m.id: self._profile(m.id, properties) for m in listed.listed}
        people = {user: profile for user, profile in found.items() if profile is not None}
        return MemberProfiles(people, listed.unread)

    async def is_restorable(self, user: str) -> bool:
        return user in self.deleted

    async def assigned_to(self, user: str) -> Mapping[str, Sequence[str]] | None:
        if user not in self.assigned:
            return None
        known = {str(principal["id"]) for principal in self.principals}
        through = {one: await self.assigned_through(user, one) for one in sorted(known)}
        return {one: principals for one, principals in through.items() if principals}

    async def people_start(self, properties: Sequence[str]) -> str:
        return f"people|{len(self.accounts)}|{','.join(properties)}"

    async def people_delta(self, link: str) -> PeopleDelta:
        if link in self.expired_people_links or not link.startswith("people|"):
            raise DeltaExpired
        _, seen, properties = link.split("|")
        tracked = {ENABLED, DELETED, RESTORED, *properties.split(",")} - self.hidden
        news = {user for user, what in self.accounts[int(seen) :] if what in tracked}
        following = await self.people_start(properties.split(","))
        return PeopleDelta(frozenset(news), following, has_unread=self.unread_people)

    def _profile(self, user: str, properties: Sequence[str]) -> Profile | None:
        if user not in self.assigned:
            return None
        enabled = None if user in self.unsaid else user not in self.disabled
        keys = self.people.get(user, {})
        names = {PROPERTY_OF[key]: value or None for key, value in keys.items()}
        known = {**names, **self.properties.get(user, {})}
        return Profile(enabled, {name: known.get(name) for name in properties})
