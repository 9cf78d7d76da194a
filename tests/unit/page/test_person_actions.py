"""The view Person: how it is found, and what an operator does on it."""

from datetime import timedelta
from unittest.mock import AsyncMock

import pytest

from hasten.domain.changes import State
from hasten.errors import TemporaryError
from hasten.operate.scheduled import bring_forward, find, scheduled
from tests.support.pages import OPERATOR, Pages
from tests.support.posting import GROUP, Posting, at, event, ref
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, user
from tests.unit.page.person import ended, world


@pytest.mark.parametrize("given", [user(1), "ada@x.example", "ADA@X.EXAMPLE "])
@virtual
async def test_a_search_leads_to_an_address_without_the_name(given: str) -> None:
    answer = await Pages(await world()).post("/person", person=given)

    assert answer.status_code == 303
    assert answer.headers["location"] == f"/api/ui/person/{user(1)}"


@virtual
async def test_a_search_for_nobody_says_what_to_do() -> None:
    answer = await Pages(await world()).post("/person", person="nobody@x.example")

    assert answer.status_code == 200
    assert "name the user by object id" in answer.text.casefold()


@pytest.mark.parametrize("path", ["/person/{}", "/person/{}/now"])
@virtual
async def test_an_object_id_in_another_spelling_is_the_page_of_nobody(path: str) -> None:
    answer = await Pages(await world()).get(path.format(user(1).replace("-", "")))

    assert answer.status_code == 409
    assert "this is no object id" in answer.text.casefold()


@virtual
async def test_names_are_read_for_ids_and_for_nothing_else() -> None:
    made = await world()

    answer = await Pages(made).get(f"/names?ids={ENGINEERING},nonsense,../x")

    assert answer.json() == {ENGINEERING: "TOTAL-Engineering"}


@virtual
async def test_a_start_that_lies_ahead_is_cancelled_on_the_page() -> None:
    made = Posting(keeps_agenda=True)
    await made.posts(event(users=[ref(1)], group=GROUP, startAt=at(3600), event_id="a"))
    [ahead] = await scheduled(made.context, targets=[TOTAL])
    pages, person = Pages(made), ahead.users[0]

    shown = await pages.text(f"/person/{person}")
    answer = await pages.post("/cancel", id=ahead.id, user=person, reason="the contract ended")

    assert "What lies ahead" in shown
    assert answer.status_code == 303
    assert await scheduled(made.context, targets=[TOTAL]) == []


@virtual
async def test_a_start_that_comes_already_is_not_said_to_be_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another operator brings it forward while this one cancels it."""
    made = Posting(keeps_agenda=True)
    await made.posts(event(users=[ref(1)], group=GROUP, startAt=at(3600), event_id="a"))
    [entry] = await find(made.context, "a")
    await bring_forward(made.context, entry, by=OPERATOR, reason="she starts today")
    monkeypatch.setattr("hasten.page.ahead.find", AsyncMock(return_value=[entry]))

    answer = await Pages(made).post("/cancel", id="a", user=user(1), reason="not needed")

    assert answer.status_code == 409
    assert "brought forward" in answer.text


@pytest.mark.parametrize(
    "given", [{"upn": "Ada@x.example"}, {"mail": "ada@mail.example"}, {"employeeId": "E-77"}]
)
@virtual
async def test_an_event_that_named_the_person_before_entra_knew_them_lies_ahead_too(
    given: dict[str, str],
) -> None:
    made = Posting(keeps_agenda=True)
    await made.posts(event(users=[given], group=GROUP, startAt=at(3600), event_id="a"))
    made.directory.has_user(
        user(7), upn="ada@x.example", mail="ada@mail.example", employee_id="E-77"
    )

    text = await Pages(made).text(f"/person/{user(7)}")

    assert "event a starts at" in text.casefold()
    assert "may be missing" not in text


@virtual
async def test_the_page_says_so_when_it_cannot_read_by_what_names_events_know_the_person() -> None:
    made = await world()
    busy = TemporaryError("Graph is busy", timedelta(seconds=5))
    made.directory.profile = AsyncMock(side_effect=busy)  # type: ignore[method-assign]

    text = await Pages(made).text(f"/person/{user(1)}")

    assert "may be missing here: Graph is busy" in text


@virtual
async def test_a_failed_change_is_called_again_by_the_button() -> None:
    made = await world()
    await ended(made, State.FAILED, "the app has no place left", "buy a licence")
    pages = Pages(made)

    answer = await pages.post(
        "/provision", target=TOTAL, user=user(1), reason="a licence was bought"
    )

    assert answer.status_code == 303
    row = await made.row(ENGINEERING, user(1))
    assert (row.state, row.on_request) == (State.PENDING, True)
    assert "a licence was bought" in await pages.text(f"/person/{user(1)}")


@virtual
async def test_the_button_says_when_there_is_nothing_to_provision() -> None:
    answer = await Pages(await world()).post(
        "/provision", target=TOTAL, user=user(1), reason="they asked"
    )

    assert answer.status_code == 409
    assert "add them to a group of the target first" in answer.text.casefold()
