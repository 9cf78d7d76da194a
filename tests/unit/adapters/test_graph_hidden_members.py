"""Groups with hidden membership, whose members Graph shows only with a permission of its own."""

import httpx
import pytest

from hasten.adapters.graph.hidden_members import NO_ACCOUNTS_SHOWN, NOBODY_SHOWN
from hasten.errors import PermanentError
from hasten.ports.directory_values import MemberProfiles
from tests.support.graph_wire import ALICE, GROUP, Credential, Wire, group, ok, refused
from tests.unit.adapters.test_token import token

HIDDEN = ok(group(visibility="HiddenMembership"))
PRIVATE = ok(group(visibility="Private"))
NOBODY = ok({"value": []})
REFUSED = refused(403, "Authorization_RequestDenied")
GRANTED = token(roles=["Group.Read.All", "Member.Read.Hidden"])
WITHOUT = token(roles=["Group.Read.All"])
OF_PERSON = token(scp="Directory.AccessAsUser.All")


@pytest.mark.parametrize("answer", [NOBODY, REFUSED], ids=["empty", "refused"])
@pytest.mark.parametrize("given", [WITHOUT, OF_PERSON, token(roles="Member.Read.Hidden"), "x"])
async def test_a_list_that_may_hide_everybody_says_so(answer: httpx.Response, given: str) -> None:
    wire = Wire(answer, HIDDEN)

    found = await wire.directory(Credential(given=given)).members(GROUP)

    assert found == NOBODY_SHOWN
    assert found.may_hide(ALICE)
    assert "Member.Read.Hidden" in found.unread[0].problem


@pytest.mark.parametrize("shown", [PRIVATE, ok(group()), refused(404)])
async def test_another_group_without_members_is_empty(shown: httpx.Response) -> None:
    found = await Wire(NOBODY, shown).directory(Credential(given=WITHOUT)).members(GROUP)

    assert (found.listed, found.unread) == ([], [])


async def test_with_the_permission_a_hidden_group_without_members_is_empty() -> None:
    wire = Wire(NOBODY)

    found = await wire.directory(Credential(given=GRANTED)).members(GROUP)

    assert (found.listed, found.unread) == ([], [])
    assert len(wire.requests) == 1


async def test_a_list_with_members_costs_one_request() -> None:
    wire = Wire(ok({"value": [{"@odata.type": "#microsoft.graph.user", "id": ALICE}]}))

    found = await wire.directory(Credential(given=WITHOUT)).members(GROUP)

    assert [member.id for member in found.listed] == [ALICE]
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    ("given", "answer", "shown"),
    [
        (WITHOUT, REFUSED, PRIVATE),
        (GRANTED, REFUSED, HIDDEN),
        (WITHOUT, refused(404), HIDDEN),
        (WITHOUT, refused(401), HIDDEN),
    ],
    ids=["not hidden", "granted", "gone", "no token"],
)
async def test_every_other_refusal_stays_one(
    given: str, answer: httpx.Response, shown: httpx.Response
) -> None:
    directory = Wire(answer, shown).directory(Credential(given=given))

    with pytest.raises(PermanentError):
        await directory.members(GROUP)


@pytest.mark.parametrize("answer", [NOBODY, REFUSED], ids=["empty", "refused"])
async def test_accounts_that_may_be_hidden_are_unread(answer: httpx.Response) -> None:
    directory = Wire(answer, HIDDEN).directory(Credential(given=WITHOUT))

    found = await directory.member_profiles(GROUP, ["jobTitle"])

    assert found == NO_ACCOUNTS_SHOWN
    assert found.unread == NOBODY_SHOWN.unread


async def test_another_group_without_accounts_is_empty() -> None:
    directory = Wire(NOBODY, PRIVATE).directory(Credential(given=WITHOUT))

    found = await directory.member_profiles(GROUP, ["jobTitle"])

    assert found == MemberProfiles({}, [])


async def test_a_refused_list_of_other_accounts_is_an_error() -> None:
    directory = Wire(REFUSED, PRIVATE).directory(Credential(given=WITHOUT))

    with pytest.raises(PermanentError):
        await directory.member_profiles(GROUP, ["jobTitle"])
