"""Entra's own provisioning cycle: brings the whole app in step with the directory."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from emulator.engine.app import App, By
from emulator.engine.flows import may_delete, may_disable, may_update
from emulator.engine.scope import Scope, profile

INTERVAL = 40 * 60.0
"""Seconds between two cycles (Entra docs: "typically every 40 minutes", not configurable)."""

QUARANTINE_INTERVAL = 24 * 3600.0
"""Seconds between two cycles in quarantine: "once a day"."""


@dataclass(frozen=True)
class Export:
    """One object that the cycle changed in the app."""

    user: str
    action: str


def run(app: App, scope: Scope, by: By = By.CYCLE) -> list[Export]:
    wanted = _wanted(scope)
    for group in {group for groups in wanted.values() for group in groups}:
        app.put_group(group, scope.directory.groups[group].name)
    return [*_grants(app, scope, wanted, by), *_revocations(app, scope, wanted, by)]


def _wanted(scope: Scope) -> dict[str, set[str]]:
    """For each user in scope the assigned groups that the account must be in."""
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    for principal_id in scope.principals():
        group = scope.directory.groups.get(principal_id)
        for user_id in scope.members(group) if group else (principal_id,):
            user = scope.directory.users.get(user_id)
            if user is not None and user.is_enabled:
                wanted[user_id] |= {group.id} if group else set()
    return wanted


def _grants(app: App, scope: Scope, wanted: dict[str, set[str]], by: By) -> Iterator[Export]:
    for user_id, groups in wanted.items():
        is_new = user_id not in app.accounts
        changed = False
        if is_new or may_update(scope.behaviours):
            changed = app.put_account(user_id, profile(scope.directory.users[user_id]), by)
        for group in groups:
            changed |= app.join(user_id, group, by)
        for group in app.accounts[user_id].groups - groups:
            changed |= app.leave(user_id, group, by)
        if changed:
            yield Export(user_id, "Create" if is_new else "Update")


def _revocations(app: App, scope: Scope, wanted: dict[str, set[str]], by: By) -> Iterator[Export]:
    for user_id in [user_id for user_id in app.accounts if user_id not in wanted]:
        changed = False
        for group in tuple(app.accounts[user_id].groups):
            changed |= app.leave(user_id, group, by)
        if user_id not in scope.directory.users:
            if may_delete(scope.behaviours):
                app.delete(user_id, by)
                yield Export(user_id, "Delete")
        elif _disable(app, scope, user_id, by) or changed:
            yield Export(user_id, "Update" if app.accounts[user_id].active else "Disable")


def _disable(app: App, scope: Scope, user_id: str, by: By) -> bool:
    may = may_disable(scope.behaviours, scope.entitlement(user_id))
    return may and app.disable(user_id, by)
