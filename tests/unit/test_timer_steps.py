"""A step of a timer that fails each minute stops none of its other steps."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from hasten import timers
from hasten.context import Context
from hasten.errors import Conflict, PermanentError, TemporaryError
from hasten.ports.bus import PROVISIONING
from tests.support.swept import swept
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, World, user

STEPS = {
    "sweep": ("sweep", "_subscribe", "_note_targets", "note_policies"),
    "look": ("_reconcile", "read_unread", "reconcile_people", "report_silence"),
    "wake": (
        "_post_due",
        "_wake_targets",
        "do_due",
        "_flush",
        "report_stops",
        "report_drops",
        "report_unreadable",
    ),
    "apply": ("_wake_open_intents", "apply_policies"),
    "seal": ("seal_recent", "notify"),
    "tidy": ("_keep_links", "take_back_all", "forget_old", "forget_history", "seal_all"),
}
FAILURES = (
    TemporaryError("not now", timedelta(seconds=5)),
    PermanentError("refused", "grant it"),
    Conflict("a key"),
    ZeroDivisionError("a bug"),
)

Step = Callable[[Context], Awaitable[object]]


def step(name: str, ran: list[str], error: Exception | None) -> Step:
    async def run(_: Context) -> None:
        ran.append(name)
        if error is not None:
            raise error

    return run


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(
    ("timer", "broken"), [(timer, name) for timer, names in STEPS.items() for name in names]
)
def test_the_other_steps_run_and_the_failure_is_reported(
    timer: str, broken: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    for name in STEPS[timer]:
        fails = error if name == broken else None
        monkeypatch.setattr(timers, name, step(name, ran, fails))

    @virtual
    async def scenario() -> None:
        world = World()
        if isinstance(error, ZeroDivisionError):
            with pytest.raises(ZeroDivisionError):
                await timers.run(world.context, timer)
        else:
            await timers.run(world.context, timer)

        assert ran == list(STEPS[timer])
        assert any(event.name == "timer" and event.result != "on_time" for event in world.events)

    scenario()


@pytest.mark.parametrize("broken", ["backlog", "note_held"])
def test_a_target_is_woken_although_it_cannot_be_reported_on(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(timers, broken, fail)

    @virtual
    async def scenario() -> None:
        world = await swept()
        await world.left(ENGINEERING, user(1))
        world.bus.sent.clear()

        with pytest.raises(ZeroDivisionError):
            await timers.run(world.context, "wake")

        assert world.bus.of(PROVISIONING)

    scenario()
