"""Runs the demo: `python -m emulator.demo`. Exits 0 if every change arrived and every check passed,
else 1."""

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console

from emulator.demo.admin import Admin
from emulator.demo.mass_leave import LEAVERS, mass_leave
from emulator.demo.measure import Change, Course, calls, course
from emulator.demo.people import play_people
from emulator.demo.report import Outcome, checks, show
from emulator.demo.story import Story
from emulator.demo.timeline import Timeline

DEMO_TIMEOUT_SECONDS = 240.0
"""Seconds to wait for the last change to arrive in the app."""

ENTRA = ("--entra", "replica-lag=0", "--entra", "delta-replays=off")
"""The tenant is as strict as the emulator's default, but for two behaviours. Its reads do not lag:
no document says that they lag behind a notification, and a lag would be counted as Hasten's own
time. Its delta answers repeat no earlier change: a call that follows would be counted as one that
the replayed notification or the forgery led to."""

SETTLING = 3.0
"""Seconds within which a replay or a forgery would have caused a call: far more than a call
takes."""

TARGETS = ("--targets", str(Path(__file__).with_name("targets.yaml")))
ANY_PORT = ("--functions-port", "0", "--graph-port", "0", "--servicebus-port", "0")


@contextlib.contextmanager
def emulator(state: Path, *flags: str) -> Iterator[dict[str, Any]]:
    """Runs a tenant and Hasten on free ports of this machine; yields their addresses."""
    state.mkdir(exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "emulator",
        *ANY_PORT,
        *TARGETS,
        *ENTRA,
        *flags,
        "--print-ports",
        "--state",
        str(state),
    ]
    with (
        (state / "log").open("w") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,  # noqa: S603 - our own module
    ):
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise SystemExit((state / "log").read_text())
            yield json.loads(line)
        finally:
            process.terminate()


async def play(console: Console, ports: dict[str, Any]) -> bool:
    admin = Admin(f"http://127.0.0.1:{ports['graph']}", ports["admin_token"])
    webhook = f"http://127.0.0.1:{ports['functions']}/api/graph/notifications"
    timeline = Timeline(console, admin, time.time())
    story = Story(admin, webhook, timeline.tell)
    next_cycle = await admin.next_cycle()
    following = asyncio.create_task(timeline.follow())
    try:
        await story.play()
        courses = await _arrived(admin, story.changes)
        before = len(await admin.calls())
        attack = await story.attack()
        await asyncio.sleep(SETTLING)
        outcome = Outcome(
            courses=courses,
            calls=calls(await admin.calls()),
            calls_before_attack=before,
            attack=attack,
            accounts=await admin.accounts(),
            stats=await admin.stats(),
            next_cycle=next_cycle,
        )
    finally:
        following.cancel()
        await asyncio.wait([following])
        await admin.close()
    found = checks(outcome)
    show(console, outcome, found)
    return all(check.holds for check in found)


async def _arrived(admin: Admin, changes: list[Change]) -> list[Course]:
    """Returns the course of each change once all have arrived in the app, or as far as they came in
    DEMO_TIMEOUT_SECONDS."""
    give_up_at = time.time() + DEMO_TIMEOUT_SECONDS
    while True:
        deliveries, called = await admin.deliveries(), calls(await admin.calls())
        writes = await admin.writes(changes[0].at)
        courses = [course(change, deliveries, called, writes) for change in changes]
        arrived = all(c.in_app_at is not None or c.change.by_cycle for c in courses)
        if arrived or time.time() > give_up_at:
            return courses
        await asyncio.sleep(0.2)


def main() -> None:
    """With `--open` the tenant of the groups comes last, and its pages stay open until Ctrl-C."""
    is_open = "--open" in sys.argv[1:]
    console = Console()
    acts = [("groups", (), play), ("people", ("--scim",), play_people)]
    held = True
    with tempfile.TemporaryDirectory(prefix="hasten-demo-") as folder:
        for name, flags, act in reversed(acts) if is_open else acts:
            console.print(f"Starting a tenant of 1,000 users, Service Bus, and Hasten: {name} …")
            state = Path(folder, name)
            with emulator(state, *flags) as ports:
                if not asyncio.run(act(console, ports)):
                    held = False
                    console.print("[red]Something did not hold.[/red] The end of Hasten's log:")
                    console.print((state / "log").read_text()[-4000:], markup=False)
                if is_open and act is play:
                    stay_open(console, ports)
    if not is_open:
        console.print("See it on the pages: make demo OPEN=1")
    sys.exit(0 if held else 1)


def stay_open(console: Console, ports: dict[str, Any]) -> None:
    """Lets many people leave, shows where the pages are, and waits for Ctrl-C."""
    functions = f"http://127.0.0.1:{ports['functions']}"
    asyncio.run(_leave(ports, functions))
    console.print(f"{len(LEAVERS)} people left at once, and Hasten holds them.")
    console.print(f"Open [bold]{functions}/api/ui/[/bold]: you are signed in as an operator.")
    console.print("Ctrl-C ends the demo.")
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()


async def _leave(ports: dict[str, Any], functions: str) -> None:
    admin = Admin(f"http://127.0.0.1:{ports['graph']}", ports["admin_token"])
    await mass_leave(admin, functions)
    await admin.close()


if __name__ == "__main__":
    main()
