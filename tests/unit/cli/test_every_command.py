"""Properties of every command: fields on request, no target that hides another, and how much was
done before an error."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta
from typing import Any, get_type_hints

import pytest
import typer

from hasten.cli.main import app
from hasten.cli.running import Code
from hasten.domain.changes import Action, HeldBy
from hasten.domain.row_states import held
from hasten.errors import PermanentError, TemporaryError
from hasten.ports.bus import ONBOARDING_EVENTS, ONBOARDING_REJECTED
from hasten.ports.dead_letters import Parked
from hasten.records import heartbeats
from tests.fakes.dead_letters import FakeParkedMessages
from tests.support.world import ENGINEERING, TOTAL, found, user
from tests.unit.cli.two_targets import BROKEN, CommandWorld, Ran
from tests.unit.domain.rows import NOW

GROUP = typer.main.get_command(app).commands  # type: ignore[attr-defined]
COMMANDS = {
    f"{name} {inner}".strip(): command
    for name, given in GROUP.items()
    for inner, command in getattr(given, "commands", {"": given}).items()
}
DECIDED = ("--by", "an operator", "--reason", "a test")


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_prints_json_on_request(name: str) -> None:
    assert "json" in {parameter.name for parameter in COMMANDS[name].params}


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("explain", user(1)),
        ("apply",),
        ("apply", "--yes"),
        ("doctor",),
        ("release", TOTAL),
        ("scheduled",),
        ("discard", TOTAL),
        ("replay", "--queue", ONBOARDING_REJECTED),
        ("audit", "verify"),
        ("stop", *DECIDED),
        ("start", TOTAL, *DECIDED),
        ("history",),
        ("report",),
        ("provision", user(1)),
    ],
    ids=" ".join,
)
def test_the_json_of_every_command_is_an_object_or_a_list_of_objects(
    command: Sequence[str], world: CommandWorld, ran: Ran
) -> None:
    world.directory.has_user(user(1))

    shown = json.loads(ran(*command, "--json").stdout)

    objects = shown if isinstance(shown, list) else [shown]
    assert objects
    assert all(isinstance(one, dict) and one for one in objects)


@pytest.mark.parametrize(
    "command",
    [
        ("status", "TOTLA"),
        ("explain", user(1), "--target", "TOTLA"),
        ("apply", "TOTLA"),
        ("release", "TOTLA"),
        ("discard", "TOTLA"),
        ("stop", "TOTLA", *DECIDED),
        ("start", "TOTLA", *DECIDED),
    ],
    ids=lambda command: str(command[0]),
)
def test_a_mistyped_target_is_bad_usage_that_names_the_others(
    command: Sequence[str], world: CommandWorld, ran: Ran
) -> None:
    result = ran(*command)

    assert result.exit_code == Code.USAGE
    assert result.stderr == f"no target TOTLA; targets.yaml has: {BROKEN}, {TOTAL}\n"
    assert result.stdout == ""


TEXT: Sequence[Any] = (str, str | None, list[str] | None)


def texts() -> list[tuple[str, str]]:
    """(command, parameter) of every parameter that takes a text."""
    functions = [command.callback for command in app.registered_commands if command.callback]
    return [
        (function.__name__, parameter)
        for function in functions
        for parameter, hint in get_type_hints(function).items()
        if hint in TEXT
    ]


def test_the_commands_take_texts() -> None:
    assert {("release", "group"), ("explain", "user"), ("stop", "by")} <= {*texts()}


@pytest.mark.parametrize(("name", "blank"), texts())
@pytest.mark.parametrize("text", ["", "  "])
def test_a_blank_text_is_bad_usage_and_asks_for_nothing(
    name: str, blank: str, text: str, world: CommandWorld, ran: Ran
) -> None:
    words: list[str] = [name]
    for parameter in COMMANDS[name].params:
        if parameter.name == blank or parameter.required:
            value = text if parameter.name == blank else ENOUGH[parameter.name]
            words += [parameter.opts[0], value] if parameter.opts[0][0] == "-" else [value]

    result = ran(*words)

    assert result.exit_code == Code.USAGE
    assert "is empty: give a value" in result.stderr
    assert world.bus.sent == []


ENOUGH = {
    "who": user(1),
    "target": TOTAL,
    "user": user(1),
    "by": "me",
    "reason": "a test",
    "queue": ONBOARDING_REJECTED,
}
"""A value for each parameter that a command needs."""


def test_a_start_that_wakes_nobody_is_a_start_all_the_same(world: CommandWorld, ran: Ran) -> None:
    ran("stop", *DECIDED)
    world.bus.down = True

    asyncio.run(heartbeats.beat(world.store, "wake", NOW))

    result = ran("start", *DECIDED)

    assert result.exit_code == Code.FINE
    assert "within a minute" in result.stdout
    assert not [
        p
        for p in json.loads(ran("status", TOTAL, "--json").stdout)["targets"][0]["problems"]
        if "stopped" in p["found"]
    ]


def by_brake(world: CommandWorld, *users: str) -> None:
    async def arrange() -> None:
        rows = [found(ENGINEERING, one, Action.REMOVED, 1) for one in users]
        by = [held(row, HeldBy.BRAKE, reason="60", next_action="") for row in rows]
        await world.ledger.record(by)

    asyncio.run(arrange())


@pytest.mark.parametrize("as_json", [False, True])
def test_a_release_that_fails_says_how_many_it_released_before(
    as_json: bool,  # noqa: FBT001 - a parameter of the test
    world: CommandWorld,
    ran: Ran,
) -> None:
    by_brake(world, user(1), user(2))
    world.bus.down = True

    result = ran("release", TOTAL, "--yes", *(["--json"] if as_json else []))

    assert result.exit_code == Code.PROBLEM
    if as_json:
        shown = json.loads(result.stdout)
        assert (shown["moved"], shown["outcome"]) == (2, "failed")
        assert "Service Bus is down" in shown["problem"]["found"]
    else:
        assert "2 released." in result.stdout
        assert "Service Bus is down" in result.stderr


class Breaking(FakeParkedMessages):
    """Breaks after the first message."""

    async def drain(
        self,
        queue: str,
        numbers: Collection[int],
        to: Callable[[Parked], Awaitable[None]],
        *,
        dead_letters: bool,
    ) -> int:
        await super().drain(queue, sorted(numbers)[:1], to, dead_letters=dead_letters)
        raise TemporaryError("Service Bus is down", timedelta(seconds=5))


@pytest.mark.parametrize(
    ("how", "done"), [((), "1 sent again."), (("--drop", *DECIDED), "1 dropped.")]
)
def test_a_replay_that_fails_says_how_many_messages_it_moved_before(
    how: Sequence[str], done: str, world: CommandWorld, ran: Ran
) -> None:
    lying: Any = [Parked(number=n, message_id=f"m{n}", body=b"{}") for n in (1, 2, 3)]
    world.parked_messages = Breaking({(ONBOARDING_REJECTED, False): lying})

    result = ran("replay", "--queue", ONBOARDING_REJECTED, "--yes", *how)

    assert result.exit_code == Code.PROBLEM
    assert done in result.stdout
    assert "Service Bus is down" in result.stderr
    assert [one.number for one in lying] == [2, 3]


def test_status_counts_events_that_are_parked_and_events_that_are_dead_letters(
    world: CommandWorld, ran: Ran
) -> None:
    lying = [Parked(number=n, message_id=f"m{n}", body=b"{}") for n in (1, 2, 3)]
    world.parked_messages = FakeParkedMessages(
        {(ONBOARDING_REJECTED, False): lying[:1], (ONBOARDING_EVENTS, True): lying[1:]}
    )

    app = json.loads(ran("status", "--json").stdout)["app"]

    assert (app["parked"], app["dead"]) == (1, 2)
    found = [problem["found"] for problem in app["problems"]]
    assert any("1 rejected events are parked" in text for text in found)
    assert any("2 onboarding events are dead letters" in text for text in found)


@pytest.mark.parametrize(
    ("unreadable", "counts"),
    [((ONBOARDING_REJECTED, False), (None, 2)), ((ONBOARDING_EVENTS, True), (1, None))],
)
def test_a_queue_that_cannot_be_read_does_not_hide_what_lies_in_the_other(
    unreadable: tuple[str, bool],
    counts: tuple[int | None, int | None],
    world: CommandWorld,
    ran: Ran,
) -> None:
    lying = [Parked(number=n, message_id=f"m{n}", body=b"{}") for n in (1, 2, 3)]
    world.parked_messages = FakeParkedMessages(
        {(ONBOARDING_REJECTED, False): lying[:1], (ONBOARDING_EVENTS, True): lying[1:]},
        {unreadable: PermanentError("no right to receive", "give the role")},
    )

    app = json.loads(ran("status", "--json").stdout)["app"]

    assert (app["parked"], app["dead"]) == counts
    assert any("no right to receive" in problem["found"] for problem in app["problems"])
