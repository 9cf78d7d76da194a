"""Builds outcomes: CloudEvents on the topic `provisioning-outcomes` that say what became of a
change. The id is deterministic, so an outcome that is sent twice counts once."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from hasten.domain.changes import Cause, Change, State

OUTCOME = "hasten.outcome.v1"
ALERT = "hasten.alert.v1"
TARGETS_SOURCE = "/hasten/targets/"

REJECTED: Final = "rejected"
STALE: Final = "stale"
"""Results of events that never became a change."""

OBSERVED: Final = "observed"
"""Result of an event that Hasten would have carried out if the target were not in observe mode."""

NOT_TAKEN: Final = "revocation_not_taken"
OVERDUE: Final = "revocation_overdue"
UNPROVEN: Final = "revocation_unproven"
GRANT_UNPROVEN: Final = "grant_unproven"
"""Alerts about a leaver: a row that failed, a row that Entra's own cycle has not done in time, and
a row that the app itself, or the log after a cycle, has not shown to be done. The last is about a
joiner whom the app does not show."""

MEMBERSHIP_UNPROVEN: Final = "membership_unproven"
"""Alert about a leaver who keeps another assignment: a cycle has ended, which removes a membership,
and the log does not show it. The log of many tenants may never do so: whether it names members is
not documented. So it is no alert of Azure Monitor."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One outcome. `id` is the same whenever the same outcome is published."""

    id: str
    event: Mapping[str, Any]


def of_change(change: Change, state: State | None = None, now: datetime | None = None) -> Outcome:
    """Builds the outcome of a ledger row. `state` and `now` are given for a state that is not
    stored (superseded)."""
    result = str(state or change.state)
    ended = now or change.finished_at
    data = {
        "result": result,
        "target": change.target,
        "group": change.group,
        "user": change.user,
        "action": str(change.action),
        "reason": change.reason,
        "nextAction": change.next_action,
        "causes": _causes(change.causes),
        "foundBy": change.found_by,
        "attempts": change.attempts,
        "times": _times(
            noticed=change.noticed_at,
            found=change.found_at,
            called=change.called_at,
            ended=ended,
            expected=change.expected_at,
        ),
    }
    name = f"{change.target}|{change.group}|{change.user}|{change.origin}|{change.action}"
    return _outcome(OUTCOME, f"{name}|{ended}|{result}", data, ended)


def of_event(
    cause: Cause,
    *,
    target: str,
    group: str,
    user: str,
    result: str,
    reason: str,
    next_action: str,
    now: datetime,
    details: Sequence[Mapping[str, str]] = (),
    key: str = "",
) -> Outcome:
    """Builds the outcome of an event (or of one user in it) that produced no ledger row. `key`
    distinguishes two outcomes of one event that are equal in all else that the id is made of: parts
    about users who could not be found, or rejections for different reasons."""
    data = {
        "result": result,
        "target": target,
        "group": group,
        "user": user,
        "reason": reason,
        "nextAction": next_action,
        "causes": _causes([cause]),
        "details": [dict(detail) for detail in details],
        "times": _times(ended=now),
    }
    return _outcome(
        OUTCOME, f"{cause.source}|{cause.id}|{target}|{group}|{user}|{result}|{key}", data, now
    )


def of_alert(
    name: str, *, target: str, group: str, reason: str, next_action: str, key: str, now: datetime
) -> Outcome:
    """Builds an alert that an operator must see at once. `key` distinguishes two alerts of one
    name."""
    data = {
        "result": name,
        "target": target,
        "group": group,
        "reason": reason,
        "nextAction": next_action,
        "times": _times(ended=now),
    }
    return _outcome(ALERT, f"{name}|{target}|{group}|{key}", data, now)


def of_person(name: str, change: Change, *, now: datetime) -> Outcome:
    """Builds the alert about a leaver who may still have access, or a joiner who may have none. One
    change has one alert of each name."""
    return of_alert(
        name,
        target=change.target,
        group=change.group,
        reason=f"{change.user}: {change.reason}",
        next_action=change.next_action,
        key=f"{change.user}|{change.origin}",
        now=now,
    )


def of_membership(change: Change) -> Outcome:
    """Builds the alert `membership_unproven`. Each end of the row has its own."""
    ended = change.finished_at or change.found_at
    return of_alert(
        MEMBERSHIP_UNPROVEN,
        target=change.target,
        group=change.group,
        reason=f"{change.user}: {change.reason}",
        next_action=change.next_action,
        key=f"{change.user}|{change.origin}|{ended.isoformat()}",
        now=ended,
    )


def _outcome(kind: str, name: str, data: Mapping[str, Any], at: datetime | None) -> Outcome:
    identity = hashlib.sha256(name.encode()).hexdigest()[:32]
    subject = str(data.get("user") or data["group"])
    event = {
        "specversion": "1.0",
        "id": identity,
        "source": TARGETS_SOURCE + str(data["target"]),
        "type": kind,
        **({"subject": subject} if subject else {}),
        "time": at.isoformat() if at else None,
        "datacontenttype": "application/json",
        "data": data,
    }
    return Outcome(identity, event)


def _causes(causes: Sequence[Cause]) -> list[dict[str, str]]:
    return [{"source": cause.source, "id": cause.id} for cause in causes]


def _times(**times: datetime | None) -> dict[str, str]:
    return {name: at.isoformat() for name, at in times.items() if at is not None}
