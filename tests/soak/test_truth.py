"""A week in which something is not as it must be is found, and a good one is not."""

from collections import Counter
from dataclasses import replace

import pytest

from hasten.domain.notifications import Refusal
from tests.soak.day import Kept
from tests.soak.made import at, outcome, true_alert, with_day
from tests.soak.memory import Held
from tests.soak.plan import Incident
from tests.soak.soak import Outcome
from tests.soak.truth import broken

GOOD = outcome()
MASS = Incident.MASS_LEAVE


def more(*alerts: tuple[str, Incident, float]) -> Outcome:
    return replace(GOOD, alerts=[*GOOD.alerts, *(true_alert(*alert) for alert in alerts)])


def with_store(**store: Kept) -> Outcome:
    return with_day(GOOD, 5, store={**GOOD.days[5].store, **store})


def with_people(people: int, kept: Kept) -> Outcome:
    return with_day(with_store(people=kept), 5, sizes={"people": people})


def test_a_good_week_is_good() -> None:
    assert broken(GOOD) == []


@pytest.mark.parametrize(
    "good",
    [
        more(("stale-revocation", MASS, 30)),
        more(("target-unhealthy", Incident.GRAPH_FAILS, 20)),
        more(("degraded", Incident.GRAPH_FAILS, 5), ("work-waits", Incident.GRAPH_FAILS, 20)),
        more(
            *[("stale-revocation", Incident.GRAPH_FAILS, minutes) for minutes in (5, 85, 125, 165)]
        ),
        with_day(GOOD, 1, refused=Counter({Refusal.NOT_ASSIGNED: 9})),
        with_day(GOOD, 1, found_by_timers=[at(Incident.GRAPH_FAILS, 41)]),
        with_store(**{"history seals": Kept(9_999, 9_999_999)}),
        with_people(400, Kept(400, 80_000)),
    ],
)
def test_what_follows_from_an_incident_is_good(good: Outcome) -> None:
    assert broken(good) == []


@pytest.mark.parametrize(
    ("bad", "line"),
    [
        (more(("degraded", MASS, 10)), "nothing has happened, and degraded alerted"),
        (more(("timer-late", MASS, 10)), "nothing has happened, and timer-late alerted"),
        (more(("held-changes", MASS, 20)), "held-changes alerted 2 times"),
        (
            more(*[("stale-revocation", Incident.GRAPH_FAILS, n) for n in (5, 60, 85, 125, 165)]),
            "stale-revocation alerted 5 times",
        ),
        (more(("stale-revocation", Incident.GRAPH_FAILS, 185)), "nothing has happened"),
        (more(("stale-revocation", MASS, 100)), "nothing has happened, and stale-revocation"),
        (replace(GOOD, alerts=GOOD.alerts[1:]), "held-changes did not alert"),
        (replace(GOOD, active=GOOD.alerts[1:]), "timer-late is not resolved"),
        (replace(GOOD, failures=["KeyError"]), "an exception left a function: KeyError"),
        (replace(GOOD, released=29), "not all were held and released"),
        (with_day(GOOD, 0, wrong=["open: a row"]), "Tuesday: open: a row"),
        (with_day(GOOD, 3, refused=Counter({Refusal.REFUSED_OURS: 1})), "refused notifications"),
        (with_day(GOOD, 3, found_by_timers=[at(Incident.ROTATE, 5)]), "a timer found a change"),
        (with_day(GOOD, 2, held=Held(9_900, 1)), "an instance holds"),
        (with_day(GOOD, 6, held=Held(9_600, 1), held_warm=None), "and on the second day"),
        (with_store(ledger=Kept(400, 300_000)), "ledger has"),
        (with_store(ledger=Kept(300, 400_000)), "ledger has"),
        (with_store(unknown=Kept(21, 1)), "unknown has"),
        (with_people(300, Kept(400, 60_000)), "people has"),
        (with_people(300, Kept(300, 90_000)), "people has"),
    ],
)
def test_what_is_not_as_it_must_be_is_found(bad: Outcome, line: str) -> None:
    assert any(line in found for found in broken(bad)), broken(bad)
