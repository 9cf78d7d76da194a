"""Emulates Entra's own provisioning cycle, which brings the whole app in step with the
directory."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from emulator.engine.app import App, By
from emulator.engine.flows import may_delete, may_disable, may_update
from emulator.engine.scope import Scope, profile

INTERVAL = 40 * 60.0
"""Seconds between two cycles (Entra docs: "typically every 40 minutes", not configurable)."""

QUARANTINE_INTERVAL = 24 * 3600.0
"""Seconds between two cycles in quarantine: "once a day"."""


@dataclass(frozen=True)
class Export:
    """One user whose account or groups the cycle changed in the app."""

    user: str
    action: str
    account: bool
    """True if the account itself was changed, and not only its groups."""

    added: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    """Ids of the groups."""


def run(app: App, scope: Scope, by: By = By.CYCLE, *, has_groups: bool = True) -> list[Export]:
    """Returns what was changed. Without `has_groups` the job provisions users alone."""
    wanted = _wanted(scope)
    if not has_groups:
        wanted = {user: set() for user in wanted}
    for group in {group for groups in wanted.values() for group in groups}:
        app.put_group(group, scope.directory.groups[group].name)
    return [*_grants(app, scope, wanted, by), *_revocations(app, scope, wanted, by)]


def _wanted(scope: Scope) -> dict[str, set[str]]:
    """Returns, for each user in scope, the assigned groups that the account must be in."""
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
        account = False
        if is_new or may_update(scope.behaviours):
            account = app.put_account(user_id, profile(scope.directory.users[user_id]), by)
        added = {group for group in groups if app.join(user_id, group, by)}
        others = app.accounts[user_id].groups - groups
        removed = {group for group in others if app.leave(user_id, group, by)}
        if account or added or removed:
            action = "Create" if is_new else "Update"
            yield Export(user_id, action, account=account, added=added, removed=removed)


def _revocations(app: App, scope: Scope, wanted: dict[str, set[str]], by: By) -> Iterator[Export]:
    for user_id in [user_id for user_id in app.accounts if user_id not in wanted]:
        groups = tuple(app.accounts[user_id].groups)
        removed = {group for group in groups if app.leave(user_id, group, by)}
        if user_id not in scope.directory.users:
            if may_delete(scope.behaviours):
                app.delete(user_id, by)
                yield Export(user_id, "Delete", account=True, removed=removed)
            continue
        account = _disable(app, scope, user_id, by)
        if account or removed:
            action = "Update" if app.accounts[user_id].active else "Disable"
            yield Export(user_id, action, account=account, removed=removed)


def _disable(app: App, scope: Scope, user_id: str, by: By) -> bool:
    may = may_disable(scope.behaviours, scope.entitlement(user_id))
    return may and app.disable(user_id, by)
