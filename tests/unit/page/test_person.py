"""The view Person: somebody who has never seen Hasten finds out why access is there or not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.changes import Action, HeldBy, State
from hasten.domain.row_states import held
from hasten.records import discovered
from tests.support.pages import Pages
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, found, user
from tests.unit.page.person import ended, shown, world

INNER = "0000bbbb-0000-4000-8000-000000000009"


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

    assert "? Assigned, and nothing shows that they have access" in text
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
    await discovered.save(made.store, replace(known, deleted=deleted), over=known)

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
