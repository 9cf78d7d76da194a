"""The view Person: somebody who has never seen Hasten finds out why, and what to do."""

from dataclasses import replace
from datetime import timedelta
from unittest.mock import AsyncMock

import pytest

from hasten.domain.changes import Action, HeldBy, State, held
from hasten.errors import TemporaryError
from hasten.operate.scheduled import bring_forward, find, scheduled
from hasten.records import discovered
from tests.support.pages import OPERATOR, Pages
from tests.support.posting import GROUP, Posting, at, event, ref
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, found, user

INNER = "0000bbbb-0000-4000-8000-000000000009"


async def world() -> World:
    made = World()
    await made.is_discovered()
    made.directory.has_group(ENGINEERING, "TOTAL-Engineering")
    made.directory.has_user(user(1), upn="ada@x.example")
    return made


async def ended(made: World, state: State, reason: str = "", next_action: str = "") -> None:
    await made.joined(ENGINEERING, user(1))
    await made.ledger.move(
        await made.ledger.open_changes(TOTAL),
        lambda row: replace(
            row,
            state=state,
            called_at=made.now(),
            finished_at=made.now() + timedelta(seconds=12),
            reason=reason,
            next_action=next_action,
        ),
    )


async def shown(made: World) -> str:
    return await Pages(made).text(f"/person/{user(1)}")


@virtual
async def test_who_is_in_no_group_learns_which_groups_give_access() -> None:
    text = await shown(await world())

    assert "✗ No access" in text
    assert "They are in no group that is assigned to TOTAL." in text
    assert "What to do Add them to one of its groups: " in text
    assert "TOTAL-Engineering" in text


@virtual
async def test_a_failed_change_shows_its_reason_and_its_next_action() -> None:
    made = await world()
    await ended(made, State.FAILED, "the app has no place left", "buy a licence")

    text = await shown(made)

    assert "✗ Assigned, but without access" in text
    assert "Why The app has no place left. What to do Buy a licence." in text


@virtual
async def test_a_proven_change_shows_access_and_its_times() -> None:
    made = await world()
    await ended(made, State.CONFIRMED)

    text = await shown(made)

    assert "✓ Has access" in text
    assert "proven +12 s" in text


@virtual
async def test_a_member_of_a_nested_group_learns_why_that_gives_nothing() -> None:
    made = await world()
    made.directory.nest(ENGINEERING, INNER)
    made.directory.has_group(INNER, "All engineers")
    made.directory.join(INNER, user(1))

    text = await shown(made)

    assert "which is nested in TOTAL-Engineering" in text
    assert "What to do Add them to TOTAL-Engineering itself." in text


@virtual
async def test_a_disabled_account_is_named_as_the_reason() -> None:
    made = await world()
    made.directory.disabled.add(user(1))

    text = await shown(made)

    assert "The account is disabled in Entra ID." in text
    assert "What to do Enable the account in Entra ID, if this person should have access." in text


@pytest.mark.parametrize("how", ["disabled", "deleted"])
@virtual
async def test_an_account_that_is_out_without_a_revocation_may_still_have_access(how: str) -> None:
    made = await world()
    await ended(made, State.CONFIRMED)
    if how == "disabled":
        made.directory.disabled.add(user(1))
    else:
        made.directory.delete(user(1))

    text = await shown(made)

    assert "No access" not in text
    assert "Access may still be there" in text
    assert "Hasten has seen no revocation in the app since." in text


@virtual
async def test_a_disabled_member_whom_hasten_never_saw_may_still_have_access() -> None:
    made = await world()
    made.directory.join(ENGINEERING, user(1))
    made.directory.disabled.add(user(1))

    assert "The account is disabled. Access may still be there" in await shown(made)


@virtual
async def test_who_is_not_assigned_and_was_not_seen_leaving_may_still_have_access() -> None:
    made = await world()
    await ended(made, State.CONFIRMED)
    made.directory.leave(ENGINEERING, user(1))

    text = await shown(made)

    assert "No access" not in text
    assert "Not assigned any more. Access may still be there" in text


@pytest.mark.parametrize("was_seen", [True, False])
@virtual
async def test_a_group_that_was_deleted_may_have_left_its_access_there(was_seen: bool) -> None:  # noqa: FBT001 - a case
    made = await world()
    if was_seen:
        await ended(made, State.CONFIRMED)
        made.directory.leave(ENGINEERING, user(1))
    known = await discovered.load(made.store, TOTAL)
    assert known is not None
    deleted = {ENGINEERING: made.now().isoformat()}
    await discovered.save(made.store, replace(known, deleted=deleted))

    text = await shown(made)

    assert "No access" not in text
    assert "Not assigned. Access may still be there" in text
    assert ("they were in it" in text) is was_seen


@virtual
async def test_a_held_revocation_says_that_access_is_still_there_and_who_decides() -> None:
    made = await world()
    row = held(
        found(ENGINEERING, user(1), Action.REMOVED, 2),
        HeldBy.BRAKE,
        reason="15 of 15 members left",
        next_action="release",
    )
    await made.ledger.record([row])

    text = await shown(made)

    assert "Not assigned any more. Access may still be there: the removal is held" in text
    assert "Open what is held in TOTAL" in text
    assert "Hasten holds it until an operator decides, because 15 of 15 members left." in text
    assert "What to do Release or discard it on the view Held." in text


@virtual
async def test_the_lane_has_the_answer_of_the_history_and_the_proof_of_the_row() -> None:
    made = await world()
    at = made.now()
    await made.joined(ENGINEERING, user(1))

    async def becomes(state: State, after: int, *, needs_proof: bool) -> None:
        row = await made.row(ENGINEERING, user(1))
        await made.ledger.move(
            [row],
            lambda row: replace(
                row,
                state=state,
                called_at=at + timedelta(seconds=3),
                finished_at=at + timedelta(seconds=after),
                needs_proof=needs_proof,
            ),
        )
        await made.context.outbox.flush(TOTAL)

    await becomes(State.SUCCEEDED, 9, needs_proof=True)
    await becomes(State.CONFIRMED, 60, needs_proof=False)

    assert "Entra ID called +3.0 s answered +9.0 s proven +60 s" in await shown(made)


@virtual
async def test_who_left_learns_when_and_that_the_access_is_gone() -> None:
    made = await world()
    await made.joined(ENGINEERING, user(1))
    await made.left(ENGINEERING, user(1))
    await made.ledger.move(
        await made.ledger.open_changes(TOTAL),
        lambda row: replace(row, state=State.CONFIRMED, finished_at=made.now()),
    )

    text = await shown(made)

    assert "They left TOTAL-Engineering at 2026-11-24 09:00 UTC." in text
    assert "its log confirms it" in text


@virtual
async def test_each_group_has_a_lane() -> None:
    made = await world()
    await made.joined(ENGINEERING, user(1))
    await made.joined(ADMIN, user(1))

    answer = await Pages(made).get(f"/person/{user(1)}")

    assert answer.text.count('<div class="lane">') == 2
    assert answer.text.count('<svg role="img" aria-label="noticed after 0.0 s') == 2


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
