"""The record of the lease of a target in the store: who works for it, and which signs of life there
are."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from hasten.domain.long_ago import LONG_AGO
from hasten.json import Json
from hasten.limits import LONGEST_WRITE
from hasten.ports.store import Document, Store
from hasten.records import reading
from hasten.records.fields import moment
from hasten.records.ledger_keys import LEASE_PREFIX, LEDGER_COLLECTION

BEAT_INTERVAL = timedelta(seconds=5)
"""Interval between two beats of a holder."""

BEAT_FRESH_FOR = timedelta(seconds=8)
"""A holder whose last beat is not older than this lives, even if its clock is some seconds behind
ours."""

BEAT_SILENT_AFTER = timedelta(seconds=20)
"""A holder whose last beat is older is displaced, and so is one whose clock is ahead by more: the
fence keeps it from acting."""

TRIGGER_SILENT = timedelta(seconds=80)
"""A minute, in which the wake timer sends a message to each target with due rows, and its delay."""


class WorkKind(StrEnum):
    """Kinds of work that run at the same time for one target, so that a long `ensure` delays no
    revocation."""

    DRAIN = "drain"
    ENSURE = "ensure"


class WokenBy(StrEnum):
    """The reason why a worker came to the target."""

    MESSAGE = "message"
    STAND_IN = "stand in"
    """A timer came, because no message reached a worker."""

    TIMER = "timer"
    """A timer came, because the worker before it has died. The trigger may be alive."""

    POLICY = "policy"
    """The policy, which has no message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRecord:
    """`owner` is empty while nobody works. `epoch` counts the holders. `is_marked` when a wake came
    that the holder has not answered yet. `came_at` is when a message of the queue last reached a
    worker of the target. `stood_in_at` is when a timer last did the work in its place."""

    owner: str = ""
    epoch: int = 0
    beat_at: datetime = LONG_AGO
    is_marked: bool = False
    came_at: datetime = LONG_AGO
    stood_in_at: datetime = LONG_AGO
    writing: tuple[str, ...] = ()
    """Keys of the intents for which a write to Entra ID is under way."""

    unsure: Mapping[str, datetime] = field(default_factory=dict)
    """Intents with a write whose result nobody knows, and when to look at them again."""

    def due(self, now: datetime) -> list[str]:
        """Returns the intents to look at again."""
        return [key for key, at in self.unsure.items() if at <= now]

    def without_end(self, now: datetime) -> "LeaseRecord":
        """Returns the record of a displaced holder: nobody will see the result of its writes under
        way."""
        unsure = dict.fromkeys(self.writing, now + LONGEST_WRITE)
        return replace(self, writing=(), unsure={**self.unsure, **unsure})

    def is_silent(self, now: datetime) -> bool:
        return abs(now - self.beat_at) > BEAT_SILENT_AFTER

    def is_lost(self, now: datetime) -> bool:
        """Returns whether the holder has stopped without releasing the lease."""
        return bool(self.owner) and self.is_silent(now)

    def is_unattended(self, now: datetime) -> bool:
        """Returns whether the holder of the lease has died, or nobody holds it and no message has
        come for TRIGGER_SILENT."""
        return self.is_lost(now) or (not self.owner and self.is_trigger_silent(now))

    def is_trigger_silent(self, now: datetime) -> bool:
        return now - self.came_at >= TRIGGER_SILENT

    @property
    def is_stood_in_for(self) -> bool:
        """Returns whether a timer has done the work since the last message came."""
        return self.stood_in_at > self.came_at


async def load(store: Store, target: str, kind: WorkKind) -> LeaseRecord:
    """Returns the record of the lease. Raises as `read` does."""
    document = await store.get(LEDGER_COLLECTION, target, key_of(kind))
    return await read(store, target, kind, document)


async def read(store: Store, target: str, kind: WorkKind, document: Document | None) -> LeaseRecord:
    """Returns the record in the document. A lease of a drain that cannot be read counts as free:
    whoever holds it notices at its next write that another worker took it. That of an ensure says
    which writes to Entra ID nobody has seen the end of.

    Raises UnreadableRowError for the latter.
    """
    if document is None:
        return LeaseRecord()
    if kind is WorkKind.ENSURE:
        return await reading.needed(store, LEDGER_COLLECTION, target, document, _parse)
    return await reading.read_or(
        store, LEDGER_COLLECTION, target, document, _parse, safe=LeaseRecord()
    )


def key_of(kind: WorkKind) -> str:
    return f"{LEASE_PREFIX}{kind}"


def _parse(document: Document) -> LeaseRecord:
    body = document.body
    return LeaseRecord(
        owner=body["owner"],
        epoch=int(body["epoch"]),
        beat_at=moment(body["beat_at"]),
        is_marked=bool(body["is_marked"]),
        came_at=moment(body["came_at"]),
        stood_in_at=_time(body.get("stood_in_at")),
        writing=tuple(body["writing"]),
        unsure={key: moment(at) for key, at in body["unsure"].items()},
    )


def body_of(record: LeaseRecord) -> Json:
    return {
        "owner": record.owner,
        "epoch": record.epoch,
        "beat_at": record.beat_at.isoformat(),
        "is_marked": record.is_marked,
        "came_at": record.came_at.isoformat(),
        "stood_in_at": record.stood_in_at.isoformat(),
        "writing": list(record.writing),
        "unsure": {key: at.isoformat() for key, at in record.unsure.items()},
    }


def _time(text: str | None) -> datetime:
    """An older version wrote no time."""
    return moment(text) if text else LONG_AGO
