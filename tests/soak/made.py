"""Days and outcomes that tests make up."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

from tests.soak.alerts import Alert
from tests.soak.day import Day, Kept
from tests.soak.memory import Held
from tests.soak.meter import Meter
from tests.soak.plan import Incident, Plan, week
from tests.soak.soak import Outcome

PLAN = week(7)


def cost(changes: int) -> Meter:
    """1,000 requests to the store a day, and 30 for each change."""
    return Meter(
        changes=changes,
        rows=changes,
        runs=Counter({"timer sweep": 1440, "provisioning": changes}),
        seconds=Counter({"timer sweep": 144.0, "provisioning": 5.0 * changes}),
        graph=Counter({"GET /groups/delta": 2880 + changes}),
        store=Counter({"get ledger": 1000 + 30 * changes}),
        bus=Counter(sent=changes, delivered=changes, settled=changes),
        lines=100 + 7 * changes,
        line_bytes=20_480 + 1024 * changes,
    )


def day(number: int, changes: int = 100) -> Day:
    return Day(
        ended=PLAN.ends[number],
        cost=cost(changes),
        held=Held(9_000, 800_000),
        held_warm=Held(8_900, 790_000),
        process=100 * 2**20,
        store={
            "ledger": Kept(300, 300_000),
            "people": Kept(200, 40_000),
            "history seals": Kept(100 * number, 100_000),
        },
        sizes={"people": 200},
        found_by=Counter(notification=changes),
        found_by_timers=[],
        refused=Counter(),
        states=Counter(succeeded=changes),
        speed=(20.0, 60.0),
        wrong=[],
    )


def outcome(plan: Plan = PLAN) -> Outcome:
    """A week in which everything is as it must be, with a Sunday without a change."""
    return Outcome(
        plan=plan,
        days=[*(day(number) for number in range(6)), day(6, changes=0)],
        alerts=[
            true_alert("held-changes", Incident.MASS_LEAVE),
            true_alert("timer-late", Incident.GRAPH_FAILS),
        ],
        active=[],
        left_in_mass=30,
        released=30,
        failures=[],
    )


def true_alert(rule: str, incident: Incident, after: float = 10.0) -> Alert:
    return Alert(rule, PLAN.incident(incident) + timedelta(minutes=after), "it happened")


def with_day(made: Outcome, number: int, **changed: object) -> Outcome:
    days = list(made.days)
    days[number] = replace(days[number], **changed)  # type: ignore[arg-type]
    return replace(made, days=days)


def at(incident: Incident, minutes: float) -> datetime:
    return PLAN.incident(incident) + timedelta(minutes=minutes)
