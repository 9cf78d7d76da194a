"""Defines the messages that Hasten sends to itself: which group to read, and which target to
wake."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol, Self

from hasten.domain.changes import FoundBy
from hasten.domain.notifications import LifecycleEvent
from hasten.json import Json
from hasten.people_look import PeopleLook
from hasten.ports.bus import ALARM, DIRECTORY_CHANGES, ENSURE, PROVISIONING, Message, alarm

CRASHES = "hastenCrashes"
"""Application property of a message that Hasten sends to itself: how often the work on it ended in
an unexpected exception."""


class Retriable(Protocol):
    """A message that can be rescheduled. `tries` counts attempts. `most_tries` caps them for
    messages that a timer re-sends anyway, so copies do not pile up during an outage."""

    @property
    def queue(self) -> str: ...

    @property
    def tries(self) -> int: ...

    @property
    def most_tries(self) -> int | None: ...

    def tried_again(self) -> Self: ...

    def message(self, message_id: str, at: datetime | None = None) -> Message: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Asks to read what changed in `group`.

    `added` and `removed` are the hints of a notification. Hasten repeats the look until the
    directory shows them (`looks` counts), and never acts on them. `tries` counts failures.
    """

    queue = DIRECTORY_CHANGES
    most_tries = None

    group: str
    noticed_at: datetime
    found_by: FoundBy
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    looks: int = 0
    tries: int = 0

    def message(self, message_id: str, at: datetime | None = None) -> Message:
        body = {
            "group": self.group,
            "noticed_at": self.noticed_at.isoformat(),
            "found_by": self.found_by,
            "added": sorted(self.added),
            "removed": sorted(self.removed),
            "looks": self.looks,
            "tries": self.tries,
        }
        return Message(body=body, message_id=message_id, at=at)

    def tried_again(self) -> Self:
        return replace(self, tries=self.tries + 1)

    @classmethod
    def parse(cls, body: Json) -> Self:
        return cls(
            group=str(body["group"]),
            noticed_at=datetime.fromisoformat(body["noticed_at"]),
            found_by=FoundBy(body["found_by"]),
            added=frozenset(body["added"]),
            removed=frozenset(body["removed"]),
            looks=int(body["looks"]),
            tries=int(body["tries"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionEvent:
    """Asks to handle a lifecycle event of a subscription."""

    queue = DIRECTORY_CHANGES
    most_tries = None
    kind = "attend"
    """Distinguishes it from the looks on the same queue, which have no kind."""

    subscription: str
    event: LifecycleEvent
    tries: int = 0

    def message(self, message_id: str, at: datetime | None = None) -> Message:
        body = {
            "kind": self.kind,
            "subscription": self.subscription,
            "event": self.event,
            "tries": self.tries,
        }
        return Message(body=body, message_id=message_id, at=at)

    def tried_again(self) -> Self:
        return replace(self, tries=self.tries + 1)

    @classmethod
    def parse(cls, body: Json) -> Self:
        return cls(
            subscription=str(body["subscription"]),
            event=LifecycleEvent(body["event"]),
            tries=int(body["tries"]),
        )


def directory_change(body: Json) -> Look | PeopleLook | SubscriptionEvent:
    """Returns the typed message for a body on `directory-changes`."""
    match body.get("kind"):
        case SubscriptionEvent.kind:
            return SubscriptionEvent.parse(body)
        case PeopleLook.kind:
            return PeopleLook.parse(body)
    return Look.parse(body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Asks to post what is due in `queue` by `at`. A timer does the same every minute."""

    most_tries = 0
    queue: str
    at: datetime
    tries: int = 0

    def message(self, message_id: str, at: datetime | None = None) -> Message:
        return replace(alarm(self.at), message_id=message_id, at=at)

    def tried_again(self) -> Self:
        return replace(self, tries=self.tries + 1)

    @classmethod
    def of(cls, queue: str, properties: Mapping[Any, Any] | None) -> Self | None:
        """Returns the alarm, or None for any other message. Names and values may be bytes or text,
        because AMQP has both."""
        given = properties or {}
        text: Any = given.get(ALARM) or given.get(ALARM.encode()) or ""
        try:
            at = datetime.fromisoformat(text.decode() if isinstance(text, bytes) else text)
        except (ValueError, TypeError):
            return None
        return cls(queue=queue, at=at.astimezone(UTC)) if at.tzinfo else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetMessage:
    """A message that names a target. Its lease lets one worker at a time handle the target."""

    queue: ClassVar[str]
    most_tries: ClassVar[int | None]

    target: str
    tries: int = 0

    def message(self, message_id: str, at: datetime | None = None) -> Message:
        body = {"target": self.target, "tries": self.tries}
        return Message(body=body, message_id=message_id, at=at)

    def tried_again(self) -> Self:
        return replace(self, tries=self.tries + 1)

    @classmethod
    def parse(cls, body: Json) -> Self:
        return cls(target=str(body["target"]), tries=int(body["tries"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake(TargetMessage):
    """Asks to drain the open changes of `target`. A timer wakes targets with due rows every
    minute."""

    queue = PROVISIONING
    most_tries = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Ensure(TargetMessage):
    """Asks to apply the open intents of `target`."""

    queue = ENSURE
    most_tries = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror(TargetMessage):
    """Asks to mirror the members of the admin group `source`.

    `added` and `removed` are the members whom a look found. Hasten repeats the work until the
    directory shows them, and never acts on them. The timer that applies the policy mirrors every
    ten minutes anyway.
    """

    queue = ENSURE
    most_tries = 4
    kind = "mirror"
    """Distinguishes it from the other messages on the same queue, which have no kind."""

    source: str
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()

    def message(self, message_id: str, at: datetime | None = None) -> Message:
        body = {
            "kind": self.kind,
            "target": self.target,
            "tries": self.tries,
            "source": self.source,
            "added": sorted(self.added),
            "removed": sorted(self.removed),
        }
        return Message(body=body, message_id=message_id, at=at)

    @classmethod
    def parse(cls, body: Json) -> Self:
        return cls(
            target=str(body["target"]),
            tries=int(body["tries"]),
            source=str(body["source"]),
            added=frozenset(body["added"]),
            removed=frozenset(body["removed"]),
        )


def work_in_entra(body: Json) -> Ensure | Mirror:
    """Returns the typed message for a body on `ensure`."""
    return Mirror.parse(body) if body.get("kind") == Mirror.kind else Ensure.parse(body)
