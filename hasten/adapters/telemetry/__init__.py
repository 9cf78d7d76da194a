"""What Hasten tells of itself: one record for each decision, as a line of the log, as measurements
and as what its trace says. Whether anyone listens is the platform's business, not ours."""

from hasten.adapters.telemetry.cleaning import cleaned
from hasten.adapters.telemetry.lines import log, quieten
from hasten.adapters.telemetry.metrics import measure
from hasten.adapters.telemetry.record import record
from hasten.adapters.telemetry.traces import annotate, continued
from hasten.ports.telemetry import Event

__all__ = ["continued", "emit", "quieten"]


def emit(event: Event) -> None:
    """Fields must be JSON already; a field that is not is a bug and surfaces."""
    clean = cleaned(record(event))
    log(clean)
    measure(clean)
    annotate(clean)
