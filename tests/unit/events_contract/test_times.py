"""The table of times in docs/onboarding-events.md: each row is tried in each key of a time."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from hasten.events.envelope import STRUCTURED, OnboardingEvent, parse
from hasten.events.faults import InvalidEventError
from hasten.events.models import MAX_CLOCK_AHEAD, Offboard, Onboard
from hasten.events.times import REFUSED_SPELLINGS
from hasten.limits import RETENTION
from tests.support.bad_events_table import PAGE
from tests.support.posting import OFFBOARD, ONBOARD
from tests.support.virtual_time import START

TABLE = re.compile(r"<!-- times -->\n(.*?)<!-- end of times -->", re.DOTALL)


class Row(NamedTuple):
    spelling: str
    taken_as: str
    problem: str
    fix: str


def rows() -> list[Row]:
    found = TABLE.search(PAGE.read_text(encoding="utf-8"))
    assert found is not None
    lines = found[1].splitlines()[2:]
    return [Row(*(cell.strip().strip("`") for cell in line[1:-1].split("|"))) for line in lines]


TAKEN = [row for row in rows() if row.taken_as]
REFUSED = [row for row in rows() if not row.taken_as]


def posted(key: str, spelling: str, time: datetime) -> bytes:
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": "1",
        "source": "/hr",
        "type": OFFBOARD if key == "endAt" else ONBOARD,
        "time": time.isoformat(),
        "data": {"target": "TOTAL", "users": [{"employeeId": "E1"}]},
    }
    at = event if key == "time" else event["data"]
    at[key] = json.loads(spelling)
    return json.dumps(event).encode()


def held(event: OnboardingEvent, key: str) -> datetime | None:
    match key, event.data:
        case "startAt", Onboard():
            return event.data.start_at
        case "endAt", Offboard():
            return event.data.end_at
    return event.time


@pytest.mark.parametrize("key", ["time", "startAt", "endAt"])
@pytest.mark.parametrize("row", TAKEN, ids=lambda row: str(row.spelling))
def test_a_time_of_rfc_3339_is_taken_as_the_table_says(row: Row, key: str) -> None:
    expected = datetime.fromisoformat(row.taken_as).replace(tzinfo=UTC)

    event = parse(posted(key, row.spelling, expected), STRUCTURED, {}, expected)

    assert held(event, key) == expected


@pytest.mark.parametrize("key", ["time", "startAt", "endAt"])
@pytest.mark.parametrize("row", REFUSED, ids=lambda row: str(row.spelling))
def test_every_other_time_is_refused_with_the_cause_and_the_fix_of_the_table(
    row: Row, key: str
) -> None:
    with pytest.raises(InvalidEventError) as error:
        parse(posted(key, row.spelling, START), STRUCTURED, {}, START)

    [fault] = error.value.faults
    assert fault.field == (key if key == "time" else f"data.{key}")
    assert (fault.problem, fault.fix) == (row.problem, row.fix)


def test_every_spelling_that_is_recognised_has_its_row() -> None:
    assert {problem for _, problem, _ in REFUSED_SPELLINGS} <= {row.problem for row in REFUSED}


@pytest.mark.parametrize("age", [-MAX_CLOCK_AHEAD, timedelta(0), RETENTION])
def test_an_event_of_the_last_90_days_is_taken(age: timedelta) -> None:
    event = parse(posted("time", json.dumps((START - age).isoformat()), START), "", {}, START)

    assert event.time == START - age


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("age", "code"), [(-MAX_CLOCK_AHEAD - SECOND, "future"), (RETENTION + SECOND, "too_old")]
)
def test_an_event_that_is_older_or_lies_further_ahead_is_refused(age: timedelta, code: str) -> None:
    with pytest.raises(InvalidEventError) as error:
        parse(posted("time", json.dumps((START - age).isoformat()), START), "", {}, START)

    assert [fault.code for fault in error.value.faults] == [code]


YEARS = timedelta(days=700)


def old_offboarding() -> bytes:
    """Posted two years ago, for a last day that is today."""
    return posted("endAt", json.dumps(START.isoformat()), START - YEARS)


def test_an_event_that_hasten_put_off_for_years_is_still_taken_on_its_day() -> None:
    assert parse(old_offboarding(), "", {}, START, is_deferred=True).time == START - YEARS


def test_an_event_that_is_posted_years_late_is_refused_whatever_day_it_names() -> None:
    with pytest.raises(InvalidEventError) as error:
        parse(old_offboarding(), "", {}, START)

    assert [fault.code for fault in error.value.faults] == ["too_old"]
