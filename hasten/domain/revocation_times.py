"""Reads from the history how long access outlived the decision to take it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from hasten.domain.changes import Action, Change, State
from hasten.domain.history import DONE, Entry, EntryKind
from hasten.domain.speed import ANSWERED_STATES, PROVEN_STATES

IPSIE_REVOCATION_TIME = timedelta(minutes=5)
"""The interoperability profile IPSIE asks that access ends within five minutes."""

Key = tuple[str, str, str, str, datetime]


class Stand(StrEnum):
    TAKEN = "taken"
    OPEN = "open"
    """Hasten has still to do it, or an operator has to decide."""

    NOT_TAKEN = "not taken"
    SUPERSEDED = "superseded"
    """The person came back before it was done: nothing was to be taken any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """Access of one person to one target through one group. `noticed_at` is when Hasten learned of
    the decision, `taken_at` when Entra or the app said that the access is gone, `proven_at` when
    the provisioning log, the app or a cycle proved it. `decisions` says what operators did
    meanwhile."""

    target: str
    user: str
    group: str
    action: str
    noticed_at: datetime
    called_at: datetime | None
    taken_at: datetime | None
    proven_at: datetime | None
    stand: Stand
    result: str
    reason: str
    causes: Sequence[str] = ()
    decisions: Sequence[str] = ()

    def took(self, now: datetime) -> timedelta:
        """Returns the time until the access was gone, or until `now` while it is not."""
        return (self.taken_at or now) - self.noticed_at

    def is_within(self, limit: timedelta) -> bool:
        return self.taken_at is not None and self.taken_at - self.noticed_at <= limit

    def is_exception(self, limit: timedelta, now: datetime) -> bool:
        """Returns whether the access was, or is, there longer than `limit`."""
        return self.stand is not Stand.SUPERSEDED and (
            self.stand is Stand.NOT_TAKEN or self.took(now) > limit
        )


def revocations(entries: Iterable[Entry], open_rows: Iterable[Change] = ()) -> list[Revocation]:
    """Returns the revocations of which the entries say something, and those of `open_rows`, the
    oldest first."""
    by_change: dict[Key, list[Entry]] = defaultdict(list)
    decided: dict[tuple[str, str, str], list[Entry]] = defaultdict(list)
    for entry in sorted(entries, key=lambda entry: entry.at):
        if entry.kind is EntryKind.OUTCOME and _is_removal(entry.action) and entry.steps.noticed:
            by_change[_key(entry, entry.steps.noticed)].append(entry)
        elif entry.kind in {EntryKind.RELEASED, EntryKind.DISCARDED} and entry.result == DONE:
            decided[entry.target, entry.user, entry.group].append(entry)
    found = {key: _revocation(key, of_change) for key, of_change in by_change.items()}
    for row in open_rows:
        if row.is_removal:
            key = (row.target, row.user, row.group, str(row.action), row.noticed_at)
            found[key] = _open(row)
    return [
        _with_decisions(one, decided[one.target, one.user, one.group])
        for one in sorted(found.values(), key=lambda one: one.noticed_at)
    ]


def _is_removal(action: str) -> bool:
    return action in {*Action} and Action(action).takes_access


def _key(entry: Entry, noticed: datetime) -> Key:
    return entry.target, entry.user, entry.group, entry.action, noticed


def _revocation(key: Key, entries: Sequence[Entry]) -> Revocation:
    """The newest entry decides: a log that contradicts an answer opens the row again, and what was
    answered before counts no more."""
    target, user, group, action, noticed = key
    newest = entries[-1]
    answers = [entry for entry in entries if entry.result in ANSWERED_STATES]
    proofs = [entry for entry in entries if entry.result in PROVEN_STATES]
    stand = _stand(newest.result)
    taken = (answers or proofs)[-1] if stand is Stand.TAKEN else None
    called = [entry.steps.called for entry in entries if entry.steps.called]
    return Revocation(
        target=target,
        user=user,
        group=group,
        action=action,
        noticed_at=noticed,
        called_at=min(called, default=None),
        taken_at=taken.steps.ended if taken else None,
        proven_at=proofs[-1].steps.ended if proofs and stand is Stand.TAKEN else None,
        stand=stand,
        result=newest.result,
        reason=newest.reason,
        causes=[f"{cause.source} {cause.id}" for cause in newest.causes],
    )


def _stand(result: str) -> Stand:
    if result in ANSWERED_STATES | PROVEN_STATES:
        return Stand.TAKEN
    return Stand.SUPERSEDED if result == State.SUPERSEDED else Stand.NOT_TAKEN


def _open(row: Change) -> Revocation:
    return Revocation(
        target=row.target,
        user=row.user,
        group=row.group,
        action=row.action,
        noticed_at=row.noticed_at,
        called_at=row.called_at,
        taken_at=None,
        proven_at=None,
        stand=Stand.OPEN,
        result=row.state,
        reason=row.reason,
        causes=[f"{cause.source} {cause.id}" for cause in row.causes],
    )


def _with_decisions(one: Revocation, decided: Sequence[Entry]) -> Revocation:
    until = one.taken_at
    said = [
        f"{entry.kind} by {entry.by}" + (f": {entry.why}" if entry.why else "")
        for entry in decided
        if entry.at >= one.noticed_at and (until is None or entry.at <= until)
    ]
    return replace(one, decisions=said) if said else one
