"""Emulates the app that a target provisions: its accounts and groups, and every write to them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class By(StrEnum):
    SEED = "seed"
    ON_DEMAND = "on_demand"
    CYCLE = "cycle"
    HASTEN = "hasten"
    """Hasten's own write over SCIM, beside Entra."""


@dataclass(slots=True)
class Account:
    """An account in the app. `changed_at` is the real time of the last write."""

    user: str
    active: bool = True
    groups: set[str] = field(default_factory=set)
    profile: dict[str, Any] = field(default_factory=dict)
    changed_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Write:
    """One change in the app, in real epoch seconds."""

    at: float
    by: By
    what: str
    user: str
    group: str | None = None


class App:
    """The app. Every operation returns whether it changed anything."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self.accounts: dict[str, Account] = {}
        self.groups: dict[str, str] = {}
        """Display names by the id of the directory's group."""
        self.writes: list[Write] = []

    def put_account(self, user: str, profile: dict[str, Any], by: By) -> bool:
        """Creates the account, or makes it active with this profile."""
        account = self.accounts.get(user)
        if account is None:
            self.accounts[user] = Account(user, profile=profile)
            return self._wrote(by, "create", user)
        if account.active and account.profile == profile:
            return False
        what = "update" if account.active else "enable"
        account.active, account.profile = True, profile
        return self._wrote(by, what, user)

    def has(self, user: str, profile: dict[str, Any]) -> bool:
        """Returns whether there is an active account with this profile."""
        account = self.accounts.get(user)
        return account is not None and account.active and account.profile == profile

    def disable(self, user: str, by: By) -> bool:
        account = self.accounts.get(user)
        if account is None or not account.active:
            return False
        account.active = False
        return self._wrote(by, "disable", user)

    def delete(self, user: str, by: By) -> bool:
        if user not in self.accounts:
            return False
        self._wrote(by, "delete", user)
        del self.accounts[user]
        return True

    def put_group(self, group: str, name: str) -> bool:
        if self.groups.get(group) == name:
            return False
        self.groups[group] = name
        return True

    def join(self, user: str, group: str, by: By) -> bool:
        account = self.accounts[user]
        if group in account.groups:
            return False
        account.groups.add(group)
        return self._wrote(by, "join", user, group)

    def leave(self, user: str, group: str, by: By) -> bool:
        account = self.accounts.get(user)
        if account is None or group not in account.groups:
            return False
        account.groups.discard(group)
        return self._wrote(by, "leave", user, group)

    def _wrote(self, by: By, what: str, user: str, group: str | None = None) -> bool:
        at = self._wall()
        self.accounts[user].changed_at = at
        self.writes.append(Write(at, by, what, user, group))
        return True
