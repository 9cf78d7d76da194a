"""Defines a change: one user who joined or left one group of one target, or whose own account in
Entra ID changed. It is the unit of work."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

DIRECT = "direct"
"""Takes the place of the group when the user is assigned to the target without one."""

OWN_ACCOUNT = "person"
"""Takes the place of the group when the change is about the user's own account in Entra ID. A user
has one such row for each target."""

DISCARDED = "discarded by an operator"
"""Reason of a row, and of the outcome of an intent, that an operator has discarded."""

MAX_CAUSES = 10
"""Maximum number of events stored with a change; the newest are kept."""


class Action(StrEnum):
    """The event in Entra ID. ADDED and REMOVED are about a membership or a direct assignment,
    the others about the user's own account (OWN_ACCOUNT)."""

    ADDED = "added"
    REMOVED = "removed"
    DISABLED = "disabled"
    DELETED = "deleted"
    """Deleted softly or permanently."""

    ENABLED = "enabled"
    RESTORED = "restored"
    UPDATED = "updated"
    """An attribute that the target's job maps has another value."""

    @property
    def takes_access(self) -> bool:
        return self in {Action.REMOVED, Action.DISABLED, Action.DELETED}

    @property
    def gives_access_again(self) -> bool:
        """Returns whether the user had access before and must get all of it again."""
        return self in {Action.ENABLED, Action.RESTORED}


class State(StrEnum):
    PENDING = "pending"
    CALLING = "calling"
    WAITING = "waiting"
    HELD = "held"
    SUCCEEDED = "succeeded"
    CONFIRMED = "confirmed"
    IN_SYNC = "in_sync"
    DONE_BY_CYCLE = "done_by_cycle"
    LEFT_TO_CYCLE = "left_to_cycle"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    """A newer change of the same name replaced it. Hasten publishes this state but never stores
    it."""


OPEN_STATES = frozenset({State.PENDING, State.CALLING, State.WAITING, State.HELD})
"""States in which Hasten, or an operator (held), still has something to do."""


class HeldBy(StrEnum):
    BRAKE = "brake"
    OBSERVE = "observe mode"
    UNREADABLE = "unreadable row"
    """The stored row cannot be read, so nobody knows what it says. It is never stored."""


class FoundBy(StrEnum):
    """The reason why Hasten read the change."""

    NOTIFICATION = "notification"
    RECONCILE = "reconcile"
    ASSIGNMENT = "assignment"
    COMPARISON = "comparison"
    SUBSCRIPTION = "subscription"
    LIFECYCLE = "lifecycle"
    EVENT = "event"
    UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class Cause:
    """The identity of the CloudEvent behind a change."""

    source: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class Change:
    """One change. `(target, group, user)` identifies it; the newest action for that key replaces
    the older one.

    `origin` is the number of the slice of the group's history (the cursor) that contained the
    change; reading the same slice twice finds the same change. `ahead` marks a change that Hasten
    made itself and recorded before a look saw it.

    Times: `noticed_at` is when Hasten received the notification. `found_at` is when the read that
    found the change began, and decides its place in the queue. `seen_at` is when the last read that
    confirmed it began. Nothing is tried before `due_at`. `expected_at` is when Entra's own cycle
    should have done what Hasten left to it.

    `released` is set once an operator has released the change: the brake does not hold it again.
    `alone` asks for a call of its own, so that the verdict concerns no other change. `user_called`
    is set once the user call that must precede the group call has succeeded (`grants_by:
    user_then_group`). `needs_proof` is set until the provisioning log confirms the answer, or fails
    to in time. `contradicted` counts how often the log showed the opposite, or a cycle ran and
    nothing showed that it did what was left to it: of a removal, `cycle_showed_nothing` is then set
    too. It also counts the calls in vain for somebody whom Entra skips as disabled.
    `keeps_assignment` is set when a leaver still has another assignment; Hasten reads the
    assignments once more before the row ends. `grant_called_at` and `removal_called_at` are when
    the last call began that gives the user access, or takes it, and that ended without an answer,
    or had none when this row took the place of another: it may still take effect. `unread_since` is
    when Graph first could not return the user while the row waits for that. `also_added` is set
    when the slice that shows a removal also shows the user joining: the user may have joined again
    after it. The row of a joiner keeps it once a read of the membership has shown that.
    `on_request` is set while an operator waits for the change: it is called before others, and
    `steps` keeps what each step of the answer said.
    """

    target: str
    group: str
    user: str
    action: Action
    origin: int
    noticed_at: datetime
    found_at: datetime
    seen_at: datetime
    due_at: datetime
    found_by: FoundBy = FoundBy.UNKNOWN
    causes: tuple[Cause, ...] = ()
    ahead: bool = False
    state: State = State.PENDING
    held_by: HeldBy | None = None
    released: bool = False
    reason: str = ""
    next_action: str = ""
    attempts: int = 0
    alone: bool = False
    user_called: bool = False
    called_at: datetime | None = None
    finished_at: datetime | None = None
    expected_at: datetime | None = None
    needs_proof: bool = False
    contradicted: int = 0
    keeps_assignment: bool = False
    route: tuple[str, ...] = ()
    served: int = 0
    answer: str = ""
    on_request: bool = False
    steps: tuple[str, ...] = ()
    grant_called_at: datetime | None = None
    removal_called_at: datetime | None = None
    unread_since: datetime | None = None
    also_added: bool = False
    cycle_showed_nothing: bool = False

    @property
    def name(self) -> tuple[str, str, str]:
        """Returns target, group and user, which identify the change."""
        return self.target, self.group, self.user

    @property
    def is_braked(self) -> bool:
        """Returns whether the brake holds the change."""
        return self.state is State.HELD and self.held_by is HeldBy.BRAKE

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def is_removal(self) -> bool:
        """Returns whether access must be taken: the user left, or was disabled or deleted."""
        return self.action.takes_access

    @property
    def last_seen_at(self) -> datetime:
        """Returns when the last read began that found the change. A row that waits for its call, or
        is held, may be found once more."""
        return max(self.found_at, self.seen_at)

    @property
    def logged_from(self) -> datetime:
        """Returns from when on an entry of the provisioning log shows something of the row. The
        group of a leaver who keeps another assignment is called twice: the first call may have
        removed them."""
        called_at = None if self.keeps_assignment else self.called_at
        return called_at or self.found_at

    @property
    def is_update(self) -> bool:
        return self.action is Action.UPDATED

    @property
    def is_of_person(self) -> bool:
        return self.group == OWN_ACCOUNT

    @property
    def called_group(self) -> str:
        """The group that the next call names, or DIRECT if it names the user alone."""
        if not self.is_of_person:
            return self.group
        return self.route[self.served] if self.served < len(self.route) else DIRECT

    @property
    def has_more_calls(self) -> bool:
        """Returns whether `route` has calls after the next one."""
        return self.served + 1 < len(self.route)

    @property
    def subjects(self) -> frozenset[str]:
        """Ids of the objects about which a log entry can prove something."""
        return frozenset({self.user, self.group, *self.route})

    @property
    def is_settled(self) -> bool:
        """Returns whether the row has ended and nothing has still to prove it."""
        return not self.is_open and not self.needs_proof

    @property
    def is_unreadable(self) -> bool:
        """Returns whether this stands in for a stored row that cannot be read."""
        return self.held_by is HeldBy.UNREADABLE

    @property
    def is_discarded(self) -> bool:
        return self.state is State.LEFT_TO_CYCLE and self.reason == DISCARDED

    def is_due(self, now: datetime) -> bool:
        return self.is_open and self.state is not State.HELD and self.due_at <= now
