"""The limits that the docstrings and pages state. A changed number is a decision, never an
accident."""

from datetime import UTC, datetime, timedelta

from hasten import limits
from hasten.domain import (
    answer_steps,
    app_condition,
    app_grant_proof,
    app_proof,
    app_revocation,
    bounded_json,
    brake,
    breaker,
    changes,
    cycle,
    digest,
    ensuring,
    failing,
    follow_ups,
    heartbeats,
    history,
    history_chain,
    long_ago,
    no_member,
    notices,
    pacing,
    planning,
    proof,
    redaction,
    revocation_times,
    settlement,
    shared_pace,
    sightings,
    speed,
    subscribing,
    unexpected,
)

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

LIMITS: list[tuple[object, object]] = [
    (answer_steps.MOST_STEPS, 10),
    (answer_steps.STEP_TEXT_MAX_CHARS, 240),
    (app_grant_proof.APP_SHOWS_WITHIN, 5 * MINUTE),
    (app_grant_proof.UNREAD_GRANT_MAX_WAIT, HOUR),
    (app_proof.UNSHOWN_ALERT_AFTER, HOUR),
    (app_condition.MAX_REFUSED_IN_A_ROW, 5),
    (app_revocation.MAX_APP_DELAY, 2 * MINUTE),
    (app_revocation.MAX_APP_TRIES, 3),
    (bounded_json.MAX_LEVELS, 64),
    (brake.MOST_REMOVALS, 10),
    (brake.MOST_REMOVALS_PERCENT, 20),
    (brake.MOST_REMOVALS_OF_TARGET, 200),
    (brake.BRAKE_WINDOW, 10 * MINUTE),
    (breaker.FAILURES_TO_OPEN, 5),
    (breaker.BREAKER_MIN_PAUSE, 30 * SECOND),
    (breaker.BREAKER_MAX_PAUSE, 5 * MINUTE),
    (changes.MAX_CAUSES, 10),
    (cycle.DEFAULT_CYCLE_INTERVAL, 40 * MINUTE),
    (cycle.CYCLE_SEES_CHANGES_AFTER, 2 * MINUTE),
    (cycle.MIN_CYCLE_DURATION, MINUTE),
    (digest.MOST_GROUPS_SHOWN, 10),
    (digest.MOST_PEOPLE_NAMED, 5),
    (ensuring.MEMBER_BATCH_WAIT, SECOND),
    (failing.MAX_DETAIL_DEPTH, 4),
    (follow_ups.CALLBACK_MAX_WAIT, 3 * HOUR),
    (follow_ups.MAX_AGE_OF_SESSIONS, DAY),
    (heartbeats.HEARTBEAT_GRACE, 5 * MINUTE),
    (history.REASON_MAX_CHARS, 1_000),
    (history_chain.FIRST_DIGEST, "0" * 64),
    (long_ago.LONG_AGO, datetime(1, 1, 1, tzinfo=UTC)),
    (limits.LOG_SETTLED_AFTER, 10 * MINUTE),
    (no_member.CALL_AWAITED, 10 * MINUTE),
    (no_member.CALL_LOOKED_AT_AFTER, 30 * SECOND),
    (notices.NOTICE_TEXT_MAX_CHARS, 400),
    (pacing.HOUR, HOUR),
    (cycle.ENTRA_CLOCK_SKEW, 5 * SECOND),
    (proof.PROOF_TIMEOUT, DAY),
    (redaction.EVIDENCE_MAX_CHARS, 800),
    (redaction.ANSWER_MAX_CHARS_READ, 262_144),
    (redaction.STEP_MAX_CHARS, 400),
    (revocation_times.IPSIE_REVOCATION_TIME, 5 * MINUTE),
    (settlement.SHARED_CALL_ATTEMPTS, 3),
    (settlement.UPDATE_TRIES, 2),
    (settlement.MAX_TRANSIENT_ATTEMPTS, 10),
    (settlement.PERMISSION_PAUSE, 15 * MINUTE),
    (shared_pace.PACED_WINDOW, 10.3 * SECOND),
    (shared_pace.SHARED_FOR, DAY),
    (shared_pace.CLAIM_OUTLASTS_WAIT, 5 * SECOND),
    (shared_pace.WAIT_PER_RECENT_CALL, 0.03 * SECOND),
    (sightings.JOINED_LATELY, 10 * MINUTE),
    (speed.FIRST_BOUND_SECONDS, 0.1),
    (speed.BOUND_GROWTH, 1.1),
    (subscribing.SAVED_WITHIN, 30 * SECOND),
    (unexpected.LONGEST_TRACE, 8_000),
]


def test_each_limit_is_the_one_that_is_stated() -> None:
    assert [limit for limit, _ in LIMITS] == [stated for _, stated in LIMITS]


def test_a_grant_waits_for_others_as_long_as_stated() -> None:
    waits = [wait / SECOND for wait in planning.JOINER_WAIT_BY_CALLS_USED]

    assert waits == [0.05, 0.1, 0.2, 0.4, 0.6, 0.6]
