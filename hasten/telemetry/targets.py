"""Events about targets and their provisioning jobs."""

from dataclasses import dataclass
from typing import Literal

from hasten.ports.telemetry import Count, Event, Label, Seconds, Text


@dataclass(frozen=True, kw_only=True)
class TargetFound(Event):
    """A sweep found the target, its job and its groups."""

    name = "target"
    result: Literal["found"] = "found"
    target: Label
    groups: Count


@dataclass(frozen=True, kw_only=True)
class TargetUnreachable(Event):
    """A sweep could not read the target. The next one, a minute later, tries again. If none has
    read it for ten minutes, the result is `unreadable`."""

    name = "target"
    result: Literal["unreachable"] = "unreachable"
    target: Label
    reason: Text


@dataclass(frozen=True, kw_only=True)
class TargetUnreadable(Event):
    """Once a minute: no sweep could read all of the target for ten minutes or more. Hasten may not
    know which groups are assigned to it. `age` counts from the first of these sweeps."""

    name = "target"
    problems = frozenset({"unreadable"})
    alerts = frozenset({"target-unhealthy"})
    repeats = frozenset({"unreadable"})
    result: Literal["unreadable"] = "unreadable"
    target: Label
    age: Seconds
    reason: Text
    next_action: Text


@dataclass(frozen=True, kw_only=True)
class TargetUnhealthy(Event):
    """The target cannot be provisioned until an operator acts."""

    name = "target"
    problems = frozenset({"unhealthy"})
    alerts = frozenset({"target-unhealthy"})
    repeats = frozenset({"unhealthy"})
    result: Literal["unhealthy"] = "unhealthy"
    target: Label
    reason: Text
    next_action: Text


@dataclass(frozen=True, kw_only=True)
class JobPaused(Event):
    """The brake paused Entra's provisioning job."""

    name = "job"
    problems = frozenset({"paused"})
    alerts = frozenset({"held-changes"})
    result: Literal["paused"] = "paused"
    target: Label


@dataclass(frozen=True, kw_only=True)
class JobUnread(Event):
    """While it works for a target, once a minute at most: Hasten cannot read the status of Entra's
    provisioning job. It makes its revocations all the same; grants wait."""

    name = "job"
    problems = frozenset({"unreadable"})
    repeats = frozenset({"unreadable"})
    alerts = frozenset({"degraded"})
    result: Literal["unreadable"] = "unreadable"
    target: Label
    reason: Text
    next_action: Text


@dataclass(frozen=True, kw_only=True)
class JobNotRunning(Event):
    """Once a minute: Entra's provisioning job is paused, in quarantine or not configured, so that
    its own cycle does nothing."""

    name = "job"
    problems = frozenset({"not_running"})
    alerts = frozenset({"target-unhealthy"})
    repeats = frozenset({"not_running"})
    result: Literal["not_running"] = "not_running"
    target: Label
    reason: Text
    next_action: Text


@dataclass(frozen=True, kw_only=True)
class JobNotPaused(Event):
    """Graph refused to pause the provisioning job."""

    name = "job"
    problems = frozenset({"not_paused"})
    alerts = frozenset({"job-not-paused"})
    result: Literal["not_paused"] = "not_paused"
    target: Label
    reason: Text
    next_action: Text
