"""Feeds the metrics from the events through the OpenTelemetry API, which does nothing until the
platform's distribution has configured an SDK."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Meter, Observation

from hasten.adapters.telemetry.instruments import (
    HISTOGRAM_BOUNDS_SECONDS,
    INSTRUMENTS,
    Instrument,
    InstrumentKind,
)
from hasten.adapters.telemetry.record import TelemetryRecord

Labels = Mapping[str, str]
Add = Callable[[float, Labels], None]


class Metrics:
    def __init__(self, meter: Meter, instruments: Sequence[Instrument] = INSTRUMENTS) -> None:
        self._fed: dict[str, list[tuple[Instrument, Add]]] = defaultdict(list)
        for instrument in instruments:
            self._fed[instrument.event].append((instrument, _recorder(meter, instrument)))

    def measure(self, event: TelemetryRecord) -> None:
        for instrument, add in self._fed.get(event.name, ()):
            reading = instrument.reading(event)
            if reading is not None:
                add(reading, instrument.labelled(event))


class Latest:
    """Reports each reading once. The timer runs on changing instances; a plain OpenTelemetry gauge
    would keep exporting the last value on the previous one."""

    def __init__(self) -> None:
        self._readings: dict[tuple[tuple[str, str], ...], float] = {}

    def set(self, reading: float, labels: Labels) -> None:
        self._readings[tuple(labels.items())] = reading

    def observe(self, _: CallbackOptions) -> Iterable[Observation]:
        readings, self._readings = self._readings, {}
        return [Observation(reading, dict(labels)) for labels, reading in readings.items()]


def _recorder(meter: Meter, instrument: Instrument) -> Add:
    name, unit, text = instrument.name, instrument.unit, instrument.text
    match instrument.kind:
        case InstrumentKind.COUNTER:
            return meter.create_counter(name, unit, text).add
        case InstrumentKind.HISTOGRAM:
            return meter.create_histogram(
                name, unit, text, explicit_bucket_boundaries_advisory=HISTOGRAM_BOUNDS_SECONDS
            ).record
        case InstrumentKind.GAUGE:
            latest = Latest()
            meter.create_observable_gauge(name, [latest.observe], unit, text)
            return latest.set


measure = Metrics(metrics.get_meter("hasten")).measure
