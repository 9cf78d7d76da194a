"""Writes each event as one line of JSON to the log, for Application Insights and people."""

import json
import logging

from hasten.adapters.telemetry.record import TelemetryRecord

logger = logging.getLogger("hasten")

CHATTY_LIBRARIES = ("azure", "httpx")
"""Libraries that log every request they make."""


def quieten() -> None:
    """Silences all but the warnings of chatty libraries; Hasten's own lines say what was asked and
    why."""
    for name in CHATTY_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)


def log(event: TelemetryRecord) -> None:
    line = json.dumps(
        {"event": event.name, "result": event.result, **event.fields}, separators=(",", ":")
    )
    logger.log(logging.ERROR if event.problem else logging.INFO, "%s", line)
