"""The answer in three sentences to whether a person has access."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.answering import (
    DONE_NOTHING,
    NO_REVOCATION_SEEN,
    NOT_SEEN_LEAVING,
    Access,
    answer,
)
from hasten.domain.changes import DIRECT, OWN_ACCOUNT, Action, Change, HeldBy, State
from hasten.domain.cycle import PAUSED, Cycle
from hasten.domain.intents import Wanted
from hasten.domain.person_facts import Facts, Nested
from hasten.domain.proof import LOG_SHOWS_SKIP
from hasten.domain.removal_settlement import CHECK_ACCOUNT_IN_APP
from tests.support.virtual_time import START
from tests.unit.domain.test_explaining import (
    A_CYCLE,
    A_PAUSE,
    ENGINEERING,
    INNER,
    NAMES,
    TOTAL,
    facts,
    row,
    wish,
)

ASSIGNED = {ENGINEERING: NAMES[ENGINEERING]}
TROUBLE = Cycle(problem="the job is in quarantine", next_action="restart it")
NEXT = "the next should be over by 09:31 UTC"
EARLIER, LATER = START - timedelta(minutes=1), START + timedelta(minutes=1)
WAITS = row(Action.REMOVED, state=State.LEFT_TO_CYCLE, needs_proof=True, expected_at=LATER)


def taking(state: State = State.PENDING, **fields: Any) -> Change:
    return row(Action.REMOVED, state=state, **fields)


def out(*rows: Change, **fields: Any) -> Facts:
    """The person is not assigned."""
    return facts(*rows, **{"through": (), **fields})


def texts(known: Facts, groups: dict[str, str] | None = None) -> str:
    said = answer(known, ASSIGNED if groups is None else groups)
    return f"{said.access}| {said.headline}| {said.why}| {said.next_action}"


def test_somebody_assigned_before_hasten_watched_is_told_where_to_look_without_access() -> None:
    known = answer(facts(), ASSIGNED)

    assert known.access is Access.YES
    assert known.headline == "Assigned, before Hasten watched"
    assert "the next of which should be over by 09:31 UTC" in known.why
    assert known.next_action.startswith("if they have no access, provision them on demand")


def test_a_job_in_trouble_says_what_to_do_first() -> None:
    known = answer(replace(facts(), cycle=TROUBLE), ASSIGNED)

    assert known.next_action == "restart it"
    assert "should be over by" not in known.why


OTHER = "group-other"
BACK = row(Action.ENABLED, group=OWN_ACCOUNT, state=State.FAILED)
GIVEN_UP: dict[str, Any] = {"reason": "no licence", "next_action": "buy one"}


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        # Graph could not be read
        (facts(unread="503", unread_action="wait"), "unknown| Microsoft Graph could not be read"),
        (facts(unread="503", unread_action="wait"), "| 503| wait"),
        (facts(row(state=State.CONFIRMED), unread="503"), "yes| Has access"),
        (out(row(state=State.CONFIRMED), unread="503"), "yes| Has access"),
        (out(taking(), unread="503"), "going| Not assigned any more. Access is being taken"),
        (out(taking(), unread="503", exists=False), "going| Not assigned any more"),
        # no account in Entra ID
        (out(enabled=False), "no| No access| the account is disabled in Entra ID| enable the"),
        (out(exists=False), "no| No access| the account does not exist in Entra ID| restore or"),
        (out(enabled=None), "no| No access| they are in no group that is assigned to TOTAL"),
        (facts(enabled=False), "unknown| The account is disabled. Access may still be there"),
        (facts(enabled=False), NO_REVOCATION_SEEN),
        (facts(row(), exists=False), "unknown| The account does not exist. Access may still be"),
        (out(row(), enabled=False), "unknown| The account is disabled. Access may still be"),
        (
            facts(taking(State.CONFIRMED), enabled=False),
            "no| No access| the account is disabled in Entra ID| enable the account in Entra ID",
        ),
        (out(taking(), enabled=False), "going| Access is being taken| the account is disabled in"),
        (out(taking(), enabled=False), "in Entra ID. the change waits for its turn"),
        (out(taking(), enabled=False), "| wait; this page refreshes itself"),
        # assigned
        (
            facts(row(state=State.FAILED, **GIVEN_UP)),
            "unknown| Assigned, and nothing shows that they have access| no lic",
        ),
        (facts(row(state=State.FAILED, **GIVEN_UP)), "| buy one"),
        (facts(row(state=State.FAILED)), "| no reason was given| fix the cause, then provision"),
        (
            facts(row(state=State.HELD, reason="r")),
            "unknown| Assigned, and nothing shows that they have access| Hasten ho",
        ),
        (facts(row(), row(group=OTHER, state=State.CONFIRMED)), "coming| Access is on its way"),
        (facts(row(group=OTHER), row(state=State.CONFIRMED)), "yes| Has access, and one assig"),
        (facts(row(group=OTHER, state=State.FAILED), row(state=State.IN_SYNC)), "yes| Has access"),
        (
            facts(row(), row(group=DIRECT, state=State.CONFIRMED), direct=True),
            "yes| Has access, and one assig",
        ),
        (facts(row(group=OTHER), row(group=DIRECT, state=State.CONFIRMED)), "coming| Access is on"),
        (facts(row(group=OTHER), taking(State.CONFIRMED)), "coming| Access is on its way"),
        (
            facts(BACK, row(state=State.CONFIRMED)),
            "unknown| Assigned, and nothing shows that they have access",
        ),
        (facts(row()), "coming| Access is on its way| the change waits for its turn"),
        (facts(row(state=State.CALLING)), "| Entra ID has been called and has not answered yet"),
        (facts(row(state=State.WAITING, reason="busy")), "| busy; the next try is at 09:00:00 UTC"),
        (facts(row(state=State.WAITING)), "| Hasten tries again; the next try is at 09:00:00 UTC"),
        (facts(row(Action.UPDATED, state=State.FAILED)), "yes| Assigned, before Hasten watched"),
        (facts(row(state=State.IN_SYNC), row(Action.UPDATED)), "yes| Has access"),
        # not assigned, and the removal has not ended well
        (out(taking()), "going| Not assigned any more. Access is being taken"),
        (out(taking(State.HELD, reason="60 left")), "Access may still be there: the removal is he"),
        (out(taking(State.HELD, reason="60 left")), "until an operator decides, because 60 left"),
        (out(taking(State.HELD, reason="60 left")), "| release or discard it on the view Held"),
        (out(taking(State.FAILED, reason="x")), "Access may still be there: the removal failed| x"),
        (out(taking(State.LEFT_TO_CYCLE)), "Access is left to Entra's own cycle| it is left to"),
        (out(taking(State.LEFT_TO_CYCLE)), "cycle, expected by 09:31 UTC: no reason was given"),
        (out(taking(State.LEFT_TO_CYCLE, expected_at=LATER)), ", expected by 09:01 UTC"),
        (out(taking(State.LEFT_TO_CYCLE), cycle=Cycle()), "own cycle: no reason was given"),
        (out(last_assigned=START), "Not assigned any more. Access may still be there| they were"),
        (out(taking(State.CONFIRMED), last_assigned=START), "No access"),
        (out(taking(State.CONFIRMED), last_assigned=LATER), "Access may still be there| they were"),
        (out(taking(State.CONFIRMED, keeps_assignment=True), last_assigned=START), "Access may st"),
        (out(enabled=False, last_assigned=START), "The account is disabled. Access may still be"),
        (out(taking(State.CONFIRMED), enabled=False, last_assigned=LATER), "disabled. Access may"),
        (out(taking(State.CONFIRMED), enabled=False, last_assigned=START), "No access"),
        (facts(taking(State.CONFIRMED), enabled=False), "No access"),
        (
            facts(taking(State.CONFIRMED, keeps_assignment=True), enabled=False),
            "may still be there",
        ),
        (facts(last_assigned=START), "Assigned, before Hasten watched"),
        (out(WAITS, cycle=A_PAUSE), f"own cycle| {PAUSED[0]}| {PAUSED[1]}"),
        (out(taking(State.PENDING), cycle=A_PAUSE), "as soon as the pace allows"),
        (out(taking(State.LEFT_TO_CYCLE), cycle=A_PAUSE), "own cycle: no reason was given"),
        (out(taking(State.LEFT_TO_CYCLE), cycle=A_CYCLE), "began after the change has ended: no"),
        (out(taking(State.CONFIRMED), taking(State.FAILED, reason="x")), "the removal failed"),
        # not assigned, and no removal was seen
        (out(deleted={ENGINEERING: "t"}), "unknown| Not assigned. Access may still be there"),
        (out(deleted={ENGINEERING: "t"}), "| TOTAL-Engineering was deleted, and Graph does not"),
        (out(deleted={"b": "t", "a": "t"}), "| a was deleted, and Graph does not show who was in"),
        (out(row(), deleted={ENGINEERING: "t"}), "TOTAL-Engineering was deleted, and they were i"),
        (
            out(row(group="b"), row(group="c"), row(group="x"), deleted={"c": "t", "b": "t"}),
            "| b was deleted, and they were in it",
        ),
        (out(deleted={ENGINEERING: "t"}), NEXT),
        (out(deleted={ENGINEERING: "t"}, cycle=Cycle()), "take such access| "),
        (out(deleted={ENGINEERING: "t"}), CHECK_ACCOUNT_IN_APP),
        (out(deleted={ENGINEERING: "t"}, cycle=TROUBLE), "take such access| restart it"),
        (out(taking(State.CONFIRMED), deleted={"x": "t"}), "no| No access| they left"),
        (out(row(state=State.CONFIRMED)), "unknown| Not assigned any more. Access may still be"),
        (out(row(state=State.CONFIRMED)), NOT_SEEN_LEAVING),
        (out(row(found_at=LATER), taking(State.CONFIRMED)), NOT_SEEN_LEAVING),
        (out(row(), taking(State.CONFIRMED)), "no| No access| they left TOTAL-Engineering at"),
        (out(row(found_at=EARLIER), taking(State.CONFIRMED)), "no| No access| they left"),
        (out(row(Action.UPDATED)), "no| No access| they are in no group"),
        (out(row(Action.ENABLED, group=OWN_ACCOUNT)), "no| No access| they are in no group"),
        # not assigned
        (out(intents=[wish()]), "coming| Access is asked for| an event asks for it, and Hasten"),
        (out(intents=[wish()]), "| wait a minute, then look again"),
        (out(intents=[wish(held="60 join"), wish()]), "no| Access is asked for and held| 60 join"),
        (out(intents=[wish(held="60 join"), wish()]), "| release it on the view Held"),
        (out(intents=[wish(is_done=True)]), "no| No access| they are in no group"),
        (out(intents=[wish(Wanted.ABSENT)]), "no| No access| they are in no group"),
        (
            out(nested=[Nested(group=ENGINEERING, inner=INNER), Nested(group="x", inner="y")]),
            "they are in Robotics, which is nested in TOTAL-Engineering, and Entra ID does not",
        ),
        (out(nested=[Nested(group="x", inner="y")]), "| add them to x itself"),
        (out(left_out={"x": ("A", "B")}), "so the policy does not add them to x again"),
        (out(left_out={"x": ("A", "B")}), "post an onboarding event, or remove them from A and B"),
        (
            out(taking(State.IN_SYNC)),
            "| they left TOTAL-Engineering at 2026-11-24 09:00 UTC. Entra ID answered that there",
        ),
        (out(taking(State.IN_SYNC, group=DIRECT)), "| they had no direct assignment any more at"),
        (
            out(row(Action.DISABLED, group=OWN_ACCOUNT, state=State.IN_SYNC)),
            "| they had no direct assignment any more at",
        ),
        (out(), "| add them to one of its groups: TOTAL-Engineering, if they should have access"),
    ],
)
def test_each_situation_has_its_answer(known: Facts, expected: str) -> None:
    assert expected in texts(known)


def test_access_that_was_so_already_says_what_the_answer_showed() -> None:
    given = answer(facts(row(state=State.IN_SYNC)), ASSIGNED)
    gone = answer(out(taking(State.IN_SYNC, reason="the app has no account of the user")), ASSIGNED)

    assert "answered that the app has it already" in given.why
    assert gone.access is Access.NO
    assert "no access to take: the app has no account of the user" in gone.why


@pytest.mark.parametrize(
    ("state", "fields", "why"),
    [
        (State.SUCCEEDED, {"needs_proof": True}, "success; the provisioning log has not confirmed"),
        (State.SUCCEEDED, {}, "success; within a day Hasten could read no entry of the"),
        (State.SUCCEEDED, {"reason": f"{LOG_SHOWS_SKIP}: X"}, f"success; {LOG_SHOWS_SKIP}: X"),
        (State.CONFIRMED, {}, "Entra ID answered the call with success, and its log confirms it"),
        (State.CONFIRMED, {"reason": "the app itself says active"}, "the app itself says active"),
        (State.DONE_BY_CYCLE, {}, "Entra's own cycle has done it"),
    ],
)
def test_access_says_by_what_it_is_known_that_it_was_given_or_taken(
    state: State, fields: dict[str, Any], why: str
) -> None:
    given = answer(facts(row(state=state, **fields)), ASSIGNED)
    taken = answer(out(taking(state, **fields)), ASSIGNED)

    assert (given.access, given.next_action) == (Access.YES, DONE_NOTHING)
    assert why in given.why
    assert taken.access is Access.NO
    assert taken.why.endswith(given.why)


@pytest.mark.parametrize(
    ("count", "named"), [(0, " of its groups,"), (5, ": a, b, C, d, e,"), (6, ": a, b, C, d, e …,")]
)
def test_at_most_five_groups_are_named_in_the_order_of_their_names(count: int, named: str) -> None:
    groups = {name: name for name in "fedCba"[6 - count :]}

    assert named in texts(out(), groups)


@pytest.mark.parametrize("state", [state for state in State if state is not State.SUPERSEDED])
def test_who_stopped_hasten_is_said_of_what_is_still_to_be_done(state: State) -> None:
    said = answer(facts(row(state=state, reason="r"), stopped="ada stopped TOTAL"), ASSIGNED)

    is_open = row(state=state).is_open
    assert (said.why == "Hasten is stopped: ada stopped TOTAL") is is_open
    assert (said.next_action == "start Hasten on the view Now, if the reason is gone") is is_open


@pytest.mark.parametrize("state", [State.PENDING, State.LEFT_TO_CYCLE, State.HELD, State.FAILED])
def test_a_job_in_trouble_explains_what_has_not_failed_by_itself(state: State) -> None:
    said = answer(facts(row(state=state, **GIVEN_UP), cycle=TROUBLE), ASSIGNED)

    of_job = (TROUBLE.problem, TROUBLE.next_action)
    assert ((said.why, said.next_action) == of_job) is (state is not State.FAILED)


@pytest.mark.parametrize(
    ("by", "observes", "why", "action"),
    [
        (HeldBy.OBSERVE, True, "the target is in observe mode, where", "set mode: act in targets"),
        (HeldBy.OBSERVE, False, "Hasten has held it since", "release or discard it"),
        (HeldBy.BRAKE, True, "Hasten holds it until an operator", "release or discard it"),
        (HeldBy.UNREADABLE, True, "damaged", "correct the row"),
    ],
)
def test_what_is_held_says_by_what_and_how_it_is_released(
    by: HeldBy, why: str, action: str, *, observes: bool
) -> None:
    fields: dict[str, Any] = {"reason": "damaged", "next_action": "correct the row"}
    held = row(state=State.HELD, held_by=by, **fields)

    said = answer(facts(held, observes=observes), {"g": TOTAL})

    assert said.why.startswith(why)
    assert said.next_action.startswith(action)
