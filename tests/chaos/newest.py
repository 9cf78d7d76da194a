"""Holds the directory against the newest event of each person and group: the membership is as that
event wants it, unless people changed it later by hand."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from hasten.domain.changes import DIRECT
from hasten.domain.intents import NAMED, THE_GROUP, Wanted
from hasten.domain.outcomes import OBSERVED, REJECTED
from hasten.json import Json
from hasten.onboard.defer import end_id
from hasten.records import stops
from tests.chaos.wishes import Posted, Wishes, is_in
from tests.simulation.bus import epoch
from tests.simulation.world import World

OUTCOMES = "provisioning-outcomes/subscriptions/all"
EVERY = 30.0
"""Seconds of virtual time between two looks."""

SETTLED_AFTER = 300.0
"""Seconds that a difference must last to count. A request of a stalled host takes effect up to two
minutes late, and is undone at the next timer after that."""

NOT_DONE = frozenset({REJECTED, OBSERVED, "stale", "moved", "failed"})


class Newest:
    """`false` has one line for each intent that Hasten had brought about, as its store said, while
    the directory was otherwise."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._since: dict[tuple[str, str], float] = {}
        self.false: dict[tuple[str, str], str] = {}

    async def watch(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            if await stops.find(self._world.store, "TOTAL") or self._observes():
                self._since = {}  # Hasten may not undo what a stalled host did
            else:
                self.look()

    def _observes(self) -> bool:
        return any(one.name == "TOTAL" and one.observes for one in self._world.around.targets)

    def look(self) -> None:
        differing = {(i["group"], i["user"]): i for i in self._done() if self._differs(i)}
        self._since = {pair: self._since.get(pair, epoch()) for pair in differing}
        for pair, intent in differing.items():
            if epoch() - self._since[pair] >= SETTLED_AFTER:
                said = f"the intent {intent['wanted']} of {pair[1]} in {pair[0]} is done"
                self.false.setdefault(pair, f"{said} ({intent['outcome']}), and is not so")

    def _done(self) -> Iterator[Json]:
        for document in self._world.store.documents("intents", "TOTAL", "done|"):
            if document.key.endswith("|in_step"):
                continue
            intent = document.body
            is_person = intent["user"] != THE_GROUP and not intent["group"].startswith(NAMED)
            if is_person and intent["outcome"] not in NOT_DONE:
                yield intent

    def _differs(self, intent: Json) -> bool:
        group, user = intent["group"], intent["user"]
        time = _time(intent)
        there = is_in(self._world, group, user)
        is_wanted = intent["wanted"] == Wanted.MEMBER
        return there is not None and there != is_wanted and not self._is_by_hand(group, user, time)

    def _is_by_hand(self, group: str, user: str, time: float) -> bool:
        return self._world.admin.changed_since(time, group, user)

    def broken_at_the_end(
        self, posted: Sequence[Posted], taken_up: Collection[str] = ()
    ) -> list[str]:
        """One line for each pair for which the directory is not as the newest event wants. The
        events `taken_up` were parked, and no part of them is parked any more."""
        refused = self._refused(taken_up)
        observed = {cause for cause, _, _ in self._told(OBSERVED)}
        wishes = Wishes(self._world, posted, observed)
        left, maybe_left = wishes.left_all(), wishes.may_have_left_all()
        lines = []
        for (group, user), (wish, one) in sorted(wishes.newest().items()):
            events = (wish.event, end_id(wish.event))
            names = {(e, g, u) for e in events for g in ("", NAMED, group) for u in ("", user)}
            there = is_in(self._world, group, user)
            is_overtaken = wish.is_absent and left.get(user, 0.0) >= wish.time
            since = wish.time if is_overtaken else wish.since
            if there is None or refused & names or self._is_by_hand(group, user, since):
                continue
            if is_overtaken and self._world.admin.changed_since(wish.time, DIRECT, group):
                continue  # the newer event found the group unassigned
            if one.may_be_off or maybe_left.get(user, 0.0) >= wish.time:
                continue
            has_left = not wish.is_absent and left.get(user, 0.0) >= wish.time
            if has_left:  # Graph may have shown more groups than there were when it was posted
                is_wrong = (
                    there and one.start is not None and group not in one.groups_then.get(user, ())
                )
            else:
                is_wrong = there == wish.is_absent
            if is_wrong:
                wanted = "absent" if wish.is_absent or has_left else "member"
                lines.append(f"{user} is not {wanted} of {group}, as {wish.event} wanted last")
        return lines

    def _refused(self, taken_up: Collection[str]) -> frozenset[tuple[str, str, str]]:
        """What Hasten told the producers that it rejected, or did not do in observe mode."""
        return self._told(REJECTED, taken_up) | self._told(OBSERVED)

    def _told(self, result: str, taken_up: Collection[str] = ()) -> frozenset[tuple[str, str, str]]:
        """Event, group (NAMED for any without an id) and user of these outcomes. What Hasten parks
        has details."""
        told: list[Any] = [m.body["data"] for m in self._world.bus.waiting(OUTCOMES)]
        return frozenset(
            (cause["id"], NAMED if data["group"].startswith(NAMED) else data["group"], data["user"])
            for data in told
            if data["result"] == result
            for cause in data["causes"]
            if not (data["details"] and cause["id"] in taken_up)
        )


def _time(event: Json) -> float:
    return datetime.fromisoformat(event["time"]).timestamp()
