"""The person whom the tests of the view Person show."""

from dataclasses import replace
from datetime import timedelta

from hasten.domain.changes import State
from tests.support.pages import Pages
from tests.support.world import ENGINEERING, TOTAL, World, user


async def world() -> World:
    made = World()
    await made.is_discovered()
    made.directory.has_group(ENGINEERING, "TOTAL-Engineering")
    made.directory.has_user(user(1), upn="ada@x.example")
    return made


async def ended(made: World, state: State, reason: str = "", next_action: str = "") -> None:
    await made.joined(ENGINEERING, user(1))
    await made.ledger.move(
        await made.ledger.open_changes(TOTAL),
        lambda row: replace(
            row,
            state=state,
            called_at=made.now(),
            finished_at=made.now() + timedelta(seconds=12),
            reason=reason,
            next_action=next_action,
        ),
    )


async def shown(made: World) -> str:
    return await Pages(made).text(f"/person/{user(1)}")
