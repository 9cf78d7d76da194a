"""One garbled entry of a membership delta hurts no other entry and no other group."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hasten.adapters.graph.bodies import readable_member
from hasten.adapters.graph.membership import _readable_members
from hasten.object_ids import is_object_id
from hasten.ports.directory_values import Member, UnreadMember
from tests.support.graph_answers import DELTA
from tests.support.graph_wire import Wire, ok
from tests.support.virtual_time import virtual

GROUP = "0000bbbb-0000-4000-8000-000000000001"
ALICE = "0000cccc-0000-4000-8000-000000000001"
BOB = "0000cccc-0000-4000-8000-000000000002"
USER = "#microsoft.graph.user"
GOOD = {"id": ALICE, "@odata.type": USER, "@removed": {"reason": "deleted"}}

GARBLED: dict[str, Any] = {
    "no id": {"@odata.type": USER},
    "an empty id": {"id": "", "@odata.type": USER},
    "an id that is a number": {"id": 7, "@odata.type": USER},
    "an id that is no object id": {"id": "jane@contoso.com", "@odata.type": USER},
    "no object": "jane",
    "nothing": None,
    "a list": [],
}


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "jane@contoso.com", ALICE]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["id", "@odata.type", "@removed"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("garbled", GARBLED.values(), ids=GARBLED)
def test_the_other_members_are_read(garbled: Any) -> None:
    group, members = _readable_members({"id": GROUP, "members@delta": [garbled, GOOD]})

    assert group == GROUP
    bad, good = members
    assert isinstance(bad, UnreadMember)
    assert (bad.id, "jane" in bad.problem) == ("", False)
    assert good == Member(ALICE, "user", removed=True)


def test_an_entry_whose_type_is_no_text_is_named_by_its_id() -> None:
    _, [bad] = _readable_members(
        {"id": GROUP, "members@delta": [{"id": BOB.upper(), "@odata.type": 5}]}
    )

    assert isinstance(bad, UnreadMember)
    assert bad.id == BOB


def test_a_type_that_is_null_is_as_good_as_none() -> None:
    for listed in ({"id": BOB, "@odata.type": None}, {"id": BOB}):
        assert readable_member(listed) == Member(BOB, "", removed=False)


@pytest.mark.parametrize(
    ("kind", "read", "may_be_user"),
    [
        ("user", "user", True),
        ("agentUser", "user", True),
        ("somethingNew", "somethingnew", True),
        ("group", "group", False),
        ("servicePrincipal", "serviceprincipal", False),
        ("agentIdentity", "agentidentity", False),
        ("orgContact", "orgcontact", False),
        ("device", "device", False),
    ],
)
def test_a_member_is_a_user_by_every_type_that_is_one_or_may_be(
    kind: str,
    read: str,
    may_be_user: bool,  # noqa: FBT001 - what is expected
) -> None:
    member = readable_member({"id": BOB, "@odata.type": f"#microsoft.graph.{kind}"})

    assert isinstance(member, Member)
    assert (member.kind, member.may_be_user) == (read, may_be_user)


@pytest.mark.parametrize("kind", [0, False, [], {}])
def test_a_type_that_is_no_text_is_not_taken_for_none(kind: Any) -> None:
    assert isinstance(readable_member({"id": BOB, "@odata.type": kind}), UnreadMember)


def test_changed_members_may_be_wrapped_as_in_some_notifications() -> None:
    assert _readable_members({"id": GROUP, "members@delta": {"value": [GOOD]}}) == (
        GROUP,
        [Member(ALICE, "user", removed=True)],
    )


@pytest.mark.parametrize("more", [{"@odata.nextLink": f"{DELTA}2"}, {"id": ALICE}])
def test_wrapped_members_that_may_not_be_all_are_not_taken_for_all(more: dict[str, Any]) -> None:
    _, [bad] = _readable_members({"id": GROUP, "members@delta": {"value": [GOOD], **more}})

    assert isinstance(bad, UnreadMember)


@pytest.mark.parametrize("listed", [{"members@delta": [GOOD]}, {"id": 5}, None, "x"])
def test_an_entry_about_an_unknown_group_is_kept_for_every_group_of_the_read(listed: Any) -> None:
    group, [bad] = _readable_members(listed)

    assert group == ""
    assert isinstance(bad, UnreadMember)


def test_members_that_are_no_list_are_one_entry_of_the_group() -> None:
    group, [bad] = _readable_members({"id": GROUP, "members@delta": {"id": ALICE}})

    assert group == GROUP
    assert isinstance(bad, UnreadMember)


@pytest.mark.parametrize("garbled", GARBLED.values(), ids=GARBLED)
def test_a_garbled_entry_of_a_list_of_members_is_told_apart_from_the_others(garbled: Any) -> None:
    page = {"value": [garbled, {"id": BOB, "@odata.type": USER}]}

    @virtual
    async def body() -> None:
        found = await Wire(ok(page)).directory().members(GROUP)

        assert found.listed == [Member(BOB, "user", removed=False)]
        assert [one.id for one in found.unread] == [""]

    body()


@given(listed=st.lists(ANYTHING, max_size=6))
def test_each_entry_of_a_list_is_a_member_or_said_to_be_unreadable(listed: list[Any]) -> None:
    read = [readable_member(one) for one in listed]

    for given_one, one in zip(listed, read, strict=True):
        if isinstance(one, Member):
            assert one.id == given_one["id"].lower()
            assert is_object_id(one.id)
        else:
            assert one.problem
            assert one.id in {"", ALICE}
            assert "jane" not in one.problem


@pytest.mark.parametrize("garbled", GARBLED.values(), ids=GARBLED)
def test_a_garbled_entry_of_the_delta_of_users_is_told_apart_from_the_others(garbled: Any) -> None:
    page = {"value": [garbled, {"id": BOB}], "@odata.deltaLink": f"{DELTA}2"}

    @virtual
    async def body() -> None:
        delta = await Wire(ok(page), ok(page)).directory().people_delta(DELTA)

        assert (delta.changed, delta.has_unread) == (frozenset({BOB}), True)

    body()
