"""Watches that nothing held is released for a target with `release_by_two` until two operators have
asked for it, about the same version of the change."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterator

from hasten.domain.changes import State
from hasten.json import Json
from hasten.records import intents, ledger_keys
from tests.chaos.targets import first_name
from tests.simulation.world import World

EVERY = 1.0
"""Seconds of virtual time between two looks."""

Version = tuple[str, ...]
"""First name of the target, key and what distinguishes a change from the one before it with the
same key."""


class TwoPeople:
    """`false` has one line for each change that one operator alone released. `agreed` counts those
    that two released."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen: dict[str, tuple[int, int]] = {}
        """Commits of the ledger and the intents of each target at the last look."""
        self._held: set[Version] = set()
        self._asked: defaultdict[Version, set[str]] = defaultdict(set)
        self.agreed = 0
        self.false: dict[Version, str] = {}

    @property
    def _targets(self) -> list[str]:
        return [t.name for t in self._world.around.targets if t.release_by_two]

    async def watch(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            self.look()

    def look(self) -> None:
        commits = self._world.store.commits_of
        for target in self._targets:
            now = (commits["ledger", target], commits["intents", target])
            if now != self._seen.get(target):
                self._seen[target] = now
                self._look(target)

    def ask(self, by: str, target: str, users: Collection[str]) -> None:
        """An operator is about to release what is held of these users, or has just done so."""
        for version, body in self._bodies(target):
            if _is_held(body) and body["user"] in users:
                self._asked[version].add(by)

    def ask_for_all(self, by: str) -> None:
        for target in self._targets:
            for version, _ in self._bodies(target):
                self._asked[version].add(by)

    def _look(self, target: str) -> None:
        held: set[Version] = set()
        for version, body in self._bodies(target):
            if _is_held(body):
                held.add(version)
            elif version in self._held and body["released"]:
                self.agreed += 1
                if len(self._asked[version]) < 2:
                    said = f"{version} was released, and only {self._asked[version]} asked for it"
                    self.false[version] = said
        self._held = {one for one in self._held if one[0] != first_name(target)} | held

    def _bodies(self, target: str) -> Iterator[tuple[Version, Json]]:
        """Open changes of the ledger, and open intents."""
        documents = self._world.store.documents
        for row in documents("ledger", target, ledger_keys.OPEN_PREFIX):
            yield _version(target, "change", row.body, "action", "origin"), row.body
        for intent in documents("intents", target, intents.OPEN_PREFIX):
            yield _version(target, "intent", intent.body, "wanted", "time"), intent.body


def _version(target: str, kind: str, body: Json, *names: str) -> Version:
    return (first_name(target), kind, *(str(body[name]) for name in ("group", "user", *names)))


def _is_held(body: Json) -> bool:
    return body["state"] == State.HELD if "state" in body else bool(body["held"])
