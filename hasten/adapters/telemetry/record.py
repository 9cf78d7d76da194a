"""Converts an event to names and values without a type, for the log, the metrics and the traces."""

from dataclasses import dataclass

from hasten.json import Json
from hasten.ports.telemetry import Event


@dataclass(frozen=True, slots=True)
class TelemetryRecord:
    """One record. If `problem` is set, an operator should act; Hasten logs it as an error."""

    name: str
    result: str
    fields: Json
    problem: bool = False


def record(event: Event) -> TelemetryRecord:
    return TelemetryRecord(event.name, event.result, event.fields, event.problem)
