"""Asks the app itself whether revocations took, for targets whose app Hasten can read. For them the
app has the last word: the provisioning log alone confirms nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from hasten.context import Context
from hasten.domain.app_account import DeactivationIs, NoAccount
from hasten.domain.app_proof import NOT_ASKED, Shown, Unclear, rests_on_app, weighed
from hasten.domain.changes import Change, State
from hasten.domain.direct_revocation import DirectResult, DirectRevocation
from hasten.domain.proof import Proof, Says
from hasten.errors import PermanentError
from hasten.provision.in_app import account_of
from hasten.scim import Scim
from hasten.telemetry.provision import DirectRefused

MOST_READ = 200
"""Maximum number of people whose account is read in one run; the next run goes on with others. A
run reads no more than the app's own limit of a minute."""

RUN_EVERY = timedelta(minutes=5)
"""Period of the timer `verify`."""

STOPS = frozenset({DirectResult.REFUSED, DirectResult.THROTTLED, DirectResult.UNAVAILABLE})
"""After one of these the app is not asked any more in this run."""


async def with_app(
    context: Context, target: str, said: Mapping[Change, Proof]
) -> dict[Change, Proof]:
    """Returns what is proven about each row, given what the provisioning log said. Without `scim`
    that is the log's word. Under observe mode the app is read as well."""
    known = context.targets.get(target)
    rows = [row for row, log in said.items() if _asks(row, log)]
    if known is None or known.scim is None or not rows:
        return dict(said)
    scim = known.scim
    shown = await _shown(context, target, scim, rows)
    deletes = scim.deactivation_is is DeactivationIs.DELETES
    nobody = Unclear(NOT_ASKED)
    return {
        row: weighed(row, log, shown.get(row.user, nobody), deletes=deletes, at=context.now())
        if row in frozenset(rows)
        else log
        for row, log in said.items()
    }


def _asks(row: Change, log: Proof) -> bool:
    """Returns whether the app is asked about the row. A held row matters once the log says that
    Entra's own cycle has carried it out."""
    is_idle = row.state is State.HELD and log.says is not Says.CONFIRMED
    return rests_on_app(row) and not is_idle


async def _shown(
    context: Context, target: str, scim: Scim, rows: Sequence[Change]
) -> Mapping[str, Shown]:
    """Returns what the app shows, by user. After an answer that stops the run, nobody else is asked
    and all of them have its reason."""
    try:
        application = context.ports.application(scim)
    except PermanentError as error:
        _emit_refused(context, target, error.reason, error.next_action)
        refused = Unclear(error.reason, error.next_action)
        return {row.user: refused for row in rows}
    people = sorted({row.user for row in rows})
    shown: dict[str, Shown] = {}
    for user in _in_turn(people, min(MOST_READ, scim.calls_per_minute), context.now()):
        account = await account_of(context, application, scim.match, user)
        if not isinstance(account, DirectRevocation):
            shown[user] = account
            continue
        if account.result is DirectResult.NO_ACCOUNT:
            shown[user] = NoAccount()
            continue
        shown[user] = Unclear(account.reason, account.next_action)
        if account.result is DirectResult.REFUSED:
            _emit_refused(context, target, account.reason, account.next_action)
        if account.result in STOPS:
            return {**dict.fromkeys(people, shown[user]), **shown}
    return shown


def _in_turn(people: Sequence[str], most: int, now: datetime) -> Sequence[str]:
    """Returns at most so many people. Each run begins where the run before it ended, so that people
    about whom the app says nothing delay nobody else."""
    if len(people) <= most:
        return people
    run = int(now.timestamp() // RUN_EVERY.total_seconds())
    first = run * most % len(people)
    return [*people[first:], *people[:first]][:most]


def _emit_refused(context: Context, target: str, reason: str, next_action: str) -> None:
    context.emit(DirectRefused(target=target, reason=reason, next_action=next_action))
