"""Reports what Hasten does: one record for each decision, as a log line, as measurements and as
attributes of its trace. The platform decides whether anything collects them."""

from hasten.adapters.telemetry.cleaning import cleaned
from hasten.adapters.telemetry.lines import log, quieten
from hasten.adapters.telemetry.metrics import measure
from hasten.adapters.telemetry.record import record
from hasten.adapters.telemetry.traces import annotate, continued
from hasten.ports.telemetry import Event

__all__ = ["continued", "emit", "quieten"]


def emit(event: Event) -> None:
    """Writes one event. Its fields must be JSON; another type is a bug and raises."""
    clean = cleaned(record(event))
    log(clean)
    measure(clean)
    annotate(clean)
