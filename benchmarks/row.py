"""One line of the table."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """`measured` and `floor` in seconds. Without `limit` the ratio is for information."""

    what: str
    measured: float
    floor: float
    floor_is: str
    limit: float | None
    broken: str = ""
    """What else went wrong, if anything did."""

    @property
    def ratio(self) -> float:
        return self.measured / self.floor

    @property
    def holds(self) -> bool:
        return not self.broken and (self.limit is None or self.ratio <= self.limit)
