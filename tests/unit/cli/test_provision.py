"""`provision` shows what each step of Entra's answer said."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from hasten.cli.running import Code
from hasten.domain.changes import Change, State
from hasten.domain.row_states import finished
from hasten.ports.bus import Message
from hasten.ports.directory_values import UnreadMember
from tests.support.virtual_time import now
from tests.support.world import ENGINEERING, TOTAL, user
from tests.unit.cli.two_targets import CommandWorld, Ran

STEPS = ("Import: Success: Retrieved User '…'", "Export: Failure (LicenseLimitExceeded)")


def test_a_person_who_waits_is_shown_with_the_state(world: CommandWorld, ran: Ran) -> None:
    asyncio.run(world.is_discovered())
    world.directory.join(ENGINEERING, user(1))

    result = ran("provision", user(1), "--target", TOTAL, "--wait", "0", "--reason", "ticket 7")

    assert result.exit_code == Code.PROBLEM
    assert f"{TOTAL}: {user(1)} added of {ENGINEERING}: pending" in result.stdout
    [row] = asyncio.run(world.ledger.open_changes(TOTAL))
    assert row.on_request


def test_the_steps_of_the_answer_are_numbered(
    world: CommandWorld, ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The app answers while the command waits."""
    asyncio.run(world.is_discovered())
    world.directory.join(ENGINEERING, user(1))

    async def the_app(queue: str, messages: Sequence[Message]) -> None:
        del queue, messages
        [row] = await world.ledger.open_changes(TOTAL)

        def fail(known: Change) -> Change:
            failed = finished(known, State.FAILED, now=now(), next_action="buy a seat")
            return replace(failed, steps=STEPS)

        await world.ledger.move([row], fail)

    monkeypatch.setattr(world.bus, "send", the_app)

    shown = ran("provision", user(1), "--target", TOTAL)

    assert shown.exit_code == Code.PROBLEM
    assert shown.stdout.splitlines()[1:] == [
        f"  1. {STEPS[0]}",
        f"  2. {STEPS[1]}",
        "  What to do: buy a seat",
    ]


@pytest.mark.parametrize("known", ["", user(3)])
@pytest.mark.parametrize("others", [[], [user(1)]])
def test_a_group_with_a_member_who_cannot_be_read_is_a_problem_that_hides_nobody(
    world: CommandWorld, ran: Ran, known: str, others: list[str]
) -> None:
    asyncio.run(world.is_discovered())
    world.directory.has_group(ENGINEERING, "TOTAL-Engineering")
    world.directory.join(ENGINEERING, *others, user(3))
    world.directory.unlisted[ENGINEERING] = [UnreadMember(known, "a member has no type")]
    if not known:
        world.directory.leave(ENGINEERING, user(3))

    shown = ran("provision", ENGINEERING, "--target", TOTAL, "--wait", "0")

    assert shown.exit_code == Code.PROBLEM
    which = f" ({known})" if known else ""
    assert f"{TOTAL}: 1 of the members{which} cannot be read" in shown.stderr
    assert [line.split()[1] for line in shown.stdout.splitlines()] == others
    [of_target] = json.loads(
        ran("provision", ENGINEERING, "--target", TOTAL, "--wait", "0", "--json").stdout
    )
    assert [change["user"] for change in of_target["changes"]] == others
    assert of_target["problem"]["fix"] == "provision each of them by name"


def test_an_unknown_name_is_a_problem_in_one_line(world: CommandWorld, ran: Ran) -> None:
    assert world.store is not None

    result = ran("provision", "nobody@contoso.example", "--json")

    assert result.exit_code == Code.PROBLEM
    assert result.stderr.startswith("no user has this UPN")


def test_a_target_without_the_person_says_so(world: CommandWorld, ran: Ran) -> None:
    asyncio.run(world.is_discovered())
    world.directory.has_user(user(1))

    shown = json.loads(ran("provision", user(1), "--target", TOTAL, "--json").stdout)

    assert shown == [{"target": TOTAL, "changes": [], "problem": None}]
