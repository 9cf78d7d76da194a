"""Defines in one table which event feeds which metric. docs/operations.md describes what each
metric is good for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hasten.adapters.telemetry.record import TelemetryRecord

HISTOGRAM_BOUNDS_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)
"""Bounds of the histograms, in seconds: from an immediate call to more than one cycle of Entra."""


class InstrumentKind(StrEnum):
    COUNTER = "counter"
    HISTOGRAM = "histogram"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One metric and the events that feed it: those named `event` with one of `results` (or any but
    `but_not`), whose fields have the values in `when`. It records the field `value` (divided by
    `per`), or counts. An event without that field feeds nothing."""

    name: str
    kind: InstrumentKind
    text: str
    event: str
    labels: Sequence[str]
    unit: str = "1"
    results: frozenset[str] = frozenset()
    but_not: frozenset[str] = frozenset()
    when: Mapping[str, Any] | None = None
    value: str = ""
    per: float = 1

    def reading(self, event: TelemetryRecord) -> float | None:
        """Returns what `event` adds to the metric, or None if it does not feed it."""
        if event.name != self.event or event.result in self.but_not:
            return None
        if self.results and event.result not in self.results:
            return None
        if any(event.fields.get(name) != value for name, value in (self.when or {}).items()):
            return None
        if not self.value:
            return 1
        value = event.fields.get(self.value)
        return None if value is None else value / self.per

    def labelled(self, event: TelemetryRecord) -> dict[str, str]:
        values = {**event.fields, "result": event.result}
        return {name: str(values[name]) for name in self.labels if name in values}


def _counter(name: str, text: str, event: str, *labels: str, **narrower: Any) -> Instrument:
    return Instrument(
        name=name, kind=InstrumentKind.COUNTER, text=text, event=event, labels=labels, **narrower
    )


def _seconds(name: str, text: str, event: str, *labels: str, **narrower: Any) -> Instrument:
    return Instrument(
        name=name,
        kind=InstrumentKind.HISTOGRAM,
        text=text,
        event=event,
        labels=labels,
        unit="s",
        **narrower,
    )


def _gauge(name: str, text: str, value: str, unit: str = "1") -> Instrument:
    return Instrument(
        name=name,
        kind=InstrumentKind.GAUGE,
        text=text,
        event="backlog",
        labels=("target",),
        unit=unit,
        value=value,
    )


SENT = frozenset({"sent"})

INSTRUMENTS: Sequence[Instrument] = (
    # --- speed ---
    _seconds(
        "hasten.notified_to_called",
        "from the notification to the on-demand call, of the oldest change in the call",
        "call",
        "target",
        "removal",
        results=SENT,
        value="waited_ms",
        per=1000,
    ),
    _seconds(
        "hasten.call.duration",
        "how long Entra took to answer a call",
        "call",
        "target",
        "result",
        but_not=SENT,
        value="seconds",
    ),
    _seconds(
        "hasten.notified_to_answered",
        "from the notification to Entra's answer that the change is in the app",
        "change",
        "target",
        "action",
        results=frozenset({"succeeded", "in_sync"}),
        value="seconds",
    ),
    _seconds(
        "hasten.notified_to_confirmed",
        "from the notification to the proof in the provisioning log",
        "change",
        "target",
        "action",
        results=frozenset({"confirmed"}),
        value="seconds",
    ),
    # --- results ---
    _counter(
        "hasten.changes",
        "changes by their result",
        "change",
        *("target", "action"),
        "result",
    ),
    _counter(
        "hasten.calls",
        "on-demand calls by their verdict",
        "call",
        "target",
        "result",
        but_not=SENT,
    ),
    _counter(
        "hasten.throttled",
        "on-demand calls that Graph answered with 429",
        "call",
        "target",
        results=frozenset({"throttled"}),
    ),
    _counter(
        "hasten.found_by_reconcile",
        "changes found without a notification",
        "change",
        "target",
        "action",
        results=frozenset({"found"}),
        when={"found_by": "reconcile"},
    ),
    # --- input and faults ---
    _counter(
        "hasten.notifications",
        "notifications that the webhook queued or refused, by their result",
        "notification",
        "result",
        value="count",
    ),
    _counter(
        "hasten.requests_refused",
        "requests that the API or the pages refused",
        "request",
        "door",
        "result",
        value="count",
    ),
    _counter("hasten.looks", "looks at a group by what they found", "look", "result", "found_by"),
    _counter(
        "hasten.events",
        "onboarding events by their result",
        "onboarding",
        "target",
        "result",
    ),
    _counter(
        "hasten.messages", "messages that were postponed or given up", "message", "queue", "result"
    ),
    _counter("hasten.timers", "timers that could not do their work", "timer", "timer", "result"),
    _counter(
        "hasten.stand_ins",
        "times that a timer did the work of a trigger that has stopped",
        "trigger",
        "queue",
        "target",
    ),
    _counter(
        "hasten.targets", "sweeps of a target by what they found", "target", "target", "result"
    ),
    _counter(
        "hasten.subscriptions",
        "subscriptions created, renewed or removed",
        "subscription",
        "result",
        but_not=frozenset({"unreadable"}),
    ),
    _counter(
        "hasten.brakes",
        "times that the brake held the removals of a group",
        "brake",
        "target",
        "result",
    ),
    _counter(
        "hasten.breakers",
        "targets whose calls were stopped for a while",
        "breaker",
        "target",
        "result",
    ),
    _counter(
        "hasten.alerts",
        "removals and grants that the log, the cycle or the app did not confirm",
        "alert",
        "target",
        "result",
    ),
    # --- state, once a minute ---
    _gauge("hasten.backlog", "open changes, including held ones", "open"),
    _gauge("hasten.held", "changes that wait for an operator", "held"),
    _gauge(
        "hasten.oldest_change", "age of the oldest change that is not held", "oldest_change", "s"
    ),
    _gauge(
        "hasten.oldest_revocation",
        "age of the oldest removal that is not held",
        "oldest_revocation",
        "s",
    ),
    _gauge(
        "hasten.subscription_left",
        "time left to the subscription that ends first",
        "subscription_left",
        "s",
    ),
    _gauge(
        "hasten.throttle_pressure", "how long Graph still asks not to call", "throttled_for", "s"
    ),
)
