"""The people of a storm, and how events name them and their groups, drawn at random."""

from collections.abc import Sequence
from random import Random

from emulator.graph.directory import Directory
from emulator.graph.seed import object_id

CAST = [object_id(f"user/{number}") for number in (*range(1, 41), *range(300, 341))]
"""Few enough to meet again: 5 administrators, 35 engineers, 41 newcomers."""

Refs = list[dict[str, str]]


class Cast:
    def __init__(self, directory: Directory, random: Random) -> None:
        self._directory = directory
        self._random = random

    def some(self, count: int) -> list[str]:
        """People of the cast who are not deleted."""
        live = [user for user in CAST if self._directory.users[user].deleted_at is None]
        return self._random.sample(live, count)

    def refs(self, most: int = 3) -> Refs:
        """Up to `most` people, as an event names them."""
        users = [self._directory.users[u] for u in self.some(self._random.randint(1, most))]
        by_name = self._random.random() < 0.5
        return [
            {"upn": user.properties["userPrincipalName"]} if by_name else {"id": user.id}
            for user in users
        ]

    def named(self, groups: Sequence[str]) -> dict[str, str]:
        """One of the groups, as an event names it."""
        group = self._directory.groups[self._random.choice(groups)]
        return {"name": group.name} if self._random.random() < 0.5 else {"id": group.id}
