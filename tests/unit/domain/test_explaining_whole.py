"""The whole explanation of a person, sentence by sentence: nothing is missing, and nothing is said
that does not hold."""

from typing import Any

import pytest

from hasten.domain.changes import DIRECT, Action
from hasten.domain.cycle import Cycle
from hasten.domain.explaining import explain
from hasten.domain.intents import UNREADABLE_INTENT, Wanted
from hasten.domain.person_facts import Facts, Nested
from tests.support.virtual_time import START
from tests.unit.domain.test_explaining import ENGINEERING, INNER, LATER, facts, row, wish

EXISTS = "The user exists in Entra ID and is enabled."
ASSIGNED = "They are assigned to TOTAL through TOTAL-Engineering (group-engineering)."
NOT_ASSIGNED = "They are not assigned to TOTAL."
BEFORE = (
    "Hasten has seen no change of theirs: they were assigned before it watched, which is the work "
    "of Entra's own cycles."
)
NO_CHANGE = "Hasten has seen no change of theirs."
JOINED = (
    "They joined TOTAL-Engineering (group-engineering), as Hasten noticed at 2026-11-24 09:00:00Z "
    "by a notification of Graph. It waits for its turn: its call is made as soon as the pace "
    "allows."
)
EVENT = "Event event-1 of /hr (2026-11-24 09:00:00Z) wants them"

NAMED = "TOTAL-Engineering (group-engineering)"
NESTED = (
    "They are in Robotics (group-inner), which is nested in the assigned group other: Entra does "
    "not provision members of nested groups. To give them access, add them to the assigned group "
    "itself."
)
LEFT_OUT = (
    f"They are in Admins A and Admins B, whose members become members of {NAMED}, but an event "
    "offboarded them: the policy does not add them back. Remove them from it as well, or post an "
    "onboarding event."
)
DELETED = (
    "Note: group group-engineering was deleted by 2026-11-24 09:00:00Z: what it granted stays "
    "until Entra's next cycle."
)
UNREAD = (
    f"a member of {NAMED}. Nothing is done for it: {UNREADABLE_INTENT}. `doctor` names the row."
)


def said(*rows: Any, **fields: Any) -> list[str]:
    return explain(facts(*rows, **{"cycle": Cycle(), **fields}))


@pytest.mark.parametrize(
    ("given", "sentences"),
    [
        ({}, [EXISTS, ASSIGNED, BEFORE]),
        ({"through": ()}, [EXISTS, NOT_ASSIGNED, NO_CHANGE]),
        ({"through": (), "direct": True}, [EXISTS, "They are assigned to TOTAL directly.", BEFORE]),
        (
            {"through": (ENGINEERING, INNER), "direct": True},
            [
                EXISTS,
                (
                    "They are assigned to TOTAL directly and through TOTAL-Engineering "
                    "(group-engineering) and through Robotics (group-inner)."
                ),
                BEFORE,
            ],
        ),
        (
            {"unread": "503", "direct": True},
            ["Graph could not be read, so this is what Hasten knows by itself.", BEFORE],
        ),
        (
            {"enabled": None},
            [
                "The user exists in Entra ID; Graph does not say whether they are enabled.",
                ASSIGNED,
                BEFORE,
            ],
        ),
        (
            {"nested": [Nested(group="other", inner=INNER)], "through": (ENGINEERING,)},
            [
                EXISTS,
                ASSIGNED,
                NESTED,
                BEFORE,
            ],
        ),
        (
            {"left_out": {ENGINEERING: ["Admins A", "Admins B"]}},
            [
                EXISTS,
                ASSIGNED,
                LEFT_OUT,
                BEFORE,
            ],
        ),
        (
            {"stopped": "ada stopped it", "observes": True},
            [
                EXISTS,
                ASSIGNED,
                BEFORE,
                "Note: Hasten calls and writes nothing: ada stopped it.",
                "Note: TOTAL is in observe mode: Hasten calls nothing for it.",
            ],
        ),
        (
            {"deleted": {ENGINEERING: START.isoformat()}},
            [EXISTS, ASSIGNED, BEFORE],
        ),
    ],
)
def test_a_person_without_a_change(given: dict[str, Any], sentences: list[str]) -> None:
    assert said(**given) == sentences


@pytest.mark.parametrize("given", [{"exists": False}, {"exists": False, "restorable": True}])
def test_of_a_user_who_is_gone_no_assignment_is_claimed(given: dict[str, Any]) -> None:
    who, *rest = said(direct=True, **given)

    assert "Entra's own cycle disables the account in the app, and so does Hasten" in who
    assert rest == [BEFORE]


def test_rows_come_after_the_events_and_the_notes_last() -> None:
    deleted = {ENGINEERING: START.isoformat()}

    assert said(row(), intents=[wish()], deleted=deleted) == [
        EXISTS,
        ASSIGNED,
        f"{EVENT} a member of {NAMED}: Hasten has not carried it out yet.",
        JOINED,
        DELETED,
    ]
    assert not any("was deleted" in one for one in said(row(Action.REMOVED), deleted=deleted))
    assert not any("was deleted" in one for one in said(row(group=INNER), deleted=deleted))


@pytest.mark.parametrize(
    ("intent", "sentence"),
    [
        (wish(Wanted.ABSENT, group=DIRECT), "not assigned directly: Hasten has not carried it"),
        (wish(Wanted.MEMBER, group=DIRECT), "assigned directly: Hasten has not carried it"),
        (wish(Wanted.IN_STEP), "provisioned as a member of TOTAL-Engineering"),
        (
            wish(held=UNREADABLE_INTENT),
            UNREAD,
        ),
        (
            wish(held="60 leave"),
            f"a member of {NAMED}. It is held by the brake: 60 leave. To have it done",
        ),
        (
            wish(refused="Graph answered 403"),
            f"a member of {NAMED}. Hasten has not carried it out, and tries again: Graph answered",
        ),
        (
            wish(refused="Graph answered 403", is_done=True, outcome="x"),
            f"a member of {NAMED}: x.",
        ),
        (
            wish(held="60 leave", is_done=True, outcome="x"),
            f"a member of {NAMED}: x.",
        ),
    ],
)
def test_what_an_event_wants(intent: Any, sentence: str) -> None:
    told = said(intents=[intent])

    assert told[2].startswith(f"{EVENT} {sentence}")
    assert [*told[:2], told[3]] == [EXISTS, ASSIGNED, BEFORE]


def test_events_come_in_the_order_of_their_times() -> None:
    told = said(intents=[wish(time=LATER, group=INNER), wish()])

    assert ["Robotics" in one for one in told[2:4]] == [False, True]


def test_by_default_a_person_exists_and_nothing_else_is_known() -> None:
    assert explain(Facts(target="TOTAL", now=START)) == [EXISTS, NOT_ASSIGNED, NO_CHANGE]
