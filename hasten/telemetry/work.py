"""Events about the work of Hasten itself: messages, triggers and timers."""

from dataclasses import dataclass
from typing import Literal

from hasten.ports.telemetry import Count, Event, Label, Seconds, Text


@dataclass(frozen=True, kw_only=True)
class MessagePostponed(Event):
    """Hasten sends the message again later, or leaves the work to the next timer."""

    name = "message"
    result: Literal["postponed", "left_to_timer"]
    queue: Label
    tries: Count
    reason: Text


@dataclass(frozen=True, kw_only=True)
class MessageGivenUp(Event):
    """Hasten cannot do the work of a message until an operator acts."""

    name = "message"
    problems = frozenset({"given_up"})
    alerts = frozenset({"work-waits"})
    repeats = frozenset({"given_up"})
    result: Literal["given_up"] = "given_up"
    queue: Label
    reason: Text
    next_action: Text


@dataclass(frozen=True, kw_only=True)
class MessageCrashed(Event):
    """The work on a message ended with an unexpected exception: a defect of Hasten. The message
    comes again after a growing pause; after ten tries Service Bus dead-letters it."""

    name = "message"
    problems = frozenset({"crashed"})
    alerts = frozenset({"unexpected-error"})
    repeats = frozenset({"crashed"})
    result: Literal["crashed"] = "crashed"
    queue: Label
    tries: Count
    reason: Text
    trace: Text


@dataclass(frozen=True, kw_only=True)
class TimerPostponed(Event):
    """A timer met a temporary error; its next run tries again."""

    name = "timer"
    result: Literal["postponed"] = "postponed"
    timer: Label
    reason: Text


@dataclass(frozen=True, kw_only=True)
class TimerFailed(Event):
    """A timer cannot do its work until an operator acts."""

    name = "timer"
    problems = frozenset({"failed"})
    alerts = frozenset({"degraded"})
    repeats = frozenset({"failed"})
    result: Literal["failed"] = "failed"
    timer: Label
    reason: Text
    next_action: Text


@dataclass(frozen=True, kw_only=True)
class TimerCrashed(Event):
    """The work of a timer ended with an unexpected exception: a defect of Hasten. Its next run
    tries again."""

    name = "timer"
    problems = frozenset({"crashed"})
    alerts = frozenset({"unexpected-error"})
    repeats = frozenset({"crashed"})
    result: Literal["crashed"] = "crashed"
    timer: Label
    reason: Text
    trace: Text


@dataclass(frozen=True, kw_only=True)
class TriggerSilent(Event):
    """No message of the queue (about the target, if one is named) has reached a function for more
    than a minute although work waits: a timer does the work. `work` counts messages, intents or
    changes. `silent_for` is absent if no message ever came."""

    name = "trigger"
    problems = frozenset({"silent"})
    alerts = frozenset({"trigger-silent"})
    repeats = frozenset({"silent"})
    result: Literal["silent"] = "silent"
    queue: Label
    target: Label | None
    work: Count
    silent_for: Seconds | None


@dataclass(frozen=True, kw_only=True)
class TimersOnTime(Event):
    """All timers have done their work recently. Emitted once a minute while the app runs."""

    name = "heartbeat"
    alerts = frozenset({"silent"})
    repeats = frozenset({"on_time"})
    result: Literal["on_time"] = "on_time"
    timers: Count


@dataclass(frozen=True, kw_only=True)
class TimerLate(Event):
    """A timer has not done its work for more than two of its periods and 5 minutes. `age` counts
    from its last success."""

    name = "heartbeat"
    problems = frozenset({"late"})
    alerts = frozenset({"timer-late", "silent"})
    repeats = frozenset({"late"})
    result: Literal["late"] = "late"
    timer: Label
    age: Seconds
    reason: Text
