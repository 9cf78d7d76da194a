"""Decides what the app's own word means for the rows of a person whose access must be taken."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from hasten.domain.app_account import AppAccount
from hasten.domain.changes import Change, State
from hasten.domain.row_states import finished, retried

MAX_APP_TRIES = 3
"""Maximum number of repeated tries to reach the app, or to make the account inactive. Then Hasten
calls Entra ID."""

MAX_APP_DELAY = timedelta(minutes=2)
"""Maximum time for which a revocation waits because the app asks for it by one answer, or answers
nothing but 429. Then Hasten calls Entra ID."""

CHECK_MATCH = "compare scim.match in targets.yaml with the account in the app"


class AppRevocationResult(StrEnum):
    """The result of an attempt to take a person's access in the app itself."""

    CONFIRMED = "confirmed"
    """The app itself shows the account inactive, or that it is gone after Hasten's write."""

    STILL_ASSIGNED = "still_assigned"
    """Graph reports the user as enabled and assigned, or may do so as soon as all its replicas have
    settled: nothing was changed."""

    NO_ACCOUNT = "no_account"
    SEVERAL_ACCOUNTS = "several_accounts"
    NO_VALUE = "no_value"
    """Entra ID has no value to match by; a deleted user has only the object id."""

    STILL_ACTIVE = "still_active"
    """The app answered with success and shows the account active all the same."""

    NOT_FOUND = "not_found"
    """The app answered the search for the account with 404."""

    UNAVAILABLE = "unavailable"
    THROTTLED = "throttled"
    REFUSED = "refused"
    """The app, or Graph, refuses what concerns this user. It may accept the same about others."""

    NO_ACCESS = "no_access"
    """The app refuses Hasten itself: it can take nobody's access until an operator acts."""


NEEDS_OPERATOR = frozenset({AppRevocationResult.REFUSED, AppRevocationResult.NO_ACCESS})
NOT_SERVED = NEEDS_OPERATOR | {AppRevocationResult.THROTTLED, AppRevocationResult.UNAVAILABLE}
"""Results after which a later request to the app may take the access."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppRevocation:
    """`delay` is how long to wait before another try can help; None if none can. `may_land` means
    that a write in the app had no answer and may still take effect."""

    result: AppRevocationResult
    reason: str
    next_action: str = ""
    delay: timedelta | None = None
    may_land: bool = False


def inactive_at(at: datetime) -> str:
    return f"the app itself says inactive at {at:%Y-%m-%d %H:%M:%S}Z"


def gone_at(at: datetime) -> str:
    return f"the app itself shows no account any more at {at:%Y-%m-%d %H:%M:%S}Z"


def read_back(shown: AppAccount | None, *, was_written: bool, at: datetime) -> AppRevocation:
    """Returns what the account proves that the app shows at `at`; None is no account."""
    if shown is None:
        return AppRevocation(
            result=AppRevocationResult.CONFIRMED if was_written else AppRevocationResult.NO_ACCOUNT,
            reason=gone_at(at),
        )
    if shown.active is False:
        return AppRevocation(result=AppRevocationResult.CONFIRMED, reason=inactive_at(at))
    return AppRevocation(
        result=AppRevocationResult.STILL_ACTIVE,
        reason="the app answered with success and does not show the account inactive",
        next_action="try another scim.patch in targets.yaml, or ask the app's maker",
        delay=timedelta(seconds=15),
    )


def settled(
    change: Change, revocation: AppRevocation, *, now: datetime, is_last: bool = False
) -> Change:
    """Returns the row after the try. What no further try can settle is left to Entra ID: the row is
    due at once, and the next plan of the drain calls it. `is_last` means that this drain asks the
    app for nobody any more."""
    if revocation.result is AppRevocationResult.CONFIRMED:
        done = finished(change, State.CONFIRMED, now=now, reason=revocation.reason)
        return replace(done, needs_proof=False, keeps_assignment=False)
    delay = None if is_last else revocation.delay
    if delay is not None and delay <= MAX_APP_DELAY and change.attempts < MAX_APP_TRIES:
        return retried(change, due_at=now + delay, reason=revocation.reason)
    return replace(
        change,
        state=State.PENDING,
        due_at=now,
        reason=revocation.reason,
        next_action=revocation.next_action,
    )
