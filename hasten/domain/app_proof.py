"""Decides from what the app itself shows and from the provisioning log whether a removal is proven.

The app has the last word. A removal is confirmed only by an account that the app shows inactive, or
that both the app and Entra ID report as gone. An app that does not answer, or whose answer is
unclear, confirms nothing, whatever the log says: the row waits.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hasten.domain.account import Account
from hasten.domain.app_account import AppAccount, NoAccount
from hasten.domain.app_revocation import CHECK_MATCH, gone_at, inactive_at
from hasten.domain.changes import Change, State
from hasten.domain.proof import PROOF_TIMEOUT, Proof, Says
from hasten.domain.removal_settlement import CHECK_ACCOUNT_IN_APP, REASON_BY_ACCOUNT

ACTIVE_IN_APP = "the app itself shows the account active"
NO_MATCHING_ACCOUNT = "it shows no account that matches"
UNCLEAR = "it does not say whether the account is active"
NOT_ASKED = "it has not been asked yet"

UNSHOWN_ALERT_AFTER = timedelta(hours=1)
"""Time after which Hasten raises an alert if the app has not shown a removal."""

APP_HAS_NOT_SHOWN = "; the app itself has not shown it: "
ENTRA_ANSWERED = "Entra ID has answered"
LOG_SHOWS_CYCLE = "the provisioning log shows that Entra's own cycle has done it"

ANSWERED_STATES = frozenset({State.SUCCEEDED, State.IN_SYNC})


@dataclass(frozen=True, slots=True)
class Unclear:
    """The app did not answer, or its answer does not identify one account."""

    reason: str
    next_action: str = ""


Shown = AppAccount | NoAccount | Unclear


def rests_on_app(change: Change) -> bool:
    """Returns whether the account in the app decides about the row. A leaver who keeps another
    assignment keeps the account, which says nothing about the membership."""
    return change.is_removal and not change.keeps_assignment


def weighed(change: Change, log: Proof, shown: Shown, *, deletes: bool, at: datetime) -> Proof:
    """Returns what is proven about a row that rests on the app, which was asked at `at`. `deletes`
    means that the app keeps no account that is made inactive."""
    match shown:
        case AppAccount(active=False):
            return Proof(Says.CONFIRMED, inactive_at(at))
        case AppAccount(active=True) if (
            change.state in ANSWERED_STATES or log.says is Says.CONFIRMED
        ):
            return Proof(Says.CONTRADICTED, ACTIVE_IN_APP)
        case AppAccount(active=True):
            return log
        case NoAccount() if (deletes and _may_be_gone(change, log)) or _is_absent(change, log):
            return Proof(Says.CONFIRMED, gone_at(at))
        case NoAccount():
            return _unshown(change, log, Unclear(NO_MATCHING_ACCOUNT, CHECK_MATCH))
        case AppAccount():
            return _unshown(change, log, Unclear(UNCLEAR, CHECK_ACCOUNT_IN_APP))
        case Unclear():
            return _unshown(change, log, shown)


def unshown(change: Change, says: Proof, *, now: datetime) -> Change | None:
    """Returns the row that goes on waiting for the app, or that stops after PROOF_TIMEOUT without
    any claim. None if it need not be written."""
    since = _since(change)
    is_late = now - since > UNSHOWN_ALERT_AFTER
    waits = replace(
        change,
        reason=f"{_base(change)}{APP_HAS_NOT_SHOWN}{says.reason}",
        next_action=(says.next_action or CHECK_ACCOUNT_IN_APP) if is_late else "",
        needs_proof=now - since <= PROOF_TIMEOUT,
    )
    return None if waits == change else waits


def is_news(before: Change, after: Change) -> bool:
    """Returns whether the app has left a removal unshown for so long that someone must know."""
    waits = APP_HAS_NOT_SHOWN in after.reason and before.state is after.state
    return waits and bool(after.next_action) and not before.next_action


def _unshown(change: Change, log: Proof, why: Unclear) -> Proof:
    """Doubts of the log still count: they only cost a call."""
    is_proven = log.says is Says.CONFIRMED
    if not is_proven and (log.says is not Says.NOTHING or change.state not in ANSWERED_STATES):
        return log
    return Proof(Says.UNSHOWN, why.reason, why.next_action)


def _may_be_gone(change: Change, log: Proof) -> bool:
    """Returns whether Entra ID does not contradict an app that shows no account: the account may
    have another matching attribute."""
    if change.state is State.FAILED:
        return log.says is Says.CONFIRMED
    return log.says is not Says.CONTRADICTED


def _is_absent(change: Change, log: Proof) -> bool:
    """Returns whether Entra ID, too, reports that the app has no account of the user."""
    said = change.state is State.IN_SYNC and _base(change) == REASON_BY_ACCOUNT[Account.ABSENT]
    return said or log.is_absent


def _base(change: Change) -> str:
    base = change.reason.split(APP_HAS_NOT_SHOWN)[0]
    return LOG_SHOWS_CYCLE if change.state is State.LEFT_TO_CYCLE else base or ENTRA_ANSWERED


def _since(change: Change) -> datetime:
    return change.finished_at or change.called_at or change.found_at
