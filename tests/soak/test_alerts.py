"""The evaluation of the alert rules: what fires, when it is resolved, and what fires again."""

from datetime import UTC, datetime, timedelta

import pytest

from hasten.ports.telemetry import Event
from hasten.telemetry.operate import BacklogMeasured
from hasten.telemetry.watch import BrakeHeld
from hasten.telemetry.work import TimerLate, TimersOnTime
from tests.soak.alerts import FREQUENCY, Alerts, condition

BEGIN = datetime(2026, 11, 30, tzinfo=UTC)
HELD = BrakeHeld(target="TOTAL", group="g", reason="many", next_action="look")
LATE = TimerLate(timer="look", age=900.0, reason="")
ON_TIME = TimersOnTime(timers=9)


def backlog(oldest_revocation: float | None) -> BacklogMeasured:
    return BacklogMeasured(
        target="TOTAL",
        open=1,
        held=0,
        oldest_change=None,
        oldest_revocation=oldest_revocation,
        overdue=None,
        throttled_for=None,
        subscription_left=None,
    )


def fired(*minutes: tuple[float, Event], until: float = 60) -> list[tuple[str, float, float]]:
    """Returns rule, and the minutes at which it fired and was resolved (0: not yet). A heartbeat
    comes in each minute but 200 to 220."""
    alerts = Alerts(BEGIN)
    beats = [(n, ON_TIME) for n in range(int(until)) if not 200 <= n < 220]
    for minute in range(5, int(until) + 1, 5):
        alerts.take(
            (BEGIN + timedelta(minutes=at), event)
            for at, event in [*beats, *minutes]
            if minute - 5 < at <= minute
        )
        alerts.evaluate(BEGIN + timedelta(minutes=minute))

    def minute_of(at: datetime | None) -> float:
        return 0 if at is None else (at - BEGIN) / timedelta(minutes=1)

    return [(a.rule, minute_of(a.fired_at), minute_of(a.resolved_at)) for a in alerts.fired]


def test_an_alert_that_lasts_fires_once_and_is_resolved_when_it_is_over() -> None:
    assert fired((11, LATE), (16, LATE), (21, LATE)) == [("timer-late", 15, 40)]


def test_an_alert_that_does_not_resolve_itself_fires_with_each_hit() -> None:
    assert fired((11, HELD), (27, HELD)) == [("held-changes", 15, 0), ("held-changes", 30, 0)]


@pytest.mark.parametrize(("age", "fires"), [(None, False), (299.0, False), (301.0, True)])
def test_a_condition_compares_a_number_and_holds_for_none_that_is_absent(
    age: float | None,
    fires: bool,  # noqa: FBT001 - a case of the table
) -> None:
    assert bool(fired((11, backlog(age)))) is fires


def test_fifteen_minutes_without_a_heartbeat_fire() -> None:
    found = fired(until=240)

    assert [(rule, at) for rule, at, _ in found] == [("silent", 215)]


def test_a_condition_of_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be evaluated"):
        condition("e.people between (1 .. 3)")


def test_no_rule_is_judged_before_its_window_is_full() -> None:
    alerts = Alerts(BEGIN)

    alerts.evaluate(BEGIN + FREQUENCY)

    assert alerts.fired == []
