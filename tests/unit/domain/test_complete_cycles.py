"""A cycle counts only if Graph shows that it left nothing undone."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from hasten.domain import cycle
from hasten.domain.cycle import Cycle
from tests.unit.domain.rows import NOW, change

UNSET = "0001-01-01T00:00:00Z"
BEFORE = NOW - timedelta(hours=1)
LATER = NOW + timedelta(hours=1)


def shown(at: datetime) -> str:
    """A time as Graph writes it, with six or seven digits of a second."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def run(began: datetime | str, **more: Any) -> dict[str, Any]:
    """An execution of three minutes, with the properties of a captured one."""
    ended = (NOW if isinstance(began, str) else began) + timedelta(minutes=3)
    began = began if isinstance(began, str) else shown(began)
    counts = {"countEscrowed": 0, "countEscrowedRaw": 0, "countExported": 5, "countExports": 5}
    said = {"activityIdentifier": None, "state": "Succeeded", "error": None}
    return {**counts, **said, "timeBegan": began, "timeEnded": shown(ended), **more}


def known(**status: Any) -> Cycle:
    return cycle.parse({"status": {"code": "Active", **status}}, LATER)


def is_done(found: Cycle) -> bool:
    """Whether the cycle that began at NOW counts for a change long before."""
    is_seen = found.sees(BEFORE)
    assert is_seen is found.covers(change(age=3_600))
    assert is_seen is (found.done_from is not None) is (found.done_until is not None)
    return is_seen


def test_the_last_execution_counts_where_the_successful_one_has_no_begin() -> None:
    found = known(
        lastExecution=run(NOW),
        lastSuccessfulExecution=run(UNSET),
        steadyStateLastAchievedTime=shown(NOW + timedelta(minutes=3, microseconds=46_904)),
    )

    assert is_done(found)
    assert found.done_from == NOW
    assert found.done_until == NOW + timedelta(minutes=3)


@pytest.mark.parametrize(
    "spoiled",
    [
        {"countEscrowed": 15, "countEscrowedRaw": 15},
        {"countEscrowed": None},
        {"state": "EntryLevelErrors"},
        {"state": "Failed"},
        {"state": None},
        {"state": "unknownFutureValue"},
        {"timeEnded": UNSET},
        {"timeEnded": None},
        {"timeBegan": UNSET},
        {"timeBegan": shown(NOW + timedelta(minutes=4))},
    ],
)
def test_an_execution_with_errors_or_without_its_times_leaves_what_was_before(
    spoiled: dict[str, Any],
) -> None:
    last = {**run(NOW), **spoiled}

    assert not is_done(known(lastExecution=last, lastSuccessfulExecution=run(UNSET)))
    before = known(lastExecution=last, lastSuccessfulExecution=run(BEFORE))
    assert (before.done_from, before.done_until) == (BEFORE, BEFORE + timedelta(minutes=3))


@pytest.mark.parametrize("form", ["succeeded", "SUCCEEDED", "Succeeded"])
def test_the_case_of_the_state_does_not_matter(form: str) -> None:
    assert is_done(known(lastExecution=run(NOW, state=form)))


@pytest.mark.parametrize("name", ["lastExecution", "lastSuccessfulExecution"])
@pytest.mark.parametrize(
    ("steady", "done"),
    [
        (shown(NOW), True),
        (shown(NOW + timedelta(minutes=1)), True),
        (shown(NOW - timedelta(microseconds=1)), False),
        (shown(BEFORE), False),
        (shown(LATER + timedelta(minutes=1)), False),
        (UNSET, False),
        ("", False),
        ("yesterday", False),
        (7, False),
        (None, True),
    ],
)
def test_a_cycle_that_has_changes_left_to_process_is_not_done(
    name: str,
    steady: Any,
    done: bool,  # noqa: FBT001 - a case
) -> None:
    found = known(**{name: run(NOW)}, steadyStateLastAchievedTime=steady)

    assert is_done(found) is done


def test_the_last_cycle_that_left_nothing_counts_while_a_later_one_is_unfinished() -> None:
    found = known(
        lastExecution=run(NOW),
        lastSuccessfulExecution=run(BEFORE),
        steadyStateLastAchievedTime=shown(BEFORE + timedelta(minutes=3)),
    )

    assert found.done_from == BEFORE
    assert found.began == NOW


def test_the_newer_of_two_complete_executions_counts() -> None:
    assert known(lastExecution=run(NOW), lastSuccessfulExecution=run(BEFORE)).done_from == NOW
    assert known(lastExecution=run(BEFORE), lastSuccessfulExecution=run(NOW)).done_from == NOW
