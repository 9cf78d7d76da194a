"""How a target stands: what is open, held and oldest, and what time is left."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.changes import HeldBy, State
from hasten.domain.removal_settlement import ASSIGNMENTS_READ_AGAIN
from hasten.domain.row_states import held
from hasten.limits import ASSIGNMENT_COUNTS_WITHIN
from hasten.operate.backlog import backlog
from hasten.ports.telemetry import Event
from hasten.records import call_window, discovered, subscriptions
from hasten.records.lease import acquire
from hasten.records.lease_record import WorkKind
from hasten.records.subscriptions import SubscriptionRecord
from hasten.targets import Mode, Target
from hasten.watch.admit import observed
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user


async def measured(world: World, *, later: timedelta = timedelta()) -> Event:
    await asyncio.sleep(later.total_seconds())
    found = await discovered.load(world.store, TOTAL)
    assert found is not None
    rows = await world.ledger.open_changes(TOTAL)
    return await backlog(world.context, found, rows)


async def subscribed(world: World, group: str | None, days: int) -> None:
    record = SubscriptionRecord(
        id=f"subscription-{group}-{days}",
        resource=f"groups/{group}" if group else "groups",
        expires=now() + timedelta(days=days),
        state="state",
    )
    await subscriptions.save(world.store, record)


@virtual
async def test_a_target_with_nothing_to_do_has_nothing_open_and_nothing_old() -> None:
    world = World()
    await world.is_discovered()
    await subscribed(world, None, 29)

    event = await measured(world)

    assert (event.name, event.result, event.problem) == ("backlog", "measured", False)
    assert event.fields == {
        "target": TOTAL,
        "open": 0,
        "held": 0,
        "oldest_change": 0,
        "oldest_revocation": 0,
        "overdue": 0,
        "throttled_for": 0,
        "subscription_left": timedelta(days=29).total_seconds(),
    }


@virtual
async def test_the_oldest_removal_and_the_oldest_change_are_separate_readings() -> None:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1), user(2))
    joined = await world.row(ENGINEERING, user(1))
    await world.ledger.move(
        [joined], lambda row: replace(row, noticed_at=now() - timedelta(minutes=3))
    )
    await world.left(ENGINEERING, user(2))

    fields = (await measured(world, later=timedelta(seconds=90))).fields

    assert (fields["open"], fields["held"]) == (2, 0)
    assert (fields["oldest_change"], fields["oldest_revocation"]) == (270, 90)


@pytest.mark.parametrize(
    ("state", "keeps", "reason"),
    [
        (State.WAITING, True, ASSIGNMENTS_READ_AGAIN),
        (State.CALLING, False, ASSIGNMENTS_READ_AGAIN),
        (State.PENDING, True, "Graph reports the user as enabled and assigned"),
    ],
)
@virtual
async def test_a_leaver_whose_group_is_called_twice_waits_from_the_second_call_on(
    state: State,
    keeps: bool,  # noqa: FBT001 - a case
    reason: str,
) -> None:
    """Otherwise the alert `stale-revocation` would fire for each of them."""
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1))
    await world.left(ENGINEERING, user(1))
    row, due_at = await world.row(ENGINEERING, user(1)), now() + ASSIGNMENT_COUNTS_WITHIN
    again = replace(row, state=state, keeps_assignment=keeps, reason=reason, due_at=due_at)
    await world.ledger.move([row], lambda _: again)

    ages = [
        (await measured(world, later=later)).fields["oldest_revocation"]
        for later in (timedelta(seconds=299), timedelta(seconds=11))
    ]

    assert ages == [0, 10]
    stuck = replace(again, state=State.WAITING, reason="Graph answered 503", due_at=now())
    await world.ledger.move([again], lambda _: stuck)
    assert (await measured(world)).fields["oldest_revocation"] == 310


@virtual
async def test_a_held_change_is_counted_and_does_not_grow_old() -> None:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1))
    await world.left(ENGINEERING, user(1))
    row = await world.row(ENGINEERING, user(1))
    await world.ledger.move(
        [row], lambda seen: held(seen, HeldBy.BRAKE, reason="too many", next_action="release")
    )

    fields = (await measured(world, later=timedelta(hours=1))).fields

    assert (fields["open"], fields["held"], fields["oldest_revocation"]) == (1, 1, 0)


@pytest.mark.parametrize(("mode", "age"), [(Mode.ACT, 3600), (Mode.OBSERVE, 0)])
@virtual
async def test_what_observe_mode_held_grows_old_once_the_target_makes_calls(
    mode: Mode, age: float
) -> None:
    world = World(target=Target(name=TOTAL, display_name=TOTAL, mode=mode))
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1))
    await world.left(ENGINEERING, user(1))
    await world.ledger.move([await world.row(ENGINEERING, user(1))], observed)

    fields = (await measured(world, later=timedelta(hours=1))).fields

    assert (fields["open"], fields["held"]) == (1, 1)
    assert (fields["oldest_change"], fields["oldest_revocation"]) == (age, age)


@virtual
async def test_the_group_that_is_first_without_a_subscription_sets_the_time_left() -> None:
    world = World()
    await world.is_discovered()
    await subscribed(world, ENGINEERING, 29)
    await subscribed(world, ADMIN, 1)
    await subscribed(world, ADMIN, 2)

    fields = (await measured(world)).fields

    assert fields["subscription_left"] == timedelta(days=2).total_seconds()


@virtual
async def test_a_watched_group_without_a_subscription_has_no_time_left() -> None:
    world = World()
    await world.is_discovered()
    await subscribed(world, ENGINEERING, 29)

    assert (await measured(world)).fields["subscription_left"] == 0


@virtual
async def test_the_pause_that_graph_asked_for_is_shown_while_it_lasts() -> None:
    world = World()
    await world.is_discovered()
    lease = await acquire(world.store, TOTAL, WorkKind.DRAIN, owner="drain", now=now)
    assert lease is not None
    pace = await call_window.open_window(lease, None, max_calls_per_hour=None)
    await pace.throttled(now() + timedelta(seconds=30))

    during = (await measured(world, later=timedelta(seconds=10))).fields
    after = (await measured(world, later=timedelta(minutes=1))).fields

    assert (during["throttled_for"], after["throttled_for"]) == (20, 0)


@virtual
async def test_a_target_on_which_nobody_is_called_although_changes_are_due_stands_still() -> None:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1), user(2))

    assert (await measured(world, later=timedelta(minutes=6))).fields["overdue"] == 360


@virtual
async def test_a_long_backlog_that_is_being_worked_off_is_no_standstill() -> None:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, *(user(n) for n in range(20)))
    first = await world.row(ENGINEERING, user(1))
    await world.ledger.move(
        [first],
        lambda row: replace(
            row, state=State.CALLING, called_at=now() + timedelta(minutes=6, seconds=-9)
        ),
    )

    assert (await measured(world, later=timedelta(minutes=6))).fields["overdue"] == 9
