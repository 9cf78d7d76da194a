"""Describes what Hasten reads in Graph's bodies, by kind of object. Names and types follow
Microsoft's CSDL (v1.0). A property that Hasten selects by name is always in the answer, possibly as
null."""

import unicodedata
from collections.abc import Sequence
from typing import Any

from hasten.adapters.graph.answers import UnreadableError
from hasten.adapters.graph.shapes import (
    Parse,
    Shape,
    array,
    flag,
    instant,
    maybe,
    number,
    object_id,
    set_instant,
    string,
    text,
)
from hasten.domain.cycle import time
from hasten.json import Json
from hasten.object_ids import is_object_id
from hasten.ports.directory_values import Assignment, Member, Profile, UnreadMember, User

NO_OBJECT_ID = "the id of a member is no object id"
NO_PRINCIPAL_ID = "principalId is no object id"

ANY = Shape()

APP_ROLE = Shape(
    must={"id": text, "allowedMemberTypes": array(string)},
    may={"value": string, "displayName": string, "isEnabled": flag},
)
SERVICE_PRINCIPAL = Shape(
    must={"id": object_id, "appRoles": array(APP_ROLE)},
    may={"appId": string, "displayName": string},
)
FOUND_USER = Shape(must={"id": object_id})
USER = Shape(must={"id": object_id}, may={"accountEnabled": flag})
GROUP = Shape(
    must={
        "id": object_id,
        "displayName": maybe(string),
        "mailEnabled": maybe(flag),
        "securityEnabled": maybe(flag),
        "isAssignableToRole": maybe(flag),
        "groupTypes": array(string),
    },
    may={
        "mailNickname": string,
        "membershipRule": string,
        "onPremisesSyncEnabled": maybe(flag),
        "visibility": string,
    },
)

EXECUTION = ANY
"""Its times are only advice: `cycle.time` takes one that cannot be read for unknown."""

JOB = Shape(
    must={"id": text},
    may={
        "schedule": Shape(may={"interval": string}),
        "status": Shape(
            may={
                "code": string,
                "lastExecution": EXECUTION,
                "lastSuccessfulExecution": EXECUTION,
                "quarantine": Shape(may={"reason": string, "currentBegan": string}),
            }
        ),
    },
)
ATTRIBUTE = Shape(
    may={
        "targetAttributeName": string,
        "flowType": string,
        "source": Shape(may={"expression": string, "name": string}),
    }
)
RULE = Shape(
    must={"id": text},
    may={
        "sourceDirectoryName": string,
        "priority": number,
        "metadata": array(Shape(may={"key": string, "value": string})),
        "objectMappings": array(
            Shape(
                may={
                    "sourceObjectName": string,
                    "enabled": flag,
                    "flowTypes": string,
                    "attributeMappings": array(ATTRIBUTE),
                }
            )
        ),
    },
)
SYNCHRONIZATION_SCHEMA = Shape(must={"synchronizationRules": array(RULE)})
SECRET = Shape(must={"key": text}, may={"value": string})
LOG_ENTRY = Shape(
    must={"activityDateTime": set_instant},
    may={
        "jobId": string,
        "provisioningAction": string,
        "provisioningStatusInfo": Shape(
            may={"status": string, "errorInformation": Shape(may={"errorCode": string})}
        ),
        "provisioningSteps": array(Shape(may={"details": ANY})),
        "sourceIdentity": Shape(may={"id": string}),
        "modifiedProperties": array(ANY),
    },
)

SUBSCRIPTION = Shape(
    must={"id": text, "resource": text, "expirationDateTime": instant},
    may={"notificationUrl": string, "lifecycleNotificationUrl": string},
)
RENEWED = Shape(must={"id": text, "expirationDateTime": instant})
CREATED = Shape(must={"id": text})

ASSIGNMENT = Shape(must={"id": text, "principalId": text, "principalType": text, "appRoleId": text})
"""`createdDateTime` is only advice, as the times of EXECUTION are."""

PRINCIPAL_KINDS = {kind.casefold(): kind for kind in ("Group", "User", "ServicePrincipal")}
KINDS_OF_USERS = frozenset({"agentuser"})
"""Types that derive from `user` (msgraph-sdk 1.65, AgentUser)."""

