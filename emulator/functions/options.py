"""Reads host.json, with the defaults of Azure's host."""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from emulator.functions.errors import LoadError


@dataclass(frozen=True, slots=True, kw_only=True)
class HostOptions:
    route_prefix: str
    max_calls: int
    max_sessions: int
    session_idle: timedelta
    max_lock_renewal: timedelta
    function_timeout: timedelta | None
    """None means no limit."""


DEFAULT_TIMEOUT = "00:30:00"
"""The default of a Flex Consumption app."""

NO_TIMEOUT = "-1"


def read(file: Path) -> HostOptions:
    """Reads the file. Raises LoadError."""
    try:
        return _options(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise LoadError(f"{file.name}: {error}") from error


def _options(document: dict[str, Any]) -> HostOptions:
    extensions: dict[str, Any] = document.get("extensions", {})
    bus: dict[str, Any] = extensions.get("serviceBus", {})
    return HostOptions(
        route_prefix=extensions.get("http", {}).get("routePrefix", "api"),
        max_calls=int(bus.get("maxConcurrentCalls", 16)),
        max_sessions=int(bus.get("maxConcurrentSessions", 8)),
        session_idle=_span(bus.get("sessionIdleTimeout", "00:01:00")),
        max_lock_renewal=_span(bus.get("maxAutoLockRenewalDuration", "00:05:00")),
        function_timeout=_timeout(str(document.get("functionTimeout", DEFAULT_TIMEOUT))),
    )


def _timeout(text: str) -> timedelta | None:
    return None if text == NO_TIMEOUT else _span(text)


def _span(text: str) -> timedelta:
    hours, minutes, seconds = text.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds))
