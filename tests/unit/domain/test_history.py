"""Which entries a filter selects, and how entries and findings are written."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.changes import Cause, FoundBy, State
from hasten.domain.history import REASON_MAX_CHARS, Entry, EntryKind, Filter, Steps, short
from hasten.domain.history_chain import is_intact, sealed
from hasten.domain.history_findings import HistoryFinding, Wrong
from hasten.domain.history_outcomes import entry_of
from hasten.domain.intents import Intent, Recorded, Wanted, compare
from hasten.domain.outcomes import OVERDUE, of_alert, of_change, of_event, of_person
from hasten.json import Json
from tests.unit.domain.rows import GROUPS, NOW, USERS, change, removal, seconds

ENTRY = Entry(
    id="e",
    at=NOW,
    kind=EntryKind.OUTCOME,
    target="TOTAL",
    user=USERS[0],
    group=GROUPS[0],
    result="failed",
)
INSTANT = timedelta(microseconds=1)
CAUSE, OTHER = Cause("/hr", "1"), Cause("/hr", "2")


@pytest.mark.parametrize(
    ("given", "matches"),
    [
        (Filter(), True),
        (Filter(kinds=frozenset({EntryKind.OUTCOME, EntryKind.ALERT})), True),
        (Filter(kinds=frozenset({EntryKind.ALERT})), False),
        (Filter(target="TOTAL"), True),
        (Filter(target="WIKI"), False),
        (Filter(user=USERS[0]), True),
        (Filter(user=USERS[1]), False),
        (Filter(group=GROUPS[0]), True),
        (Filter(group=GROUPS[1]), False),
        (Filter(results=frozenset({"failed", "held"})), True),
        (Filter(results=frozenset({"held"})), False),
        (Filter(since=NOW), True),
        (Filter(since=NOW + INSTANT), False),
        (Filter(until=NOW), False),
        (Filter(until=NOW + INSTANT), True),
        (Filter(target="TOTAL", user=USERS[0], results=frozenset({"failed"})), True),
        (Filter(target="TOTAL", user=USERS[0], results=frozenset({"held"})), False),
        (Filter(target="WIKI", user=USERS[0]), False),
    ],
)
def test_a_filter_selects_by_each_of_its_fields(given: Filter, *, matches: bool) -> None:
    assert given.matches(ENTRY) is matches


@pytest.mark.parametrize("more", [0, 1])
def test_a_reason_is_cut_at_a_thousand_characters(more: int) -> None:
    cut = short("r" * (REASON_MAX_CHARS + more))

    assert len(cut) == 1_000
    assert cut.endswith("…") is bool(more)


def test_a_finding_says_what_is_wrong_where_and_about_whom() -> None:
    seal = HistoryFinding(wrong=Wrong.SEAL_REMOVED, where="seal 7", key="")
    entry = HistoryFinding(wrong=Wrong.ALTERED, where="day 1", key="k", entry=ENTRY)

    assert str(seal) == "seal removed: seal 7"
    assert str(replace(seal, key="its entries")) == "seal removed: seal 7 its entries"
    assert str(entry) == (
        "altered: in day 1, entry e of 2026-03-02 09:00:00Z, outcome: "
        f"TOTAL {USERS[0]} {GROUPS[0]} failed"
    )


@pytest.mark.parametrize(
    "forged",
    [
        {"number": 2},
        {"at": NOW + INSTANT},
        {"day": "x"},
        {"count": 3},
        {"first": "x"},
        {"last": "x"},
        {"entries": "x"},
        {"before": "x"},
        {"digest": "x"},
    ],
    ids=str,
)
def test_a_seal_is_intact_until_one_of_its_fields_is_changed(forged: Json) -> None:
    seal = sealed("0", 1, at=NOW, day="d", keys=["a", "b"], bodies=[{}, {"x": 1}])

    assert is_intact(seal)
    assert (seal.number, seal.count, seal.first, seal.last, seal.before) == (1, 2, "a", "b", "0")
    assert not is_intact(replace(seal, **forged))


# --- outcomes ---


def test_an_outcome_of_a_row_is_its_entry_in_the_history() -> None:
    row = change(
        state=State.FAILED,
        reason="r" * 1_001,
        next_action="n",
        causes=(CAUSE,),
        called_at=NOW + seconds(1),
        finished_at=NOW + seconds(2),
        expected_at=NOW + seconds(3),
    )

    entry = entry_of(of_change(row).event)

    assert entry == Entry(
        id=of_change(row).id,
        at=NOW + seconds(2),
        kind=EntryKind.OUTCOME,
        target="TOTAL",
        user=USERS[0],
        group=GROUPS[0],
        action="added",
        result="failed",
        reason=short(row.reason),
        next_action="n",
        causes=(CAUSE,),
        steps=Steps(
            noticed=NOW,
            found=NOW,
            called=NOW + seconds(1),
            ended=NOW + seconds(2),
            expected=NOW + seconds(3),
        ),
    )


def test_a_row_that_a_newer_one_replaced_ended_then() -> None:
    outcome = of_change(change(), State.SUPERSEDED, NOW + seconds(5))

    assert outcome.event["data"]["result"] == "superseded"
    assert entry_of(outcome.event).at == NOW + seconds(5)
    assert outcome.event["time"] == (NOW + seconds(5)).isoformat()


def test_an_outcome_without_an_end_has_the_time_at_which_it_was_found() -> None:
    event = of_change(change(age=5)).event

    assert event["time"] is None
    assert entry_of(event).at == NOW - seconds(5)


def test_the_subject_of_an_outcome_is_its_user_or_group_if_it_has_one() -> None:
    about = {"result": "rejected", "reason": "r", "next_action": "n", "now": NOW, "target": "T"}
    named = of_event(CAUSE, user=USERS[0], group=GROUPS[0], **about)  # type: ignore[arg-type]
    group = of_event(CAUSE, user="", group=GROUPS[0], **about)  # type: ignore[arg-type]
    none = of_event(CAUSE, user="", group="", **about)  # type: ignore[arg-type]

    assert (named.event["subject"], group.event["subject"]) == (USERS[0], GROUPS[0])
    assert "subject" not in none.event
    assert none.event["source"] == "/hasten/targets/T"
    assert none.event["data"]["times"] == {"ended": NOW.isoformat()}


def test_an_alert_about_a_person_names_them_and_comes_once_for_each_name() -> None:
    late = removal(reason="why", next_action="what")

    alert = of_person(OVERDUE, late, now=NOW)

    assert alert.event["data"]["reason"] == f"{USERS[0]}: why"
    assert (alert.event["data"]["result"], entry_of(alert.event).kind) == (OVERDUE, EntryKind.ALERT)
    assert of_person(OVERDUE, late, now=NOW + seconds(9)).id == alert.id
    assert of_person(OVERDUE, replace(late, origin=2), now=NOW).id != alert.id
    other = of_alert("x", target="T", group="", reason="r", next_action="n", key="", now=NOW)
    assert entry_of(other.event).user == ""


# --- which of two events wins ---


def intent(wanted: Wanted = Wanted.MEMBER, age: float = 0, cause: Cause = OTHER) -> Intent:
    return Intent(
        target="TOTAL",
        group=GROUPS[0],
        user=USERS[0],
        wanted=wanted,
        time=NOW - seconds(age),
        cause=cause,
        recorded_at=NOW,
    )


@pytest.mark.parametrize(
    ("known", "new", "recorded"),
    [
        (None, intent(), Recorded.NEW),
        (intent(cause=CAUSE), intent(cause=CAUSE), Recorded.DUPLICATE),
        (intent(cause=CAUSE), intent(Wanted.ABSENT, cause=CAUSE), Recorded.REPLACED),
        (intent(cause=CAUSE), intent(), Recorded.REPLACED),
        (intent(cause=CAUSE), intent(age=1), Recorded.STALE),
        (intent(Wanted.ABSENT, cause=CAUSE), intent(), Recorded.STALE),
        (intent(Wanted.ABSENT, age=1, cause=CAUSE), intent(), Recorded.REPLACED),
        (replace(intent(cause=CAUSE), is_done=True), intent(), Recorded.NEW),
    ],
)
def test_the_newest_event_wins_and_of_two_at_once_the_one_that_takes_access(
    known: Intent | None, new: Intent, recorded: Recorded
) -> None:
    assert compare(known, new) is recorded


def test_an_entry_says_what_found_its_change() -> None:
    entry = entry_of(of_change(change(found_by=FoundBy.NOTIFICATION)).event)

    assert (entry.found_by, entry.action) == ("notification", "added")
