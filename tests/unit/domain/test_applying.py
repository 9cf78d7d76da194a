"""Who becomes a member because of another group, and who no longer is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hasten.domain.applying import (
    GroupNow,
    Mirroring,
    PlannedStep,
    StepKind,
    mirroring,
    steps_for,
)

PEOPLE = st.sets(st.sampled_from("abcdef"))


@given(wanted=PEOPLE, members=PEOPLE, remembered=PEOPLE)
def test_all_of_the_source_are_in_and_only_those_hasten_added_go_out(
    wanted: set[str], members: set[str], remembered: set[str]
) -> None:
    found = mirroring(["A"], wanted=wanted, members=members, remembered=remembered)

    after = (members | set(found.joining)) - set(found.leaving)
    assert wanted <= after
    assert members - after <= remembered
    assert not remembered & after - wanted
    assert set(found.leaving) <= members
    assert set(found.forgotten) == remembered - wanted - members
    again = mirroring(
        ["A"],
        wanted=wanted,
        members=after,
        remembered=(remembered | set(found.joining)) - set(found.leaving) - set(found.forgotten),
    )
    assert (again.joining, again.leaving, again.forgotten) == ([], [], [])


def test_steps_come_in_the_order_in_which_they_must_be_done() -> None:
    mirror = Mirroring(sources=["A"], joining=["a"], leaving=["b"], forgotten=[], held=True)
    now = GroupNow(
        name="G", group="", creates=True, role="role", mirroring=mirror, problems=["why"]
    )

    steps = steps_for("TOTAL", [now])

    assert [step.kind for step in steps] == [
        StepKind.PROBLEM,
        StepKind.CREATE,
        StepKind.ASSIGN,
        StepKind.REMOVE,
        StepKind.ADD,
    ]
    assert [step.kind for step in steps if step.held] == [StepKind.REMOVE]
    assert [step.problem for step in steps if step.problem] == ["why"]


def step(kind: StepKind, **fields: Any) -> PlannedStep:
    usual = {"target": "TOTAL", "name": "G", "group": "id", "sources": ["A", "B"], "users": ["a"]}
    return PlannedStep(kind=kind, **{**usual, **fields})


@pytest.mark.parametrize(
    ("planned", "sentence"),
    [
        (step(StepKind.ADOPT), "Adopt the group G (id), which Hasten did not create: check that"),
        (step(StepKind.CREATE), "Create the group G."),
        (step(StepKind.ASSIGN), "Assign the group G to TOTAL."),
        (step(StepKind.ADD), "Add 1 member of A and B to G."),
        (step(StepKind.ADD, users=["a", "b"]), "Add 2 members of A and B to G."),
        (step(StepKind.REMOVE), "Remove 1 member who left A and B from G."),
        (step(StepKind.REMOVE, held=True), "from G. The brake holds this: only `python -m"),
        (step(StepKind.LEAVE_OUT), "Leave 1 member of A and B out of G: an event offboarded"),
        (step(StepKind.PROBLEM, problem="two have its name"), "the group G: two have its name."),
    ],
)
def test_a_step_is_a_sentence(planned: PlannedStep, sentence: str) -> None:
    said = planned.sentence

    assert sentence in said
    assert ("brake" in said) is planned.held


def test_a_group_has_only_the_steps_that_it_needs() -> None:
    assert steps_for("TOTAL", [GroupNow(name="G", group="id")]) == []
    mirror = Mirroring(sources=["A"], joining=[], leaving=["b"], forgotten=["c"], offboarded=["d"])

    steps = steps_for("TOTAL", [GroupNow(name="G", group="id", adopts=True, mirroring=mirror)])

    assert [(one.kind, one.users, one.held, one.role) for one in steps] == [
        (StepKind.ADOPT, (), False, ""),
        (StepKind.REMOVE, ["b"], False, ""),
        (StepKind.LEAVE_OUT, ["d"], False, ""),
    ]
