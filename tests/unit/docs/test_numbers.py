"""The limits that the pages state are those of the code."""

import re
from datetime import timedelta

import pytest

from hasten.domain import (
    app_grant_proof,
    app_proof,
    app_revocation,
    breaker,
    cycle,
    digest,
    follow_ups,
    heartbeats,
    proof,
    revocation_times,
    settlement,
    shared_pace,
)
from hasten.provision import call
from hasten.records import history_seals, lease_record, running_targets
from tests.unit.docs.pages import ROOT

WORDS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
NUMBER = rf"(\d+|{'|'.join(WORDS)}|an?)"
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)

STATED = [
    ("architecture", "opens after # calls in a row", breaker.FAILURES_TO_OPEN),
    ("architecture", "stays open for # s the first time", breaker.BREAKER_MIN_PAUSE / SECOND),
    ("architecture", "each next time, at most # minutes", breaker.BREAKER_MAX_PAUSE / MINUTE),
    ("architecture", "began # minutes or more after", cycle.CYCLE_SEES_CHANGES_AFTER / MINUTE),
    ("architecture", "nothing proves a row within # hours", proof.PROOF_TIMEOUT / HOUR),
    ("architecture", "tried again with backoff, # times", settlement.MAX_TRANSIENT_ATTEMPTS),
    ("architecture", "missing | waits # minutes", settlement.PERMISSION_PAUSE / MINUTE),
    ("architecture", "once # open rows of a target are called alone", call.MAX_ALONE),
    ("architecture", "the app for # hour at most", app_grant_proof.UNREAD_GRANT_MAX_WAIT / HOUR),
    ("architecture", "last beat is # s or less ago", lease_record.BEAT_FRESH_FOR / SECOND),
    ("audit", "covers up to # entries", history_seals.ENTRIES_PER_SEAL),
    (
        "command-line",
        "within # minutes, which the",
        revocation_times.IPSIE_REVOCATION_TIME / MINUTE,
    ),
    ("command-line", "periods plus # minutes", heartbeats.HEARTBEAT_GRACE / MINUTE),
    ("command-line", "itself alerts for # hours", running_targets.EXPECTED_FOR / HOUR),
    ("configuration", "share the limit for # hours", shared_pace.SHARED_FOR / HOUR),
    ("configuration", "at most # seconds after a", shared_pace.CLAIM_OUTLASTS_WAIT / SECOND),
    ("configuration", "account # minutes after the", app_grant_proof.APP_SHOWS_WITHIN / MINUTE),
    ("configuration", "After # hour Hasten raises", app_proof.UNSHOWN_ALERT_AFTER / HOUR),
    ("configuration", "tries again, # times; then", app_revocation.MAX_APP_TRIES),
    ("lifecycle-workflows", "so after # hours", follow_ups.CALLBACK_MAX_WAIT / HOUR),
    ("lifecycle-workflows", "tries for # day", follow_ups.MAX_AGE_OF_SESSIONS / (24 * HOUR)),
    ("messages", "their number, # people and", digest.MOST_PEOPLE_NAMED),
]


@pytest.mark.parametrize(("page", "phrase", "limit"), STATED)
def test_a_page_states_the_limit_of_the_code(page: str, phrase: str, limit: float) -> None:
    text = " ".join((ROOT / "docs" / f"{page}.md").read_text().split())
    before, after = map(re.escape, phrase.split("#"))

    stated = {_number(found) for found in re.findall(f"{before}{NUMBER}{after}", text)}

    assert stated == {limit}


def _number(text: str) -> int:
    if text in {"a", "an"}:
        return 1
    return WORDS.index(text) if text in WORDS else int(text)
