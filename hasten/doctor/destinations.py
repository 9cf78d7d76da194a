"""Checks the destinations of messages: whether the app has posted to them lately, as the store
shows it. The addresses are not at hand where an operator runs the doctor."""

from collections.abc import Mapping

from hasten.context import Context
from hasten.destinations import Destination
from hasten.doctor.findings import Finding, ok, problem, warning
from hasten.records import destinations
from hasten.records.destinations import Progress

CHECK = "destination"


async def check_destinations(context: Context) -> list[Finding]:
    """Raises TemporaryError and PermanentError of the store."""
    if not context.destinations:
        return []
    known = await destinations.load_all(context.store)
    return [_judged(destination, known) for destination in context.destinations]


def _judged(destination: Destination, known: Mapping[str, Progress]) -> Finding:
    name, progress = destination.name, known.get(destination.name)
    if progress is None:
        return warning(
            CHECK,
            f"{name} is not known to the app yet",
            "deploy this targets.yaml, and check that the timer seal runs",
        )
    if progress.failing_since is None:
        return ok(CHECK, f"{name} takes messages")
    judge = problem if progress.is_parked else warning
    return judge(
        CHECK,
        f"{name} takes no message since {progress.failing_since:%Y-%m-%d %H:%M}Z: "
        f"{progress.reason}",
        f"check the setting {destination.address} and the service behind it, then run "
        f"python -m hasten notify {name}",
    )
