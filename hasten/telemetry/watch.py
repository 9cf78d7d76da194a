"""Events of hasten/watch: what Hasten reads from Graph, and what it does about it."""

from dataclasses import dataclass
from typing import Annotated, Literal

from hasten.domain.changes import Action, State
from hasten.ports.telemetry import Count, Event, FieldKind, Id, Ids, Label, Seconds, Text

AssignmentResult = Literal["assigned", "left_to_cycle", "unassigned", "deleted"]


@dataclass(frozen=True, kw_only=True)
class GroupRead(Event):
    """A look read a group's changes."""

    name = "look"
    result: Literal["changed", "unchanged"]
    group: Id
    found_by: Label
    changes: Count


@dataclass(frozen=True, kw_only=True)
class GroupNotWatched(Event):
    """A look found that no target watches the group."""

    name = "look"
    result: Literal["not_watched"] = "not_watched"
    group: Id
    found_by: Label


@dataclass(frozen=True, kw_only=True)
class CursorReset(Event):
    """A look had no usable cursor and started a new one (`expired`: the group is unassigned, and
    needs none); Hasten leaves earlier changes to Entra's cycle."""

    name = "look"
    problems = frozenset({"started", "restarted", "expired"})
    alerts = frozenset({"history-lost"})
    result: Literal["started", "restarted", "expired"]
    group: Id
    found_by: Label


@dataclass(frozen=True, kw_only=True)
class MembersUnread(Event):
    """A look could not read or record some members of a group. Hasten recorded the others, stores
    where the entries are, and reads them again every five minutes: `unreadable` each time, `read`
    once it could. `given_up` when Graph no longer shows them. `users` are those whose id is
    known."""

    name = "member"
    problems = frozenset({"unreadable", "given_up"})
    alerts = frozenset({"entries-unread", "history-lost"})
    repeats = frozenset({"unreadable"})
    result: Literal["unreadable", "read", "given_up"]
    group: Id
    users: Ids
    members: Count
    reason: Text
    next_action: Text | None


@dataclass(frozen=True, kw_only=True)
class MembersLeftOut(Event):
    """A list of the members of a group has entries that cannot be read. Hasten goes on with the
    other members, takes nobody who may be among these entries for a former member, and reads the
    list again where it matters. `users` are those whose id is known."""

    name = "member"
    problems = frozenset({"left_out"})
    alerts = frozenset({"entries-unread"})
    repeats = frozenset({"left_out"})
    result: Literal["left_out"] = "left_out"
    group: Id
    users: Ids
    members: Count
    reason: Text
    next_action: Text


@dataclass(frozen=True, kw_only=True)
class HintNotVisible(Event):
    """Graph does not show yet what a notification named; Hasten looks again."""

    name = "look"
    result: Literal["not_yet_visible"] = "not_yet_visible"
    group: Id
    found_by: Label
    missing: Count


@dataclass(frozen=True, kw_only=True)
class ReconcileRead(Event):
    """Reconcile compared a batch of groups, or divided the groups into new batches. At night,
    Hasten read each group and renewed its link."""

    name = "reconcile"
    result: Literal["read", "restarted", "regrouped", "renewed"]
    groups: Count
    changed: Count


@dataclass(frozen=True, kw_only=True)
class AssignmentChanged(Event):
    """A sweep found a group newly assigned, unassigned or deleted. The people of a deleted group
    keep access until Entra's own cycle."""

    name = "assignment"
    problems = frozenset({"deleted"})
    alerts = frozenset({"revocation-failed"})
    result: AssignmentResult
    target: Label
    group: Id
    members: Count


@dataclass(frozen=True, kw_only=True)
class AssignmentsLeftOut(Event):
    """The list of the assignments of a target has entries that cannot be read. Hasten goes on with
    the others, and takes nobody whom such an entry may be about for unassigned. `principals` are
    the users and groups whose id is known."""

    name = "assignment"
    problems = frozenset({"left_out"})
    alerts = frozenset({"entries-unread"})
    repeats = frozenset({"left_out"})
    result: Literal["left_out"] = "left_out"
    target: Label
    principals: Ids
    assignments: Count
    reason: Text
    next_action: Text


@dataclass(frozen=True, kw_only=True)
class ChangeFound(Event):
    """Hasten recorded a change in the ledger."""

    name = "change"
    result: Literal["found"] = "found"
    target: Label
    group: Id
    user: Id
    action: Annotated[Action, FieldKind.LABEL]
    found_by: Label
    state: Annotated[State, FieldKind.LABEL]


@dataclass(frozen=True, kw_only=True)
class BrakeHeld(Event):
    """The brake holds the leavers of a group."""

    name = "brake"
    problems = frozenset({"held"})
    alerts = frozenset({"held-changes"})
    result: Literal["held"] = "held"
    target: Label
    group: Id
    reason: Text
    next_action: Text


@dataclass(frozen=True, kw_only=True)
class ChannelSilent(Event):
    """Graph's notifications about groups do not arrive: Hasten has accepted none since a timer
    first found a change without a notification. `missed` counts how often that happened since then,
    and `age` is the age of the last accepted notification about a group."""

    name = "channel"
    problems = frozenset({"silent"})
    alerts = frozenset({"notifications-refused"})
    repeats = frozenset({"silent"})
    result: Literal["silent"] = "silent"
    missed: Count
    since: Text
    age: Seconds | None
