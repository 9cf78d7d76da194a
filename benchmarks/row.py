"""Defines one line of the table."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row. `measured` and `floor` are in seconds. Without `limit` the ratio is for information
    only."""

    what: str
    measured: float
    floor: float
    floor_is: str
    limit: float | None
    broken: str = ""
    """Another problem, if there was any."""

    @property
    def ratio(self) -> float:
        return self.measured / self.floor

    @property
    def holds(self) -> bool:
        return not self.broken and (self.limit is None or self.ratio <= self.limit)
