"""Emulates the tenant's directory. Every change follows Graph's rules and is recorded in the
history, from which delta queries and change notifications are made."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from random import Random

from emulator.graph.dynamic import Rule, rule_of
from emulator.graph.errors import bad_request, forbidden, not_found
from emulator.graph.objects import (
    GROUP_DEFAULTS,
    ROLE_ASSIGNABLE,
    USER_DEFAULTS,
    Change,
    Entity,
    Json,
)
from emulator.graph.permissions import INSUFFICIENT_PRIVILEGES

MAX_LINKS = 20
"""Maximum number of members and owners in one request (Graph, group: create and update)."""

ALREADY_MEMBER = (
    "One or more added object references already exist for the following modified properties: "
    "'members'."
)
NO_MEMBERS_BY_HAND = "Cannot change the members of a group with dynamic membership."
RULE_PROPERTIES = frozenset({"groupTypes", "membershipRule", "membershipRuleProcessingState"})


class Directory:
    """The directory. `now` returns epoch seconds of the emulated clock, `wall` those of real time.
    The ids of new objects derive from `seed`."""

    def __init__(self, now: Callable[[], float], wall: Callable[[], float], seed: int = 1) -> None:
        self.now = now
        self.wall = wall
        self.random = Random(seed)
        self.users: dict[str, Entity] = {}
        self.groups: dict[str, Entity] = {}
        self.service_principals: dict[str, Entity] = {}
        self.history: list[Change] = []
        self.listeners: list[Callable[[Change], None]] = []
        self._groups_of: defaultdict[str, set[str]] = defaultdict(set)
        self._names: dict[str, str] = {}
        self._rules: dict[str, Rule] = {}
        """Rules of the dynamic groups, by group id."""

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def find(self, object_id: str) -> Entity | None:
        """Returns any object that is not deleted."""
        for collection in (self.users, self.groups, self.service_principals):
            entity = collection.get(object_id.lower())
            if entity is not None and entity.deleted_at is None:
                return entity
        return None

    def user(self, key: str) -> Entity | None:
        """Returns the user with this object id or userPrincipalName."""
        user = self.users.get(key.lower()) or self.users.get(self._names.get(key.casefold(), ""))
        return user if user is not None and user.deleted_at is None else None

    def groups_of(self, object_id: str) -> frozenset[str]:
        """Returns the groups that have the object as a direct member."""
        return frozenset(self._groups_of.get(object_id, ()))

    def create_user(self, properties: Json, object_id: str = "") -> Entity:
        name = properties.get("userPrincipalName")
        if not name or not properties.get("displayName"):
            raise bad_request("A value is required for property 'userPrincipalName' of User.")
        self._refuse_namesake(str(name), "")
        shown = {k: v for k, v in properties.items() if k != "passwordProfile"}
        user = self._create("user", {**USER_DEFAULTS, "accountEnabled": True, **shown}, object_id)
        self.users[user.id] = user
        self._names[str(name).casefold()] = user.id
        self._record(user)
        self._follow_rules(user)
        return user

    def create_group(
        self,
        properties: Json,
        members: Sequence[str] = (),
        object_id: str = "",
        owners: Sequence[str] = (),
    ) -> Entity:
        if not properties.get("displayName") or not properties.get("mailNickname"):
            raise bad_request("A value is required for property 'mailNickname' of Group.")
        group = self._create("group", {**GROUP_DEFAULTS, **properties}, object_id)
        rule = rule_of(group.properties)
        if group.is_dynamic and members:
            raise forbidden(NO_MEMBERS_BY_HAND)
        group.owners.update(dict.fromkeys(owner.id for owner in self._found(owners)))
        joining = self._joining(group, members)
        self.groups[group.id] = group
        self._record(group)
        self._join(group, joining)
        self._keep_by(rule, group)
        return group

    def create_service_principal(self, properties: Json, object_id: str = "") -> Entity:
        shown = {"appRoles": [], **properties}
        principal = self._create("servicePrincipal", shown, object_id)
        self.service_principals[principal.id] = principal
        return principal

    def update(self, entity: Entity, properties: Json) -> None:
        name = properties.get("userPrincipalName")
        if entity.kind == "user" and name:
            self._refuse_namesake(str(name), entity.id)
            self._names.pop(str(entity.properties["userPrincipalName"]).casefold(), None)
            self._names[str(name).casefold()] = entity.id
        changes_rule = entity.kind == "group" and not RULE_PROPERTIES.isdisjoint(properties)
        rule = rule_of({**entity.properties, **properties}) if changes_rule else None
        before = {name: entity.properties.get(name) for name in properties}
        entity.update(properties)
        self._record(entity, before=before)
        if changes_rule:
            self._keep_by(rule, entity)
        if entity.kind == "user":
            self._follow_rules(entity)

    def delete(self, entity: Entity) -> None:
        """Deletes softly: a user keeps the memberships until the deletion is permanent."""
        entity.deleted_at = self.now()
        self._record(entity, removed=True)

    def restore(self, object_id: str) -> Entity:
        entity = self.deleted(object_id)
        entity.deleted_at = None
        self._record(entity, restored=True)
        if entity.kind == "user":
            self._follow_rules(entity)
        return entity

    def purge(self, object_id: str) -> None:
        """Permanently deletes an object that is already softly deleted."""
        entity = self.deleted(object_id)
        for group_id in self.groups_of(entity.id):
            self._leave(self.groups[group_id], entity)
        for member_id in entity.members:
            self._groups_of[member_id].discard(entity.id)
        (self.users if entity.kind == "user" else self.groups).pop(entity.id)
        self._rules.pop(entity.id, None)
        self._names.pop(str(entity.properties.get("userPrincipalName", "")).casefold(), None)
        self._record(entity, removed=True, gone=True)

    def add_members(self, group: Entity, member_ids: Sequence[str]) -> None:
        """Adds all members or none."""
        self._refuse_by_hand(group)
        if len(member_ids) > MAX_LINKS:
            raise bad_request("A resource cannot contain more than 20 link changes")
        self._join(group, self._joining(group, member_ids))

    def remove_member(self, group: Entity, member_id: str) -> None:
        self._refuse_by_hand(group)
        if member_id not in group.members:
            raise not_found(member_id)
        member = self.find(member_id) or self.deleted(member_id)
        self._leave(group, member)

    def _refuse_by_hand(self, group: Entity) -> None:
        if group.is_dynamic:
            raise forbidden(NO_MEMBERS_BY_HAND)
        if group.properties.get(ROLE_ASSIGNABLE):
            raise forbidden(INSUFFICIENT_PRIVILEGES)

    def _refuse_namesake(self, name: str, user_id: str) -> None:
        if self._names.get(name.casefold(), user_id) != user_id:
            raise bad_request(
                "Another object with the same value for property userPrincipalName already exists."
            )

    def _create(self, kind: str, properties: Json, object_id: str) -> Entity:
        return Entity(object_id or self.new_id(), kind, properties, self.now())

    def deleted(self, object_id: str) -> Entity:
        """Returns a softly deleted object. Raises GraphError 404."""
        entity = self.users.get(object_id) or self.groups.get(object_id)
        if entity is None or entity.deleted_at is None:
            raise not_found(object_id)
        return entity

    def _found(self, object_ids: Sequence[str]) -> Iterator[Entity]:
        for object_id in object_ids:
            entity = self.find(object_id)
            if entity is None:
                raise not_found(object_id)
            yield entity

    def _joining(self, group: Entity, member_ids: Sequence[str]) -> list[Entity]:
        joining: dict[str, Entity] = {}
        for member in self._found(member_ids):
            if member.id in group.members or member.id in joining:
                raise bad_request(ALREADY_MEMBER)
            joining[member.id] = member
        return list(joining.values())

    def _keep_by(self, rule: Rule | None, group: Entity) -> None:
        """Applies a rule from now on, and moves members that do not match it at once."""
        if rule is None:
            self._rules.pop(group.id, None)
            return
        self._rules[group.id] = rule
        for user in self.users.values():
            self._follow_rule(group, rule, user)

    def _follow_rules(self, user: Entity) -> None:
        for group_id, rule in self._rules.items():
            self._follow_rule(self.groups[group_id], rule, user)

    def _follow_rule(self, group: Entity, rule: Rule, user: Entity) -> None:
        if user.deleted_at is not None:
            return
        fits, is_in = rule.fits(user), user.id in group.members
        if fits and not is_in:
            self._join(group, [user])
        elif is_in and not fits:
            self._leave(group, user)

    def _join(self, group: Entity, members: Sequence[Entity]) -> None:
        for member in members:
            group.members[member.id] = None
            self._groups_of[member.id].add(group.id)
            self._record(group, member)

    def _leave(self, group: Entity, member: Entity) -> None:
        del group.members[member.id]
        self._groups_of[member.id].discard(group.id)
        self._record(group, member, removed=True)

    def _record(
        self,
        subject: Entity,
        member: Entity | None = None,
        *,
        removed: bool = False,
        gone: bool = False,
        before: Json | None = None,
        restored: bool = False,
    ) -> None:
        change = Change(
            self.now(), self.wall(), subject, member, removed, gone, before, restored=restored
        )
        self.history.append(change)
        for listener in self.listeners:
            listener(change)
