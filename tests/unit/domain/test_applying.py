"""Who becomes a member because of another group, and who no longer is."""

from hypothesis import given
from hypothesis import strategies as st

from hasten.domain.applying import GroupNow, Mirroring, StepKind, mirroring, steps_for

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
