"""The ways of the host are switched by name, one after the other."""

from dataclasses import asdict

import pytest

from emulator.functions.behaviours import HostBehaviours


def test_without_a_name_every_harsh_way_is_on() -> None:
    assert set(asdict(HostBehaviours.named([])).values()) == {True}


def test_strict_switches_all_on_and_lenient_all_off() -> None:
    assert set(asdict(HostBehaviours.named(["strict"])).values()) == {True}
    assert set(asdict(HostBehaviours.named(["lenient"])).values()) == {False}


@pytest.mark.parametrize("field", asdict(HostBehaviours()))
def test_each_way_is_switched_by_its_own_name(field: str) -> None:
    name = field.replace("_", "-")

    on = asdict(HostBehaviours.named(["lenient", name]))
    off = asdict(HostBehaviours.named(["strict", f"no-{name}"]))

    assert [key for key, value in on.items() if value] == [field]
    assert [key for key, value in off.items() if not value] == [field]


def test_the_last_name_wins() -> None:
    names = ["stall-lost-slots", "no-stall-lost-slots"]

    assert not HostBehaviours.named(names).stall_lost_slots


@pytest.mark.parametrize("name", ["gentle", "no-strict", "no-", "abandon_on_stop_", ""])
def test_an_unknown_name_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(ValueError, match="one of strict, lenient, abandon-on-stop"):
        HostBehaviours.named([name])
