"""Defines an intent: what an upstream event wants for one user and one group, until Hasten has
applied it to Entra ID. The newest event wins, in whatever order events arrive."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from hasten.domain.changes import Cause, State
from hasten.domain.outcomes import OBSERVED, REJECTED, Outcome, of_event

NAMED = "name:"
"""Prefix of the key of a group that has no object id yet."""

THE_GROUP = "group"
"""Takes the place of the user when the event wants the group itself, not a member."""


class Wanted(StrEnum):
    MEMBER = "member"
    ABSENT = "absent"
    IN_STEP = "in_step"
    """Provision the user as the directory shows the membership; Hasten writes nothing to Entra
    ID."""

    GROUP = "group"
    """The group exists and is assigned."""


RECORDED = "recorded"
"""Outcome of an intent whose change carries the result from here on. Hasten has carried it out, or
has found it carried out."""

RECORDED_AS_HELD = "recorded_as_held"
"""The same, of a removal that the brake held then: it has let nobody pass."""

UNREADABLE_INTENT = "its row in the store cannot be read"
"""The reason why an intent is held that stands in for a stored row which cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class Intent:
    """One intent, identified by `(target, group, user)`. The intent to provision the membership as
    it is has a key of its own, because it does not say who is a member.

    `group` is an object id, DIRECT, or the `group_key` of a name. `time` is the event's time;
    `recorded_at` is when Hasten accepted it. `writing` is set before the write to Entra ID: after a
    crash it is unknown whether the write was done. `held` is the reason why the brake holds the
    intent; `released` means that an operator has released it, and the brake does not judge it
    again. `judged` means that the brake let it pass before Hasten opened it again: the brake holds
    the intent no more, but a row that it holds stays held. `people` is the total number of users
    that the event names.

    `spec` describes the group to create: description, owners, rule, role. `replaced` is the event
    whose intent this one replaced before Hasten had applied it. `reopened` counts how often Hasten
    has looked at the membership again: a worker that read the intent before does not end it.
    `opened_at` is when an operator last released the intent, or when Hasten last opened it again
    after its end.
    The intent waits until `not_before`: after an unexpected exception or a refusal of Graph, both
    of which `crashes` counts, or because Graph may show an access late that the event takes.
    `refused` is what Graph said when it last refused to write the membership. `failure_told` is set
    once Hasten has published that it could not carry out the intent; it tries again all the same.
    `to_be_observed` means that the target was in observe mode whenever Hasten took the event.
    """

    target: str
    group: str
    user: str
    wanted: Wanted
    time: datetime
    cause: Cause
    recorded_at: datetime
    group_name: str = ""
    spec: Mapping[str, Any] = field(default_factory=dict)
    people: int = 1
    writing: bool = False
    held: str = ""
    released: bool = False
    judged: bool = False
    is_done: bool = False
    outcome: str = ""
    replaced: Cause | None = None
    reopened: int = 0
    opened_at: datetime | None = None
    crashes: int = 0
    not_before: datetime | None = None
    refused: str = ""
    failure_told: bool = False
    to_be_observed: bool = False

    @property
    def passes_brake(self) -> bool:
        """Returns whether the brake does not hold the intent: Hasten may have written it already,
        an operator has released it, or the brake let it pass before."""
        return self.writing or self.released or self.judged

    def is_tried(self, now: datetime) -> bool:
        """Returns whether Hasten may work on the intent now."""
        return not self.held and (self.not_before is None or self.not_before <= now)

    @property
    def asked_at(self) -> datetime:
        """Returns when Hasten last got a reason to work on the intent. It then sends a message."""
        return self.opened_at or self.recorded_at

    @property
    def waits_since(self) -> datetime:
        """Returns the time since which Hasten may work on the intent, if nothing holds it."""
        return max(self.asked_at, self.not_before or self.asked_at)

    @property
    def is_unreadable(self) -> bool:
        """Returns whether this stands in for a stored row that cannot be read."""
        return self.held == UNREADABLE_INTENT

    @property
    def is_declined(self) -> bool:
        """Returns whether the intent ended without a write, by a decision: an operator discarded
        it, a rule forbids it, or the target is in observe mode."""
        return self.is_done and self.outcome in {REJECTED, OBSERVED}

    @property
    def key(self) -> str:
        """Key of its row within the target."""
        return key(self.group, self.user, in_step=self.wanted is Wanted.IN_STEP)


class Recorded(StrEnum):
    """The result of recording an intent."""

    NEW = "new"
    REPLACED = "replaced"
    """It replaced an older intent that Hasten had not applied yet."""

    DUPLICATE = "duplicate"
    STALE = "stale"
    UNREADABLE = "unreadable"
    """The stored intent cannot be read, so it is unknown which event is newer. Nothing was
    written."""


def group_key(name: str) -> str:
    """Returns the key of a group that has no id yet. Any characters are allowed, and case does not
    matter."""
    return NAMED + hashlib.sha256(name.casefold().encode()).hexdigest()[:32]


def key(group: str, user: str, *, in_step: bool = False) -> str:
    return f"{group}|{user}{'|in_step' if in_step else ''}"


def compare(known: Intent | None, new: Intent) -> Recorded:
    """Compares a new intent with the stored one. Of two events with the same time, the one that
    takes access away wins. One that ended without a write, under a former name of the target,
    leaves what is open to be done."""
    if known is None:
        return Recorded.NEW
    if known.cause == new.cause and known.wanted is new.wanted:
        return Recorded.DUPLICATE
    if new.time < known.time or (new.is_declined and not known.is_done):
        return Recorded.STALE
    if new.time == known.time and known.wanted is Wanted.ABSENT:
        return Recorded.STALE
    return Recorded.NEW if known.is_done else Recorded.REPLACED


def of_superseded(intent: Intent, cause: Cause, *, now: datetime) -> Outcome:
    """Builds the outcome of the event `cause`, whose intent for the membership of `intent` a newer
    event replaced before Hasten had applied it."""
    return of_event(
        cause,
        target=intent.target,
        group=intent.group,
        user="" if intent.user == THE_GROUP else intent.user,
        result=State.SUPERSEDED,
        reason="a newer event of the person and the group took its place",
        next_action="",
        now=now,
    )
