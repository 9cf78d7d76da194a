"""Texts of an event that nobody can see."""

import pytest

from tests.support.posting import GROUP, OFFBOARD, ONBOARD, Posting, event, ref
from tests.support.virtual_time import virtual


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u200b", "\u2060\u200d"])
@pytest.mark.parametrize("attribute", ["id", "source"])
@virtual
async def test_events_that_nobody_could_tell_apart_are_refused(attribute: str, blank: str) -> None:
    """The second of them would pass for a copy of the first."""
    world = Posting()
    for kind in (ONBOARD, OFFBOARD):
        data = {"group": GROUP} if kind == ONBOARD else {"groups": [GROUP]}
        await world.posts(event(kind, users=[ref(1)], **data) | {attribute: blank})

    assert [one["field"] for one in world.faults()] == [attribute] * 2
    assert {one["problem"] for one in world.faults()} == {"it is empty"}


@pytest.mark.parametrize("blank", ["\u200b", "\u2060 \u200d"])
@virtual
async def test_a_name_that_nobody_sees_names_nobody(blank: str) -> None:
    world = Posting()
    for users, group in (([{"upn": blank}], GROUP), ([ref(1)], {"name": blank})):
        await world.posts(event(users=users, group=group))

    assert [one["problem"] for one in world.faults()] == ["it is empty"] * 2
