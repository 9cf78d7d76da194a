"""Reports that Graph's notifications about groups do not arrive, although a timer found what they
should have brought."""

from datetime import datetime, timedelta

from hasten.context import Context
from hasten.operate.problems import Problem
from hasten.records import missed_notifications, signs
from hasten.records.missed_notifications import Missed
from hasten.telemetry.watch import ChannelSilent

SILENCE_SHOWN_FOR = timedelta(hours=24)


async def silence(context: Context) -> tuple[Missed, datetime | None] | None:
    """Returns what was missed and when a notification about a group was last believed, if the
    channel is silent. Raises TemporaryError."""
    found = await missed_notifications.load(context.store)
    if found is None or found.last_at < context.now() - SILENCE_SHOWN_FOR:
        return None
    believed = await signs.group_believed(context.store)
    return (found, believed) if found.is_silence(believed) else None


async def problem_of_silence(context: Context) -> list[Problem]:
    silent = await silence(context)
    if silent is None:
        return []
    found, believed = silent
    last = f"since {believed:%Y-%m-%d %H:%M}Z" if believed else "so far"
    return [
        Problem(
            f"Hasten has accepted no notification about a group {last}, although the timers found "
            f"changes {found.times} times since {found.first_at:%Y-%m-%d %H:%M}Z",
            "check that Graph can reach HASTEN_PUBLIC_URL (firewall, private endpoint, "
            "authentication in front of the app); doctor checks the subscriptions. Until then the "
            "timers find changes, within 5 minutes",
        )
    ]


async def report_silence(context: Context) -> None:
    """Emits an event while the channel is silent. Raises TemporaryError."""
    silent = await silence(context)
    if silent is None:
        return
    found, believed = silent
    age = None if believed is None else (context.now() - believed).total_seconds()
    context.emit(ChannelSilent(missed=found.times, since=found.first_at.isoformat(), age=age))
