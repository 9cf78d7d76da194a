"""Behaviours of Entra by their names, as the command line gives them."""

from random import Random

import pytest

from emulator.entra import names
from emulator.entra.behaviours import EntraBehaviours, RetryAfter


def test_nothing_given_is_the_strict_tenant_and_a_name_gives_the_kind_one() -> None:
    assert names.read([]) == names.read(["kind", "strict"]) == EntraBehaviours()
    assert names.read(["kind"]) == EntraBehaviours.kind() != EntraBehaviours()


def test_a_flag_needs_no_value_and_a_number_follows_an_equals_sign_or_a_space() -> None:
    read = names.read(["kind", "skip-out-of-scope", "assignment-lag=45", "clock-behind 1"])

    assert read == EntraBehaviours.kind(
        skip_out_of_scope=True, assignment_lag=45.0, clock_behind=1.0
    )


def test_later_names_count_on_top_of_strict() -> None:
    read = names.read(["strict", "members-not-removed=off", "retry-after=date"])

    assert read.assignment_lag == EntraBehaviours().assignment_lag
    assert not read.members_not_removed
    assert read.retry_after is RetryAfter.DATE


def test_the_portals_word_for_a_flow_is_a_name_too() -> None:
    assert names.read(["delete-unticked"]) == EntraBehaviours(no_delete_flow=True)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("skip-out-of-scop", "choose one of strict, kind, skip-out-of-scope"),
        ("assignment-lag", "seconds from 0 on"),
        ("assignment-lag=soon", "seconds from 0 on"),
        ("assignment-lag=-1", "seconds from 0 on"),
        ("replicas=2.5", "a whole number from 0 on"),
        ("shared-window=maybe", "on, off, or no value"),
        ("retry-after=later", "one of seconds, decimal, date, absent"),
    ],
)
def test_an_invalid_value_is_refused_with_the_valid_form(given: str, named: str) -> None:
    with pytest.raises(names.UnknownBehaviourError, match=named):
        names.read([given])


def test_a_value_may_be_an_argument_of_its_own() -> None:
    line = ["--entra", "assignment-lag", "45", "--entra", "shared-window", "--users", "300"]

    assert names.joined(line) == [
        "--entra",
        "assignment-lag=45",
        "--entra",
        "shared-window",
        "--users",
        "300",
    ]


def test_a_printed_value_can_be_read_back() -> None:
    strict = EntraBehaviours()

    assert names.with_values(EntraBehaviours.kind(), names.shown(strict)) == strict


def mixed(seed: int) -> EntraBehaviours:
    return EntraBehaviours.mixed(Random(seed))  # noqa: S311 - the same seed must be the same mix


def test_a_mix_has_strict_behaviours_only_and_follows_from_its_seed() -> None:
    mixes = [mixed(seed) for seed in range(50)]

    assert mixes == [mixed(seed) for seed in range(50)]
    assert len(set(mixes)) > 40
    strict, kind = names.shown(EntraBehaviours()), names.shown(EntraBehaviours.kind())
    allowed = strict.items() | kind.items()
    for mix in mixes:
        assert {n: v for n, v in names.shown(mix).items() if n != "retry-after"}.items() <= allowed
