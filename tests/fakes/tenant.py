"""The people, groups and assignments of a tenant in memory, with the writes that Graph refuses."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hasten.errors import PermanentError
from hasten.json import Json
from hasten.limits import MAX_LINKS_PER_PATCH
from hasten.ports.directory_errors import AlreadyExists, Missing
from hasten.ports.directory_values import (
    HIDDEN_MEMBERSHIP,
    Assignment,
    Assignments,
    Member,
    Members,
    UnreadMember,
    User,
)
from tests.support.virtual_time import now

SERVICE_PRINCIPAL = "0000aaaa-0000-4000-8000-000000000001"
NO_ROLE = "00000000-0000-0000-0000-000000000000"


@dataclass
class FakeTenant:
    history: dict[str, list[Member]] = field(default_factory=dict)
    unlisted: dict[str, list[UnreadMember]] = field(default_factory=dict)
    """Entries of the lists of members that cannot be read, by group."""
    hidden_groups: set[str] = field(default_factory=set)
    """Groups with hidden membership: no read shows who is in them, nor what assigns them."""
    assigned: dict[str, list[str]] = field(default_factory=dict)
    """The principals through which each user is assigned. A user who is not in it does not
    exist."""
    disabled: set[str] = field(default_factory=set)
    unsaid: set[str] = field(default_factory=set)
    """Users for whom Graph does not show whether they are enabled."""
    people: dict[str, Json] = field(default_factory=dict)
    """Keys by which users can be found, in addition to their id."""
    groups: list[str] = field(default_factory=list)
    """Groups assigned to SERVICE_PRINCIPAL from the beginning; other assignments are in
    `granted`."""
    granted: dict[str, list[Assignment]] = field(default_factory=lambda: defaultdict(list))
    unread_assignments: set[str] = field(default_factory=set)
    """Principals whose entry in the list of assignments cannot be read."""
    hides_principals: bool = False
    """Those entries do not even show the principal."""
    group_objects: dict[str, Json] = field(default_factory=dict)
    refusals: dict[str, list[Exception]] = field(default_factory=lambda: defaultdict(list))
    """Errors that the next calls of a write raise before they change anything, by the name of the
    write."""
    writes: Counter[str] = field(default_factory=Counter)
    """Number of calls of each write."""
    sessions_ended: list[str] = field(default_factory=list)
    resumed: list[tuple[str, bool]] = field(default_factory=list)
    """The answered tasks of workflows: the path, and whether completed."""
    principals: list[Json] = field(
        default_factory=lambda: [{"id": SERVICE_PRINCIPAL, "displayName": "TOTAL", "appRoles": []}]
    )

    # --- what a test arranges ---

    def has_user(self, user: str, *, upn: str = "", mail: str = "", employee_id: str = "") -> None:
        self.assigned.setdefault(user, [])
        self.people[user] = {"upn": upn, "mail": mail, "employee_id": employee_id}

    def has_group(
        self,
        group: str,
        display_name: str,
        *,
        rule: str | None = None,
        role_assignable: bool = False,
        synced: bool = False,
    ) -> None:
        """Adds a group; with a membership rule, a dynamic group."""
        self.group_objects[group] = {
            "id": group,
            "displayName": display_name,
            "mailNickname": group,
            "mailEnabled": False,
            "securityEnabled": True,
            "isAssignableToRole": role_assignable,
            "groupTypes": [] if rule is None else ["DynamicMembership"],
            "membershipRule": rule,
            "onPremisesSyncEnabled": synced or None,
        }

    def join(self, group: str, *users: str) -> None:
        self.history.setdefault(group, []).extend(Member(u, "user", removed=False) for u in users)
        for user in users:
            self.assigned.setdefault(user, []).append(group)

    def leave(self, group: str, *users: str) -> None:
        self.history.setdefault(group, []).extend(Member(u, "user", removed=True) for u in users)
        for user in users:
            self.assigned[user].remove(group)

    def delete_group(self, group: str) -> None:
        """Deletes the group with its assignments; its members are no longer listed."""
        self.group_objects.pop(group, None)
        self.history.pop(group, None)
        if group in self.groups:
            self.groups.remove(group)

    def nest(self, group: str, *groups: str) -> None:
        self.history.setdefault(group, []).extend(Member(g, "group", removed=False) for g in groups)

    def grant(
        self,
        principal: str,
        *,
        kind: str,
        role: str = NO_ROLE,
        created: datetime | None = None,
        service_principal: str = SERVICE_PRINCIPAL,
    ) -> None:
        given = Assignment(
            id=f"{principal}.{role}", principal=principal, kind=kind, role=role, created=created
        )
        self.granted[service_principal].append(given)

    # --- the port: what is there ---

    async def service_principals(
        self, *, object_id: str = "", app_id: str = "", display_name: str = ""
    ) -> Sequence[Json]:
        return [
            principal
            for principal in self.principals
            if principal["id"] == object_id
            or principal["displayName"] == display_name
            or (app_id and principal.get("appId") == app_id)
        ]

    async def users(
        self, *, object_id: str = "", upn: str = "", mail: str = "", employee_id: str = ""
    ) -> Sequence[Json]:
        wanted = {"upn": upn, "mail": mail, "employee_id": employee_id}
        return [
            {"id": user, "accountEnabled": user not in self.disabled}
            for user in self.assigned
            if user == object_id
            or any(
                value and self.people.get(user, {}).get(name, "").casefold() == value.casefold()
                for name, value in wanted.items()
            )
        ]

    async def user(self, user: str) -> User | None:
        if user not in self.assigned:
            return None
        return User(enabled=None if user in self.unsaid else user not in self.disabled)

    async def group(self, group: str) -> Json | None:
        if group not in self.group_objects and (group in self.groups or group in self.history):
            self.has_group(group, group)
        shown = self.group_objects.get(group)
        if shown is not None and group in self.hidden_groups:
            return {**shown, "visibility": HIDDEN_MEMBERSHIP}
        return shown

    async def groups_named(self, display_name: str) -> Sequence[Json]:
        named = display_name.casefold()
        return [g for g in self.group_objects.values() if g["displayName"].casefold() == named]

    async def members(self, group: str, *, enough: int | None = None) -> Members:
        if group in self.hidden_groups:
            return Members([], [UnreadMember("", "the membership is hidden")])
        there = self.members_now(group)
        ids = {"", *(member.id for member in there)}
        hidden = [one for one in self.unlisted.get(group, ()) if one.id in ids]
        unseen = {one.id for one in hidden}
        return Members([member for member in there if member.id not in unseen], hidden)

    def members_now(self, group: str) -> Sequence[Member]:
        latest = {member.id: member for member in self.history.get(group, ())}
        return [member for member in latest.values() if not member.removed]

    async def transitive_user_count(self, group: str) -> int:
        seen: set[str] = set()
        waiting = [group]
        while waiting:
            for member in self.members_now(waiting.pop()):
                if member.id not in seen and member.kind == "group":
                    waiting.append(member.id)
                seen.add(member.id)
        return len(seen & self.assigned.keys())

    async def assignments(self, service_principal: str) -> Assignments:
        there = self.assignments_now(service_principal)
        hidden = {one.principal for one in there} & self.unread_assignments
        return Assignments(
            [one for one in there if one.principal not in hidden],
            [UnreadMember("" if self.hides_principals else p, "no role") for p in sorted(hidden)],
        )

    def assignments_now(self, service_principal: str) -> Sequence[Assignment]:
        always = self.groups if service_principal == SERVICE_PRINCIPAL else []
        return [
            *(
                Assignment(
                    id=f"{g}.{NO_ROLE}", principal=g, kind="Group", role=NO_ROLE, created=None
                )
                for g in always
            ),
            *self.granted[service_principal],
        ]

    async def assigned_through(self, user: str, service_principal: str) -> Sequence[str] | None:
        if user not in self.assigned:
            return None
        granted = {a.principal for a in self.assignments_now(service_principal)}
        granted -= self.hidden_groups
        return [p for p in dict.fromkeys([*self.assigned[user], user]) if p in granted]

    # --- the port: writes ---

    async def create_group(self, properties: Json) -> str:
        self._written("create_group")
        group = f"0000bbbb-0000-4000-9000-{len(self.group_objects) + 1:012}"
        rule = properties.get("membershipRule")
        role_assignable = properties.get("isAssignableToRole", False)
        self.has_group(group, properties["displayName"], rule=rule, role_assignable=role_assignable)
        self.group_objects[group] = {**self.group_objects[group], **properties}
        return group

    async def add_members(self, group: str, members: Sequence[str]) -> None:
        """Adds all members or none."""
        self._written("add_members")
        assert 0 < len(members) <= MAX_LINKS_PER_PATCH
        found = await self.group(group)
        if found is None:
            raise Missing(group)
        if found["groupTypes"] or found["isAssignableToRole"] or found["onPremisesSyncEnabled"]:
            raise PermanentError("Graph answered 403", "add members to other groups only")
        unknown = [m for m in members if m not in self.assigned and m not in self.group_objects]
        if unknown:
            raise Missing(unknown[0])
        there = (await self.members(group)).ids | {m.id for m in self.members_now(group)}
        if there.intersection(members):
            raise AlreadyExists(group)
        self.nest(group, *(m for m in members if m in self.group_objects))
        self.join(group, *(m for m in members if m in self.assigned))

    async def remove_member(self, group: str, member: str) -> bool:
        self._written("remove_member")
        for there in self.members_now(group):
            if there.id == member:
                self.history[group].append(Member(member, there.kind, removed=True))
                self.assigned[member] = [g for g in self.assigned.get(member, ()) if g != group]
                return True
        return False

    async def assign(self, service_principal: str, principal: str, role: str) -> None:
        self._written("assign")
        given = self.assignments_now(service_principal)
        if any((a.principal, a.role) == (principal, role) for a in given):
            raise AlreadyExists(principal)
        self.grant(
            principal,
            kind="User" if principal in self.assigned else "Group",
            role=role,
            created=now(),
            service_principal=service_principal,
        )

    async def unassign(self, service_principal: str, assignment: str) -> bool:
        self._written("unassign")
        given = self.assignments_now(service_principal)
        for gone in (a for a in given if a.id == assignment):
            if gone in self.granted[service_principal]:
                self.granted[service_principal].remove(gone)
            else:
                self.groups.remove(gone.principal)
            return True
        return False

    def _written(self, name: str) -> None:
        self.writes[name] += 1
        if self.refusals[name]:
            raise self.refusals[name].pop(0)

    async def revoke_sessions(self, user: str) -> None:
        self._written("revoke_sessions")
        if user not in self.assigned:
            raise Missing(user)
        self.sessions_ended.append(user)

    async def resume_task(self, path: str, *, completed: bool) -> None:
        self._written("resume_task")
        self.resumed.append((path, completed))
