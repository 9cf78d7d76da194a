"""Defines what a check of the history finds."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from hasten.domain.history import Entry


class Wrong(StrEnum):
    REMOVED = "removed"
    ALTERED = "altered"
    INSERTED = "inserted"
    SEAL_REMOVED = "seal removed"
    SEAL_ALTERED = "seal altered"
    CHAIN_BROKEN = "chain broken"
    """A seal does not continue the one before it, or has not the digest that was logged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFinding:
    """`where` is the day, the index or the number of the seal. `entry` is the entry as it was when
    it was sealed, or as it was inserted; None for a seal."""

    wrong: Wrong
    where: str
    key: str
    entry: Entry | None = None

    def __str__(self) -> str:
        if self.entry is None:
            return f"{self.wrong}: {self.where} {self.key}".rstrip()
        one = self.entry
        about = " ".join(text for text in (one.target, one.user, one.group, one.result) if text)
        at = f"{one.at:%Y-%m-%d %H:%M:%S}Z"
        return f"{self.wrong}: in {self.where}, entry {one.id} of {at}, {one.kind}: {about}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """`entries` of `days` were compared with `seals` seals. `unsealed` are those of the last minute
    or two. `number` and `digest` are those of the last seal."""

    days: int
    entries: int
    unsealed: int
    seals: int
    number: int
    digest: str
    findings: Sequence[HistoryFinding]
