"""Checks what Hasten needs besides Graph: queues, store, clocks, secrets and the webhook."""

from datetime import timedelta

from hasten.context import Context
from hasten.doctor.findings import Finding, ok, problem, warning
from hasten.errors import NoTokenError, TemporaryError
from hasten.operate.health import app_health
from hasten.ports.bus import (
    DIRECTORY_CHANGES,
    ENSURE,
    ONBOARDING_EVENTS,
    ONBOARDING_REJECTED,
    PROVISIONING,
    PROVISIONING_OUTCOMES,
)
from hasten.ports.clock import NewId
from hasten.ports.probes import Probes
from hasten.records import running_targets, stops
from hasten.records.self_test import round_trip

QUEUE, STORE, CLOCK, SECRET, WEBHOOK = "queue", "store", "clock", "secret", "webhook"
APP = "app"
STOP = "stop"
CHECKED_QUEUES = (
    DIRECTORY_CHANGES,
    ENSURE,
    ONBOARDING_EVENTS,
    ONBOARDING_REJECTED,
    PROVISIONING,
    PROVISIONING_OUTCOMES,
)

CLOCK_SKEW_WARNING = timedelta(seconds=5)
"""A larger difference changes the order of events that Hasten compares with Graph's times."""

CLOCK_SKEW_PROBLEM = timedelta(seconds=60)
"""A larger difference breaks scheduled messages and checks that require data less than a minute
old."""


async def check_queue(probes: Probes, queue: str) -> list[Finding]:
    try:
        dead = await probes.reach(queue)
    except NoTokenError:
        raise  # no queue causes it
    except TemporaryError as error:
        raise TemporaryError(f"{queue} is out of reach: {error.reason}", error.delay) from error
    if not dead:
        return [ok(QUEUE, f"{queue} is reachable")]
    return [
        warning(
            QUEUE,
            f"{queue} has {dead} dead letters",
            f"fix their cause, then python -m hasten replay --queue {queue} --dead-letters",
        )
    ]


async def check_store(context: Context) -> list[Finding]:
    """Writes a document of its own and deletes it. Raises TemporaryError and PermanentError of the
    store."""
    if not await round_trip(context.store, context.new_id()):
        return [problem(STORE, "what was written is not there", "check HASTEN_STORE")]
    return [ok(STORE, "can be written and read")]


async def check_app(context: Context) -> list[Finding]:
    """Checks that the timers work, that notifications are accepted, and that the app runs the
    targets of this targets.yaml. The app compares them each minute for a day, and alerts."""
    health = await app_health(context)
    await running_targets.expect(context.store, context.targets.values(), context.now())
    on_time = [ok(APP, f"timer {t.timer}: {t}") for t in health.timers if not t.is_late]
    return [*(problem(APP, one.found, one.fix) for one in health.problems), *on_time]


async def check_clock(probes: Probes) -> list[Finding]:
    ahead = await probes.clock_ahead()
    seconds = ahead.total_seconds()
    text = f"{abs(seconds):.1f} s {'ahead of' if seconds > 0 else 'behind'} Graph's"
    if abs(ahead) <= CLOCK_SKEW_WARNING:
        return [ok(CLOCK, f"within {CLOCK_SKEW_WARNING.seconds} s of Graph's")]
    judge = problem if abs(ahead) > CLOCK_SKEW_PROBLEM else warning
    return [judge(CLOCK, text, "let this machine take its time from a time server")]


def check_secret(*, has_one: bool, has_previous: bool) -> list[Finding]:
    if not has_one:
        return [
            warning(
                SECRET,
                "HASTEN_CLIENT_STATE_SECRET is not set here: whether the subscriptions were made "
                "with it is not checked",
                "set it here as well to have that checked",
            )
        ]
    if not has_previous:
        return [ok(SECRET, "HASTEN_CLIENT_STATE_SECRET is set")]
    return [
        warning(
            SECRET,
            "HASTEN_CLIENT_STATE_SECRET_PREVIOUS is still set, and Hasten accepts it",
            "remove it once every line on subscriptions is ok",
        )
    ]


async def check_webhook(probes: Probes, url: str, new_id: NewId) -> list[Finding]:
    await probes.handshake(url, new_id())
    return [ok(WEBHOOK, "answers Graph's handshake")]


async def check_stop(context: Context, target: str) -> list[Finding]:
    """Returns a problem while an operator has stopped the target."""
    stop = await stops.find(context.store, target)
    if stop is None:
        return []
    return [problem(STOP, str(stop), stops.HOW_TO_START)]
