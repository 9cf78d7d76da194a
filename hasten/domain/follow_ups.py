"""Decides about what an offboarding event wants besides the revocation: to end the user's sign-in
sessions, and to have a workflow go on once the revocation is proven."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from hasten.domain.changes import OPEN_STATES, Cause, Change, State
from hasten.domain.ensuring import ENDED_WELL
from hasten.domain.intents import Intent, Wanted

CALLBACK_MAX_WAIT = timedelta(hours=3)
"""Lifecycle Workflows wait at most PT3H for a callback (Graph,
customTaskExtensionCallbackConfiguration)."""

MAX_AGE_OF_SESSIONS = timedelta(days=1)
"""Hasten tries to end sessions for this long. A refresh token lives longer, but whoever reads the
problem has acted by then."""


class What(StrEnum):
    RESUME = "resume"
    SESSIONS = "sessions"


class RevocationProof(StrEnum):
    """States what is known about the revocation of one event for one user."""

    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """`event_time` is the event's own time: what an older event wanted proves nothing. `path` is
    the callback of the workflow's task. `groups` are the groups that the user leaves; `is_complete`
    is set once all of them are known. `is_of_all` means that the event names no group: the user
    must have no access at all. `refused` is why a part of the event cannot be carried out.
    """

    what: What
    target: str
    user: str
    cause: Cause
    event_time: datetime
    asked_at: datetime
    due_at: datetime
    tries: int = 0
    path: str = ""
    groups: Sequence[str] = ()
    is_complete: bool = False
    is_of_all: bool = False
    refused: str = ""

    @property
    def key(self) -> str:
        """Returns the same key whenever the same event is taken again."""
        name = f"{self.cause.source}|{self.cause.id}|{self.target}|{self.user}"
        return f"{self.what}|{hashlib.sha256(name.encode()).hexdigest()[:32]}"

    def is_too_old(self, now: datetime) -> bool:
        longest = CALLBACK_MAX_WAIT if self.what is What.RESUME else MAX_AGE_OF_SESSIONS
        return now - self.asked_at > longest


def proof(
    asked: FollowUp, found: Collection[tuple[Intent | None, Change | None]]
) -> tuple[RevocationProof, str]:
    """Returns what is known about the revocation, and why. `found` has, for each group of `asked`,
    the intent and the row of the user as they are stored now. Nothing is known before all groups
    are: the look that finds the last of them asks once more, and a workflow takes one answer."""
    if not asked.is_complete:
        return RevocationProof.WAITING, "all groups of the user are not known yet"
    if asked.refused:
        return RevocationProof.FAILED, asked.refused
    judged = [_of_group(asked, intent, row) for intent, row in found]
    failed = [reason for known, reason in judged if known is RevocationProof.FAILED]
    if failed:
        return RevocationProof.FAILED, failed[0]
    waiting = [reason for known, reason in judged if known is RevocationProof.WAITING]
    if waiting:
        return RevocationProof.WAITING, waiting[0]
    return RevocationProof.COMPLETED, ""


def _of_group(
    asked: FollowUp, intent: Intent | None, row: Change | None
) -> tuple[RevocationProof, str]:
    is_of_row = row is not None and asked.cause in row.causes
    if intent is None or intent.time < asked.event_time:
        if row is not None and is_of_row:
            return _of_row(row)
        return RevocationProof.WAITING, "the event is being taken"
    if intent.wanted is not Wanted.ABSENT:
        return RevocationProof.FAILED, "a newer event wants the user in the group"
    if not intent.is_done:
        return RevocationProof.WAITING, intent.held or "the membership is being removed"
    if intent.outcome in ENDED_WELL:
        return _of_row(row) if row is not None else (RevocationProof.COMPLETED, "")
    if row is None or intent.cause not in row.causes:
        return RevocationProof.FAILED, f"the event ended as {intent.outcome}"
    return _of_row(row)


def _of_row(row: Change) -> tuple[RevocationProof, str]:
    if not row.action.takes_access:
        return RevocationProof.FAILED, "the user has joined the group again"
    if row.state in OPEN_STATES or row.state is State.LEFT_TO_CYCLE:
        return RevocationProof.WAITING, row.reason or f"the revocation is {row.state}"
    if row.state is State.FAILED:
        return RevocationProof.FAILED, row.reason
    return RevocationProof.COMPLETED, ""
