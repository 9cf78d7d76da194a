"""What becomes of an intent once the directory has been brought to what it wants: a change for the
ledger, an ending without one, or nothing more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from hasten.domain.changes import Action, Change, State, newer
from hasten.domain.intents import Intent, Wanted
from hasten.domain.outcomes import REJECTED
from hasten.limits import MAX_LINKS_PER_PATCH, SETTLED_AFTER

COMPANY = timedelta(seconds=1)
"""How long a new member waits for others: one PATCH adds twenty as fast as one."""

ENDED_WELL = frozenset({State.SUCCEEDED, State.CONFIRMED, State.IN_SYNC, State.DONE_BY_CYCLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Where the person stands with the group now. `written` when Hasten may have brought that
    about, `confirmed` when Graph has just said so in answer to a write, which no lagging replica
    does. `origin` is that of the group's cursor, and `at` when the directory was read."""

    member: bool
    written: bool
    confirmed: bool = False
    origin: int
    at: datetime

    @property
    def action(self) -> Action:
        return Action.ADDED if self.member else Action.REMOVED


EndedAs = State | Literal["rejected", "stale", "observed"]


@dataclass(frozen=True, slots=True)
class Ending:
    """An end without a change of its own."""

    result: EndedAs
    reason: str = ""
    next_action: str = ""


GONE = Ending(REJECTED, "the group does not exist", "correct the group that the event names")
FORBIDDEN = Ending(
    REJECTED,
    "onboarding events may not touch the group",
    "name it in targets.yaml under the target's groups; an admin group needs events: allow",
)
FORBIDDEN_DIRECT = Ending(
    REJECTED,
    "onboarding events may not assign users to this target without a group",
    "name a group, or set direct: allow for the target in targets.yaml",
)
UNKNOWN = Ending(REJECTED, "the user does not exist", "correct the user that the event names")


@dataclass(frozen=True, slots=True)
class Restart:
    """The row ended, and must be called again."""

    row: Change


@dataclass(frozen=True, slots=True)
class Wait:
    """What the directory shows may be older than what Hasten itself wrote a moment ago."""


Decision = Change | Restart | Ending | Wait | None


def decide(intent: Intent, seen: Seen, row: Change | None, now: datetime) -> Decision:
    """None when the row, which tells its own end, already stands for the intent."""
    same = row if row is not None and row.action is seen.action else None
    if same is not None and intent.cause in same.causes:
        return None
    if same is not None and _was_called_since(same, intent):
        return Ending(same.state, "a look saw the change first, and it has been called")
    if row is not None and same is None and _may_lag(row, seen, now):
        return Wait()
    asked = seen.written or intent.wanted is Wanted.IN_STEP
    if not asked and same is not None and same.state in ENDED_WELL:
        return Ending(State.IN_SYNC, "the app has been told already")
    if not asked and row is None and not seen.member:
        return Ending(State.IN_SYNC, "the person was no member")
    change = _change(intent, seen, now)
    if same is not None and not same.is_open:
        again = newer(same, change) if seen.written else None
        return change if again is not None else Restart(same)
    return change


def _was_called_since(row: Change, intent: Intent) -> bool:
    """Whether the app has been told since the event came: what Hasten wrote to Entra ID for it may
    be noticed, and called, before the event's own change is written down."""
    called = row.called_at
    return row.state in ENDED_WELL and called is not None and called >= intent.recorded_at


def _may_lag(row: Change, seen: Seen, now: datetime) -> bool:
    return row.ahead and not seen.confirmed and now - row.found_at < SETTLED_AFTER


def _change(intent: Intent, seen: Seen, now: datetime) -> Change:
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
        found_by="event",
        causes=(intent.cause,),
        ahead=True,
        released=intent.released,
    )


def in_company(
    waiting: Sequence[Intent], now: datetime
) -> tuple[list[Sequence[Intent]], datetime | None]:
    """Chunks to add now, and when the rest, oldest first, has waited long enough for company."""
    size = MAX_LINKS_PER_PATCH
    chunks = [waiting[start : start + size] for start in range(0, len(waiting), size)]
    if not chunks or len(chunks[-1]) == size:
        return chunks, None
    due = chunks[-1][0].recorded_at + COMPANY
    return (chunks, None) if due <= now else (chunks[:-1], due)


def refusal_of(intent: Intent, shown: Mapping[str, Any]) -> Ending | None:
    """Why nothing may be written for the intent; None when it may."""
    if intent.wanted is Wanted.IN_STEP:
        return None
    if shown.get("isAssignableToRole"):
        return Ending(
            REJECTED,
            "the group is role-assignable: its members may hold directory roles",
            "name a group that is not",
        )
    if not shown.get("securityEnabled"):
        return Ending(
            REJECTED,
            "the group is no security group: it cannot be assigned to an app",
            "name a security group",
        )
    is_dynamic = "DynamicMembership" in (shown.get("groupTypes") or ())
    if is_dynamic and intent.wanted is not Wanted.GROUP:
        return Ending(
            REJECTED,
            "the group is dynamic: its members follow from its rule alone",
            "change the rule, or what it reads of the person",
        )
    return None
