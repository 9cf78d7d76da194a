"""Moments and defaults on which a timer, an event and an explanation turn."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.changes import DIRECT, Action, Cause, Change, State
from hasten.domain.cycle import Cycle
from hasten.domain.ensuring import SeenMembership, decide, member_batches
from hasten.domain.explaining import explain
from hasten.domain.heartbeats import Heartbeat, TimerState, first, timer_states
from hasten.domain.intents import THE_GROUP, UNREADABLE_INTENT, Intent, Wanted, of_superseded
from hasten.domain.outcomes import of_membership
from hasten.domain.person_facts import utc
from hasten.limits import MAX_LINKS_PER_PATCH
from tests.support.virtual_time import START
from tests.unit.domain.rows import GROUPS, NOW, seconds
from tests.unit.domain.test_explaining import ENGINEERING, facts, row, wish


def test_a_timer_says_how_long_ago_it_did_its_work() -> None:
    def state(**fields: Any) -> str:
        usual = {"timer": "look", "succeeded_at": NOW, "age": 7.4, "is_late": False, "reason": ""}
        return str(TimerState(**{**usual, **fields}))

    assert state() == "7 s ago (2026-03-02 09:00:00Z)"
    assert state(is_late=True) == "late, 7 s ago (2026-03-02 09:00:00Z)"
    assert state(succeeded_at=None, is_late=True) == "late, never did its work"
    assert state(succeeded_at=None) == "never did its work"
    assert state(age=None) == "never ran"


def test_a_run_that_failed_keeps_the_last_success_and_the_age_is_exact_to_a_tenth() -> None:
    failed = first("look", NOW, "down")
    again = first("look", NOW, "").after_run(NOW + seconds(9), "down")

    assert (failed.succeeded_at, failed.first_at, failed.ran_at) == (None, NOW, NOW)
    assert (again.succeeded_at, again.ran_at, again.reason) == (NOW, NOW + seconds(9), "down")
    beat = Heartbeat(timer="look", first_at=NOW, ran_at=NOW, succeeded_at=NOW)
    [shown] = [s for s in timer_states([beat], NOW + seconds(1.26)) if s.timer == "look"]
    assert shown.age == 1.3


# --- events ---


def seen(**fields: Any) -> SeenMembership:
    return SeenMembership(member=True, written=False, origin=1, at=NOW, **fields)


def test_what_graph_shows_is_not_confirmed_unless_a_write_was_answered() -> None:
    intent = wish(group=GROUPS[0])

    assert not seen().confirmed
    asked = decide(replace(intent, recorded_at=NOW), seen(), None, NOW)
    assert isinstance(asked, Change)
    assert (asked.action, asked.released, asked.user) == (Action.ADDED, False, intent.user)
    assert (asked.seen_at, asked.due_at, asked.found_at) == (NOW, NOW, NOW)


@pytest.mark.parametrize(
    ("count", "age", "sizes", "due"),
    [
        (0, 0, [], None),
        (1, 0.999, [], 0.001),
        (1, 1, [1], None),
        (MAX_LINKS_PER_PATCH, 0, [20], None),
        (MAX_LINKS_PER_PATCH + 1, 0, [20], 1),
        (MAX_LINKS_PER_PATCH + 1, 1, [20, 1], None),
    ],
)
def test_new_members_are_added_in_twenties_or_after_a_second(
    count: int, age: float, sizes: list[int], due: float | None
) -> None:
    waiting = [wish(recorded_at=NOW - seconds(age)) for _ in range(count)]

    chunks, when = member_batches(waiting, NOW)

    assert [len(chunk) for chunk in chunks] == sizes
    assert when == (None if due is None else NOW + seconds(due))


def test_the_oldest_of_new_members_says_when_they_are_added() -> None:
    waiting = [wish(recorded_at=NOW - seconds(age)) for age in (0.75, 0.25)]

    assert member_batches(waiting, NOW) == ([], NOW + seconds(0.25))


@pytest.mark.parametrize(("of", "told"), [(THE_GROUP, ""), ("ada", "ada")])
def test_an_outcome_about_a_group_that_an_event_wants_names_no_user(of: str, told: str) -> None:
    outcome = of_superseded(wish(user=of), Cause("/hr", "0"), now=NOW)

    assert outcome.event["data"]["user"] == told


def test_each_end_of_a_membership_that_nothing_shows_has_an_alert_of_its_own() -> None:
    first, again = (
        of_membership(row(state=State.LEFT_TO_CYCLE, finished_at=NOW + seconds(after)))
        for after in (1, 2)
    )

    assert first.id != again.id
    assert first.event["time"] == (NOW + seconds(1)).isoformat()
    assert of_membership(row()).event["time"] == row().found_at.isoformat()


# --- explanations ---


@pytest.mark.parametrize(
    ("known", "said", "unsaid"),
    [
        (facts(row(Action.REMOVED), deleted={ENGINEERING: START.isoformat()}), "left", "was del"),
        (facts(row(), deleted={"other": START.isoformat()}), "joined", "was deleted"),
        (facts(), "is enabled", "Note:"),
        (facts(row()), "joined", "Hasten has seen no change"),
        (
            facts(direct=True, through=("a", "b")),
            "TOTAL directly and through a and through b.",
            "N",
        ),
        (facts(enabled=None), "Graph does not say whether they are enabled", "disabled in"),
        (facts(unread="503"), "Graph could not be read", "assigned to"),
        (facts(exists=False), "no such user", "assigned to TOTAL through"),
        (facts(stopped="ada stopped TOTAL"), "calls and writes nothing: ada stopped TOTAL.", "obs"),
        (facts(row(state=State.PENDING, reason="why")), "its turn (why): its call", "None"),
        (facts(row(state=State.CALLING)), "called at an unknown time and", "None"),
        (facts(row(state=State.WAITING)), "no reason was given.", "What to do"),
        (facts(intents=[wish(Wanted.ABSENT, group=DIRECT)]), "them not assigned directly", "mem"),
        (facts(intents=[wish(Wanted.IN_STEP)]), "provisioned as a member of TOTAL-Eng", "held"),
        (facts(intents=[wish(held=UNREADABLE_INTENT)]), "`doctor` names the row", "by the brake"),
        (facts(cycle=Cycle()), "work of Entra's own cycles.", "should be over"),
        (facts(row(), cycle=Cycle(), deleted={ENGINEERING: START.isoformat()}), "cycle.", "over"),
        (facts(left_out={"g": ("A", "B")}), "They are in A and B, whose members", "nested"),
    ],
)
def test_an_explanation_says_what_is_known_and_nothing_else(
    known: Any, said: str, unsaid: str
) -> None:
    text = " ".join(explain(known))

    assert said in text
    assert unsaid not in text


def test_intents_are_explained_in_the_order_of_their_events() -> None:
    def event(name: str, minutes: int) -> Intent:
        return wish(cause=Cause("/hr", name), time=START + timedelta(minutes=minutes))

    text = " ".join(explain(facts(intents=[event("late", 5), event("early", 0)])))

    assert text.index("Event early") < text.index("Event late")
    assert utc(None) == "an unknown time"
