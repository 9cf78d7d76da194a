"""Decides which entries of the history people are sent, and puts many of them into one message."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from hasten.domain.changes import State
from hasten.domain.history import BEGUN, OPERATOR_KINDS, Entry, EntryKind

MOST_GROUPS_SHOWN = 10
"""Groups that a message shows; the others are a number."""

MOST_PEOPLE_NAMED = 5
"""People that a message names in a group. A storm is one summary."""


class Send(StrEnum):
    """Says which messages a destination gets; each value includes those before it."""

    ALERTS = "alerts"
    """Alerts, stops and starts, and what Hasten gave up of an event."""

    FAILURES = "failures"
    """Also changes that failed and events that were rejected."""

    ALL = "all"
    """Also every other outcome, and what operators did."""


class Weight(StrEnum):
    ALERT = "alert"
    FAILURE = "failure"
    NOTE = "note"


STOP_KINDS = frozenset({EntryKind.STOPPED, EntryKind.STARTED})
GIVEN_UP_RESULTS = frozenset({"given_up", "denied", "failed"})
"""Results of what events wanted besides that somebody must know."""

FAILED_RESULTS = frozenset({State.FAILED, "rejected"})
WEIGHTS_SENT = {
    Send.ALERTS: frozenset({Weight.ALERT}),
    Send.FAILURES: frozenset({Weight.ALERT, Weight.FAILURE}),
    Send.ALL: frozenset(Weight),
}


def weight(entry: Entry) -> Weight | None:
    """Returns how much an entry matters to people; None if it is no news: what an operator has
    only begun, and what an event asked for before anything came of it."""
    if entry.kind is EntryKind.ALERT:
        return Weight.ALERT
    if entry.kind is EntryKind.OUTCOME:
        return Weight.FAILURE if entry.result in FAILED_RESULTS else Weight.NOTE
    if entry.kind is EntryKind.FOLLOWED_UP:
        return Weight.ALERT if entry.result in GIVEN_UP_RESULTS else Weight.NOTE
    if entry.kind in OPERATOR_KINDS and entry.result != BEGUN:
        return Weight.ALERT if entry.kind in STOP_KINDS else Weight.NOTE
    return None


@dataclass(slots=True)
class Group:
    """Entries that say the same of different people. `first` is the first of them."""

    weight: Weight
    first: Entry
    count: int = 0
    users: list[str] = field(default_factory=list)

    @property
    def more(self) -> int:
        return self.count - len(self.users) if self.users else 0


@dataclass(slots=True)
class Digest:
    """Holds the content of one message."""

    send: Send
    targets: frozenset[str] = frozenset()
    """Targets that the destination wants; empty for all."""

    groups: dict[tuple[str, ...], Group] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None

    def add(self, entries: Iterable[Entry]) -> None:
        """Adds the entries that the destination wants."""
        for entry in entries:
            matters = weight(entry)
            if matters is not None and matters in WEIGHTS_SENT[self.send] and self._wants(entry):
                self._add(matters, entry)

    @property
    def count(self) -> int:
        return sum(group.count for group in self.groups.values())

    def number_of(self, matters: Weight) -> int:
        return sum(group.count for group in self.groups.values() if group.weight is matters)

    def shown(self) -> Sequence[Group]:
        """Returns the groups that a message shows, the gravest first."""
        order = list(Weight)
        by_weight = sorted(self.groups.values(), key=lambda g: (order.index(g.weight), -g.count))
        return by_weight[:MOST_GROUPS_SHOWN]

    def _wants(self, entry: Entry) -> bool:
        """An entry without a target concerns every destination."""
        return not self.targets or not entry.target or entry.target in self.targets

    def _add(self, matters: Weight, entry: Entry) -> None:
        key = (entry.kind, entry.target, entry.action, entry.result)
        group = self.groups.setdefault(key, Group(matters, entry))
        group.count += 1
        if entry.user and entry.user not in group.users and len(group.users) < MOST_PEOPLE_NAMED:
            group.users.append(entry.user)
        self.since = min(self.since or entry.at, entry.at)
        self.until = max(self.until or entry.at, entry.at)
