"""Takes one person's access in the app itself: finds the one account, reads Graph, sets `active` to
false, and reads the account back.

It does what Entra ID does later anyway, so Entra ID's own write finds nothing to do. Nothing is
ever written for a person whom Graph, read just before, reports as enabled and assigned, or of whom
Hasten saw a moment ago what a lagging replica of Graph does not show.
"""

from dataclasses import replace

from hasten.context import Context
from hasten.domain.app_account import AppAccount, NoAccount, NotFound, SeveralAccounts
from hasten.domain.app_revocation import (
    CHECK_MATCH,
    AppRevocation,
    AppRevocationResult,
    read_back,
)
from hasten.domain.changes import Change
from hasten.domain.planning import AssignmentStatus
from hasten.errors import PermanentError, TemporaryError
from hasten.ports.application import AccessRefused, Application, Throttled
from hasten.provision.hidden_groups import may_be_in_hidden_group
from hasten.provision.removal_status import removal_status
from hasten.provision.seen_grants import may_not_show
from hasten.provision.state import Drain
from hasten.scim import Match

IS_GONE = frozenset({AppRevocationResult.NO_ACCOUNT, AppRevocationResult.NOT_FOUND})
"""What the search shows after Hasten's write, of an account that it showed before."""


async def revoke(
    drain: Drain, application: Application, match: Match, rows: tuple[Change, ...]
) -> AppRevocation:
    """Makes the account of one user inactive in the app. `rows` are the removals of that user, and
    `match` says how to find the account. Returns what the app and Graph showed. Raises Stopped and
    Displaced, before the write only, and TemporaryError of the store."""
    found = await account_of(drain.context, application, match, rows[0].user)
    if isinstance(found, AppRevocation):
        return found
    kept = await _assigned(drain, rows)
    if kept is not None:
        return kept
    if found.active is False:
        return read_back(found, was_written=False, at=drain.now)
    await drain.check_stop()
    await drain.window.lease.commit()
    try:
        await application.deactivate(found.id)
    except (TemporaryError, PermanentError) as error:
        failed = _failed(error)
        return replace(failed, may_land=failed.result is AppRevocationResult.UNAVAILABLE)
    try:
        shown = await application.read(found.id)
    except (TemporaryError, PermanentError) as error:
        return _failed(error)
    if shown is None:
        # An app may show an account in its list only.
        again = await account_of(drain.context, application, match, rows[0].user)
        if isinstance(again, AppRevocation) and again.result not in IS_GONE:
            return again
        shown = again if isinstance(again, AppAccount) else None
    return read_back(shown, was_written=True, at=drain.now)


async def account_of(
    context: Context, application: Application, match: Match, user: str
) -> AppAccount | AppRevocation:
    """Returns the one account of the user in the app, or why there is none to change."""
    try:
        value = await _value(context, match, user)
        if not value:
            return AppRevocation(
                result=AppRevocationResult.NO_VALUE,
                reason=f"Entra ID shows no {match.entra} of the user to match the account by",
                next_action="match by the object id: scim.match in targets.yaml",
            )
        found = await application.find(value)
    except (TemporaryError, PermanentError) as error:
        return _failed(error)
    match found:
        case NoAccount():
            return AppRevocation(
                result=AppRevocationResult.NO_ACCOUNT,
                reason="the app shows no account that matches",
                next_action=CHECK_MATCH,
            )
        case NotFound():
            return AppRevocation(
                result=AppRevocationResult.NOT_FOUND,
                reason="the app answered the search for the account with 404",
                next_action="nothing if the person has no account there; else check scim.url",
            )
        case SeveralAccounts(count):
            return AppRevocation(
                result=AppRevocationResult.SEVERAL_ACCOUNTS,
                reason=f"the app shows {count} accounts that match, and Hasten changes none",
                next_action=CHECK_MATCH,
            )
    return found


async def _value(context: Context, match: Match, user: str) -> str:
    """Returns the user's value of the property to match by; empty if there is none. The name of a
    deleted user may belong to somebody else by now."""
    if match.outlives_deletion:
        return user
    profile = await context.directory.profile(user, [match.entra])
    return "" if profile is None else str(profile.values.get(match.entra) or "")


async def _assigned(drain: Drain, rows: tuple[Change, ...]) -> AppRevocation | None:
    """Returns why the account must stay as it is; None if Graph reports the user as disabled,
    deleted, or without an assignment, and the ledger does not contradict it.

    An assignment that Graph may list only because a replica lags counts here: the user may have got
    it back a moment ago. So does what the ledger says that Graph may not show yet, and an assigned
    group of which Graph may hide the members. Entra ID then decides by a call."""
    user, began = rows[0].user, drain.now
    known, errors = await removal_status(drain.context, drain.found.service_principal, rows)
    if user in errors:
        return _failed(errors[user])
    status, drain.reads.has_answer = known[user], True
    is_listed = status.standing is AssignmentStatus.UNASSIGNED and bool(status.through)
    if status.standing is AssignmentStatus.ASSIGNED or is_listed:
        return AppRevocation(
            result=AppRevocationResult.STILL_ASSIGNED,
            reason="Graph reports the user as enabled and assigned",
        )
    if await may_not_show(drain, user, status.standing, began=began):
        return AppRevocation(
            result=AppRevocationResult.STILL_ASSIGNED,
            reason="Hasten saw the user get access a moment ago, which Graph does not show yet",
        )
    if status.standing is not AssignmentStatus.UNASSIGNED:
        return None
    try:
        is_hidden = await may_be_in_hidden_group(drain.context, drain.found.groups, user)
    except (TemporaryError, PermanentError) as error:
        return _failed(error)
    if is_hidden:
        return AppRevocation(
            result=AppRevocationResult.STILL_ASSIGNED,
            reason="the user may be in an assigned group whose membership is hidden",
        )
    return None


def _failed(error: TemporaryError | PermanentError) -> AppRevocation:
    if isinstance(error, TemporaryError):
        is_throttled = isinstance(error, Throttled)
        result = AppRevocationResult.THROTTLED if is_throttled else AppRevocationResult.UNAVAILABLE
        return AppRevocation(result=result, reason=error.reason, delay=error.delay)
    is_own = isinstance(error, AccessRefused)
    result = AppRevocationResult.NO_ACCESS if is_own else AppRevocationResult.REFUSED
    return AppRevocation(result=result, reason=error.reason, next_action=error.next_action)
