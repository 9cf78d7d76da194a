"""Decides whether the users of a shared call that Graph refuses are each called alone: one of them
may be the reason, and must not hold up the others."""

from hasten.domain.planning import Call
from hasten.domain.verdicts import Result, Verdict
from hasten.limits import MAX_MEMBERS_PER_CALL
from hasten.provision.state import Drain

REFUSALS = frozenset(
    {Result.NOT_PERMITTED, Result.UNKNOWN_JOB, Result.THROTTLED, Result.UNAVAILABLE}
)
"""Answers that Graph gives before any provisioning. The target, the group, or a user may be the
reason, and the answer does not say which."""

MAX_ALONE = 5 * MAX_MEMBERS_PER_CALL
"""Open rows of a target that are called alone, from which on Hasten splits a refused call only
after Graph has accepted another one on the same group. Otherwise a missing permission would make a
call for each of hundreds of users."""


def may_split(drain: Drain, call: Call, verdict: Verdict) -> bool:
    """Returns whether the refusal of a shared call may concern one of its users only."""
    if verdict.result not in REFUSALS or len(call.users) == 1:
        return False
    rows = drain.ledger.last_seen(drain.target.name)
    return call.group in drain.accepting or sum(row.alone for row in rows) < MAX_ALONE


def note_answer(drain: Drain, call: Call, verdict: Verdict) -> None:
    """Notes whether Graph has accepted a call on a group. Each accepted call allows one split, so
    that a permission that is withdrawn makes no call for each user either."""
    if call.group is None or verdict.result is Result.REROUTED:
        return
    if verdict.result not in REFUSALS:
        drain.accepting.add(call.group)
    elif len(call.users) > 1:
        drain.accepting.discard(call.group)
