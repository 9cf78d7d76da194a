"""Defines what Hasten sends in return: outcomes, alerts, and the properties of a parked event.
These models generate the schemas; tests compare them with what Hasten really sends."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from hasten.domain.digest import Weight


class Outgoing(BaseModel):
    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, use_attribute_docstrings=True
    )


class OutgoingCause(Outgoing):
    """The event that asked for the change, as CloudEvents identify it."""

    source: str
    id: str


class Detail(Outgoing):
    """One fault of an event."""

    field: str
    """Path such as data.users[0].upn."""

    problem: str
    fix: str


class Times(Outgoing):
    noticed: AwareDatetime | None = None
    """The time at which Hasten received the notification or event."""

    found: AwareDatetime | None = None
    """The time at which Hasten read the change in the directory."""

    called: AwareDatetime | None = None
    """The time at which Hasten last asked Entra to provision it."""

    ended: AwareDatetime | None = None
    expected: AwareDatetime | None = None
    """The time by which Entra's own cycle should have done what Hasten left to it."""


class OutcomeData(Outgoing):
    result: str
    """succeeded, in_sync, confirmed, done_by_cycle, left_to_cycle, failed, observed, superseded,
    rejected, stale."""

    target: str
    group: str
    """Object id, "direct", "person" for a change of the user's own account, or empty if no group is
    concerned."""

    user: str
    """Object id, or empty if no known user is concerned."""

    action: (
        Literal["added", "removed", "disabled", "deleted", "enabled", "restored", "updated"] | None
    ) = None
    reason: str
    next_action: str
    causes: list[OutgoingCause]
    """Empty if someone changed the directory by hand."""

    details: list[Detail] = Field(default_factory=list)
    found_by: str | None = None
    attempts: int | None = None
    times: Times


class AlertData(Outgoing):
    result: str
    """The name of the alert."""

    target: str
    group: str
    reason: str
    next_action: str
    times: Times


class _Envelope(BaseModel):
    """A CloudEvent that Hasten sends."""

    model_config = ConfigDict(extra="forbid")

    specversion: Literal["1.0"]
    id: str
    """The same whenever the same outcome is sent."""

    source: str
    subject: Annotated[str, Field(min_length=1)] | None = None
    time: AwareDatetime | None
    datacontenttype: Literal["application/json"]


class OutcomeEvent(_Envelope):
    """The outcome of a change, or of an event that produced no change."""

    type: Literal["hasten.outcome.v1"]
    data: OutcomeData


class AlertEvent(_Envelope):
    """A fact that an operator must know at once."""

    type: Literal["hasten.alert.v1"]
    data: AlertData


class NoticeLine(Outgoing):
    """One group of entries of the history that are alike."""

    weight: Weight
    text: str
    people: str
    """Object ids, with names only where `names` is set for the destination."""

    reason: str
    next_action: str
    link: str
    """The page about it, or empty where the pages are closed."""


class NoticeData(Outgoing):
    title: str
    period: str
    count: int
    """The number of entries that the message is about."""

    is_alert: bool
    link: str
    left_out: str
    """How many entries have no line, or empty."""

    lines: list[NoticeLine]


class NoticeEvent(BaseModel):
    """A message to people, as a destination with the medium webhook gets it."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    specversion: Literal["1.0"]
    id: str
    """The same when the same message is sent again."""

    source: str
    type: Literal["hasten.notice.v1"]
    datacontenttype: Literal["application/json"]
    data: NoticeData


class RejectedProperties(BaseModel):
    """Application properties of a parked event. Its body is the posted body."""

    model_config = ConfigDict(extra="allow", alias_generator=to_camel)

    reason: str
    fields: str
    """JSON list of {field, problem, fix}."""

    rejected_at: AwareDatetime
    original_message_id: str
    content_type: str
    original_bytes: str | None = None
    """Size of the posted body, if Hasten cut it to park it."""
