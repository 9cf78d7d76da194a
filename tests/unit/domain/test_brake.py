"""How many leavers at once are too many to believe."""

from datetime import timedelta

import pytest

from hasten.domain.brake import BRAKE_WINDOW, Threshold
from hasten.targets import Target

DEFAULT = Target(name="TOTAL", display_name="TOTAL").brake


@pytest.mark.parametrize(
    ("removals", "members_before", "exceeded"),
    [
        (10, 10, False),  # a small group may empty itself
        (11, 11, True),
        (20, 100, False),
        (21, 100, True),
        (60, 100, True),
        (200, 1000, False),
        (201, 1000, True),
    ],
)
def test_the_greater_of_number_and_share_decides(
    *, removals: int, members_before: int, exceeded: bool
) -> None:
    assert DEFAULT.exceeded(removals=removals, members_before=members_before) is exceeded


def test_few_removals_never_need_the_size_of_the_group() -> None:
    assert not DEFAULT.may_be_exceeded(10)
    assert DEFAULT.may_be_exceeded(11)


def test_the_limit_of_a_target_does_not_depend_on_its_size() -> None:
    assert not DEFAULT.exceeded_by_target(200)
    assert DEFAULT.exceeded_by_target(201)


def test_it_counts_the_leavers_of_ten_minutes() -> None:
    assert timedelta(minutes=10) == BRAKE_WINDOW


@pytest.mark.parametrize("percent", [1, 3, 20, 33, 100])
def test_the_members_that_are_needed_are_the_fewest_that_let_removals_pass(percent: int) -> None:
    brake = Threshold(removals=1, percent=percent, of_target=200)

    for removals in range(2, 60):
        needed = brake.members_needed(removals)
        assert not brake.exceeded(removals=removals, members_before=needed)
        assert brake.exceeded(removals=removals, members_before=needed - 1)
