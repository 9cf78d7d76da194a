"""Defines the typed record of a decision. The same record feeds the log, the metrics and the
traces."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from hasten.json import Json


class FieldKind(StrEnum):
    """The kind of a field: it decides whether a metric may use the field, and how."""

    LABEL = "label"
    """One of few values: the only kind that may label a metric."""

    ID = "id"
    """Object ids and names of messages: never a label, since each value creates a series of its
    own."""

    TEXT = "text"
    COUNT = "count"
    SECONDS = "seconds"
    MILLISECONDS = "milliseconds"


Label = Annotated[str, FieldKind.LABEL]
Id = Annotated[str, FieldKind.ID]
Ids = Annotated[list[str], FieldKind.ID]
Text = Annotated[str, FieldKind.TEXT]
Count = Annotated[int, FieldKind.COUNT]
Seconds = Annotated[float, FieldKind.SECONDS]
Milliseconds = Annotated[int, FieldKind.MILLISECONDS]


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of the events that hasten/telemetry declares, one class for each set of fields.

    Fields never hold names of people, addresses, tokens or keys; object ids are fine.
    """

    name: ClassVar[str]
    """The decision. Log lines, alert rules and queries select events by `name` and `result`."""

    problems: ClassVar[frozenset[str]] = frozenset()
    """Results after which an operator should act: Hasten logs them as errors."""

    alerts: ClassVar[frozenset[str]] = frozenset()
    """Rules of infra/app/alerts.json that read this event."""

    repeats: ClassVar[frozenset[str]] = frozenset()
    """Results that Hasten logs again and again while the cause lasts, every quarter of an hour or
    more often in most cases. Every other result is logged once."""

    result: str
    """The outcome. A subclass narrows the type to the values that the event can have."""

    @property
    def problem(self) -> bool:
        return self.result in self.problems

    @property
    def fields(self) -> Json:
        """The fields that have a value, without those that are None."""
        return {
            name: value
            for name, value in vars(self).items()
            if name != "result" and value is not None
        }


Emit = Callable[[Event], None]
"""Writes one event to the log, the metrics and the current trace. Does not raise if nothing
collects them."""
