"""Events about the operation of Hasten: stops, settings, rows, the backlog and the history."""

from dataclasses import dataclass
from typing import Literal

from hasten.ports.telemetry import Count, Event, Id, Label, Seconds, Text


@dataclass(frozen=True, kw_only=True)
class StopDecided(Event):
    """An operator stopped Hasten or a target (`*` is all), or a sweep stopped a target that is
    another app than before: logged once a minute while the stop is in force. When the stop ends:
    logged once."""

    name = "stop"
    problems = frozenset({"in_force"})
    alerts = frozenset({"stopped"})
    repeats = frozenset({"in_force"})
    result: Literal["in_force", "lifted"]
    target: Label
    by: Id
    reason: Text
    since: Text


@dataclass(frozen=True, kw_only=True)
class EventDropped(Event):
    """An operator decided to drop an event that was scheduled, rejected or dead-lettered. Hasten
    logs this once, with the reason."""

    name = "drop"
    result: Literal["dropped"] = "dropped"
    target: Label
    what: Label
    event: Id
    message: Id
    people: Count
    by: Id
    reason: Text


@dataclass(frozen=True, kw_only=True)
class NotConfigured(Event):
    """A function could not run: a setting or targets.yaml is missing, wrong or unresolved."""

    name = "configuration"
    problems = frozenset({"refused"})
    alerts = frozenset({"not-configured"})
    repeats = frozenset({"refused"})
    result: Literal["refused"] = "refused"
    function: Label
    reason: Text
    next_action: Text


@dataclass(frozen=True, kw_only=True)
class OtherTargets(Event):
    """Once a minute: the app runs `targets` with other settings than the targets.yaml with which
    somebody ran `doctor` within the last 24 hours."""

    name = "configuration"
    problems = frozenset({"other_targets"})
    alerts = frozenset({"not-configured"})
    repeats = frozenset({"other_targets"})
    result: Literal["other_targets"] = "other_targets"
    targets: Text


@dataclass(frozen=True, kw_only=True)
class RowUnreadable(Event):
    """A row of the store cannot be read: something damaged it, or a newer version of Hasten wrote
    it. Hasten leaves the row where it is, holds what it is about, and goes on with all others. Once
    a minute while it is there; once as `replaced` when it has changed or is gone."""

    name = "row"
    problems = frozenset({"unreadable"})
    alerts = frozenset({"work-waits"})
    repeats = frozenset({"unreadable"})
    result: Literal["unreadable", "replaced"]
    collection: Label
    partition: Id
    key: Id
    reason: Text
    next_action: Text | None


@dataclass(frozen=True, kw_only=True)
class BacklogMeasured(Event):
    """The state of one target, measured once a minute. `open` counts held changes too; no age does,
    except of those that observe mode held before the target made calls. A leaver whose group is
    called twice ages from the second call on. `overdue` says for how long a change has been due
    while Hasten made no call: the target stands still. Ages and times left are absent if there is
    nothing to measure."""

    name = "backlog"
    alerts = frozenset({"stale-revocation", "subscription-expiring", "target-unhealthy"})
    repeats = frozenset({"measured"})
    result: Literal["measured"] = "measured"
    target: Label
    open: Count
    held: Count
    oldest_change: Seconds | None
    oldest_revocation: Seconds | None
    overdue: Seconds | None
    throttled_for: Seconds | None
    subscription_left: Seconds | None


@dataclass(frozen=True, kw_only=True)
class CycleOverdue(Event):
    """People whom Hasten left to Entra's own cycle have waited more than 70 minutes for it.
    `oldest` is the time since Hasten left the first of them to the cycle."""

    name = "cycle"
    problems = frozenset({"overdue"})
    alerts = frozenset({"target-unhealthy"})
    repeats = frozenset({"overdue"})
    result: Literal["overdue"] = "overdue"
    target: Label
    people: Count
    oldest: Seconds


@dataclass(frozen=True, kw_only=True)
class HistorySealed(Event):
    """The number and the digest of the last seal of the history, once a night. `hasten audit verify
    --expect NUMBER:DIGEST` compares them with the store."""

    name = "history"
    result: Literal["sealed"] = "sealed"
    number: Count
    digest: Text


@dataclass(frozen=True, kw_only=True)
class HistoryForgotten(Event):
    """Hasten deleted rows that ended 90 days ago, and intents of events 175 days old."""

    name = "history"
    result: Literal["forgotten"] = "forgotten"
    target: Label
    changes: Count
    intents: Count
    people: Count


@dataclass(frozen=True, kw_only=True)
class NoticePosted(Event):
    """Hasten posted a message about `entries` entries of the history. `recovered`: the destination
    was parked before."""

    name = "notice"
    result: Literal["posted", "recovered"]
    destination: Label
    entries: Count


@dataclass(frozen=True, kw_only=True)
class NoticeFailed(Event):
    """A destination did not accept a message. Hasten tries again. The next message contains
    everything since the last one, so nothing is lost."""

    name = "notice"
    result: Literal["failed"] = "failed"
    destination: Label
    tries: Count
    reason: Text


@dataclass(frozen=True, kw_only=True)
class NoticeParked(Event):
    """A destination has accepted no message for hours, or its address is wrong or does not exist.
    Hasten tries it once an hour and logs each failure."""

    name = "notice"
    problems = frozenset({"parked"})
    alerts = frozenset({"degraded"})
    repeats = frozenset({"parked"})
    result: Literal["parked"] = "parked"
    destination: Label
    tries: Count
    reason: Text
    next_action: Text
