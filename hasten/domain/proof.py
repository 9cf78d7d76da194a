"""Reads what the provisioning log says about a call that was answered with success, because an
answer is no proof. An entry proves something only about the user it names and the outcome that was
wanted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from hasten.domain.account import (
    DELETE,
    GIVING_ACTIONS,
    MADE_ACTIONS,
    STAGED_ACTIONS,
    Account,
    about,
    action_of,
    is_exported,
    matched,
    names_grant,
    names_removal,
    properties,
    skip_reason,
    took,
)
from hasten.domain.changes import DIRECT, Change
from hasten.domain.connector_errors import (
    NEXT_ACTIONS,
    NOT_EFFECTIVELY_ENTITLED,
    REDUNDANT_EXPORT,
    TRANSIENT,
)
from hasten.domain.cycle import ENTRA_CLOCK_SKEW, time
from hasten.domain.entra_words import code_of, status_of
from hasten.domain.redaction import redacted

PROOF_TIMEOUT = timedelta(hours=24)
"""Time for which Hasten asks the log about a call. Microsoft documents no latency of the log."""

NO_REASON = "the log gives no reason"
MEMBERSHIP_REMOVED = "the log shows that the call removed the user from the group"
ADDED_AGAIN = "the log shows that a later call or cycle added the user to the group again"
GIVEN_AGAIN = "the log shows that a later call or cycle gave the account again"
LOG_SHOWS_ACTIVE = "the log shows the account still active"
LOG_SHOWS_INACTIVE = "the log shows the account inactive"
LOG_SHOWS_SKIP = "the log shows that Entra skipped the user"
UNKNOWN_ACTION = (
    "the log names an action that Hasten does not know: nothing shows that the account is inactive"
)
STAGED = (
    "the log shows that Entra has not made the removal: the job's threshold against accidental "
    "deletions stops it"
)


class Says(StrEnum):
    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    LEFT_OUT = "left_out"
    """The log names others whom calls on the group served, and not this user."""

    UNSHOWN = "unshown"
    """The app itself, which has the last word on this row, has not shown what is wanted."""

    SKIPPED = "skipped"
    """The newest entry about the user of a grant shows a skip or an inactive account, so that a
    completed cycle does not show that the user has access."""

    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Proof:
    says: Says
    reason: str = ""
    next_action: str = ""
    passes: bool = False
    """True if another call may end a contradiction, such as a transient error, or a skip."""

    is_absent: bool = False
    """True if the app has no account any more."""


NO_PROOF = Proof(Says.NOTHING)
PROVISIONED = Proof(Says.NOTHING, "the log shows that Entra provisioned the user")
"""It proves no grant, and ends the doubt of a skip before it."""

WEIGHT_FOR_GRANT = {Says.CONFIRMED: 2, Says.CONTRADICTED: 1}
"""What an entry says that counts for a grant more than a newer entry."""


def proof(change: Change, entries: Iterable[Mapping[str, Any]]) -> Proof:
    """Returns what `entries` about the user and about the group of `change` prove. Only entries
    after `logged_from` count.

    The log does not say for which group a user was called, so a failure may belong to a later call
    for another group. An account that a later call gave says nothing about the membership that this
    call had to give. For a removal the newest entry decides, and of entries of the same time one
    that contradicts, since a doubt costs only a call. A grant that was confirmed once stays
    confirmed, since a doubt would report it as failed although it worked, and a skip after a
    failure does not undo it.
    """
    since = change.logged_from - ENTRA_CLOCK_SKEW
    judge = _of_removal if change.is_removal else _of_grant
    judged = [(_when(entry), judge(change, entry)) for entry in entries if _when(entry) >= since]
    judged.sort(key=lambda one: (one[0], one[1].says is Says.CONTRADICTED), reverse=True)
    said = [one for _, one in judged if one is not NO_PROOF]
    if not change.is_removal:
        said.sort(key=lambda one: WEIGHT_FOR_GRANT.get(one.says, 0), reverse=True)
    return next(iter(said), NO_PROOF)


def _of_removal(change: Change, entry: Mapping[str, Any]) -> Proof:
    """Reads an entry about a removal. A leaver who keeps another assignment loses only the
    membership: neither an active account nor a disabled one proves anything of it, because the
    account may become active again. Microsoft does not document what a warning leaves undone, so a
    warning proves no removal."""
    status, action = _status(entry), action_of(entry)
    if about(entry) != change.user:
        return _of_membership(change, entry) if change.keeps_assignment else NO_PROOF
    is_taken = status == "success" and took([entry])
    if change.keeps_assignment:
        return Proof(Says.CONFIRMED) if is_taken and action == DELETE else NO_PROOF
    if action in STAGED_ACTIONS:
        return Proof(Says.CONTRADICTED, STAGED)
    if is_taken:
        return Proof(Says.CONFIRMED, is_absent=action == DELETE)
    match status:
        case "skipped":
            return _skipped(matched([entry]))
        case "failure":
            return _failure(entry)
    return _doubt(entry)


def _doubt(entry: Mapping[str, Any]) -> Proof:
    """Reads an entry that proves no removal and was neither skipped nor a failure, also one with a
    status that Hasten does not know. It contradicts the removal if the account may be active."""
    if names_grant(entry):
        return Proof(Says.CONTRADICTED, GIVEN_AGAIN)
    if action_of(entry) not in MADE_ACTIONS:
        return Proof(Says.CONTRADICTED, UNKNOWN_ACTION)
    if matched([entry]) is Account.ACTIVE and not names_removal(entry):
        return Proof(Says.CONTRADICTED, LOG_SHOWS_ACTIVE)
    return NO_PROOF


def _of_membership(change: Change, entry: Mapping[str, Any]) -> Proof:
    status = _status(entry)
    is_made = status == "success" and is_exported(entry) and action_of(entry) in MADE_ACTIONS
    if is_made and _left(change, entry):
        return Proof(Says.CONFIRMED)
    is_back = status not in {"skipped", "failure"} and _joined(change, entry)
    return Proof(Says.CONTRADICTED, ADDED_AGAIN) if is_back else NO_PROOF


def _of_grant(change: Change, entry: Mapping[str, Any]) -> Proof:
    status, action = _status(entry), action_of(entry)
    is_of_user = about(entry) == change.user
    if action in STAGED_ACTIONS:
        return NO_PROOF
    match status:
        case "failure":
            return _failure(entry) if is_of_user or _joined(change, entry) else NO_PROOF
        case "success" | "warning" if is_of_user:
            return _provisioned(change, entry)
        case "success" if is_exported(entry) and _joined(change, entry):
            return Proof(Says.CONFIRMED)
        case "success" if _left(change, entry):
            return Proof(Says.CONTRADICTED, MEMBERSHIP_REMOVED, passes=True)
        case "skipped" if is_of_user or _joined(change, entry):
            return _grant_skipped(change, entry)
    return NO_PROOF


def _provisioned(change: Change, entry: Mapping[str, Any]) -> Proof:
    """Reads an entry about the user of a grant that was no failure and no skip."""
    status, action = _status(entry), action_of(entry)
    if names_removal(entry):
        inactive = Proof(Says.SKIPPED, LOG_SHOWS_INACTIVE, passes=True)
        return NO_PROOF if change.is_update else inactive
    if action not in MADE_ACTIONS or (status == "success" and not is_exported(entry)):
        return NO_PROOF
    is_of_call = action in GIVING_ACTIONS and _may_be_of_the_call(change, entry)
    gives = change.called_group == DIRECT or is_of_call
    return Proof(Says.CONFIRMED) if gives else PROVISIONED


def _grant_skipped(change: Change, entry: Mapping[str, Any]) -> Proof:
    """Reads a skip of the user of a grant. Entra skips a user who is in sync, or whose assignment
    it does not count yet; any other reason is a refusal."""
    code, account = _code(entry), matched([entry])
    if code == REDUNDANT_EXPORT and account is Account.ACTIVE:
        return Proof(Says.CONFIRMED) if _may_be_of_the_call(change, entry) else PROVISIONED
    reason = f"{LOG_SHOWS_SKIP}: {redacted(code) or NO_REASON}"
    next_action = NEXT_ACTIONS.get(code, "")
    if code not in {"", REDUNDANT_EXPORT, NOT_EFFECTIVELY_ENTITLED}:
        return Proof(Says.CONTRADICTED, reason, next_action, passes=code in TRANSIENT)
    may_be_in_sync = code == REDUNDANT_EXPORT and account is not Account.INACTIVE
    return Proof(Says.SKIPPED, reason, next_action, passes=not may_be_in_sync)


def _may_be_of_the_call(change: Change, entry: Mapping[str, Any]) -> bool:
    """Returns whether Entra may have written the entry at the end of the call on the group of
    `change`: then it has served the user as a member. Calls on a target follow one another, so an
    entry that is nearer to the beginning may be of a call for the same user just before."""
    called, answered = change.called_at, change.finished_at
    if change.called_group == DIRECT or called is None or answered is None:
        return True
    return answered - (answered - called) / 2 <= _when(entry) <= answered


def _skipped(account: Account) -> Proof:
    """Reads a skip of a removal: the skip itself proves nothing, but the matched account does. The
    log may leave out what was matched, so nothing is read from an account that it does not show."""
    if account is Account.INACTIVE:
        return Proof(Says.CONFIRMED)
    if account is Account.ACTIVE:
        return Proof(Says.CONTRADICTED, LOG_SHOWS_ACTIVE)
    return NO_PROOF


def _failure(entry: Mapping[str, Any]) -> Proof:
    code = _code(entry)
    error = _info(entry).get("errorInformation") or {}
    said = str(error.get("reason") or NO_REASON)
    reason = redacted(f"{code}: {said}" if code else said)
    next_action = NEXT_ACTIONS.get(code, "")
    return Proof(Says.CONTRADICTED, reason, next_action, passes=code in TRANSIENT)


def _joined(change: Change, entry: Mapping[str, Any]) -> bool:
    """Returns whether an entry about the group names the user among the added values."""
    return about(entry) in change.subjects and names(change.user, entry, "newValue")


def _left(change: Change, entry: Mapping[str, Any]) -> bool:
    return about(entry) in change.subjects and names(change.user, entry, "oldValue")


def names(user: str, entry: Mapping[str, Any], where: str) -> bool:
    """Returns whether the user is among the values `where`, and not among the others: a list of
    all members before and after names the user on both sides."""
    other = "oldValue" if where == "newValue" else "newValue"
    return user in values(entry, where) and user not in values(entry, other)


def values(entry: Mapping[str, Any], where: str) -> str:
    """Returns what an entry about a group has as old or new values of its members, as one text.
    Other properties, such as owners, say nothing about members."""
    return " ".join(
        str(one.get(where) or "").lower()
        for one in properties([entry])
        if "member" in str(one.get("displayName") or "").lower()
    )


def succeeded(entry: Mapping[str, Any]) -> bool:
    return _status(entry) in {"success", "warning"}


def _code(entry: Mapping[str, Any]) -> str:
    """Returns the error code. The log gives the code of a skip only in a step."""
    error = _info(entry).get("errorInformation") or {}
    return code_of(error.get("errorCode") or skip_reason([entry]))


def _status(entry: Mapping[str, Any]) -> str:
    return status_of(_info(entry).get("status"))


def _info(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    info = entry.get("provisioningStatusInfo")
    return info if isinstance(info, Mapping) else {}


def _when(entry: Mapping[str, Any]) -> datetime:
    at = time(entry.get("activityDateTime"))
    if at is None:
        raise ValueError("an entry of the provisioning log has no activityDateTime")
    return at
