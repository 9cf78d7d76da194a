"""Seeds draw one to three targets, and each value of `grants_by` for each of them."""

from random import Random

from hasten.domain.planning import GrantsBy
from tests.chaos import targets


def test_fifty_seeds_have_each_number_of_targets_and_each_value_for_each_target() -> None:
    drawn = [targets.draw(Random(f"{seed} targets"), None) for seed in range(1, 51)]

    assert {len(one.all) for one in drawn} == {1, 2, 3}
    for number in range(targets.MOST_TARGETS):
        values = {one.all[number].grants_by for one in drawn if number < len(one.all)}
        assert values == set(GrantsBy)


def test_the_app_of_a_target_that_grants_by_user_has_no_groups() -> None:
    for seed in range(1, 51):
        drawn = targets.draw(Random(f"{seed} targets"), None)

        by_user = {one.name for one in drawn.all if one.grants_by is GrantsBy.USER}
        assert drawn.users_alone == by_user
