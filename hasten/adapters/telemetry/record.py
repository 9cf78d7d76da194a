"""An event as the log, the metrics and the traces take it: names and values, without a type."""

from dataclasses import dataclass

from hasten.json import Json
from hasten.ports.telemetry import Event


@dataclass(frozen=True, slots=True)
class Record:
    """`problem`: someone should act; Hasten logs the record as an error."""

    name: str
    result: str
    fields: Json
    problem: bool = False


def record(event: Event) -> Record:
    return Record(event.name, event.result, event.fields, event.problem)
