"""The history says how long access outlived the decision, whatever happened in between."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hasten.domain.changes import Action, Cause
from hasten.domain.history import DONE, Entry, EntryKind, Steps
from hasten.domain.revocation_times import IPSIE_REVOCATION_TIME, Revocation, Stand, revocations
from tests.support.world import ENGINEERING, TOTAL, user
from tests.unit.domain.rows import removal

NOTICED = datetime(2026, 11, 1, 12, tzinfo=UTC)
NOW = NOTICED + timedelta(days=1)


def ended(result: str, after: float, *, action: str = "removed", reason: str = "") -> Entry:
    at = NOTICED + timedelta(seconds=after)
    return Entry(
        id=f"{result}{after}",
        at=at,
        kind=EntryKind.OUTCOME,
        target=TOTAL,
        user=user(1),
        group=ENGINEERING,
        action=action,
        result=result,
        reason=reason,
        steps=Steps(noticed=NOTICED, called=at - timedelta(seconds=2), ended=at),
    )


def only(*entries: Entry) -> Revocation:
    [one] = revocations(entries)
    return one


def seconds(one: Revocation) -> float:
    return one.took(NOW).total_seconds()


def test_the_time_ends_with_the_answer_and_the_proof_is_noted() -> None:
    one = only(ended("confirmed", 90), ended("succeeded", 6))

    assert (one.stand, seconds(one)) == (Stand.TAKEN, 6)
    assert one.proven_at == NOTICED + timedelta(seconds=90)
    assert one.called_at == NOTICED + timedelta(seconds=4)
    assert one.is_within(IPSIE_REVOCATION_TIME)
    assert not one.is_exception(IPSIE_REVOCATION_TIME, NOW)


def test_an_answer_that_the_log_contradicted_does_not_count() -> None:
    one = only(ended("succeeded", 6), ended("succeeded", 700), ended("confirmed", 800))

    assert seconds(one) == 700
    assert one.is_exception(IPSIE_REVOCATION_TIME, NOW)


def test_what_failed_after_an_answer_is_not_taken() -> None:
    one = only(ended("succeeded", 6), ended("failed", 700, reason="still active"))

    assert (one.stand, one.reason, one.taken_at) == (Stand.NOT_TAKEN, "still active", None)
    assert one.is_exception(IPSIE_REVOCATION_TIME, NOW)


def test_what_failed_first_and_was_confirmed_later_is_taken_late() -> None:
    one = only(ended("failed", 60), ended("confirmed", 4_000))

    assert (one.stand, seconds(one)) == (Stand.TAKEN, 4_000)
    assert one.is_exception(IPSIE_REVOCATION_TIME, NOW)


def test_the_cycle_takes_what_was_left_to_it() -> None:
    left = only(ended("left_to_cycle", 6))
    done = only(ended("left_to_cycle", 6), ended("done_by_cycle", 1_900))

    assert left.stand is Stand.NOT_TAKEN
    assert (done.stand, seconds(done)) == (Stand.TAKEN, 1_900)


def test_a_person_who_came_back_is_no_exception() -> None:
    one = only(ended("superseded", 900))

    assert one.stand is Stand.SUPERSEDED
    assert not one.is_exception(IPSIE_REVOCATION_TIME, NOW)


def test_a_grant_is_no_revocation() -> None:
    assert revocations([ended("succeeded", 6, action="added")]) == []


def test_the_decision_of_an_operator_stands_beside_the_delay() -> None:
    released = Entry(
        id="r",
        at=NOTICED + timedelta(seconds=500),
        kind=EntryKind.RELEASED,
        target=TOTAL,
        user=user(1),
        group=ENGINEERING,
        result=DONE,
        by="kim",
        why="ticket 7",
    )

    assert only(ended("succeeded", 506), released).decisions == ["released by kim: ticket 7"]


@pytest.mark.parametrize(("seconds", "is_exception"), [(300, False), (300.001, True)])
def test_five_minutes_are_within_the_profile(seconds: float, *, is_exception: bool) -> None:
    one = only(ended("succeeded", seconds))

    assert one.is_within(IPSIE_REVOCATION_TIME) is not is_exception
    assert one.is_exception(IPSIE_REVOCATION_TIME, NOW) is is_exception


def test_what_is_open_grows_old_until_it_is_taken() -> None:
    row = replace(
        removal(group=ENGINEERING),
        user=user(1),
        noticed_at=NOTICED,
        causes=(Cause("/hr", "1"),),
        reason="held",
    )
    joined = replace(row, action=Action.ADDED, user=user(2))

    [one] = revocations([ended("failed", 6)], [row, joined])

    assert (one.stand, one.result, one.reason) == (Stand.OPEN, "pending", "held")
    assert (one.taken_at, one.called_at, one.proven_at) == (None, None, None)
    assert one.causes == ["/hr 1"]
    assert not one.is_within(IPSIE_REVOCATION_TIME)
    assert not one.is_exception(IPSIE_REVOCATION_TIME, NOTICED + IPSIE_REVOCATION_TIME)
    assert one.is_exception(IPSIE_REVOCATION_TIME, NOW)


def decision(kind: EntryKind, seconds: float, **fields: Any) -> Entry:
    at = NOTICED + timedelta(seconds=seconds)
    usual = {"target": TOTAL, "user": user(1), "group": ENGINEERING, "result": DONE, "by": "kim"}
    return Entry(id=f"{kind}{seconds}", at=at, kind=kind, **{**usual, **fields})


def test_decisions_count_from_the_notice_to_the_end() -> None:
    decisions = [
        decision(EntryKind.RELEASED, -1),
        decision(EntryKind.RELEASED, 0),
        decision(EntryKind.DISCARDED, 6, why="w"),
        decision(EntryKind.RELEASED, 7),
        decision(EntryKind.RELEASED, 3, result="begun"),
        decision(EntryKind.REPLAYED, 3),
        decision(EntryKind.RELEASED, 3, user=user(2)),
        decision(EntryKind.RELEASED, 3, group=""),
    ]
    expected = ["released by kim", "discarded by kim: w"]

    assert only(ended("succeeded", 6), *decisions).decisions == expected
    assert only(ended("failed", 6), *decisions).decisions == [*expected, "released by kim"]
    assert only(ended("failed", 6)).decisions == ()


def test_revocations_come_with_the_oldest_first_and_an_outcome_without_a_notice_is_none() -> None:
    late = replace(ended("succeeded", 6), user=user(2), steps=Steps(noticed=NOW, ended=NOW))
    unknown = replace(ended("succeeded", 6), user=user(3), steps=Steps())
    odd = replace(ended("succeeded", 6), action="vanished")
    alert = replace(ended("succeeded", 6), user=user(4), kind=EntryKind.ALERT)

    known = revocations([late, ended("succeeded", 6), unknown, odd, alert])

    assert [one.user for one in known] == [user(1), user(2)]
    assert known[1].called_at is None


def test_the_call_is_the_first_and_the_proof_the_last_of_a_row_that_stays_taken() -> None:
    one = only(ended("succeeded", 6), ended("confirmed", 80), ended("failed", 90))
    two = only(ended("confirmed", 80), ended("done_by_cycle", 90))

    assert (one.called_at, one.proven_at) == (NOTICED + timedelta(seconds=4), None)
    assert (two.taken_at, two.proven_at) == (NOTICED + timedelta(seconds=90),) * 2
