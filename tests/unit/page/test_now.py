"""The view Now: in step and health of each target, and what needs a person."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hasten.context import Context
from hasten.domain.changes import Action, Change, State
from hasten.operate.overview import MAX_ROWS_READ
from hasten.operate.stop import stop
from hasten.records import discovered
from hasten.stand_in import stand_in
from hasten.targets import Target
from hasten.timers import run
from hasten.watch.admit import admit
from tests.fakes.directory import JOB
from tests.fakes.memory_store import MemoryStore
from tests.support.counting_store import CountingStore
from tests.support.pages import OPERATOR, Pages
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, World, found, user


async def quiet() -> World:
    world = World()
    await world.is_discovered()
    for timer in ("sweep", "wake", "verify"):
        await run(world.context, timer)
    return world


@virtual
async def test_a_target_without_open_changes_is_in_step() -> None:
    text = await Pages(await quiet()).text("/")

    assert "✓ in step" in text
    assert "No access waits to be taken" in text


@virtual
async def test_the_oldest_revocation_comes_first() -> None:
    world = await quiet()
    young = replace(found(ENGINEERING, user(1), Action.REMOVED, 2))
    old = replace(
        found(ENGINEERING, user(2), Action.REMOVED, 2),
        noticed_at=world.now() - timedelta(minutes=30),
    )
    await world.ledger.record([young, old])
    await run(world.context, "wake")

    text = await Pages(world).text("/")

    shown = text.index(user(2)), text.index("What needs a person")
    assert shown[0] < shown[1]
    assert "1 revocations wait, the oldest since 2026-11-24 08:30Z" in text


@virtual
async def test_what_is_held_has_its_button() -> None:
    world = await quiet()
    leavers = [found(ENGINEERING, user(n), Action.REMOVED, 2) for n in range(10, 25)]
    await admit(world.context, leavers, members_before=30)

    answer = await Pages(world).get("/")

    assert "15 changes are held in TOTAL" in answer.text
    assert "Access may still be there" in answer.text
    assert "No access waits to be taken" not in answer.text
    assert 'href="/api/ui/held?target=TOTAL"' in answer.text


@virtual
async def test_a_failure_shows_its_reason_and_what_to_do_until_it_is_mended() -> None:
    world = await quiet()
    await world.joined(ENGINEERING, user(1))

    def failed(row: Change) -> Change:
        return replace(
            row,
            state=State.FAILED,
            finished_at=world.now(),
            reason="the app has no place left",
            next_action="buy a licence",
        )

    await world.ledger.move(await world.ledger.open_changes(TOTAL), failed)
    await run(world.context, "wake")
    text = await Pages(world).text("/")
    await world.ledger.record([found(ENGINEERING, user(1), Action.REMOVED, 9)])
    await run(world.context, "wake")
    mended = await Pages(world).text("/")

    assert "The app has no place left." in text
    assert "What to do: Buy a licence." in text
    assert "The app has no place left." not in mended


async def ends(world: World, state: State, **fields: Any) -> None:
    """Somebody leaves, and the row of the removal ends."""
    await world.ledger.record([found(ENGINEERING, user(1), Action.REMOVED, 2)])
    ended = {"state": state, "finished_at": world.now(), **fields}
    await world.ledger.move(
        await world.ledger.open_changes(TOTAL), lambda row: replace(row, **ended)
    )


@virtual
async def test_a_revocation_that_failed_is_shown_until_it_is_mended() -> None:
    world = await quiet()
    await ends(world, State.FAILED, reason="the account is still active")
    await asyncio.sleep(25 * 3600)
    await run(world.context, "wake")
    text = await Pages(world).text("/")
    [row] = await world.ledger.failed_changes(TOTAL, world.now())
    await world.ledger.move([row], lambda known: replace(known, state=State.CONFIRMED))
    await run(world.context, "wake")

    assert "The account is still active." in text
    assert "Access may still be there: see what is held or failed." in text
    assert "✓ in step" not in text
    assert "✓ in step" in await Pages(world).text("/")


@virtual
async def test_somebody_left_to_the_cycle_may_still_have_access() -> None:
    world = await quiet()
    await ends(world, State.LEFT_TO_CYCLE, needs_proof=True)
    await run(world.context, "verify")

    text = await Pages(world).text("/")

    assert "Access may still be there: 1 left to Entra's own cycle." in text
    assert "1 left to Entra" in text
    assert "✓ in step" not in text


@virtual
async def test_the_people_of_a_deleted_group_are_no_sign_of_health() -> None:
    world = await quiet()
    known = await discovered.must_load(world.store, TOTAL)
    gone = replace(known, deleted={ENGINEERING: world.now().isoformat()})
    await discovered.save(world.store, gone, over=known)

    text = await Pages(world).text("/")

    assert "its people keep access until Entra's next cycle" in text
    assert "✓ healthy" not in text


@virtual
async def test_no_next_cycle_is_shown_of_a_job_that_is_paused() -> None:
    world = await quiet()
    cycle = {"timeBegan": world.now().isoformat(), "timeEnded": world.now().isoformat()}
    for code, is_shown in (("Active", True), ("Paused", False)):
        status = {"code": code, "lastExecution": cycle, "lastSuccessfulExecution": cycle}
        world.directory.job_list = [{"id": JOB, "status": status}]
        await run(world.context, "sweep")

        text = await Pages(world).text("/")

        assert "last 2026-11-24" in text
        assert ("next over by" in text) is is_shown


@virtual
async def test_a_stop_is_shown_before_everything_else() -> None:
    world = await quiet()
    await stop(world.context, "*", by=OPERATOR, reason="a mapping is wrong")

    text = await Pages(world).text("/")

    assert text.index("Hasten is stopped") < text.index("In step")
    assert "a mapping is wrong" in text


@virtual
async def test_an_operator_stops_a_target_on_the_page() -> None:
    world = await quiet()

    answer = await Pages(world).post("/stop", target=TOTAL, reason="a mapping is wrong")

    assert answer.status_code == 303
    assert "a mapping is wrong" in await Pages(world).text("/")


@virtual
async def test_after_a_start_the_page_shows_what_is_still_stopped() -> None:
    world = await quiet()
    pages = Pages(world)
    await pages.post("/stop", target="all", reason="a mapping is wrong")
    await pages.post("/stop", target=TOTAL, reason="odd removals")

    await pages.post("/start", target=TOTAL, reason="they were right")
    of_one = await pages.text("/")
    await pages.post("/stop", target=TOTAL, reason="odd removals")
    await pages.post("/start", target="all", reason="it is mended")
    of_all = await pages.text("/")

    assert "Hasten is stopped" in of_one
    assert "a mapping is wrong" in of_one
    assert "odd removals" in of_all
    assert "a mapping is wrong" not in of_all


@virtual
async def test_the_part_that_is_refreshed_is_sent_again_only_when_it_differs() -> None:
    world = await quiet()
    pages = Pages(world)
    first = await pages.get("/now")

    same = await pages.get("/now", **{"If-None-Match": first.headers["etag"]})
    await world.joined(ENGINEERING, user(1))
    other = await pages.get("/now", **{"If-None-Match": first.headers["etag"]})

    assert (same.status_code, same.text) == (304, "")
    assert other.status_code == 200
    assert "1 open" in other.text


@virtual
async def test_more_changes_than_are_read_are_counted_by_the_timer() -> None:
    world = await quiet()
    many = [
        replace(found(ENGINEERING, user(n), Action.REMOVED, 2), noticed_at=world.now())
        for n in range(1000, 1000 + 3 * MAX_ROWS_READ)
    ]
    oldest = replace(many[-1], noticed_at=world.now() - timedelta(hours=1))
    await world.ledger.record([*many[:-1], oldest])
    await run(world.context, "wake")

    text = await Pages(world).text("/")

    assert f"{3 * MAX_ROWS_READ} open" in text
    assert oldest.user in text


@virtual
async def test_the_requests_to_the_store_do_not_grow_with_what_has_ended() -> None:
    spent = []
    for ended in (0, 400):
        store = CountingStore(MemoryStore())
        world = World(store=store)
        await world.is_discovered()
        rows = [found(ENGINEERING, user(n), Action.ADDED, 1) for n in range(ended)]
        for start in range(0, ended, 100):
            await world.ledger.record(
                [
                    replace(row, state=State.IN_SYNC, finished_at=world.now())
                    for row in rows[start : start + 100]
                ]
            )
        store.requests = 0
        await Pages(world).text("/")
        spent.append(store.requests)

    assert spent[0] == spent[1] <= 25


@virtual
async def test_one_more_target_costs_one_more_request() -> None:
    spent = []
    for count in (1, 11):
        store = CountingStore(MemoryStore())
        world = World(store=store)
        names = [f"APP-{number}" for number in range(count)]
        targets = tuple(Target(name=name, display_name=name) for name in names)
        pages = Pages(world, context=Context(world.context.settings, targets, world))
        await pages.text("/")
        store.requests = 0
        await pages.text("/now")
        spent.append(store.requests)

    assert spent[1] - spent[0] == 10


@virtual
async def test_a_trigger_that_a_timer_stands_in_for_is_named_at_its_target() -> None:
    world = await quiet()
    world.directory.join(ENGINEERING, user(1))
    await world.left(ENGINEERING, user(1))
    await asyncio.sleep(60)
    await stand_in(world.context)
    await run(world.context, "wake")

    text = await Pages(world).text("/")

    assert "No message of provisioning about TOTAL has reached its function" in text
    assert "check that the function provisioning is enabled" in text.lower()
