"""Defines the objects of the directory, with their properties as the JSON that Graph shows."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

USER_DEFAULTS: Json = {
    "businessPhones": [],
    "displayName": None,
    "givenName": None,
    "jobTitle": None,
    "mail": None,
    "mobilePhone": None,
    "officeLocation": None,
    "preferredLanguage": None,
    "surname": None,
    "userPrincipalName": None,
}
GROUP_DEFAULTS: Json = {
    "description": None,
    "displayName": None,
    "groupTypes": [],
    "isAssignableToRole": None,
    "mailEnabled": False,
    "mailNickname": None,
    "membershipRule": None,
    "membershipRuleProcessingState": None,
    "onPremisesSyncEnabled": None,
    "securityEnabled": True,
    "visibility": None,
}
SHOWN_BY_DEFAULT = {"user": tuple(USER_DEFAULTS)}
"""Graph shows the other properties of a user only if they are selected."""

ROLE_ASSIGNABLE = "isAssignableToRole"


@dataclass(slots=True)
class Entity:
    """A user, group or service principal. Times are epoch seconds of the emulated clock."""

    id: str
    kind: str
    properties: Json
    created_at: float
    deleted_at: float | None = None
    members: dict[str, None] = field(default_factory=dict)
    """Ids of direct members in order of arrival; only groups have any."""
    owners: dict[str, None] = field(default_factory=dict)
    _texts: dict[tuple[object, ...], str] = field(default_factory=dict)

    @property
    def type_name(self) -> str:
        return f"#microsoft.graph.{self.kind}"

    @property
    def name(self) -> str:
        return str(self.properties.get("displayName") or "")

    @property
    def is_enabled(self) -> bool:
        return self.deleted_at is None and self.properties.get("accountEnabled") is not False

    @property
    def is_dynamic(self) -> bool:
        return "DynamicMembership" in (self.properties.get("groupTypes") or ())

    def update(self, properties: Json) -> None:
        self.properties.update(properties)
        self._texts.clear()

    def shown(self, select: Sequence[str] = ()) -> Json:
        """Returns the selected properties, or those that Graph shows by default."""
        names = select or SHOWN_BY_DEFAULT.get(self.kind) or self.properties
        return {name: self.properties.get(name) for name in names} | {"id": self.id}

    def text(self, select: Sequence[str] = (), *, typed: bool = False) -> str:
        """Returns `shown` as JSON, built once, because a page has up to 999 objects. `typed` adds
        the object's type."""
        key = (typed, *select)
        if key not in self._texts:
            type_name = {"@odata.type": self.type_name} if typed else {}
            self._texts[key] = json.dumps({**type_name, **self.shown(select)})
        return self._texts[key]


@dataclass(slots=True)
class Assignment:
    """One appRoleAssignment: a principal may use a role of a resource (service principal)."""

    id: str
    principal: Entity
    resource: Entity
    app_role: str
    created_at: float
    created: str
    removed_at: float | None = None

    def shown(self) -> Json:
        return {
            "id": self.id,
            "deletedDateTime": None,
            "appRoleId": self.app_role,
            "createdDateTime": self.created,
            "principalDisplayName": self.principal.name,
            "principalId": self.principal.id,
            "principalType": _PRINCIPAL_TYPES[self.principal.kind],
            "resourceDisplayName": self.resource.name,
            "resourceId": self.resource.id,
        }


_PRINCIPAL_TYPES = {"user": "User", "group": "Group", "servicePrincipal": "ServicePrincipal"}


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the directory's history. Without `member` it is about the object itself."""

    at: float
    wall: float
    subject: Entity
    member: Entity | None
    removed: bool
    gone: bool = False
    """True if the object was deleted permanently, and not only softly."""

    before: Json | None = None
    """The old values of the changed properties."""

    restored: bool = False
