"""`scheduled`, and what `status` and `explain` say of events that wait."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from unittest.mock import AsyncMock

import pytest

from hasten.cli.running import Code
from hasten.errors import PermanentError, TemporaryError
from hasten.operate.scheduled import bring_forward, drop, find
from hasten.ports.bus import ONBOARDING_EVENTS, ONBOARDING_REJECTED, Message
from hasten.ports.dead_letters import Parked
from hasten.records import drops
from tests.support.virtual_time import now
from tests.support.world import ENGINEERING, TOTAL, user
from tests.unit.cli.two_targets import CommandWorld, Ran

DECIDED = ("--by", "an operator", "--reason", "a test")
ABOUT = {
    "target": TOTAL,
    "event": "hr-1",
    "source": "/hr",
    "time": "2026-01-01T00:00:00+00:00",
    "wanted": "member",
    "users": [user(1)],
    "groups": [ENGINEERING],
    "named": 1,
    "end_of": "",
}
RAW = json.dumps(
    {
        "type": "hasten.user.onboard.v1",
        "id": "hr-1",
        "time": ABOUT["time"],
        "data": {"target": TOTAL, "startAt": "x"},
    }
).encode()
REJECTED = Parked(
    number=1,
    message_id="parked-1",
    subject="hasten.user.onboard.v1",
    body=json.dumps(
        {"id": "hr-2", "source": "/hr", "data": {"target": TOTAL, "users": [{"upn": "a@b.c"}]}}
    ).encode(),
    properties={
        "reason": "unknown_group",
        "fields": json.dumps([{"field": "data.group", "problem": "gone", "fix": "correct it"}]),
    },
)


@pytest.fixture
def waiting(world: CommandWorld) -> CommandWorld:
    world.directory.has_user(user(1), upn="a@b.c")
    world.directory.has_user(user(2), upn="other@b.c")

    async def keep() -> None:
        at = now() + timedelta(days=3)
        message = Message(message_id="m-1", raw=RAW, at=at, about=ABOUT)
        await world.two.bus.send(ONBOARDING_EVENTS, [message])

    asyncio.run(keep())
    world.parked_messages.lying[ONBOARDING_REJECTED, False] = [REJECTED]
    return world


def test_what_lies_ahead_is_listed_with_its_people(waiting: CommandWorld, ran: Ran) -> None:
    shown = ran("scheduled")
    fields = json.loads(ran("scheduled", TOTAL, "--json").stdout)

    assert shown.exit_code == Code.FINE
    for text in ("hr-1 starts", user(1), TOTAL, "m-1"):
        assert text in shown.stdout
    assert fields["scheduled"][0]["users"] == [user(1)]
    assert json.loads(ran("scheduled", "BROKEN", "--json").stdout)["scheduled"] == []
    assert waiting.bus.sent == []


@pytest.mark.parametrize("given", [user(1), "a@b.c"])
def test_a_person_is_named_by_any_key(given: str, waiting: CommandWorld, ran: Ran) -> None:
    theirs = json.loads(ran("scheduled", "--user", given, "--json").stdout)
    others = json.loads(ran("scheduled", "--user", "other@b.c", "--json").stdout)

    assert [one["id"] for one in theirs["scheduled"]] == ["m-1"]
    assert others["scheduled"] == []
    assert waiting.bus.sent == []


@pytest.mark.parametrize("given", ["m-1", "hr-1"])
def test_a_drop_records_who_and_why(given: str, waiting: CommandWorld, ran: Ran) -> None:
    result = ran("scheduled", "--drop", given, *DECIDED, "--yes")

    assert result.stdout.endswith("1 dropped.\n")
    [dropped] = asyncio.run(drops.load_all(waiting.store))
    assert (dropped.by, dropped.reason) == ("an operator", "a test")
    assert "an operator dropped the scheduled event hr-1" in ran("explain", user(1)).stdout
    assert json.loads(ran("scheduled", "--json").stdout)["scheduled"] == []


def test_what_comes_now_is_posted_without_its_start(waiting: CommandWorld, ran: Ran) -> None:
    result = ran("scheduled", "--now", "m-1", "--yes")

    assert result.stdout.endswith("1 posted.\n")
    [message] = waiting.bus.of(ONBOARDING_EVENTS)
    assert json.loads(message.raw or b"")["data"] == {"target": TOTAL}


@pytest.mark.parametrize("now_or_drop", ["--now", "--drop"])
@pytest.mark.parametrize("other", [drop, bring_forward])
def test_what_another_operator_decided_first_is_said_to_be_gone(
    now_or_drop: str,
    other: Callable[..., Awaitable[object]],
    waiting: CommandWorld,
    ran: Ran,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def decide() -> None:
        [entry] = await find(waiting.two, "m-1")
        await other(waiting.two, entry, by="another", reason="first")

    def asked(_: str) -> bool:
        with ThreadPoolExecutor(1) as beside:
            beside.submit(asyncio.run, decide()).result()
        return True

    monkeypatch.setattr("typer.confirm", asked)

    shown = ran("scheduled", now_or_drop, "m-1", *DECIDED).stdout

    done = "posted" if now_or_drop == "--now" else "dropped"
    assert f"0 {done}.\n1 gone: posted, dropped or brought forward before." in shown
    explained = ran("explain", user(1)).stdout
    assert ("another dropped" in explained) is (other is drop)
    assert "an operator dropped" not in explained


def test_what_is_due_now_is_done_although_service_bus_does_not_take_it_at_once(
    waiting: CommandWorld, ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = AsyncMock(side_effect=TemporaryError("Service Bus is silent", timedelta(0)))
    monkeypatch.setattr(waiting.bus, "send", silent)

    result = ran("scheduled", "--now", "m-1", "--yes", "--json")

    answer = json.loads(result.stdout)
    assert result.exit_code == Code.FINE
    assert (answer["outcome"], answer["moved"], answer["gone"]) == ("posted", 1, 0)
    assert answer["problem"]["found"] == "Service Bus is silent"


def test_an_error_of_service_bus_is_told_beside_what_is_done(
    waiting: CommandWorld, ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = AsyncMock(side_effect=TemporaryError("Service Bus is silent", timedelta(0)))
    monkeypatch.setattr(waiting.bus, "send", silent)

    result = ran("scheduled", "--now", "m-1", "--yes")

    assert result.exit_code == Code.FINE
    assert "1 posted." in result.stdout
    assert "a timer posts within a minute" in result.stdout
    assert "Service Bus is silent" in result.stderr


@pytest.mark.parametrize("act", ["--drop", "--now"])
@pytest.mark.parametrize(
    ("filters", "named"),
    [
        (("BROKEN",), "nothing of BROKEN is scheduled with the id m-1"),
        (("--user", "other@b.c"), "nothing about other@b.c is scheduled with the id m-1"),
        (
            ("BROKEN", "--user", user(1)),
            f"nothing of BROKEN about {user(1)} is scheduled with the id m-1",
        ),
    ],
)
def test_an_entry_that_a_filter_leaves_out_is_an_error_that_names_the_filter(
    act: str, filters: tuple[str, ...], named: str, waiting: CommandWorld, ran: Ran
) -> None:
    result = ran("scheduled", *filters, act, "m-1", *DECIDED, "--yes")

    assert result.exit_code == Code.PROBLEM
    assert named in result.stderr
    assert len(json.loads(ran("scheduled", "--json").stdout)["scheduled"]) == 1
    assert waiting.bus.sent == []


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("--drop", "m-1"), Code.USAGE),
        (("--drop", "m-1", "--by", "an operator"), Code.USAGE),
        (("--drop", "m-1", "--now", "m-1", *DECIDED), Code.USAGE),
        (("--drop", "m-2", *DECIDED, "--yes"), Code.PROBLEM),
        (("--now", "", "--yes"), Code.USAGE),
        (("NOWHERE",), Code.USAGE),
        (("--drop", "m-1", *DECIDED, "--json"), Code.FINE),
    ],
)
def test_a_command_that_is_not_complete_changes_nothing(
    command: tuple[str, ...], code: Code, waiting: CommandWorld, ran: Ran
) -> None:
    assert ran("scheduled", *command).exit_code == code

    assert len(json.loads(ran("scheduled", "--json").stdout)["scheduled"]) == 1
    assert waiting.bus.sent == []
    assert asyncio.run(drops.load_all(waiting.store)) == []


def test_status_counts_what_lies_ahead(waiting: CommandWorld, ran: Ran) -> None:
    shown, fields = ran("status", TOTAL).stdout, json.loads(ran("status", TOTAL, "--json").stdout)

    assert "1, the next at" in shown
    assert fields["targets"][0]["scheduled"] == 1
    assert fields["app"]["parked"] == 1
    assert waiting.bus.sent == []


@pytest.mark.parametrize("given", [user(1), "a@b.c"])
def test_explain_names_the_scheduled_and_parked_events_of_a_person(
    given: str, waiting: CommandWorld, ran: Ran
) -> None:
    shown, fields = ran("explain", given).stdout, json.loads(ran("explain", given, "--json").stdout)

    assert "Scheduled: event hr-1 starts at" in shown
    assert "event hr-2 is parked (data.group: gone). What to do: correct it" in shown
    assert [one["event"] for one in fields["parked"]] == ["hr-2"]
    assert [one["id"] for one in fields["targets"][1]["scheduled"]] == ["m-1"]
    other = json.loads(ran("explain", user(2), "--json").stdout)
    assert (other["parked"], other["targets"][1]["scheduled"]) == ([], [])
    assert waiting.bus.sent == []


def test_the_id_of_a_rejected_event_sends_no_command_to_the_terminal(
    waiting: CommandWorld, ran: Ran
) -> None:
    """Nothing has checked it."""
    data = {"target": TOTAL, "users": [{"upn": "a@b.c"}]}
    body = json.dumps({"id": "\x1b[2J", "source": "/hr", "data": data})
    evil = replace(REJECTED, body=body.encode())
    waiting.parked_messages.lying[ONBOARDING_REJECTED, False] = [evil]

    shown = ran("explain", "a@b.c").stdout

    assert "event �[2J is parked" in shown
    ran("replay", "--queue", ONBOARDING_REJECTED, "--drop", "--yes", *DECIDED)
    assert "dropped the rejected event �[2J at" in ran("explain", "a@b.c").stdout


def test_replay_shows_the_people_and_a_drop_needs_who_and_why(
    waiting: CommandWorld, ran: Ran
) -> None:
    queue = ("replay", "--queue", ONBOARDING_REJECTED)

    assert "a@b.c" in ran(*queue, "--dry-run").stdout
    assert json.loads(ran(*queue, "--json").stdout)["messages"][0]["users"] == ["a@b.c"]
    assert ran(*queue, "--drop", "--yes").exit_code == Code.USAGE
    assert ran(*queue, "--id", "hr-2", "--drop", "--yes", *DECIDED).exit_code == Code.FINE
    [dropped] = asyncio.run(drops.load_all(waiting.store))
    assert (dropped.event, "a@b.c" in str(dropped.users)) == ("hr-2", False)
    for given in ("a@b.c", user(1)):
        assert "an operator dropped the rejected event hr-2" in ran("explain", given).stdout
    assert "hr-2" not in ran("explain", user(2)).stdout


@pytest.mark.parametrize(
    "fault",
    [TemporaryError("Graph is silent", timedelta(0)), PermanentError("Graph is silent", "")],
)
def test_what_graph_does_not_say_of_a_person_is_said_and_hides_nothing_else(
    fault: Exception, waiting: CommandWorld, ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuses(*_: object) -> None:
        raise fault

    monkeypatch.setattr(waiting.directory, "profile", refuses)

    shown = ran("explain", user(1)).stdout
    assert "Scheduled: event hr-1 starts at" in shown
    assert "! Graph is silent" in shown
    assert ran("scheduled", "--user", user(1)).exit_code == Code.PROBLEM


@pytest.mark.parametrize("body", [b"", b"[1]", b'{"data": 7}', b'{"data": {"users": [1, {}]}}'])
def test_a_parked_event_that_cannot_be_read_hides_no_other(
    body: bytes, waiting: CommandWorld, ran: Ran
) -> None:
    odd = replace(REJECTED, number=2, message_id="odd", body=body)
    waiting.parked_messages.lying[ONBOARDING_REJECTED, False].append(odd)

    fields = json.loads(ran("explain", user(1), "--json").stdout)

    assert [one["event"] for one in fields["parked"]] == ["hr-2"]
