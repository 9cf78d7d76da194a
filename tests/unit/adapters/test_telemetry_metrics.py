"""The metrics: which event feeds which, and that no person or group ever tells two series apart."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader

from hasten.adapters.telemetry.instruments import INSTRUMENTS, LABELS
from hasten.adapters.telemetry.metrics import Metrics
from hasten.domain.changes import State
from hasten.domain.verdicts import Result
from hasten.ports.telemetry import Event

TOTAL = "TOTAL"
GROUP = "0000bbbb-0000-4000-8000-000000000001"
USER = "0000cccc-0000-4000-8000-000000000001"

EVERYTHING: dict[str, Any] = {
    "target": TOTAL,
    "group": GROUP,
    "groups": [GROUP],
    "user": USER,
    "users": [USER],
    "action": "removed",
    "removal": True,
    "reason": "no such user jane@contoso.com",
    "next_action": "none",
    "code": "x",
    "found_by": "reconcile",
    "queue": "provisioning",
    "timer": "sweep",
    "seconds": 2.5,
    "waited_ms": 700,
    "open": 3,
    "held": 1,
    "oldest_change": 60,
    "oldest_revocation": 30,
    "subscription_left": 7200,
    "throttled_for": 4,
    "count": 2,
    "tries": 1,
}


@dataclass
class Measured:
    metrics: Metrics
    reader: InMemoryMetricReader

    def points(self) -> dict[str, list[Any]]:
        """What was measured since the last time, by metric."""
        data = self.reader.get_metrics_data()
        found = data.resource_metrics if data is not None else ()
        return {
            metric.name: list(metric.data.data_points)
            for resource in found
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }

    def value(self, name: str, **labels: str) -> float:
        """The sum of a histogram, else the value."""
        [point] = [p for p in self.points()[name] if dict(p.attributes) == labels]
        return float(point.sum if isinstance(point, HistogramDataPoint) else point.value)


@pytest.fixture
def measured() -> Iterator[Measured]:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    yield Measured(Metrics(provider.get_meter("test")), reader)
    provider.shutdown()


def test_the_wait_before_a_call_is_measured_in_seconds(measured: Measured) -> None:
    fields = {"target": TOTAL, "removal": True, "users": [USER], "waited_ms": 700}
    measured.metrics.measure(Event("call", "sent", fields))

    points = measured.points()

    assert set(points) == {"hasten.notified_to_called"}
    [point] = points["hasten.notified_to_called"]
    assert (point.sum, point.count) == (0.7, 1)
    assert dict(point.attributes) == {"target": TOTAL, "removal": "True"}


def test_an_answer_feeds_the_calls_and_their_duration(measured: Measured) -> None:
    event = Event("call", "succeeded", {"target": TOTAL, "group": GROUP, "seconds": 2.5})

    measured.metrics.measure(event)
    measured.metrics.measure(event)

    points = measured.points()
    labels = {"target": TOTAL, "result": "succeeded"}
    assert [(p.value, dict(p.attributes)) for p in points["hasten.calls"]] == [(2, labels)]
    assert [(p.sum, p.count) for p in points["hasten.call.duration"]] == [(5.0, 2)]
    assert "hasten.throttled" not in points


def test_an_answer_429_is_counted_by_itself(measured: Measured) -> None:
    measured.metrics.measure(Event("call", "throttled", {"target": TOTAL, "seconds": 0.1}))

    assert measured.value("hasten.throttled", target=TOTAL) == 1


@pytest.mark.parametrize(
    ("result", "metric"),
    [
        ("succeeded", "hasten.notified_to_answered"),
        ("in_sync", "hasten.notified_to_answered"),
        ("confirmed", "hasten.notified_to_confirmed"),
    ],
)
def test_a_change_that_is_done_says_how_long_it_took(
    measured: Measured, result: str, metric: str
) -> None:
    fields = {"target": TOTAL, "action": "added", "user": USER, "seconds": 3.2}
    measured.metrics.measure(Event("change", result, fields))

    assert measured.value(metric, target=TOTAL, action="added") == 3.2


@pytest.mark.parametrize(("found_by", "found"), [("reconcile", True), ("notification", False)])
def test_what_no_notification_brought_is_counted(
    measured: Measured, found_by: str, *, found: bool
) -> None:
    fields = {"target": TOTAL, "action": "added", "user": USER, "found_by": found_by}
    measured.metrics.measure(Event("change", "found", fields))

    assert ("hasten.found_by_reconcile" in measured.points()) is found


def test_a_standing_is_told_once_so_that_an_instance_the_timer_left_falls_silent(
    measured: Measured,
) -> None:
    for oldest in (10, 70):
        fields = {"target": TOTAL, "open": 3, "held": 0, "oldest_revocation": oldest}
        measured.metrics.measure(Event("backlog", "measured", fields))

    points = measured.points()

    assert [p.value for p in points["hasten.oldest_revocation"]] == [70]
    assert [p.value for p in points["hasten.backlog"]] == [3]
    assert measured.points() == {}


def test_an_event_that_no_metric_is_fed_by_measures_nothing(measured: Measured) -> None:
    measured.metrics.measure(Event("drain", "displaced", {"target": TOTAL}))

    assert measured.points() == {}


def test_no_series_is_told_apart_by_a_person_a_group_or_a_text(measured: Measured) -> None:
    results = {*State, *Result, "sent", "found", "held", "measured", "queued", "open"}
    for instrument in INSTRUMENTS:
        for result in sorted(results):
            measured.metrics.measure(Event(instrument.event, str(result), EVERYTHING))

    points = measured.points()

    assert set(points) == {instrument.name for instrument in INSTRUMENTS}
    labels = [dict(point.attributes) for series in points.values() for point in series]
    assert {name for label in labels for name in label} <= LABELS
    values = {value for label in labels for value in label.values()}
    assert values <= {
        *map(str, results),
        TOTAL,
        "removed",
        "True",
        "reconcile",
        "provisioning",
        "sweep",
    }


def test_names_of_metrics_are_unique() -> None:
    names = [instrument.name for instrument in INSTRUMENTS]

    assert len(names) == len(set(names))
