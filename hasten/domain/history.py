"""Defines an entry of the history: who asked for what, when and why, and what came of it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from hasten.domain.changes import Cause

REASON_MAX_CHARS = 1_000
"""Characters of a reason. A page of the chain holds a hundred entries in one document."""


class EntryKind(StrEnum):
    OUTCOME = "outcome"
    """The end of a change, or of an event that produced no change."""

    ALERT = "alert"
    """A fact that an operator must know at once."""

    ASKED = "asked"
    """An onboarding event asked for something; the result is Hasten's verdict on the event."""

    POSTED = "posted"
    """A caller of the API posted an onboarding event, and Hasten put it on its queue."""

    HELD = "held"
    """The brake, or observe mode, holds a change; the result says which."""

    RELEASED = "released"
    DISCARDED = "discarded"
    STOPPED = "stopped"
    STARTED = "started"
    REPLAYED = "replayed"
    APPLIED = "applied"
    CANCELLED = "cancelled"
    """An operator cancelled a start or an end that lay ahead."""

    BROUGHT_FORWARD = "brought forward"
    """An operator had a start or an end come at once."""

    DROPPED = "dropped"
    """An operator removed a parked event, or a dead letter, without sending it."""

    PROVISIONED = "provisioned"
    """An operator asked for on-demand provisioning of a person or a group."""

    POLICY_CHANGED = "policy changed"
    FOLLOWED_UP = "followed up"
    """Hasten ended sign-in sessions, or let a workflow go on, because an offboarding event asked
    for it besides the revocation."""

    FORGOTTEN = "forgotten"
    """Hasten deleted the days of the history that are older than `history_days`."""


OPERATOR_KINDS = frozenset(
    {
        EntryKind.RELEASED,
        EntryKind.DISCARDED,
        EntryKind.STOPPED,
        EntryKind.STARTED,
        EntryKind.REPLAYED,
        EntryKind.APPLIED,
        EntryKind.CANCELLED,
        EntryKind.BROUGHT_FORWARD,
        EntryKind.DROPPED,
        EntryKind.PROVISIONED,
    }
)
"""Kinds of entries about what an operator did. Hasten writes one with the result BEGUN before it
acts, and one with what came of it afterwards."""

FORGOTTEN_BEFORE = "before"
"""Detail of FORGOTTEN: the first day that is kept."""

BEGUN = "begun"
DONE = "done"
FAILED = "failed"
LEFT = "left as it was"
"""The subject had changed in the meantime, or somebody else was faster."""

PROPOSED = "proposed"
"""It waits for a second operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The times of the steps of a change, in UTC. `ended` is when the outcome came about: for
    `succeeded` the answer to the call, for `confirmed` and `done_by_cycle` the proof."""

    noticed: datetime | None = None
    found: datetime | None = None
    called: datetime | None = None
    ended: datetime | None = None
    expected: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry. `id` is the same whenever the same fact is written, and `at` with it.

    `user` and `group` are object ids; `group` may also be DIRECT or OWN_ACCOUNT. `causes` are the
    events that asked for it. `by` is who asked as far as Hasten knows: the object id of the user in
    a token that Hasten has checked, `app:` and the object id of a program with such a token, `cli:`
    and the object id in the token of who runs the command line, or `os:` and the user of the
    operating system. `why` is the reason that they gave, `reason` the one that Hasten found.
    `details` are further facts of the kind.
    """

    id: str
    at: datetime
    kind: EntryKind
    target: str = ""
    user: str = ""
    group: str = ""
    action: str = ""
    result: str = ""
    reason: str = ""
    next_action: str = ""
    causes: tuple[Cause, ...] = ()
    found_by: str = ""
    by: str = ""
    why: str = ""
    steps: Steps = field(default_factory=Steps)
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Selects entries. An empty field selects all. `since` is inclusive, `until` exclusive."""

    kinds: frozenset[EntryKind] = frozenset()
    target: str = ""
    user: str = ""
    group: str = ""
    results: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None

    def matches(self, entry: Entry) -> bool:
        return (
            (not self.kinds or entry.kind in self.kinds)
            and (not self.target or entry.target == self.target)
            and (not self.user or entry.user == self.user)
            and (not self.group or entry.group == self.group)
            and (not self.results or entry.result in self.results)
            and (self.since is None or entry.at >= self.since)
            and (self.until is None or entry.at < self.until)
        )


def entry_id(*parts: str) -> str:
    """Returns an id that is the same for the same parts."""
    return hashlib.sha256("|".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def short(text: str) -> str:
    return text if len(text) <= REASON_MAX_CHARS else text[: REASON_MAX_CHARS - 1] + "…"
