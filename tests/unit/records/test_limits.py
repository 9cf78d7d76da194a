"""The limits of the records, as their docstrings state them. A changed number is a decision, never
an accident."""

from datetime import UTC, datetime, timedelta

import pytest

from hasten.records import (
    agenda,
    alarms,
    arrivals,
    cursors,
    discovered,
    failures,
    first_times,
    history,
    history_check,
    history_days,
    history_keys,
    history_retention,
    history_seals,
    lease,
    lease_record,
    missed_notifications,
    missing,
    people,
    people_refusal,
    policy_left_out,
    recent_removals,
    repository,
    roster,
    running_targets,
    signs,
    speed,
    unread_members,
    unreadable,
)

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("limit", "stated"),
    [
        (agenda.ENTRIES_PER_COMMIT, 10),
        (agenda.POSTED_AT_ONCE, 20),
        (agenda.MAX_LOST_RACES, 20),
        (agenda.MAX_PACKED_CHARS, 225_280),
        (alarms.ALARM_HORIZON, 75 * SECOND),
        (alarms.MOST_ALARMS, 8),
        (alarms.BUS_CLOCK_SKEW, SECOND),
        (alarms.MAX_LOST_RACES, 20),
        (arrivals.ARRIVAL_SAVE_INTERVAL, 20 * SECOND),
        (cursors.MOST_READ_ALONE, 20),
        (discovered.ASSIGNMENT_FRESH_FOR, 10 * MINUTE),
        (failures.MARKS_PER_READ, 100),
        (first_times.FIRST_TIMES_KEPT_FOR, 8 * DAY),
        (history.MAX_ENTRIES_READ, 2_000),
        (history.ENTRIES_PER_READ, 200),
        (history_check.ENTRIES_PER_READ, 500),
        (history_check.INDEXES_AT_ONCE, 16),
        (history_days.DAYS_STILL_SEALED, 3),
        (history_keys.END_OF_TIME, 10_000_000_000_000_000),
        (history_keys.LAST_DAY, 99_999_999),
        (history_keys.EPOCH, datetime(1970, 1, 1, tzinfo=UTC)),
        (history_retention.ENTRIES_PER_READ, 500),
        (history_seals.ENTRIES_PER_SEAL, 100),
        (history_seals.MAX_PAGE_CHARS, 204_800),
        (history_seals.INDEXES_AT_ONCE, 16),
        (lease.MAX_LOST_RACES, 8),
        (lease_record.BEAT_INTERVAL, 5 * SECOND),
        (lease_record.BEAT_FRESH_FOR, 8 * SECOND),
        (lease_record.BEAT_SILENT_AFTER, 20 * SECOND),
        (lease_record.TRIGGER_SILENT, 80 * SECOND),
        (missed_notifications.MIN_MISSES, 3),
        (missed_notifications.MIN_MISSES_SPAN, 10 * MINUTE),
        (missing.MAX_LOST_RACES, 8),
        (missing.COMMIT_MAX_CHARS, 1_500_000),
        (people.FOR_EVER, datetime.max.replace(tzinfo=UTC)),
        (people.MOST_GROUPS_STORED, 500),
        (people.MOST_NAMES_STORED, 20),
        (people_refusal.ASKED_AGAIN_AFTER, 15 * MINUTE),
        (policy_left_out.MAX_PEOPLE_STORED, 200),
        (recent_removals.REMOVAL_SHARDS, 128),
        (repository.ROWS_PER_COMMIT, 20),
        (repository.MAX_LOST_RACES, 8),
        (roster.ROSTER_SHARDS, 128),
        (running_targets.EXPECTED_FOR, DAY),
        (signs.SIGN_SAVE_INTERVAL, MINUTE),
        (speed.SEALS_AT_ONCE, 20),
        (unread_members.MOST_STORED, 50),
        (unreadable.MOST_NOTED, 50),
    ],
)
def test_a_limit_is_the_one_that_is_stated(limit: object, stated: object) -> None:
    assert limit == stated
