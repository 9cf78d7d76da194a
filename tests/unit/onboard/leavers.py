"""A target whose leaver an event offboards, and what Hasten then does besides the revocation."""

from typing import Any

from hasten.policy import Allowance
from hasten.targets import Mode
from tests.support.posting import GROUP, OFFBOARD, Posting, event, ref, total
from tests.support.world import ENGINEERING, user

GROUPS = [GROUP]


def world(*, sessions: Allowance = Allowance.ALLOW, mode: Mode = Mode.ACT) -> Posting:
    return Posting(target=total(revoke_sessions=sessions, mode=mode))


async def left(world: Posting, **data: Any) -> None:
    """Somebody in the group whom an event takes out of it."""
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(1))
    await world.posts(event(OFFBOARD, users=[ref(1)], **data))


def results(world: Posting) -> list[str]:
    return world.results("follow_up")
