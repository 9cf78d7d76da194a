"""Finds changes that Hasten has left to Entra's own cycle, and that it can carry out now. Nobody
tells it: the look that saw the change may have been lost, or nobody watches the person."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

from hasten.context import Context
from hasten.domain.changes import Change, State
from hasten.domain.planning import OUT_OF_REACH
from hasten.domain.verdicts import CANNOT_ACT
from hasten.error_collector import ErrorCollector
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.provision.accounts import WITHIN_REACH
from hasten.provision.judge_rows import MOST_RETRIES
from hasten.provision.removal_reach import UNASSIGNED_GROUP
from hasten.provision.removal_status import StatusReads
from hasten.records.discovered import DiscoveredTarget
from hasten.turns import place

PEOPLE_PER_RUN = 25
"""Maximum number of people whom one run reads, in an order of its own: while a job is paused, many
may wait for the cycle."""

CALLED_PAUSE = timedelta(minutes=15)
"""Delay after a call before Hasten takes a row back because Graph shows the user as enabled. Entra
may have skipped them as disabled all the same, and may go on to do so."""

ASSIGNED_AGAIN = "the group is assigned again, so that a call can name it"
CAN_BE_GIVEN = "the user is enabled now, so that a call can give the access"
APP_IS_REACHED = "Hasten reaches the app itself now, and can take the access there"


async def within_reach(
    context: Context, found: DiscoveredTarget, rows: Sequence[Change], errors: ErrorCollector
) -> Mapping[Change, str]:
    """Returns those of `rows` that Hasten can carry out now, with the reason: the group is assigned
    again, `scim` leads to an app that has not been asked about the user, or the user is enabled or
    restored. Somebody may have joined while they were still disabled, and Hasten has not read that.
    Where nobody watches people, no look could decide about the row of an account. A read that
    fails, or takes long, is left to the next run. `errors` gets an unexpected exception about one
    person."""
    target = context.targets.get(found.target)
    if target is None or target.observes:
        return {}
    left = [row for row in rows if row.state is State.LEFT_TO_CYCLE]
    reached = {row: ASSIGNED_AGAIN for row in left if _is_assigned_again(row, found)}
    out = [row for row in left if CANNOT_ACT in row.reason]
    if target.scim is not None:
        reached |= {row: APP_IS_REACHED for row in out if row.is_removal and _is_untried(row)}
    others = [row for row in out if row not in reached and _may_be_back(context, row)]
    asked = _some([row for row in others if target.users or not row.is_of_person], context)
    back = await _back(context, found, asked, errors)
    why = {row: WITHIN_REACH if row.is_removal else CAN_BE_GIVEN for row in asked}
    return reached | {row: why[row] for row in asked if row.user in back}


async def _back(
    context: Context, found: DiscoveredTarget, rows: Sequence[Change], errors: ErrorCollector
) -> Collection[str]:
    """Returns the users of `rows` whom Graph shows as enabled or restored."""
    reads, back = StatusReads(context), set[str]()

    async def read(user: str) -> None:
        with errors.collect_any():
            own = [row for row in rows if row.user == user]
            known, _ = await reads.status(found.service_principal, own)
            back.update(user for user in known if known[user].standing not in OUT_OF_REACH)

    await asyncio.gather(*map(read, {row.user for row in rows}))
    await reads.end()
    return back


def _is_assigned_again(row: Change, found: DiscoveredTarget) -> bool:
    return row.reason.startswith(UNASSIGNED_GROUP) and found.watches(row.group)


def _is_untried(row: Change) -> bool:
    """Returns whether no call was made for the row, and the app was not asked: the reason would end
    with its answer."""
    return row.called_at is None and row.reason.endswith(CANNOT_ACT)


def _may_be_back(context: Context, row: Change) -> bool:
    """Returns whether no lagging replica can still show the user as they were before the row was
    left to the cycle, no call was made lately, and not too many in vain: if Entra goes on to skip
    the user as disabled, only its cycle is left, and an alert when that is late."""
    now, left_at, called_at = context.now(), row.finished_at, row.called_at
    if left_at is None or now - left_at < REPLICATION_SETTLED_AFTER:
        return False
    if called_at is None:
        return True
    return row.contradicted < MOST_RETRIES and now - called_at >= CALLED_PAUSE


def _some(rows: Sequence[Change], context: Context) -> list[Change]:
    """Returns the rows of at most PEOPLE_PER_RUN people: leavers first, others in each run."""
    began, leavers = context.now(), {row.user for row in rows if row.is_removal}
    everyone = {row.user for row in rows}
    users = sorted(everyone, key=lambda user: (user not in leavers, place(began, user)))
    chosen = frozenset(users[:PEOPLE_PER_RUN])
    return [row for row in rows if row.user in chosen]
