"""Defines what callers send to the API, besides events."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from hasten.domain.changes import DIRECT, OWN_ACCOUNT, State
from hasten.events.validation import plain
from hasten.object_ids import is_object_id

MAX_PAGE_ENTRIES = 200
MAX_CHOSEN = 1000

Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=256),
    AfterValidator(plain),
]
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=3, max_length=500),
    AfterValidator(plain),
]


def _group(text: str) -> str:
    if text in {DIRECT, OWN_ACCOUNT} or is_object_id(text):
        return text.lower()
    raise ValueError(f"it is no object id, nor `{DIRECT}` or `{OWN_ACCOUNT}`")


def _object_id(text: str) -> str:
    if not is_object_id(text):
        raise ValueError("it is no object id")
    return text


def _without_default(schema: dict[str, Any]) -> None:
    """Leaves out a default that the caller cannot give."""
    del schema["default"]


ObjectId = Annotated[UUID, BeforeValidator(_object_id)]
GroupId = Annotated[str, StringConstraints(max_length=64), AfterValidator(_group)]
Limit = Annotated[int, Field(ge=1, le=MAX_PAGE_ENTRIES)]


class Model(BaseModel):
    """Refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Decision(Model):
    reason: Reason
    """The reason for the decision. The history shows it with the caller's object id."""


class HeldDecision(Decision):
    """Names what is meant: `groups`, `users`, both, or `all`."""

    target: Text
    """Name of the target in targets.yaml."""

    groups: Annotated[list[Text], Field(max_length=MAX_CHOSEN)] = []
    """Object ids, display names, `direct` or `person`."""

    users: Annotated[list[Text], Field(max_length=MAX_CHOSEN)] = []
    """Object ids, UPNs, mails or employeeIds."""

    all: bool = False
    """Everything that is held of the target."""

    @model_validator(mode="after")
    def _chosen(self) -> Self:
        if self.all == bool(self.groups or self.users):
            raise ValueError("name groups or users, or set all to true, and not both")
        return self


class ProvisionRequest(Decision):
    target: Text
    """Name of the target in targets.yaml."""

    wait: Annotated[int, Field(ge=0, le=60)] = 60
    """Seconds to wait for Entra's verdict."""


class StopDecision(Decision):
    target: Annotated[Text, Field(json_schema_extra=_without_default)] = ""
    """Name of the target in targets.yaml; without it all targets. It may not be null: a caller
    whose variable is not set means none of them."""


class OfTarget(Model):
    target: Text | None = None
    """Name of the target in targets.yaml; without it all targets."""


class HeldQuery(OfTarget):
    user: ObjectId | None = None
    """Object id."""

    group: GroupId | None = None
    """Object id, `direct` or `person`."""

    limit: Limit = 100
    before: Text | None = None
    """`next` of the page before."""


class ScheduledQuery(OfTarget):
    user: Text | None = None
    """Object id, UPN, mail or employeeId."""

    limit: Limit = 100
    before: Text | None = None
    """`next` of the page before."""


class ChangesQuery(OfTarget):
    state: list[State] = []
    """Repeat the parameter for several states."""

    user: ObjectId | None = None
    """Object id."""

    group: GroupId | None = None
    """Object id, `direct` or `person`."""

    limit: Limit = 50
    before: Text | None = None
    """`before` of the page before."""


class Accepted(Model):
    """An event that Hasten has put on its queue. `message` is what logs and the audit name."""

    id: str
    source: str
    message: str


class Events(Model):
    accepted: list[Accepted]


class Moved(Model):
    """`moved` counts the changes that were still held and are no longer; `proposed` those that wait
    for a second operator; `problem` says why Hasten stopped before it had decided about all."""

    target: str
    chosen: int
    moved: int
    proposed: int = 0
    problem: str | None = None
    fix: str | None = None


class StopInForce(Model):
    """The decision that now holds; `target` is `*` for all targets."""

    target: str
    is_stop: bool
    by: str
    reason: str
    at: datetime


class Started(StopInForce):
    """The start. `still_stopped` has the stops that are in force for the same target nevertheless:
    that of all targets, or, if all were started, those of single targets."""

    still_stopped: list[StopInForce]


class Cancelled(Model):
    """`cancelled` counts the entries that will have no effect. `due` counts those that were due and
    are removed: Hasten may have begun to carry them out. `gone` counts those that were posted,
    cancelled or brought forward before: what was posted or brought forward is carried out."""

    cancelled: int
    due: int
    gone: int


class Fault(Model):
    field: str
    problem: str
    fix: str


class ProblemDetails(BaseModel):
    """A problem as RFC 9457 defines it. `fix` says what to do."""

    title: str
    status: int
    detail: str
    fix: str
    faults: list[Fault] = []
