"""Situations in which everything is set up well and does not work: status, doctor and an alert rule
each tell of them."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from hasten.doctor.examination import Doctor
from hasten.doctor.findings import Level
from hasten.doctor.permissions import NEEDED_PERMISSIONS
from hasten.domain.changes import Change
from hasten.domain.heartbeats import TIMER_PERIODS
from hasten.domain.row_states import left_to_cycle, waiting
from hasten.domain.subscribing import USERS_RESOURCE
from hasten.operate.cycle_waits import MAX_CYCLE_WAIT
from hasten.operate.health import app_health
from hasten.operate.status import target_status
from hasten.records import heartbeats, policy_left_out, running_targets, subscriptions
from hasten.records.policy_left_out import LeftOut
from hasten.records.signs import Sign, Signs
from hasten.records.subscriptions import SubscriptionRecord
from hasten.targets import Mode
from hasten.timers import run
from hasten.watch.sweep import sweep
from tests.fakes.directory import JOB
from tests.fakes.probes import FakeProbes
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user
from tests.unit.infra.templates import INFRA

RULES: list[dict[str, Any]] = json.loads((INFRA / "app" / "alerts.json").read_text())
ALL = frozenset(needed.name for needed in NEEDED_PERMISSIONS)
LONG = timedelta(minutes=20)


async def in_order() -> World:
    world = World()
    await world.is_discovered()
    execution = {"timeBegan": now().isoformat()}
    world.directory.job_list = [
        {"id": JOB, "status": {"code": "Active", "lastExecution": execution}}
    ]
    for number, resource in enumerate(
        [*(f"groups/{g}" for g in (ENGINEERING, ADMIN)), USERS_RESOURCE]
    ):
        record = SubscriptionRecord(
            id=f"s{number}",
            resource=resource,
            expires=now() + timedelta(days=29),
            state=subscriptions.mark(world.context.settings.client_state),
        )
        await subscriptions.save(world.store, record)
        world.directory.subscribed.append(
            {
                "id": record.id,
                "resource": resource,
                "notificationUrl": world.context.settings.notification_url,
                "expirationDateTime": record.expires.isoformat(),
            }
        )
    for number, group in enumerate((ENGINEERING, ADMIN)):
        world.directory.join(group, user(900 + number))
    await alive(world)
    await running_targets.save(world.store, [world.target], now())
    return world


async def alive(world: World, *but_not: str) -> None:
    for timer in TIMER_PERIODS.keys() - set(but_not):
        await heartbeats.beat(world.store, timer, now())


async def later(span: timedelta) -> None:
    await asyncio.sleep(span.total_seconds())


async def the_app_is_killed(_: World) -> None:
    await later(LONG)


async def one_timer_is_disabled(world: World) -> None:
    await later(LONG)
    await alive(world, "look")


async def one_timer_fails_each_time(world: World) -> None:
    await later(LONG)
    await alive(world, "verify")
    await heartbeats.beat(world.store, "verify", now(), "Graph answered 403")


async def client_state_is_stripped(world: World) -> None:
    await Signs(world.store, now).note(Sign.REFUSED)


async def the_app_runs_other_targets(world: World) -> None:
    observing = world.target.model_copy(update={"mode": Mode.OBSERVE})
    await running_targets.save(world.store, [observing], now())


async def calls_are_answered_401(world: World) -> None:
    await world.joined(ENGINEERING, user(1))
    row = await world.row(ENGINEERING, user(1))
    stopped = waiting(
        row, due_at=now() + LONG, reason="HTTP 401 UnknownError", next_action="grant it"
    )
    await world.ledger.move([row], lambda _: stopped)


async def the_target_stands_still(world: World) -> None:
    await world.joined(ENGINEERING, user(1))
    await later(LONG)
    await alive(world)


async def a_revocation_waits(world: World) -> None:
    await world.joined(ENGINEERING, user(1))
    await world.left(ENGINEERING, user(1))
    await later(LONG)
    await alive(world)


async def the_job_is_paused(world: World) -> None:
    await world.directory.pause_job("", JOB)


async def an_assigned_group_is_deleted(world: World) -> None:
    world.directory.join(ADMIN, user(1))
    await sweep(world.context)
    world.directory.delete_group(ADMIN)
    await sweep(world.context)
    assert [e.result for e in world.events if e.problem] == ["deleted"]


async def an_offboarded_admin_is_left_out(world: World) -> None:
    people = [LeftOut(group=ENGINEERING, user=user(1), sources=["TOTAL-Admin"])]
    await policy_left_out.save(world.store, TOTAL, people)


def left(row: Change) -> Change:
    soon = now() + timedelta(minutes=40)
    return left_to_cycle(row, now=now(), reason="busy", next_action="", expected_at=soon)


async def people_wait_for_a_cycle_that_never_comes(world: World) -> None:
    await world.joined(ENGINEERING, user(1), user(2))
    rows = [await world.row(ENGINEERING, user(n)) for n in (1, 2)]
    await world.ledger.move(rows, left)
    await later(MAX_CYCLE_WAIT + timedelta(minutes=1))
    await alive(world)


async def the_job_is_in_quarantine(world: World) -> None:
    status = {"code": "Quarantine", "quarantine": {"reason": "EncounteredBaseEscrowThreshold"}}
    world.directory.job_list = [{"id": JOB, "status": status}]


@dataclass(frozen=True)
class Situation:
    arrange: Callable[[World], Awaitable[None]]
    says: str
    rule: str = ""
    """Of infra/app/alerts.json; a test of its event is elsewhere."""


SITUATIONS = [
    Situation(the_app_is_killed, "has not done its work for 20 minutes", "silent"),
    Situation(one_timer_is_disabled, "timer look has not done its work", "timer-late"),
    Situation(one_timer_fails_each_time, "(Graph answered 403)", "timer-late"),
    Situation(client_state_is_stripped, "own subscriptions are refused", "notifications-refused"),
    Situation(the_app_runs_other_targets, "differs from the one that the app", "not-configured"),
    Situation(calls_are_answered_401, "HTTP 401 UnknownError", "target-unhealthy"),
    Situation(the_target_stands_still, "the target stands still", "target-unhealthy"),
    Situation(a_revocation_waits, "1 revocations wait", "stale-revocation"),
    Situation(the_job_is_paused, "the provisioning job is paused", "target-unhealthy"),
    Situation(the_job_is_in_quarantine, "is in quarantine", "target-unhealthy"),
    Situation(
        people_wait_for_a_cycle_that_never_comes,
        "2 people wait more than an hour for Entra's own cycle",
        "target-unhealthy",
    ),
    Situation(an_assigned_group_is_deleted, "people keep access until", "revocation-failed"),
    Situation(an_offboarded_admin_is_left_out, "1 of TOTAL-Admin were offboarded", "degraded"),
]


async def of_status(world: World) -> list[str]:
    app = await app_health(world.context)
    target = await target_status(world.context, world.target)
    return [str(problem) for problem in (*app.problems, *target.problems)]


async def of_doctor(world: World) -> list[str]:
    found = await Doctor(world.context, FakeProbes(ALL), lambda _: None).examine()
    return [finding.found for finding in found if finding.level is not Level.OK]


@virtual
async def test_where_all_is_well_and_works_neither_says_a_word() -> None:
    world = await in_order()

    assert await of_status(world) == []
    assert await of_doctor(world) == []


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda s: s.arrange.__name__)
@virtual
async def test_status_and_doctor_report_it(situation: Situation) -> None:
    world = await in_order()

    await situation.arrange(world)

    assert any(situation.says in problem for problem in await of_status(world))
    assert any(situation.says in found for found in await of_doctor(world))
    assert situation.rule in {"", *(rule["name"] for rule in RULES)}


@pytest.mark.parametrize("arrange", [one_timer_is_disabled, one_timer_fails_each_time])
@virtual
async def test_the_timers_that_live_log_what_the_alert_reads(
    arrange: Callable[[World], Awaitable[None]],
) -> None:
    world = await in_order()
    await arrange(world)

    await run(world.context, "wake")

    [late] = [event for event in world.events if event.result == "late"]
    assert late.fields["timer"] in {"look", "verify"}


@virtual
async def test_a_targets_yaml_that_differs_from_that_of_the_app_is_alerted_for_a_day() -> None:
    world = await in_order()
    observing = World(
        target=world.target.model_copy(update={"mode": Mode.OBSERVE}),
        store=world.store,
        directory=world.directory,
    )
    await of_doctor(observing)

    await run(world.context, "sweep")
    await later(timedelta(hours=25))
    await run(world.context, "sweep")

    [alerted] = [event for event in world.events if event.result == "other_targets"]
    assert alerted.problem
    assert alerted.fields == {"targets": TOTAL}


@virtual
async def test_a_doctor_with_the_targets_of_the_app_alerts_nobody() -> None:
    world = await in_order()
    await of_doctor(world)

    await run(world.context, "sweep")

    assert "other_targets" not in {event.result for event in world.events}
    assert await of_status(world) == []
