"""Decides what becomes of an intent once Hasten has applied it to Entra ID: a change for the
ledger, an ending without a change, or nothing more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from hasten.chunks import chunks
from hasten.domain.changes import DIRECT, Action, Change, FoundBy, State
from hasten.domain.intents import Intent, Wanted
from hasten.domain.merging import newer
from hasten.domain.outcomes import REJECTED
from hasten.limits import MAX_LINKS_PER_PATCH, REPLICATION_SETTLED_AFTER

MEMBER_BATCH_WAIT = timedelta(seconds=1)
"""Time for which a new member waits for others: one PATCH adds twenty members as fast as one."""

HIDDEN_MEMBER_DELAY = timedelta(minutes=1)
"""Delay before Hasten reads a list again of which an unreadable entry may be the user's."""

ENDED_WELL = frozenset({State.SUCCEEDED, State.CONFIRMED, State.IN_SYNC, State.DONE_BY_CYCLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenMembership:
    """The membership as Hasten reads it now. `written` is set when Hasten may have written it,
    `confirmed` when Graph has just confirmed it in answer to a write (so no lagging replica is
    involved). `may_hide` is set when an entry that cannot be read may be another assignment of the
    user. `origin` is that of the group's cursor; `at` is when the directory was read."""

    member: bool
    written: bool
    confirmed: bool = False
    may_hide: bool = False
    origin: int
    at: datetime

    @property
    def action(self) -> Action:
        return Action.ADDED if self.member else Action.REMOVED


EndedAs = State | Literal["rejected", "stale", "observed"]


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of an intent that produced no change."""

    result: EndedAs
    reason: str = ""
    next_action: str = ""


GROUP_GONE = Ending(REJECTED, "the group does not exist", "correct the group that the event names")
FORBIDDEN_DIRECT = Ending(
    REJECTED,
    "onboarding events may not assign users to this target without a group",
    "name a group, or set direct: allow for the target in targets.yaml",
)
USER_UNKNOWN = Ending(REJECTED, "the user does not exist", "correct the user that the event names")


@dataclass(frozen=True, slots=True)
class Restart:
    """A row that ended and must be called again."""

    row: Change


@dataclass(frozen=True, slots=True)
class Wait:
    """The directory may show an older state than Hasten itself wrote a moment ago; read it again
    later."""


@dataclass(frozen=True, slots=True)
class LookAgain:
    """Graph shows what the event wants, and has not confirmed all of it in answer to a write. A
    replica that lags shows the same, so that Hasten believes it only at `at`, when every replica
    has settled. `meanwhile` is what already follows from what Graph shows."""

    at: datetime
    meanwhile: Change | Restart | None = None


EnsureDecision = Change | Restart | Ending | Wait | LookAgain | None


WAS_NO_MEMBER = Ending(State.IN_SYNC, "the person was no member")


def decide(
    intent: Intent,
    seen: SeenMembership,
    row: Change | None,
    now: datetime,
    *,
    has_left_unseen: bool = False,
) -> EnsureDecision:
    """Decides what becomes of the intent. Returns None if `row`, which publishes its own outcome,
    already stands for it. `has_left_unseen` means that the person was assigned until lately, and
    that Hasten has not seen them leave: the app may still give access."""
    decision = _decide(intent, seen, row, now)
    if decision == WAS_NO_MEMBER and has_left_unseen:
        decision = _change(intent, seen, now)
    sure_at = intent.recorded_at + REPLICATION_SETTLED_AFTER
    if seen.may_hide:
        sure_at = max(sure_at, now + HIDDEN_MEMBER_DELAY)
    is_sure = not _rests_on_a_read(intent, seen) or now >= sure_at
    if is_sure or isinstance(decision, Wait):
        return decision
    meanwhile = decision if isinstance(decision, (Change, Restart)) else None
    return LookAgain(sure_at, meanwhile)


def _decide(
    intent: Intent, seen: SeenMembership, row: Change | None, now: datetime
) -> Change | Restart | Ending | Wait | None:
    """Decides as if what Graph shows was certain."""
    same = row if row is not None and row.action is seen.action else None
    if same is not None and intent.cause in same.causes and _stands(same, seen):
        return None
    if same is not None and _was_called_since(same, intent, seen):
        return Ending(same.state, "a look found the change first, and Hasten has called for it")
    if row is not None and same is None and _may_lag(row, intent, seen, now):
        return Wait()
    asked = seen.written or intent.wanted is Wanted.IN_STEP
    if not asked and same is not None and same.state in ENDED_WELL:
        return Ending(State.IN_SYNC, "the app already has this change")
    if not asked and row is None and not seen.member:
        return WAS_NO_MEMBER
    change = _change(intent, seen, now)
    if same is not None and not same.is_open:
        again = newer(same, change) if seen.written else None
        return change if again is not None else Restart(same)
    return change


def _stands(row: Change, seen: SeenMembership) -> bool:
    """Returns whether the event's own row needs no other call: Hasten has not changed the
    membership again, or an operator has discarded the row."""
    return row.is_discarded or not _has_changed(seen)


def _rests_on_a_read(intent: Intent, seen: SeenMembership) -> bool:
    """Returns whether Hasten believes a read, or an answer that may come from a lagging replica. To
    a group it adds a member once more: that answer is certain. A direct assignment could get a
    second role. A user may have several direct assignments, each with a role: that Graph has
    removed those that it listed says nothing about the others."""
    if intent.wanted is Wanted.ABSENT:
        return not seen.confirmed or intent.group == DIRECT
    return intent.wanted is Wanted.MEMBER and intent.group == DIRECT and not seen.confirmed


def _was_called_since(row: Change, intent: Intent, seen: SeenMembership) -> bool:
    """Returns whether the app was called since the event arrived: a look may find and call what
    Hasten wrote to Entra ID before the event's own change is recorded. A call before the write that
    Graph has just confirmed does not count."""
    since = seen.at if _has_changed(seen) else intent.recorded_at
    return row.state in ENDED_WELL and row.called_at is not None and row.called_at >= since


def _has_changed(seen: SeenMembership) -> bool:
    """Returns whether Hasten has certainly changed the membership just now."""
    return seen.written and seen.confirmed


def _may_lag(row: Change, intent: Intent, seen: SeenMembership, now: datetime) -> bool:
    """Returns whether the row, which says the opposite, is believed rather than Graph. A look may
    find a removal on one replica just before another one shows the membership still; nothing would
    bring the removal back. Where the event wants the membership as it is, that holds for both."""
    is_believed = row.ahead or row.is_removal or intent.wanted is Wanted.IN_STEP
    is_fresh = now - row.last_seen_at < REPLICATION_SETTLED_AFTER
    return is_believed and is_fresh and not seen.confirmed


def _change(intent: Intent, seen: SeenMembership, now: datetime) -> Change:
    return Change(
        target=intent.target,
        group=intent.group,
        user=intent.user,
        action=seen.action,
        origin=seen.origin,
        noticed_at=intent.recorded_at,
        found_at=now,
        seen_at=seen.at,
        due_at=now,
        found_by=FoundBy.EVENT,
        causes=(intent.cause,),
        ahead=True,
        released=intent.released,
    )


def member_batches(
    waiting: Sequence[Intent], now: datetime
) -> tuple[list[Sequence[Intent]], datetime | None]:
    """Splits the intents, oldest first, into batches to add now. Returns them and when the
    remaining intents have waited long enough for more, or None if none remain."""
    size = MAX_LINKS_PER_PATCH
    batches = [*chunks(waiting, size)]
    if not batches or len(batches[-1]) == size:
        return batches, None
    due = batches[-1][0].recorded_at + MEMBER_BATCH_WAIT
    return (batches, None) if due <= now else (batches[:-1], due)
