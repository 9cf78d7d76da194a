"""What must be so during the week and at its end."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from hasten.domain.notifications import Refusal
from tests.soak.alerts import Alert
from tests.soak.day import Day
from tests.soak.plan import Incident
from tests.soak.soak import Outcome

FOLLOWS: Mapping[Incident, frozenset[str]] = {
    Incident.MASS_LEAVE: frozenset({"held-changes", "stale-revocation"}),
    Incident.GRAPH_FAILS: frozenset(
        {"timer-late", "stale-revocation", "target-unhealthy", "degraded", "work-waits"}
    ),
}
"""The rules that may alert because of an incident. Once released, a removal that was held counts
its age from when it was found."""

MUST_FOLLOW: Mapping[Incident, str] = {
    Incident.MASS_LEAVE: "held-changes",
    Incident.GRAPH_FAILS: "timer-late",
}
OUTAGE = (Incident.GRAPH_FAILS, Incident.GRAPH_RECOVERS)
WITHIN: Mapping[Incident, timedelta] = {
    Incident.MASS_LEAVE: timedelta(hours=1, minutes=30),
    Incident.GRAPH_FAILS: timedelta(hours=3),
}
"""From the begin of an incident to the last alert that follows from it."""

AGAIN: Mapping[tuple[Incident, str], int] = {(Incident.GRAPH_FAILS, "stale-revocation"): 3}
"""How often a rule may alert again. During an outage Entra's own cycle takes memberships before
Hasten notices that somebody left. No later entry of the log shows that, so Hasten takes the row
back after each of the next three cycles."""

AFTER_ROTATION = timedelta(hours=1)
NOT_LOST = frozenset({Refusal.NOT_WATCHED, Refusal.NOT_ASSIGNED})
"""Refused notifications that are about no target."""

OF_WARM, OF_SECOND_DAY = 1.1, 1.05
"""How much an instance may hold at a day's end, against an hour after its deployment and against
the second day's end."""

OF_STORE = 1.1
"""How much a collection of the store may hold at a day's end, against the first day on which it
forgot. One that has a document or an entry for each of some people may grow as they do."""

SEALS = "history seals"
"""One for each minute with a change, kept for ever."""


def broken(outcome: Outcome) -> list[str]:
    """Returns one line for each thing that is not as it must be."""
    return [
        *(f"{day.ended:%A}: {line}" for day in outcome.days for line in day.wrong),
        *_of_alerts(outcome),
        *_of_notifications(outcome),
        *_of_memory(outcome.days),
        *_of_store(outcome.days, outcome.plan.kept_days),
        *(f"an exception left a function: {one}" for one in outcome.failures),
        *([] if outcome.released >= outcome.left_in_mass else ["not all were held and released"]),
    ]


def because_of(outcome: Outcome, alert: Alert) -> Incident | None:
    """Returns the last incident from which the alert may follow."""
    causes = [
        incident
        for at, incident in outcome.plan.incidents
        if alert.rule in FOLLOWS.get(incident, ()) and at < alert.fired_at <= at + WITHIN[incident]
    ]
    return causes[-1] if causes else None


def _of_alerts(outcome: Outcome) -> Iterator[str]:
    for alert in outcome.alerts:
        if because_of(outcome, alert) is None:
            yield f"nothing has happened, and {alert.rule} alerted: {alert.because}"
    yield from (f"{alert.rule} is not resolved" for alert in outcome.active)
    for at, incident in outcome.plan.incidents:
        if incident not in FOLLOWS:
            continue
        fired = Counter(
            alert.rule for alert in outcome.alerts if at < alert.fired_at <= at + WITHIN[incident]
        )
        yield from (
            f"{incident}: {rule} alerted {fired[rule]} times"
            for rule in FOLLOWS[incident]
            if fired[rule] > 1 + AGAIN.get((incident, rule), 0)
        )
        if not fired[MUST_FOLLOW[incident]]:
            yield f"{incident}: {MUST_FOLLOW[incident]} did not alert"


def _of_notifications(outcome: Outcome) -> Iterator[str]:
    """None is lost, above all while the secret changes."""
    for day in outcome.days:
        lost = {reason: n for reason, n in day.refused.items() if reason not in NOT_LOST}
        if lost:
            yield f"{day.ended:%A}: refused notifications {lost}"
        for at, incident in outcome.plan.incidents:
            if incident in {Incident.ROTATE, Incident.DROP_PREVIOUS}:
                yield from (
                    f"a timer found a change after {incident}, at {found:%H:%M:%S}"
                    for found in day.found_by_timers
                    if at <= found < at + AFTER_ROTATION and not _is_down(outcome, found)
                )


def _is_down(outcome: Outcome, at: datetime) -> bool:
    """Whether Graph answers nothing at that time, or has just begun to."""
    times = [time for time, incident in outcome.plan.incidents if incident in OUTAGE]
    return any(
        begin <= at <= end + timedelta(minutes=10)
        for begin, end in zip(times[::2], times[1::2], strict=True)
    )


def _of_memory(days: list[Day]) -> Iterator[str]:
    for day in days:
        if day.held_warm and day.held.objects > OF_WARM * day.held_warm.objects:
            yield f"{day.ended:%A}: an instance holds {day.held}, and held {day.held_warm}"
    if len(days) > 1 and days[-1].held.objects > OF_SECOND_DAY * days[1].held.objects:
        yield f"an instance holds {days[-1].held}, and on the second day {days[1].held}"


def _of_store(days: list[Day], kept_days: int) -> Iterator[str]:
    """Each collection, from the first day on which everything older was deleted."""
    if len(days) <= kept_days:
        return
    base = days[kept_days]
    for day in days[kept_days + 1 :]:
        for name, kept in day.store.items():
            known = base.store.get(name)
            documents, size = (known.documents, known.size) if known else (0, 0)
            factor = OF_STORE * max(1.0, day.sizes.get(name, 1) / max(1, base.sizes.get(name, 1)))
            grown = kept.documents > factor * documents + 20
            larger = kept.size > factor * size + 20_000
            if name != SEALS and (grown or larger):
                yield f"{day.ended:%A}: {name} has {kept}, and had {known}"