ASSIGNED_TO = Shape(must={"principalId": object_id, "resourceId": object_id})
ASSIGNED = Shape(must={"principalId": object_id}, may={"resourceId": string})


def user(wanted: str, listed: object) -> User:
    body = USER.of(wanted)(listed)
    return User(enabled=body.get("accountEnabled"))


def group(wanted: str) -> Parse[Json]:
    """Returns a parser for the group with this id. A group without a name has an empty one."""
    of_wanted = GROUP.of(wanted)

    def read(shown: Any) -> Json:
        body = of_wanted(shown)
        return {**body, "displayName": body["displayName"] or ""}

    return read


def having(name: str, value: str, shape: Shape) -> Parse[Json]:
    """Returns a parser for objects that a filter found by `name`; it writes their ids in lower
    case. It refuses an object with another value than `value`: then the answer is not that of the
    filter, and other people or groups must not be taken for those that were named."""

    def read(listed: Any) -> Json:
        body = shape.read(listed)
        if _compared(body.get(name) or "") != _compared(value):
            raise UnreadableError(f"{name} is not the one that was asked for")
        return {**body, "id": body["id"].lower()}

    return read


def _compared(value: object) -> str:
    """Returns a text without case, accents and outer spaces. Graph does not document which of them
    its filter ignores."""
    plain = unicodedata.normalize("NFKD", str(value).casefold())
    return "".join(one for one in plain if not unicodedata.combining(one)).strip()


def profile(found: Json, properties: Sequence[str]) -> Profile:
    return Profile(found.get("accountEnabled"), {name: found.get(name) for name in properties})


def readable_assignment(listed: Any) -> Assignment | UnreadMember:
    """Reads an assignment, or says why that is not possible: such an entry hurts no other."""
    try:
        body = ASSIGNMENT.read(listed)
    except UnreadableError as error:
        return _unread(listed, error.problem, "principalId")
    if not is_object_id(body["principalId"]):
        return UnreadMember("", NO_PRINCIPAL_ID)
    return Assignment(
        id=body["id"],
        principal=body["principalId"].lower(),
        kind=_principal_kind(body["principalType"]),
        role=body["appRoleId"].lower(),
        created=time(body.get("createdDateTime")),
    )


def _principal_kind(said: str) -> str:
    return PRINCIPAL_KINDS.get(said.casefold(), said)


def member(listed: Any) -> Member:
    """Reads a member without a Shape, which would take three times as long: a page has a thousand
    members."""
    try:
        found = listed["id"].lower()
        of = listed.get("@odata.type")
        kind = "" if of is None else of.rpartition(".")[2].lower()
        kind = "user" if kind in KINDS_OF_USERS else kind
    except (KeyError, TypeError, AttributeError):
        raise UnreadableError("a member has no id, or a type that is not a text") from None
    if not found:
        raise UnreadableError("the id of a member is empty")
    return Member(found, kind, removed="@removed" in listed)


def readable_member(listed: Any) -> Member | UnreadMember:
    """Reads a member, or says why that is not possible: such a member hurts no other."""
    try:
        found = member(listed)
    except UnreadableError as error:
        return _unread(listed, error.problem)
    return found if is_object_id(found.id) else _unread(listed, NO_OBJECT_ID)


def readable_user(listed: Any) -> Json | UnreadMember:
    """Reads the account of a member, as `readable_member` does."""
    try:
        found = USER.read(listed)
    except UnreadableError as error:
        return _unread(listed, error.problem)
    return found if is_object_id(found["id"]) else _unread(listed, NO_OBJECT_ID)


def known_id(listed: Any, name: str = "id") -> str:
    """Returns the object id that an entry which cannot be read has under `name`; "" if none."""
    given = listed.get(name) if isinstance(listed, dict) else None
    return given.lower() if isinstance(given, str) and is_object_id(given) else ""


def _unread(listed: Any, problem: str, name: str = "id") -> UnreadMember:
    return UnreadMember(known_id(listed, name), problem)
