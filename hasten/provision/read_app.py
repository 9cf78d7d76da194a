"""Reads the accounts of people in the app itself, at a pace that leaves capacity for the app's
other callers."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from hasten.context import Context
from hasten.domain.app_account import NoAccount
from hasten.domain.app_condition import MAX_REFUSED_IN_A_ROW
from hasten.domain.app_proof import Shown, Unclear
from hasten.domain.app_revocation import (
    NEEDS_OPERATOR,
    NOT_SERVED,
    AppRevocation,
    AppRevocationResult,
)
from hasten.domain.changes import Change
from hasten.domain.matching import JobMatch
from hasten.errors import PermanentError
from hasten.provision.revoke_in_app import account_of
from hasten.scim import Scim
from hasten.telemetry.provision import AppRefused

MAX_PEOPLE_PER_RUN = 200
"""Maximum number of people whose account Hasten reads in one run; the next run reads others. A run
also reads no more accounts than `calls_per_minute`."""

MAX_READ_TIME = timedelta(minutes=2)
"""Time after which a run reads no further account: a slow app must not delay the other targets."""

PEOPLE_STRIDE = 37
"""Number of people by which the first person moves with each run. It is a prime, so that each
person is the first one at some time."""

VERIFY_PERIOD = timedelta(minutes=5)
"""Period of the timer `verify`."""

STOPPING_RESULTS = NOT_SERVED - {AppRevocationResult.REFUSED}
"""Hasten makes no further request to the app in this run after one of these results."""


async def shown_by(
    context: Context, target: str, scim: Scim, job: JobMatch, rows: Sequence[Change]
) -> Mapping[str, Shown]:
    """Returns what the app shows, by user, for the users of `rows`. Leavers come first. After an
    answer of STOPPING_RESULTS, or after MAX_REFUSED_IN_A_ROW refusals, Hasten reads no further
    account; the result for the other people is the same answer."""
    try:
        scim = scim.matched(job)
        application = context.ports.application(scim)
    except PermanentError as error:
        _emit_refused(context, target, error.reason, error.next_action)
        refused = Unclear(error.reason, error.next_action)
        return {row.user: refused for row in rows}
    most = min(MAX_PEOPLE_PER_RUN, scim.calls_per_minute)
    leavers = sorted({row.user for row in rows if row.is_removal})
    others = sorted({row.user for row in rows}.difference(leavers))
    first = _in_turn(leavers, most, context.now())
    asked = [*first, *_in_turn(others, most - len(first), context.now())]
    began, shown, in_a_row = context.now(), dict[str, Shown](), 0
    for user in asked:
        if context.now() - began > MAX_READ_TIME:
            break
        account = await account_of(context, application, scim.matching, user)
        if not isinstance(account, AppRevocation):
            shown[user], in_a_row = account, 0
            continue
        if account.result is AppRevocationResult.NO_ACCOUNT:
            shown[user], in_a_row = NoAccount(), 0
            continue
        shown[user] = Unclear(account.reason, account.next_action)
        in_a_row += account.result is AppRevocationResult.REFUSED
        if account.result in STOPPING_RESULTS or in_a_row == MAX_REFUSED_IN_A_ROW:
            if account.result in NEEDS_OPERATOR:
                _emit_refused(context, target, account.reason, account.next_action)
            return {**dict.fromkeys([*leavers, *others], shown[user]), **shown}
    return shown


def _in_turn(people: Sequence[str], most: int, now: datetime) -> Sequence[str]:
    """Returns at most so many people. Each run begins with somebody else, so that people about whom
    the app says nothing, or says it slowly, delay nobody else for ever."""
    if not people:
        return people
    run = int(now.timestamp() // VERIFY_PERIOD.total_seconds())
    stride = PEOPLE_STRIDE if len(people) % PEOPLE_STRIDE else PEOPLE_STRIDE - 1
    first = run * stride % len(people)
    return [*people[first:], *people[:first]][:most]


def _emit_refused(context: Context, target: str, reason: str, next_action: str) -> None:
    context.emit(AppRefused(target=target, reason=reason, next_action=next_action))
