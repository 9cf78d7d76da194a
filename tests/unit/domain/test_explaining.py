"""Where a person stands, in sentences: a table of situations."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.asked import OPERATORS_SOURCE
from hasten.domain.changes import DIRECT, OWN_ACCOUNT, Action, Cause, Change, FoundBy, HeldBy, State
from hasten.domain.cycle import PAUSED, Cycle
from hasten.domain.explaining import explain
from hasten.domain.explaining_rows import FOUND_BY_TEXTS
from hasten.domain.intents import Intent, Wanted
from hasten.domain.person_facts import Facts, Nested
from hasten.domain.proof import LOG_SHOWS_SKIP
from hasten.domain.row_states import finished, held, left_to_cycle, waiting
from tests.support.virtual_time import START

TOTAL, USER = "TOTAL", "0000cccc-0000-4000-8000-000000000001"
ENGINEERING, INNER = "group-engineering", "group-inner"
NAMES = {ENGINEERING: "TOTAL-Engineering", INNER: "Robotics"}
LATER = START + timedelta(minutes=40)
CYCLE = Cycle(began=START - timedelta(minutes=10))


def row(action: Action = Action.ADDED, **fields: Any) -> Change:
    change = Change(
        target=TOTAL,
        group=ENGINEERING,
        user=USER,
        action=action,
        origin=1,
        noticed_at=START,
        found_at=START,
        seen_at=START,
        due_at=START,
        found_by=FoundBy.NOTIFICATION,
    )
    return replace(change, **fields)


def facts(*rows: Change, **fields: Any) -> Facts:
    given = {"through": (ENGINEERING,), "names": NAMES, "cycle": CYCLE, **fields}
    return Facts(target=TOTAL, now=START, rows=rows, **given)


def wish(wanted: Wanted = Wanted.MEMBER, **fields: Any) -> Intent:
    intent = Intent(
        target=TOTAL,
        group=ENGINEERING,
        user=USER,
        wanted=wanted,
        time=START,
        cause=Cause("/hr", "event-1"),
        recorded_at=START,
    )
    return replace(intent, **fields)


BRAKE = held(row(Action.REMOVED), HeldBy.BRAKE, reason="60 of 100 members left", next_action="look")
OBSERVED = held(row(), HeldBy.OBSERVE, reason="the target is in observe mode", next_action="")
CALLED = row(called_at=START, finished_at=START, state=State.SUCCEEDED)
TAKEN = replace(CALLED, action=Action.REMOVED)
LEFT = left_to_cycle(
    row(), now=START, reason="the user is disabled", next_action="none", expected_at=LATER
)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (facts(exists=False, through=()), "There is no such user in Entra ID (any more)"),
        (facts(exists=False, restorable=True), "deleted in Entra ID, and can be restored for 30"),
        (facts(enabled=False), "disabled in Entra ID. On-demand provisioning cannot act"),
        (facts(), "The user exists in Entra ID and is enabled."),
        (facts(), "assigned to TOTAL through TOTAL-Engineering (group-engineering)."),
        (facts(direct=True), "assigned to TOTAL directly and through TOTAL-Engineering"),
        (facts(through=()), "They are not assigned to TOTAL."),
        (facts(through=()), "Hasten has seen no change of theirs."),
        (facts(), "before it watched, which is the work of Entra's own cycles, the next of which"),
        (
            facts(through=(), nested=[Nested(group=ENGINEERING, inner=INNER)]),
            "which is nested in the assigned group TOTAL-Engineering (group-engineering): Entra",
        ),
        (facts(row()), "They joined TOTAL-Engineering (group-engineering), as Hasten noticed at"),
        (facts(row()), "2026-11-24 09:00:00Z by a notification of Graph. It waits for its turn:"),
        (facts(row(Action.REMOVED)), "They left TOTAL-Engineering"),
        (
            facts(row(), deleted={ENGINEERING: START.isoformat()}),
            "Note: group group-engineering was deleted by 2026-11-24 09:00:00Z: what it granted",
        ),
        (facts(row(group=DIRECT)), "Their direct assignment was made, as"),
        (facts(row(Action.REMOVED, group=DIRECT)), "Their direct assignment was removed, as"),
        (
            facts(row(Action.REMOVED, group=DIRECT, found_by=FoundBy.EVENT)),
            "They have no direct assignment, as Hasten",
        ),
        (
            facts(row(Action.DISABLED, group=OWN_ACCOUNT)),
            "Their account in Entra ID was disabled, as Hasten",
        ),
        (
            facts(row(Action.RESTORED, group=OWN_ACCOUNT)),
            "Their account in Entra ID was restored, as Hasten",
        ),
        (
            facts(row(Action.UPDATED, group=OWN_ACCOUNT)),
            "An attribute that the provisioning job maps was",
        ),
        (facts(row(state=State.CALLING, called_at=START)), "has not answered yet"),
        (
            facts(waiting(row(), due_at=LATER, reason="not assigned yet", next_action="wait")),
            "It waits until 2026-11-24 09:40:00Z: not assigned yet. What to do: wait.",
        ),
        (facts(BRAKE), "It is held by the brake: 60 of 100 members left. To have it called: "),
        (facts(BRAKE), f"hasten release TOTAL --group {ENGINEERING} --user {USER}"),
        (facts(OBSERVED, observes=True), "set `mode: act`, then release it"),
        (facts(OBSERVED, observes=True), "Note: TOTAL is in observe mode"),
        (
            facts(OBSERVED),
            "since the target was in observe mode. To have it called: python -m hasten release",
        ),
        (facts(replace(CALLED, needs_proof=True)), "has not confirmed it yet."),
        (
            facts(CALLED),
            "within a day Hasten could read no entry of the provisioning log about it.",
        ),
        (facts(replace(CALLED, reason=f"{LOG_SHOWS_SKIP}: x")), "that Entra skipped the user: x."),
        (facts(replace(CALLED, state=State.CONFIRMED)), "and the provisioning log confirms it."),
        (facts(replace(CALLED, state=State.IN_SYNC)), "that the app has it already."),
        (facts(replace(TAKEN, state=State.IN_SYNC)), "no access to take: the account is inactive"),
        (
            facts(replace(TAKEN, state=State.IN_SYNC, reason="the app has no account of the user")),
            "no access to take: the app has no account of the user.",
        ),
        (facts(row(state=State.DONE_BY_CYCLE)), "Entra's own cycle has done it"),
        (facts(LEFT), "left to Entra's own cycle: the user is disabled."),
        (facts(LEFT), "It is expected by 2026-11-24 09:40:00Z."),
        (facts(replace(LEFT, expected_at=START)), "Hasten calls for it if it stays overdue."),
        (facts(replace(LEFT, expected_at=None)), "The next cycle should be over by"),
        (facts(replace(LEFT, expected_at=None), cycle=Cycle()), "Graph does not say"),
        (
            facts(finished(row(), State.FAILED, now=START, reason="x", next_action="mend it")),
            "It failed at 2026-11-24 09:00:00Z: x. What to do: mend it.",
        ),
        (facts(intents=[wish()]), "Event event-1 of /hr (2026-11-24 09:00:00Z) wants them a"),
        (facts(intents=[wish()]), "member of TOTAL-Engineering (group-engineering): Hasten has"),
        (facts(intents=[wish(Wanted.ABSENT, is_done=True)]), "no member of TOTAL-Engineering"),
        (facts(intents=[wish(is_done=True, outcome="user unknown")]), ": user unknown."),
        (facts(intents=[wish(is_done=True, outcome="recorded")]), ": Entra ID has this state,"),
        (facts(intents=[wish(is_done=True, outcome="recorded_as_held")]), "the brake held the"),
        (facts(intents=[wish(is_done=True, outcome="observed")]), "Hasten did nothing for it."),
        (facts(intents=[wish(is_done=True, outcome="rejected")]), ": Hasten did not carry it out,"),
        (facts(intents=[wish(held="60 of 100 leave")]), "by the brake: 60 of 100 leave. To have"),
        (facts(intents=[wish(group=DIRECT)]), "wants them assigned directly"),
        (facts(intents=[wish(group="name:1", group_name="New")]), "a member of New: Hasten"),
        (
            facts(cycle=Cycle(problem="the job is in quarantine", next_action="restart it")),
            "Note: the job is in quarantine. What to do: restart it.",
        ),
    ],
)
def test_each_situation_has_its_text(known: Facts, expected: str) -> None:
    assert expected in " ".join(explain(known))


PROVEN_BY_APP = finished(
    replace(CALLED, action=Action.DISABLED, group=OWN_ACCOUNT),
    State.CONFIRMED,
    now=START,
    reason="the app itself says inactive",
)
A_CYCLE = replace(CYCLE, done_from=LATER, done_until=LATER)
A_PAUSE = replace(CYCLE, is_paused=True)


@pytest.mark.parametrize(
    ("known", "said", "false"),
    [
        (facts(last_assigned=START, through=()), "has not seen them leave yet", "no change"),
        (facts(LEFT, cycle=A_PAUSE), "own cycle, which does nothing now: the user is", "expected"),
        (facts(LEFT, cycle=A_PAUSE), f"Note: {PAUSED[0]}. What to do: {PAUSED[1]}.", "none"),
        (facts(cycle=A_PAUSE), PAUSED[1], "the next of which"),
        (facts(PROVEN_BY_APP), "and proven: the app itself says inactive.", "Entra was called"),
        (facts(PROVEN_BY_APP), "It is done", "the provisioning log confirms"),
        (
            facts(replace(CALLED, state=State.DONE_BY_CYCLE)),
            "Entra's own cycle has done it.",
            "no call",
        ),
        (
            facts(replace(LEFT, expected_at=START, needs_proof=False)),
            "It was expected by 2026-11-24 09:00:00Z.",
            "Hasten calls for it",
        ),
        (
            facts(replace(LEFT, expected_at=None), cycle=A_CYCLE),
            "A cycle that began after the change has ended.",
            "next cycle",
        ),
    ],
)
def test_nothing_is_said_that_did_not_happen_or_will_not(
    known: Facts, said: str, false: str
) -> None:
    told = " ".join(explain(known))

    assert said in told
    assert false not in told


@pytest.mark.parametrize("state", [state for state in State if state is not State.SUPERSEDED])
def test_every_state_that_is_stored_has_its_words(state: State) -> None:
    assert explain(facts(row(state=state)))


def test_nesting_is_not_mentioned_for_a_direct_member() -> None:
    known = facts(nested=[Nested(group=ENGINEERING, inner=INNER)])

    assert "nested" not in " ".join(explain(known))


def test_events_of_a_change_are_listed_in_order() -> None:
    later = row(Action.REMOVED, group=DIRECT, found_at=LATER)

    told = [line for line in explain(facts(later, row())) if "as Hasten noticed" in line]

    assert ["joined" in line for line in told] == [True, False]


@pytest.mark.parametrize("found_by", [one for one in FoundBy if one is not FoundBy.UNKNOWN])
def test_the_sentence_says_in_words_what_found_the_change(found_by: FoundBy) -> None:
    told = " ".join(explain(facts(row(found_by=found_by))))

    assert f" by {FOUND_BY_TEXTS[found_by]}." in told
    assert len(FOUND_BY_TEXTS[found_by].split()) > 1


@pytest.mark.parametrize(
    ("change", "read"),
    [
        (row(), "They are a member of TOTAL-Engineering ("),
        (row(Action.REMOVED), "They are no member of TOTAL-Engineering ("),
        (row(group=DIRECT), "They have a direct assignment, "),
        (row(Action.REMOVED, group=DIRECT), "They have no direct assignment, "),
    ],
)
def test_what_an_operator_asked_for_is_no_event_and_nobody_joined(
    change: Change, read: str
) -> None:
    by_operator = (Cause(OPERATORS_SOURCE, "7"), Cause("/hr", "a later event"))
    asked = replace(change, found_by=FoundBy.EVENT, causes=by_operator)

    told = " ".join(explain(facts(asked)))

    assert read in told
    assert "for an operator" in told
    assert "an onboarding event" not in told
    assert "joined" not in told


def test_what_an_event_opened_stays_that_of_the_event_when_an_operator_asks_too() -> None:
    causes = (Cause("/hr", "7"), Cause(OPERATORS_SOURCE, "8"))

    told = " ".join(explain(facts(row(found_by=FoundBy.EVENT, causes=causes))))

    assert "They joined" in told
    assert "by an onboarding event" in told


def test_a_row_that_does_not_say_what_found_it_has_a_whole_sentence_too() -> None:
    assert "as Hasten noticed at 2" in " ".join(explain(facts(row(found_by=FoundBy.UNKNOWN))))
