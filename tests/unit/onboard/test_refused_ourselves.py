"""Refusals of Hasten's own surroundings: the event waits, and nobody reads that it is wrong."""

import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import httpx
import pytest

from hasten.adapters.graph.answers import checked
from hasten.errors import PermanentError, TemporaryError, WrongInputError
from hasten.onboard.message import Posted
from hasten.onboard.take import take
from hasten.onboard.unread import MIN_OPERATOR_WAIT
from tests.fakes.bus import FakeBus
from tests.fakes.memory_store import MemoryStore
from tests.support.posting import OFFBOARD, PROVISION, Posting, event, ref, total
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL

GROUP = {"name": "TOTAL-Engineering"}
REFUSED = PermanentError("the service answered 403", "give the app's identity the role")

EVENTS: dict[str, Any] = {
    "onboard": {"users": [ref(1), {"upn": "person2@contoso.example"}], "group": GROUP},
    "offboard": {"kind": OFFBOARD, "users": [ref(1)]},
    "offboard of groups": {"kind": OFFBOARD, "users": [{"mail": "x@y.z"}], "groups": [GROUP]},
    "provision": {"kind": PROVISION, "users": [ref(1)]},
    "one that is parked": {"users": [ref(1)], "group": {"name": "TOTAL-Admin"}},
    "one of which a part is parked": {"users": [ref(1), {"upn": "nobody"}], "group": GROUP},
}


def refuses(owner: object, method: str) -> None:
    async def refused(*_: Any, **__: Any) -> Any:
        raise REFUSED

    setattr(owner, method, refused)


def refused_by_the_store(world: Posting) -> None:
    refuses(world.store, "get")
    refuses(world.store, "scan")
    refuses(world.store, "commit")


def refused_a_write_of_the_store(world: Posting) -> None:
    refuses(world.store, "commit")


def refused_by_service_bus(world: Posting) -> None:
    refuses(world.bus, "send")


def refused_the_users(world: Posting) -> None:
    refuses(world.directory, "users")


def refused_the_groups(world: Posting) -> None:
    refuses(world.directory, "groups_named")
    refuses(world.directory, "group")


def refused_the_assignments(world: Posting) -> None:
    refuses(world.directory, "assigned_through")


Break = Callable[[Posting], None]


async def takes(world: Posting, posted: Mapping[str, Any]) -> None:
    message = Posted.parse(
        body=json.dumps(posted).encode(), content_type="", message_id="m-1", properties={}
    )
    await take(world.context, message)


MEETINGS: dict[Break, Sequence[str]] = {
    refused_by_the_store: list(EVENTS),
    refused_a_write_of_the_store: [name for name in EVENTS if name != "one that is parked"],
    refused_by_service_bus: list(EVENTS),
    refused_the_users: [n for n in EVENTS if n not in {"offboard", "one that is parked"}],
    refused_the_groups: [name for name in EVENTS if name not in {"provision", "offboard"}],
    refused_the_assignments: ["offboard", "provision"],
}
"""The events that need what is refused."""


@pytest.mark.parametrize(
    ("refuse", "name"), [(refuse, name) for refuse, names in MEETINGS.items() for name in names]
)
def test_an_event_waits_while_hasten_itself_is_refused(refuse: Break, name: str) -> None:
    @virtual
    async def run() -> None:
        world = Posting(store=MemoryStore(), bus=FakeBus())
        await world.is_discovered()
        await world.adopts()
        posted = event(**EVENTS[name])
        refuse(world)

        with pytest.raises(TemporaryError, match="the service answered 403") as waits:
            await takes(world, posted)

        assert waits.value.delay >= MIN_OPERATOR_WAIT
        assert world.results("onboarding") == ["waiting"]
        assert not world.parked()
        assert not world.outcomes()

    run()


@virtual
async def test_an_event_that_waited_is_carried_out_once_the_role_took_effect() -> None:
    world = Posting()
    await world.is_discovered()
    await world.adopts()
    commit = world.store.commit
    refuses(world.store, "commit")
    with pytest.raises(TemporaryError):
        await takes(world, event(users=[ref(1)], group=GROUP))

    world.store.commit = commit  # type: ignore[method-assign]
    await world.posts(event(users=[ref(1)], group=GROUP))

    assert not world.parked()
    assert await world.wanted(ENGINEERING, 1)


@virtual
async def test_an_event_of_a_target_that_is_not_set_up_waits() -> None:
    world = Posting(target=total(display_name="nowhere"))

    with pytest.raises(TemporaryError, match="no such enterprise application"):
        await world.posts(event(OFFBOARD, users=[ref(1)], target=TOTAL))

    assert not world.parked()


@pytest.mark.parametrize(
    ("status", "code", "is_input"),
    [
        (HTTPStatus.BAD_REQUEST, "Request_BadRequest", True),
        (HTTPStatus.NOT_FOUND, "Request_ResourceNotFound", True),
        (HTTPStatus.REQUEST_URI_TOO_LONG, "UriTooLong", True),
        (HTTPStatus.UNAUTHORIZED, "InvalidAuthenticationToken", False),
        (HTTPStatus.FORBIDDEN, "Authorization_RequestDenied", False),
        (HTTPStatus.FORBIDDEN, "Directory_QuotaExceeded", False),
    ],
)
def test_graph_refuses_a_value_or_the_caller(status: int, code: str, is_input: bool) -> None:  # noqa: FBT001 - a table
    answer = httpx.Response(status, json={"error": {"code": code, "message": "no"}})

    with pytest.raises(PermanentError) as refused:
        checked(answer, needs="User.Read.All")

    assert isinstance(refused.value, WrongInputError) is is_input


@virtual
async def test_a_parked_part_of_a_batch_remembers_how_many_people_the_event_named() -> None:
    """Sent again alone it is still a part of a mass removal for the brake."""
    world = Posting()
    await world.is_discovered()
    users: Sequence[dict[str, str]] = [ref(n) for n in range(1, 25)]

    await world.posts(event(OFFBOARD, users=[*users, {"upn": "nobody"}], groups=[GROUP]))

    [parked] = world.parked()
    assert parked.properties["hastenOfPeople"] == "25"
