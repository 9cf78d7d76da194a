"""Reports whether Hasten sees what happens to people's own accounts, and if not, why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hasten.context import Context
from hasten.domain.changes import Change
from hasten.domain.subscribing import USERS_RESOURCE
from hasten.operate.problems import Problem
from hasten.records import heartbeats, people_cursor, people_refusal, subscriptions
from hasten.targets import Target

USERS_OFF = "`users: off` in targets.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleWatch:
    """`why_not` is "" if the people of the target are watched in every way. `subscribed_until` is
    when Graph's notifications about users end. `last_delta` and `last_comparison` are when the two
    timers last succeeded. `oldest_open` is when Hasten noticed the oldest change of an account that
    is still open."""

    why_not: str = ""
    subscribed_until: datetime | None = None
    last_delta: datetime | None = None
    last_comparison: datetime | None = None
    oldest_open: datetime | None = None


async def people_watch(
    context: Context, target: Target, rows: Sequence[Change]
) -> tuple[PeopleWatch, list[Problem]]:
    """Returns the state of the watch over people and its problem. `rows` are the open ones."""
    oldest = min((row.noticed_at for row in rows if row.is_of_person), default=None)
    if not target.users:
        return PeopleWatch(why_not=USERS_OFF, oldest_open=oldest), []
    now = context.now()
    ends = [
        record.expires
        for record in await subscriptions.load_all(context.store)
        if record.resource == USERS_RESOURCE and record.expires > now
    ]
    problem = None if ends else await _problem(context)
    succeeded = {one.timer: one.succeeded_at for one in await heartbeats.load_all(context.store)}
    has_delta = await people_cursor.load(context.store) is not None
    watch = PeopleWatch(
        why_not=problem.found if problem else "",
        subscribed_until=max(ends, default=None),
        last_delta=succeeded.get("look") if has_delta else None,
        last_comparison=succeeded.get("people"),
        oldest_open=oldest,
    )
    return watch, [problem] if problem else []


async def _problem(context: Context) -> Problem:
    refusal = await people_refusal.load(context.store)
    if refusal is None:
        return Problem(
            "Graph sends no notifications about users", "the next sweep subscribes to them"
        )
    return Problem(
        f"Graph refuses notifications about users: {refusal.reason}", refusal.next_action
    )
