"""The metrics: which event feeds which, and that no person or group ever tells two series apart."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader

from hasten.adapters.telemetry.instruments import INSTRUMENTS, Instrument
from hasten.adapters.telemetry.metrics import Metrics
from hasten.adapters.telemetry.record import TelemetryRecord, record
from hasten.domain.notifications import Refusal
from hasten.ports.telemetry import Event, FieldKind
from hasten.telemetry.notifications import (
    BodyRefused,
    NotificationsQueued,
    NotificationsRefused,
    SignNotNoted,
)
from tests.support.catalogue import CATALOGUE, SAMPLES, Declared, sample

TOTAL = "TOTAL"
GROUP = "0000bbbb-0000-4000-8000-000000000001"
USER = "0000cccc-0000-4000-8000-000000000001"


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
    measured.metrics.measure(TelemetryRecord("call", "sent", fields))

    points = measured.points()

    assert set(points) == {"hasten.notified_to_called"}
    [point] = points["hasten.notified_to_called"]
    assert (point.sum, point.count) == (0.7, 1)
    assert dict(point.attributes) == {"target": TOTAL, "removal": "True"}


def test_an_answer_feeds_the_calls_and_their_duration(measured: Measured) -> None:
    event = TelemetryRecord("call", "succeeded", {"target": TOTAL, "group": GROUP, "seconds": 2.5})

    measured.metrics.measure(event)
    measured.metrics.measure(event)

    points = measured.points()
    labels = {"target": TOTAL, "result": "succeeded"}
    assert [(p.value, dict(p.attributes)) for p in points["hasten.calls"]] == [(2, labels)]
    assert [(p.sum, p.count) for p in points["hasten.call.duration"]] == [(5.0, 2)]
    assert "hasten.throttled" not in points


def test_an_answer_429_is_counted_by_itself(measured: Measured) -> None:
    measured.metrics.measure(
        TelemetryRecord("call", "throttled", {"target": TOTAL, "seconds": 0.1})
    )

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
    measured.metrics.measure(TelemetryRecord("change", result, fields))

    assert measured.value(metric, target=TOTAL, action="added") == 3.2


@pytest.mark.parametrize(("found_by", "found"), [("reconcile", True), ("notification", False)])
def test_a_change_without_a_notification_is_counted(
    measured: Measured, found_by: str, *, found: bool
) -> None:
    fields = {"target": TOTAL, "action": "added", "user": USER, "found_by": found_by}
    measured.metrics.measure(TelemetryRecord("change", "found", fields))

    assert ("hasten.found_by_reconcile" in measured.points()) is found


def test_each_reading_is_exported_once_so_that_an_instance_the_timer_left_falls_silent(
    measured: Measured,
) -> None:
    for oldest in (10, 70):
        fields = {"target": TOTAL, "open": 3, "held": 0, "oldest_revocation": oldest}
        measured.metrics.measure(TelemetryRecord("backlog", "measured", fields))

    points = measured.points()

    assert [p.value for p in points["hasten.oldest_revocation"]] == [70]
    assert [p.value for p in points["hasten.backlog"]] == [3]
    assert measured.points() == {}


def test_an_event_that_no_metric_is_fed_by_measures_nothing(measured: Measured) -> None:
    measured.metrics.measure(TelemetryRecord("drain", "displaced", {"target": TOTAL}))

    assert measured.points() == {}


def fed_by(instrument: Instrument) -> list[Declared]:
    """The events of the catalogue of which `instrument` takes a result."""
    wanted = instrument.results
    return [
        event
        for event in CATALOGUE
        if event.name == instrument.event
        and (wanted & event.results if wanted else event.results - instrument.but_not)
    ]


PER_INSTRUMENT = pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda i: str(i.name))


@PER_INSTRUMENT
def test_a_metric_is_fed_by_results_and_fields_that_events_have(instrument: Instrument) -> None:
    fed = fed_by(instrument)

    assert fed
    of_name = [event for event in CATALOGUE if event.name == instrument.event]
    results = {result for event in of_name for result in event.results}
    assert instrument.results | instrument.but_not <= results
    assert all((instrument.when or {}).keys() <= event.fields.keys() for event in fed)


@PER_INSTRUMENT
def test_a_metric_takes_a_number_in_its_unit(instrument: Instrument) -> None:
    kinds = {event.fields.get(instrument.value) for event in fed_by(instrument)} - {None}

    expected: dict[tuple[str, str, float], set[FieldKind]] = {
        ("", "1", 1): set(),
        ("value", "1", 1): {FieldKind.COUNT},
        ("value", "s", 1): {FieldKind.SECONDS},
        ("value", "s", 1000): {FieldKind.MILLISECONDS},
    }
    assert kinds == expected[bool(instrument.value) * "value", instrument.unit, instrument.per]


@PER_INSTRUMENT
def test_no_metric_has_a_label_with_a_person_a_group_or_a_text(instrument: Instrument) -> None:
    labels = {*instrument.labels} - {"result"}
    fields = [event.fields for event in fed_by(instrument)]

    assert {kinds[label] for kinds in fields for label in labels if label in kinds} <= {
        FieldKind.LABEL
    }
    assert labels <= {name for kinds in fields for name in kinds}


def test_every_metric_is_fed_once_all_events_were_emitted(measured: Measured) -> None:
    for event in CATALOGUE:
        for result in event.results:
            fields = {**sample(event), "found_by": "reconcile"}
            measured.metrics.measure(TelemetryRecord(event.name, result, fields))

    points = measured.points()

    assert set(points) == {instrument.name for instrument in INSTRUMENTS}
    labels = [dict(point.attributes) for series in points.values() for point in series]
    values = {value for label in labels for value in label.values()}
    results = {result for event in CATALOGUE for result in event.results}
    assert values <= {*results, SAMPLES[FieldKind.LABEL], "reconcile"}


def test_names_of_metrics_are_unique() -> None:
    names = [instrument.name for instrument in INSTRUMENTS]

    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("event", "count"),
    [
        (NotificationsRefused(result=Refusal.WRONG_CLIENT_STATE, count=3300), 3300),
        (NotificationsRefused(result=Refusal.REFUSED_OURS, count=40), 40),
        (NotificationsQueued(groups=["a"], people=["d", "e"], count=7), 7),
        (SignNotNoted(reason="Azure Tables answered 503"), None),
        (BodyRefused(result="bad_json"), None),
    ],
)
def test_notifications_are_counted_and_not_the_lines_about_them(
    measured: Measured, event: Event, count: int | None
) -> None:
    measured.metrics.measure(record(event))

    points = measured.points().get("hasten.notifications", [])

    expected = [] if count is None else [({"result": str(event.result)}, count)]
    assert [(point.attributes, point.value) for point in points] == expected
