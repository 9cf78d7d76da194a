"""Defines a change: one user who joined or left one group of one target. It is the unit of work."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

DIRECT = "direct"
"""Takes the place of the group when the user is assigned to the target without one."""

MAX_CAUSES = 10
"""Maximum number of events stored with a change; the newest are kept."""


class Action(StrEnum):
    ADDED = "added"
    REMOVED = "removed"


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


class FoundBy(StrEnum):
    """What made Hasten read the change."""

    NOTIFICATION = "notification"
    RECONCILE = "reconcile"
    ASSIGNMENT = "assignment"
    SUBSCRIPTION = "subscription"
    LIFECYCLE = "lifecycle"
    EVENT = "event"
    UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class Cause:
    """The identity of the CloudEvent behind a change."""

    source: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
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
    nothing showed that it did what was left to it. `keeps_assignment` is set when a leaver still
    has another assignment; Hasten reads the assignments once more before the row ends.
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
    answer: str = ""

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def is_removal(self) -> bool:
        return self.action is Action.REMOVED

    def is_due(self, now: datetime) -> bool:
        return self.is_open and self.state is not State.HELD and self.due_at <= now


def newer(known: Change | None, found: Change) -> Change | None:
    """Returns the row that the ledger must hold after `found`, or None if `known` already covers
    it.

    A repeated read of one slice changes nothing, unless it saw the user leave: two instances may
    read one slice at the same time, and a lagging replica may answer the later read. If the user
    has joined again, the read of their assignments before the call shows it. Only a later read
    overrides a change that Hasten made itself.

    A newer slice with the same action updates only the origin of a row that has not been called
    yet, so the row keeps its place in the queue. A row that was called, or that waits for a retry,
    starts over. A row marked `ahead` does not start over, because the slice shows Hasten's own
    write.
    """
    if known is None:
        return found
    if found.origin < known.origin:
        return None
    same = known.action is found.action
    if found.origin == known.origin and not (same and known.ahead is not found.ahead):
        is_later = not known.ahead or found.seen_at > known.seen_at
        is_news = found.is_removal and not same and is_later
        return found if is_news else _with_causes(known, found)
    untouched = known.state in {State.PENDING, State.HELD}
    seen_at_last = known.ahead and not found.ahead
    if same and (untouched or seen_at_last or (known.is_open and found.ahead)):
        return replace(
            _with_causes(known, found) or known,
            origin=found.origin,
            seen_at=found.seen_at,
            ahead=known.ahead and found.ahead,
        )
    return found


def _with_causes(known: Change, found: Change) -> Change | None:
    """Returns `known` with the causes of `found` added, or None if it has them already."""
    if known.action is not found.action or not known.is_open:
        return None
    new = tuple(cause for cause in found.causes if cause not in known.causes)
    return replace(known, causes=(*known.causes, *new)[-MAX_CAUSES:]) if new else None


def finished(
    change: Change, state: State, *, now: datetime, reason: str = "", next_action: str = ""
) -> Change:
    return replace(change, state=state, finished_at=now, reason=reason, next_action=next_action)


def left_to_cycle(
    change: Change, *, now: datetime, reason: str, next_action: str, expected_at: datetime | None
) -> Change:
    """Returns the row as left to Entra's cycle. Hasten watches a removal, and any row with
    `expected_at`, until something shows that the cycle has done it."""
    left = finished(change, State.LEFT_TO_CYCLE, now=now, reason=reason, next_action=next_action)
    return replace(
        left, expected_at=expected_at, needs_proof=change.is_removal or expected_at is not None
    )


def held(change: Change, by: HeldBy, *, reason: str, next_action: str) -> Change:
    return replace(change, state=State.HELD, held_by=by, reason=reason, next_action=next_action)


def released(change: Change, *, now: datetime) -> Change:
    """Returns the row ready to be called, as if it had just been found, because an operator has
    released it."""
    return replace(
        change,
        state=State.PENDING,
        held_by=None,
        released=True,
        found_at=now,
        due_at=now,
        reason="",
        next_action="",
    )


def restarted(change: Change, cause: Cause, *, now: datetime) -> Change:
    """Returns an ended row as open again, because an event asks for another call."""
    return replace(
        released(change, now=now),
        released=False,
        noticed_at=now,
        causes=(cause,),
        found_by=FoundBy.EVENT,
        attempts=0,
        alone=False,
        user_called=False,
        called_at=None,
        finished_at=None,
        expected_at=None,
        needs_proof=False,
        contradicted=0,
        keeps_assignment=False,
        answer="",
    )


def rejoined(change: Change, *, now: datetime) -> Change:
    """Returns the row of a leaver as a new addition. Graph lists the user as a member again long
    after the change: one read of the history showed both, and Hasten took the removal first."""
    return replace(
        restarted(change, Cause("", ""), now=now),
        action=Action.ADDED,
        causes=(),
        found_by=FoundBy.RECONCILE,
    )


def waiting(change: Change, *, due_at: datetime, reason: str, next_action: str = "") -> Change:
    """Returns the row waiting until `due_at` for a cause that is not this change's own failure."""
    return replace(
        change, state=State.WAITING, due_at=due_at, reason=reason, next_action=next_action
    )


def retried(change: Change, *, due_at: datetime, reason: str) -> Change:
    """Returns the row waiting until `due_at`, with one more attempt counted."""
    counted = replace(change, attempts=change.attempts + 1)
    return waiting(counted, due_at=due_at, reason=reason)
