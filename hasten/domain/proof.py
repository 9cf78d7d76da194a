"""What the provisioning log says of a call that was answered with success: an answer is no proof.

An entry proves something only about the person it names and the outcome that was wanted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from hasten.domain.account import GIVES, Account, matched, properties, skip_reason, took
from hasten.domain.changes import DIRECT, Change
from hasten.domain.connector_errors import NEXT_ACTIONS, TRANSIENT
from hasten.domain.cycle import time
from hasten.domain.redaction import redacted

SKEW = timedelta(seconds=5)
"""The log's clock and ours may differ by so much."""

PATIENCE = timedelta(hours=24)
"""Time for which the log is asked: Microsoft documents no latency of the log."""

NO_REASON = "the log gives no reason"
STILL_ACTIVE = "the log shows the account still active"


class Says(StrEnum):
    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Proof:
    says: Says
    reason: str = ""
    next_action: str = ""
    passes: bool = False
    """Whether a contradiction is an error of the app that passes."""


NOTHING = Proof(Says.NOTHING)


def proof(change: Change, entries: Iterable[Mapping[str, Any]]) -> Proof:
    """What `entries` about the user and about the group of `change` prove. Those that came after
    the call count.

    The log does not say for which group a user was called, so a failure may be that of a later call
    for another one. Of a removal the newest entry decides: doubt costs a call. A grant that was
    confirmed once stays so: doubt would call it failed although it took.
    """
    since = (change.called_at or change.found_at) - SKEW
    newest_first = sorted((e for e in entries if _when(e) >= since), key=_when, reverse=True)
    judge = _of_removal if change.is_removal else _of_grant
    said = [one for one in (judge(change, entry) for entry in newest_first) if one is not NOTHING]
    confirmed = [] if change.is_removal else [one for one in said if one.says is Says.CONFIRMED]
    return next(iter(confirmed or said), NOTHING)


def about(entry: Mapping[str, Any]) -> str:
    """The object id of what was provisioned."""
    return str((entry.get("sourceIdentity") or {}).get("id") or "").lower()


def _of_removal(change: Change, entry: Mapping[str, Any]) -> Proof:
    """A leaver who keeps another assignment loses a membership, and the account of nobody else."""
    status, action = _status(entry), _action(entry)
    if about(entry) != change.user:
        is_proven = change.keeps_assignment and status == "success" and _left(change, entry)
        return Proof(Says.CONFIRMED) if is_proven else NOTHING
    match status:
        case "failure":
            return _failure(entry)
        case "success" | "warning" if took([entry], action):
            return Proof(Says.CONFIRMED)
        case "skipped":
            return _skipped(matched([entry]))
    return NOTHING


def _of_grant(change: Change, entry: Mapping[str, Any]) -> Proof:
    status, action = _status(entry), _action(entry)
    is_of_user = about(entry) == change.user
    match status:
        case "failure":
            return _failure(entry) if is_of_user or _joined(change, entry) else NOTHING
        case "success" | "warning" if is_of_user:
            gives = action in GIVES or (change.group == DIRECT and not took([entry], action))
            return Proof(Says.CONFIRMED) if gives else NOTHING
        case "success":
            return Proof(Says.CONFIRMED) if _joined(change, entry) else NOTHING
        case "skipped" if is_of_user and _code(entry) == "RedundantExport":
            is_shown = matched([entry]) is Account.ACTIVE
            return Proof(Says.CONFIRMED) if is_shown else NOTHING
    return NOTHING


def _skipped(account: Account) -> Proof:
    """Of a removal: a skip says nothing, the account that was matched does."""
    if account.is_out:
        return Proof(Says.CONFIRMED)
    if account is Account.ACTIVE:
        return Proof(Says.CONTRADICTED, STILL_ACTIVE)
    return NOTHING


def _failure(entry: Mapping[str, Any]) -> Proof:
    code = _code(entry)
    error = _info(entry).get("errorInformation") or {}
    reason = redacted(f"{code}: {error.get('reason') or NO_REASON}")
    next_action = NEXT_ACTIONS.get(code, "")
    return Proof(Says.CONTRADICTED, reason, next_action, passes=code in TRANSIENT)


def _joined(change: Change, entry: Mapping[str, Any]) -> bool:
    """Whether an entry about the group names the user among what was added."""
    return _names(change.user, entry, "newValue")


def _left(change: Change, entry: Mapping[str, Any]) -> bool:
    return _names(change.user, entry, "oldValue")


def _names(user: str, entry: Mapping[str, Any], where: str) -> bool:
    other = "oldValue" if where == "newValue" else "newValue"
    return any(
        user in str(one.get(where) or "").lower() and user not in str(one.get(other) or "").lower()
        for one in properties([entry])
    )


def _code(entry: Mapping[str, Any]) -> str:
    """The error code; of a skip the log has it in a step alone."""
    error = _info(entry).get("errorInformation") or {}
    return str(error.get("errorCode") or skip_reason([entry]))


def _status(entry: Mapping[str, Any]) -> str:
    return str(_info(entry).get("status") or "").casefold()


def _action(entry: Mapping[str, Any]) -> str:
    return str(entry.get("provisioningAction") or "").casefold()


def _info(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    info = entry.get("provisioningStatusInfo")
    return info if isinstance(info, Mapping) else {}


def _when(entry: Mapping[str, Any]) -> datetime:
    at = time(entry.get("activityDateTime"))
    if at is None:
        raise ValueError("an entry of the provisioning log has no activityDateTime")
    return at
