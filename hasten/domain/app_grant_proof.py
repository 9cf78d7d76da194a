"""Weighs the word of the app itself about a grant against the provisioning log.

An active account proves a grant that gives the account. A grant through a group also needs the
membership: the app shows it beside the account, or the log does. An app that cannot be read delays
a grant by UNREAD_GRANT_MAX_WAIT at most.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hasten.domain.app_account import AppAccount, NoAccount
from hasten.domain.app_proof import ANSWERED_STATES, APP_HAS_NOT_SHOWN, UNCLEAR, Shown, Unclear
from hasten.domain.changes import DIRECT, Action, Change, State
from hasten.domain.proof import Proof, Says

APP_SHOWS_WITHIN = timedelta(minutes=5)
"""Maximum time until an app shows what Entra ID wrote to it. Until then a missing account is no
contradiction."""

UNREAD_GRANT_MAX_WAIT = timedelta(hours=1)
"""Maximum time for which a grant that the log confirms waits for an app that cannot be read."""

NO_ACTIVE = "the app itself shows no active account"
NOT_A_MEMBER = "it shows the account active, and not in the group"
CHECK_GRANT = "look in the app, and at what the job maps: the account must be active there"
GIVING_CHANGES = frozenset({Action.ADDED, Action.ENABLED, Action.RESTORED})


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedGrant:
    """The result that a grant should have. `by_group` means that the membership matters, and not
    the account alone. `group` is the display name of the group, "" if Graph has not shown it.
    `is_assigned` says what Graph reported when the app was asked."""

    by_group: bool
    group: str
    is_assigned: bool


def is_shown_in_app(change: Change) -> bool:
    """Returns whether the app can show the end of the row. An update shows nowhere: Hasten reads no
    attributes."""
    return change.action in GIVING_CHANGES and change.state in ANSWERED_STATES


def needs_account_only(change: Change, *, by_user: bool) -> bool:
    """`by_user` means that the target grants by user calls."""
    return by_user or change.is_of_person or change.group == DIRECT


def granted(
    change: Change, log: Proof, shown: Shown, wanted: WantedGrant, *, at: datetime
) -> Proof:
    """Returns what is proven about a grant whose call was answered. If the log contradicts the
    grant, an active account does not help, because the log is about the group."""
    is_doubted = log.says in {Says.CONTRADICTED, Says.LEFT_OUT}
    age = at - (change.called_at or change.found_at)
    match shown:
        case AppAccount(active=True) if is_doubted:
            return log
        case AppAccount(active=True):
            may_call = age >= APP_SHOWS_WITHIN and wanted.is_assigned and not change.contradicted
            return _active(log, shown, wanted, at, may_call=may_call)
        case AppAccount(active=False) | NoAccount() if age < APP_SHOWS_WITHIN and not is_doubted:
            return Proof(Says.UNSHOWN, NO_ACTIVE)
        case AppAccount(active=False) | NoAccount() if wanted.is_assigned:
            return Proof(Says.CONTRADICTED, NO_ACTIVE, CHECK_GRANT, passes=True)
        case Unclear() if log.says is Says.CONFIRMED:
            return _late(log, shown, age)
        case AppAccount(active=None) if log.says is Says.CONFIRMED:
            return _late(log, Unclear(UNCLEAR), age)
    return log


def is_contradicted(change: Change) -> bool:
    """Returns whether the grant has failed because the app itself does not show it."""
    return change.state is State.FAILED and change.reason == NO_ACTIVE


def active_at(at: datetime) -> str:
    return f"the app itself says active at {at:%Y-%m-%d %H:%M:%S}Z"


def _active(
    log: Proof, shown: AppAccount, wanted: WantedGrant, at: datetime, *, may_call: bool
) -> Proof:
    """`may_call` means that the user may be called once more, alone."""
    if not wanted.by_group:
        return Proof(Says.CONFIRMED, active_at(at))
    if wanted.group.casefold() in shown.groups:
        return Proof(Says.CONFIRMED, f"{active_at(at)}, and shows the membership")
    if shown.groups and wanted.group:
        return Proof(Says.LEFT_OUT if may_call else Says.UNSHOWN, NOT_A_MEMBER, CHECK_GRANT)
    if log.says is not Says.CONFIRMED:
        return log
    return Proof(Says.CONFIRMED, f"{active_at(at)}; the log shows the membership")


def _late(log: Proof, why: Unclear, age: timedelta) -> Proof:
    if age < UNREAD_GRANT_MAX_WAIT:
        return Proof(Says.UNSHOWN, why.reason)
    return Proof(log.says, f"the provisioning log shows it{APP_HAS_NOT_SHOWN}{why.reason}")
