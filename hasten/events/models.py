"""Defines the data of each event. The JSON Schemas in docs/schemas are generated from these
models."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic.alias_generators import to_camel

from hasten.events.fault_codes import FaultCode
from hasten.events.times import Time
from hasten.events.validation import keys_of, plain, validation_error
from hasten.limits import MAX_LINKS_PER_PATCH
from hasten.policy import Name

ONE_KEY = {"minProperties": 1, "maxProperties": 1}

Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=256),
    AfterValidator(plain),
]
GroupName = Annotated[Name, AfterValidator(plain)]


def _schema(schema: dict[str, Any]) -> None:
    """Removes null from optional keys: a sender without a value leaves the key out."""
    for shown in schema.get("properties", {}).values():
        options = [o for o in shown.get("anyOf", ()) if o != {"type": "null"}]
        if len(options) == 1:
            shown.pop("anyOf")
            shown.pop("default", None)
            shown.update(options[0])
        shown.pop("title", None)


class Strict(BaseModel):
    """Refuses unknown keys and null, so that a misspelt key does not silently become a default."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        alias_generator=to_camel,
        use_attribute_docstrings=True,
        json_schema_extra=_schema,
    )

    @model_validator(mode="after")
    def _without_null(self) -> Self:
        for key in sorted(self.model_fields_set):
            if getattr(self, key) is None:
                raise validation_error(
                    FaultCode.WRONG_TYPE, "it is null", "leave the key out", key=key
                )
        return self


class OneKey(Strict):
    """A reference by exactly one of its keys."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise validation_error(FaultCode.ONE_KEY, ", ".join(keys_of(type(self))))
        return self

    @property
    def key(self) -> str:
        """Returns the key that is given, as the JSON spells it."""
        return next(str(type(self).model_fields[name].alias) for name in self.model_fields_set)


CALLBACK_PATTERN = re.compile(
    "/identityGovernance/lifecycleWorkflows/workflows/{0}/tasks/{0}/taskProcessingResults/{0}/resume".format(
        "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    ),
    re.IGNORECASE,
)
"""Hasten posts to no other path: an event could otherwise direct Hasten's token."""


def callback(path: str) -> str:
    """Returns the path. Raises a validation error for any path but that of a callback."""
    if not CALLBACK_PATTERN.fullmatch(path):
        raise validation_error(FaultCode.NOT_A_CALLBACK)
    return path


def _one_key(schema: dict[str, Any]) -> None:
    _schema(schema)
    schema.update(ONE_KEY)


class UserRef(OneKey):
    """A user by exactly one key."""

    model_config = ConfigDict(json_schema_extra=_one_key)

    id: UUID | None = None
    """Object id in Entra ID."""

    upn: Text | None = None
    """User principal name."""

    mail: Text | None = None
    employee_id: Text | None = None


class GroupRef(OneKey):
    """A group by exactly one key."""

    model_config = ConfigDict(json_schema_extra=_one_key)

    id: UUID | None = None
    """Object id in Entra ID."""

    name: GroupName | None = None
    """Exact display name; case does not matter."""


TargetName = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(plain)]
UserRefs = Annotated[list[UserRef], Field(min_length=1)]


class Onboard(Strict):
    """Make the users members of the group and assign the group to the target. Without a group,
    assign the users themselves (the target must allow that)."""

    type: ClassVar = "hasten.user.onboard.v1"

    target: TargetName
    """Name of the target in targets.yaml."""

    users: UserRefs
    group: GroupRef | None = None
    role: Text | None = None
    """App role by value or display name; needed only if the app declares several."""

    start_at: Time | None = None
    """Hasten does nothing before this time; at most 85 days after the event's time."""

    end_at: Time | None = None
    """Hasten offboards the users from the same group at this time; at most 2 years ahead."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.start_at and self.end_at and self.end_at <= self.start_at:
            raise validation_error(FaultCode.END_BEFORE_START, key="end_at")
        return self


class Offboard(Strict):
    """Remove the users from the groups. Without groups, remove them from every group that assigns
    them to the target, and delete their own assignment."""

    type: ClassVar = "hasten.user.offboard.v1"

    target: TargetName
    """Name of the target in targets.yaml."""

    users: UserRefs
    groups: Annotated[list[GroupRef], Field(min_length=1, max_length=100)] | None = None
    end_at: Time | None = None
    """Hasten does nothing before this time; at most 2 years ahead."""

    revoke_sessions: bool | None = None
    """Also end the users' sign-in sessions in Entra ID; the target must allow that."""

    resume: Annotated[str, AfterValidator(callback)] | None = None
    """callbackUriPath of a custom task extension of Lifecycle Workflows: Hasten has the workflow go
    on when the revocation has ended on evidence, or fail. For one user."""

    @model_validator(mode="after")
    def _resumes_for_one(self) -> Self:
        if self.resume is not None and len(self.users) != 1:
            raise validation_error(FaultCode.RESUME_OF_ONE, key="users")
        return self


class EnsureGroup(Strict):
    """Create the security group if it is missing, assign it to the target, and add the members."""

    type: ClassVar = "hasten.group.ensure.v1"

    target: TargetName
    """Name of the target in targets.yaml."""

    group: GroupRef
    description: Annotated[str, Field(max_length=1024)] | None = None
    owners: Annotated[list[UserRef], Field(max_length=MAX_LINKS_PER_PATCH)] | None = None
    rule: Annotated[str, Field(min_length=1, max_length=3072)] | None = None
    """A membership rule makes a new group Dynamic."""

    role: Text | None = None
    """App role by value or display name; needed only if the app declares several."""

    members: UserRefs | None = None

    @model_validator(mode="after")
    def _assigned_or_dynamic(self) -> Self:
        if self.rule and self.members:
            raise validation_error(FaultCode.RULE_AND_MEMBERS, key="members")
        return self


class Provision(Strict):
    """Provision the users as the directory shows them, without changes in Entra ID. Without a
    group, provision them through every group that assigns them to the target."""

    type: ClassVar = "hasten.provision.v1"

    target: TargetName
    """Name of the target in targets.yaml."""

    users: UserRefs
    group: GroupRef | None = None


Data = Onboard | Offboard | EnsureGroup | Provision

EVENT_TYPES: dict[str, type[Data]] = {
    model.type: model for model in (Onboard, Offboard, EnsureGroup, Provision)
}

MAX_TIME_TO_START = timedelta(days=85)

MAX_TIME_TO_END = timedelta(days=731)
MAX_CLOCK_AHEAD = timedelta(minutes=5)
"""Maximum difference between the clocks of two systems. An event dated further ahead would override
everything that happens until then."""


def people(data: Data) -> list[UserRef]:
    """Returns the users that the event names, without the owners of a group."""
    return list((data.members or ()) if isinstance(data, EnsureGroup) else data.users)


def starts_at(data: Data) -> datetime | None:
    """Returns the time before which Hasten must do nothing, or None."""
    match data:
        case Onboard():
            return data.start_at
        case Offboard():
            return data.end_at
    return None
