"""When a revocation counts as proven for the workflow that waits for it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.changes import Action, Cause, Change, State
from hasten.domain.follow_ups import FollowUp, RevocationProof, What, proof
from hasten.domain.intents import Intent, Wanted
from tests.support.virtual_time import START, now, virtual
from tests.support.world import ENGINEERING, TOTAL, found, user

CAUSE = Cause("/lifecycle-workflows/1", "task-1")


def asked(**changes: Any) -> FollowUp:
    at = now()
    plain = FollowUp(
        what=What.RESUME,
        target=TOTAL,
        user=user(1),
        cause=CAUSE,
        event_time=at,
        asked_at=at,
        due_at=at,
        groups=(ENGINEERING,),
        is_complete=True,
    )
    return replace(plain, **changes)


def intent(**changes: Any) -> Intent:
    at = now()
    done = Intent(
        target=TOTAL,
        group=ENGINEERING,
        user=user(1),
        wanted=Wanted.ABSENT,
        time=at,
        cause=CAUSE,
        recorded_at=at,
        is_done=True,
        outcome="recorded",
    )
    return replace(done, **changes)


def row(state: State = State.CONFIRMED, action: Action = Action.REMOVED) -> Change:
    left = found(ENGINEERING, user(1), action, 2)
    return replace(left, state=state, causes=(CAUSE,), reason="why")


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (State.CONFIRMED, RevocationProof.COMPLETED),
        (State.SUCCEEDED, RevocationProof.COMPLETED),
        (State.IN_SYNC, RevocationProof.COMPLETED),
        (State.DONE_BY_CYCLE, RevocationProof.COMPLETED),
        (State.PENDING, RevocationProof.WAITING),
        (State.CALLING, RevocationProof.WAITING),
        (State.WAITING, RevocationProof.WAITING),
        (State.HELD, RevocationProof.WAITING),
        (State.LEFT_TO_CYCLE, RevocationProof.WAITING),
        (State.FAILED, RevocationProof.FAILED),
    ],
)
def test_a_revocation_is_proven_only_when_its_row_has_ended_well(
    state: State, expected: RevocationProof
) -> None:
    @virtual
    async def run() -> None:
        assert proof(asked(), [(intent(), row(state))])[0] is expected

    run()


@pytest.mark.parametrize("outcome", [State.IN_SYNC, State.SUCCEEDED, State.CONFIRMED])
@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (None, RevocationProof.COMPLETED),
        (State.CONFIRMED, RevocationProof.COMPLETED),
        (State.WAITING, RevocationProof.WAITING),
        (State.FAILED, RevocationProof.FAILED),
    ],
)
def test_an_event_that_found_the_removal_done_is_proven_while_the_removal_stands(
    outcome: State, known: State | None, expected: RevocationProof
) -> None:
    """A look had found the removal before, so that the event is none of its causes."""

    @virtual
    async def run() -> None:
        found_first = None if known is None else replace(row(known), causes=())
        assert proof(asked(), [(intent(outcome=outcome), found_first)])[0] is expected

    run()


@virtual
async def test_nothing_is_proven_while_the_membership_is_being_removed() -> None:
    for held, why in (("", "the membership is being removed"), ("too many", "too many")):
        found = [(intent(is_done=False, held=held), None)]
        assert proof(asked(), found) == (RevocationProof.WAITING, why)


@virtual
async def test_someone_who_was_in_no_group_is_proven_only_after_the_second_look() -> None:
    assert proof(asked(groups=(), is_complete=False), [])[0] is RevocationProof.WAITING
    assert proof(asked(groups=()), [])[0] is RevocationProof.COMPLETED


@virtual
async def test_one_failed_group_fails_all_however_the_others_stand() -> None:
    both = [(intent(), row(State.WAITING)), (intent(), row(State.FAILED))]

    assert proof(asked(), both) == (RevocationProof.FAILED, "why")


@virtual
async def test_the_first_failed_group_says_why() -> None:
    failed = [replace(row(State.FAILED), reason=reason) for reason in ("the first", "the last")]

    assert proof(asked(), [(intent(), one) for one in failed])[1] == "the first"


@virtual
async def test_a_part_that_the_policy_forbids_fails_at_once() -> None:
    known, reason = proof(asked(refused="an admin group"), [(intent(), row())])

    assert (known, reason) == (RevocationProof.FAILED, "an admin group")


@pytest.mark.parametrize(
    "again",
    [
        ({"wanted": Wanted.MEMBER}, None),
        ({"outcome": "rejected"}, None),
        ({"outcome": "observed"}, None),
        ({}, Action.ADDED),
    ],
)
def test_access_that_was_not_taken_or_was_given_again_is_never_reported_as_taken(
    again: tuple[dict[str, Any], Action | None],
) -> None:
    changes, action = again

    @virtual
    async def run() -> None:
        known = row(action=action) if action else None
        assert proof(asked(), [(intent(**changes), known)])[0] is RevocationProof.FAILED

    run()


@virtual
async def test_what_an_older_event_did_proves_nothing() -> None:
    older = {"time": now() - timedelta(minutes=5), "cause": Cause("/hr", "older")}
    ended = replace(row(), causes=(Cause("/hr", "older"),))

    assert proof(asked(), [(intent(**older), ended)])[0] is RevocationProof.WAITING
    assert proof(asked(), [(None, ended)])[0] is RevocationProof.WAITING
    joined = intent(**older, wanted=Wanted.MEMBER)
    assert proof(asked(), [(joined, None)])[0] is RevocationProof.WAITING


def test_a_follow_up_has_not_been_tried_when_an_event_asks_for_it() -> None:
    one = FollowUp(
        what=What.SESSIONS,
        target=TOTAL,
        user=user(1),
        cause=CAUSE,
        event_time=START,
        asked_at=START,
        due_at=START,
    )

    assert (one.tries, one.is_complete, one.is_of_all) == (0, False, False)
