"""One garbled entry of a list of assignments hurts no other entry."""

from typing import Any

import pytest

from tests.support.graph_wire import ALICE, APP, BOB, GROUP, Wire, ok
from tests.support.virtual_time import virtual

ROLE = "0000dddd-0000-4000-8000-000000000001"
GARBLED: dict[str, tuple[Any, str]] = {
    "no role": ({"id": "a", "principalId": ALICE.upper(), "principalType": "User"}, ALICE),
    "a kind that is no text": (
        {"id": "a", "principalId": ALICE, "principalType": 1, "appRoleId": ROLE},
        ALICE,
    ),
    "no principal": ({"id": "a", "principalType": "User", "appRoleId": ROLE}, ""),
    "a principal that is no object id": (
        {"id": "a", "principalId": "jane@contoso.com", "principalType": "User", "appRoleId": ROLE},
        "",
    ),
    "no object": ("jane", ""),
    "nothing": (None, ""),
}


@pytest.mark.parametrize(("garbled", "principal"), GARBLED.values(), ids=GARBLED)
def test_an_assignment_that_cannot_be_read_is_told_apart_from_the_others(
    garbled: Any, principal: str
) -> None:
    @virtual
    async def scenario() -> None:
        good = {"id": "a-1", "principalId": GROUP, "principalType": "Group", "appRoleId": ROLE}
        wire = Wire(ok({"value": [garbled, good]}))

        found = await wire.directory().assignments(APP)

        assert [one.principal for one in found.listed] == [GROUP]
        assert [one.id for one in found.unread] == [principal]
        assert "jane" not in found.unread[0].problem
        assert found.may_hide(BOB) is not bool(principal)
        assert found.may_hide(ALICE)

    scenario()
