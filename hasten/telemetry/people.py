"""Events about people whose own account Hasten watches."""

from dataclasses import dataclass
from typing import Literal

from hasten.ports.telemetry import Count, Event, Label, Text


@dataclass(frozen=True, kw_only=True)
class PeopleRead(Event):
    """A look read the accounts of people who are assigned to a target."""

    name = "people"
    result: Literal["changed", "unchanged"]
    found_by: Label
    people: Count
    changes: Count


@dataclass(frozen=True, kw_only=True)
class PeopleReconciled(Event):
    """The timer read the delta of the tenant's users, or started it. `assigned` counts the changed
    users who are assigned to a target."""

    name = "people"
    result: Literal["read", "started", "restarted"]
    changed: Count
    assigned: Count


@dataclass(frozen=True, kw_only=True)
class PeopleCompared(Event):
    """The hourly timer compared the people of a target with what Hasten last saw of them."""

    name = "people"
    result: Literal["compared"] = "compared"
    target: Label
    people: Count
    differing: Count


@dataclass(frozen=True, kw_only=True)
class PeopleNotWatched(Event):
    """Graph refuses the subscription to users; Hasten asks again every 15 minutes. The timers find
    changed people meanwhile."""

    name = "people"
    problems = frozenset({"not_watched"})
    alerts = frozenset({"degraded"})
    repeats = frozenset({"not_watched"})
    result: Literal["not_watched"] = "not_watched"
    reason: Text
    next_action: Text
