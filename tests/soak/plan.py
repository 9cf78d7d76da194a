"""When what happens: the working hours of the company, its incidents, and the ends of the days."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import Random

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MONDAY = datetime(2026, 11, 30, 4, tzinfo=UTC)
"""Each day ends after the nightly timer `tidy` of 03:30."""

SATURDAY, SUNDAY = 5, 6
ON_SATURDAY = 0.1
CHANGES_AN_HOUR = 40.0
KEPT_DAYS = 2


class Incident(StrEnum):
    DEPLOY = "a deployment"
    ROTATE = "a deployment with a new secret, and the old one as the previous"
    DROP_PREVIOUS = "a deployment without the previous secret"
    GRAPH_FAILS = "Graph answers 503 to everything"
    GRAPH_RECOVERS = "Graph recovers"
    MASS_LEAVE = "many leave one group"
    RELEASE = "the operator releases them"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`share` says how busy an hour is against the others. `changes_an_hour` is the mean of all
    hours. The history and ended records are kept for `kept`."""

    begins: datetime
    ends: tuple[datetime, ...]
    incidents: tuple[tuple[datetime, Incident], ...]
    users: int
    groups: tuple[int, int]
    share: Callable[[datetime], float]
    changes_an_hour: float = CHANGES_AN_HOUR
    kept_days: int = KEPT_DAYS

    def changes(self, random: Random) -> Iterator[datetime]:
        """Yields the times of the changes. They come independently of each other."""
        hours = round((self.ends[-1] - self.begins) / HOUR)
        starts = [self.begins + HOUR * number for number in range(hours)]
        shares = [self.share(start) for start in starts]
        for start, share in zip(starts, shares, strict=True):
            rate = self.changes_an_hour * hours * share / sum(shares)
            passed = random.expovariate(rate) if rate else 1.0
            while passed < 1.0:
                yield start + HOUR * passed
                passed += random.expovariate(rate)

    def incident(self, kind: Incident) -> datetime:
        """Returns when it happens first."""
        return next(at for at, one in self.incidents if one is kind)


def office_hours(at: datetime) -> float:
    """Nobody works on Sundays, nor at night before `tidy` has run."""
    if at.weekday() == SUNDAY or not _MORNING <= at.hour < _NIGHT:
        return 0.0
    busy = 1.0 if _NINE <= at.hour < _SIX else 0.3
    return busy * (ON_SATURDAY if at.weekday() == SATURDAY else 1.0)


_MORNING, _NINE, _SIX, _NIGHT = 6, 9, 18, 23


def week(days: int) -> Plan:
    """Returns the plan of so many days from a Monday on. What happens in the first week happens in
    each."""
    return Plan(
        begins=MONDAY,
        ends=tuple(MONDAY + DAY * (number + 1) for number in range(days)),
        incidents=tuple(sorted(_incidents(days))),
        users=9_400,
        groups=(10, 300),
        share=office_hours,
    )


def _incidents(days: int) -> Iterator[tuple[datetime, Incident]]:
    """The rotation takes the deployments of Thursday and Friday."""
    for day in range(days):
        begins = MONDAY + DAY * day
        eleven = begins + timedelta(hours=7)
        match begins.weekday():
            case 1:
                yield begins + timedelta(hours=10), Incident.GRAPH_FAILS
                yield begins + timedelta(hours=10, minutes=40), Incident.GRAPH_RECOVERS
                yield eleven, Incident.DEPLOY
            case 2:
                yield begins + timedelta(hours=6), Incident.MASS_LEAVE
                yield begins + timedelta(hours=6, minutes=25), Incident.RELEASE
                yield eleven, Incident.DEPLOY
            case 3:
                yield eleven, Incident.ROTATE
            case 4:
                yield eleven, Incident.DROP_PREVIOUS
            case _:
                yield eleven, Incident.DEPLOY


def _short() -> Plan:
    begins = MONDAY - timedelta(hours=2, minutes=20)

    def at(minute: int) -> datetime:
        return begins + timedelta(minutes=minute)

    return replace(
        week(1),
        begins=begins,
        ends=(at(125),),
        incidents=(
            (at(5), Incident.DEPLOY),
            (at(15), Incident.MASS_LEAVE),
            (at(27), Incident.RELEASE),
            (at(40), Incident.ROTATE),
            (at(55), Incident.DROP_PREVIOUS),
            (at(65), Incident.GRAPH_FAILS),
            (at(85), Incident.GRAPH_RECOVERS),
        ),
        users=400,
        groups=(2, 100),
        share=lambda at: float(at < begins + timedelta(minutes=90)),
        changes_an_hour=12.0,
    )


SHORT = _short()
"""Two hours of one night, with every incident, and `tidy` at their end."""
