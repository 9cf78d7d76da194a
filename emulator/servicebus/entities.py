"""Reads queues, topics and subscriptions as infra declares them, with the names and properties of
Microsoft.ServiceBus/namespaces/queues, so that one file serves the emulator and Azure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.ASCII)
_SECONDS = (86400, 3600, 60, 1)
_NEVER = "P10675199DT2H48M5.4775807S"


class EntitiesError(ValueError):
    """The file of entities is wrong; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSettings:
    """The settings of a queue. Durations are in seconds; the defaults are Azure's."""

    name: str
    requires_session: bool = False
    duplicate_window: float | None = None
    lock_duration: float = 60.0
    max_delivery_count: int | None = 10
    time_to_live: float = float("inf")
    dead_letter_expired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSettings:
    name: str
    subscriptions: tuple[QueueSettings, ...]
    duplicate_window: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entities:
    queues: tuple[QueueSettings, ...] = ()
    topics: tuple[TopicSettings, ...] = ()


def load_entities(path: Path) -> Entities:
    """Loads the entities. Raises EntitiesError, or OSError if the file cannot be read."""
    try:
        return parse_entities(json.loads(path.read_text()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EntitiesError(f"{path}: {error!r}") from error


def parse_entities(document: Mapping[str, Any]) -> Entities:
    return Entities(
        queues=tuple(_queue(item) for item in document.get("queues", ())),
        topics=tuple(
            TopicSettings(
                name=item["name"],
                subscriptions=tuple(_queue(sub) for sub in item.get("subscriptions", ())),
                duplicate_window=_duplicate_window(item),
            )
            for item in document.get("topics", ())
        ),
    )


def _queue(item: Mapping[str, Any]) -> QueueSettings:
    return QueueSettings(
        name=item["name"],
        requires_session=bool(item.get("requiresSession", False)),
        duplicate_window=_duplicate_window(item),
        lock_duration=duration(item.get("lockDuration", "PT1M")),
        max_delivery_count=int(item.get("maxDeliveryCount", 10)),
        time_to_live=duration(item.get("defaultMessageTimeToLive", _NEVER)),
        dead_letter_expired=bool(item.get("deadLetteringOnMessageExpiration", False)),
    )


def _duplicate_window(item: Mapping[str, Any]) -> float | None:
    if not item.get("requiresDuplicateDetection", False):
        return None
    return duration(item.get("duplicateDetectionHistoryTimeWindow", "PT10M"))


def duration(text: str) -> float:
    """Returns the seconds in an ISO 8601 duration. Raises ValueError."""
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise ValueError(f"not a duration: {text!r}")
    parts = zip(match.groups(), _SECONDS, strict=True)
    return sum(float(number) * unit for number, unit in parts if number)
