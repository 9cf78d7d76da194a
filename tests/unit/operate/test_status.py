"""How a target stands, as the command line tells it."""

from dataclasses import replace
from datetime import timedelta

from hasten.context import Context
from hasten.domain.changes import Action, HeldBy, State
from hasten.domain.row_states import finished, held
from hasten.domain.shared_pace import SharedPace
from hasten.domain.subscribing import GROUPS_RESOURCE, USERS_RESOURCE
from hasten.operate.status import TargetStatus, target_status
from hasten.records import shared_window, subscriptions
from hasten.records.subscriptions import SubscriptionRecord
from hasten.targets import Target
from tests.fakes.directory import JOB
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, World, found, user


async def status(world: World) -> TargetStatus:
    return await target_status(world.context, world.target)


async def is_subscribed(world: World) -> None:
    for resource in (GROUPS_RESOURCE, USERS_RESOURCE):
        record = SubscriptionRecord(
            id=resource, resource=resource, expires=now() + timedelta(days=2), state=""
        )
        await subscriptions.save(world.store, record)


@virtual
async def test_a_target_in_good_order_has_no_problem() -> None:
    world = World()
    await world.is_discovered()
    await is_subscribed(world)
    world.directory.job_list = [{"id": JOB, "status": {"code": "Active"}}]

    shown = await status(world)

    assert shown.problems == []
    assert (shown.job, shown.job_state) == (JOB, "Active")


@virtual
async def test_a_target_that_no_sweep_has_found_is_a_problem() -> None:
    [problem] = (await status(World())).problems

    assert "no sweep has found the target" in problem.found


@virtual
async def test_a_job_in_quarantine_is_shown_with_the_next_action() -> None:
    world = World()
    await world.is_discovered()
    await is_subscribed(world)
    quarantine = {"code": "Quarantine", "quarantine": {"reason": "EncounteredBaseEscrow"}}
    world.directory.job_list = [{"id": JOB, "status": quarantine}]

    [problem] = (await status(world)).problems

    assert "EncounteredBaseEscrow" in problem.found
    assert "restart the job" in problem.fix


@virtual
async def test_a_paused_job_is_a_problem_as_what_is_left_to_the_cycle_stays_undone() -> None:
    world = World()
    await world.is_discovered()
    await is_subscribed(world)
    world.directory.job_list = [{"id": JOB, "status": {"code": "Paused"}}]

    [problem] = (await status(world)).problems

    assert "stays undone" in problem.found
    assert "start provisioning" in problem.fix


@virtual
async def test_a_watched_group_without_a_subscription_is_a_problem() -> None:
    world = World()
    await world.is_discovered()

    shown = await status(world)

    assert {watched.subscribed_until for watched in shown.groups} == {None}
    assert any(ENGINEERING in problem.found for problem in shown.problems)


@virtual
async def test_open_rows_are_counted_and_the_oldest_pending_revocation_is_named() -> None:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1), user(2))
    await world.left(ENGINEERING, user(2))

    shown = await status(world)

    assert shown.open == {State.PENDING: 2}
    assert shown.oldest_revocation == now()


@virtual
async def test_rows_held_by_the_brake_say_how_to_release_them() -> None:
    world = World()
    await world.is_discovered()
    await is_subscribed(world)
    row = found(ENGINEERING, user(1), Action.REMOVED, 1)
    await world.ledger.record([held(row, HeldBy.BRAKE, reason="60 of 100", next_action="")])

    shown = await status(world)

    assert [(h.group, h.changes, h.removals) for h in shown.held] == [(ENGINEERING, 1, 1)]
    assert any(f"release TOTAL --group {ENGINEERING}" in problem.fix for problem in shown.problems)
    assert shown.oldest_revocation is None


@virtual
async def test_changes_of_one_group_held_by_the_brake_are_one_problem_whatever_the_reasons() -> (
    None
):
    world = World()
    await world.is_discovered()
    await is_subscribed(world)
    for number in (1, 2):
        row = replace(
            found(ENGINEERING, user(number), Action.REMOVED, 1),
            found_at=now() + timedelta(seconds=number),
        )
        reason = f"{number} of 100"
        await world.ledger.record([held(row, HeldBy.BRAKE, reason=reason, next_action="")])

    shown = await status(world)
    problems = [problem for problem in shown.problems if "held" in problem.found]

    assert [(one.changes, one.reason) for one in shown.held] == [(2, "2 of 100")]
    assert len(problems) == 1
    assert "2 of group" in problems[0].found


@virtual
async def test_only_what_failed_within_a_day_counts() -> None:
    world = World()
    row = found(ENGINEERING, user(1), Action.ADDED, 1)
    late = finished(row, State.FAILED, now=now() - timedelta(hours=2), reason="no licence")
    early = replace(late, user=user(2), finished_at=now() - timedelta(hours=25))
    await world.ledger.record([late, early])

    assert (await status(world)).failed_lately == 1


@virtual
async def test_whose_changes_failed_or_are_held_is_listed() -> None:
    world = World()
    await world.is_discovered()
    failed = finished(
        found(ENGINEERING, user(1), Action.ADDED, 1),
        State.FAILED,
        now=now(),
        reason="no licence",
        next_action="buy one",
    )
    by_brake = held(
        found(ENGINEERING, user(2), Action.REMOVED, 1), HeldBy.BRAKE, reason="60", next_action=""
    )
    await world.ledger.record([failed, by_brake])

    people = (await status(world)).people

    assert [(p.user, p.state, p.reason, p.next_action) for p in people] == [
        (user(1), State.FAILED, "no licence", "buy one"),
        (user(2), State.HELD, "60", ""),
    ]


@virtual
async def test_targets_that_share_the_limit_show_the_calls_of_all() -> None:
    world = World()
    await world.is_discovered()
    shared = SharedPace().shared(now(), now()).with_call("wiki", now())
    await shared_window.write(world.store, shared, None)
    wiki = Target(name="wiki", display_name="wiki")
    context = Context(world.context.settings, (world.target, wiki), world)

    with_another = await target_status(context, world.target)
    alone = await status(world)

    assert (with_another.shares_limit, with_another.calls_in_window) == (True, 1)
    assert (alone.shares_limit, alone.calls_in_window) == (False, 0)
