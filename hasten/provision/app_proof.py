"""Asks the app itself whether calls took effect, for targets whose app Hasten can read. There the
app has the last word: the provisioning log alone confirms no revocation, and no grant at once."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress

from hasten.context import Context
from hasten.domain.app_account import AppAccount, DeactivationIs, NoAccount
from hasten.domain.app_grant_proof import (
    WantedGrant,
    granted,
    is_shown_in_app,
    needs_account_only,
)
from hasten.domain.app_proof import NOT_ASKED, Shown, Unclear, rests_on_app, weighed
from hasten.domain.changes import Change, State
from hasten.domain.planning import AssignmentStatus, GrantsBy
from hasten.domain.proof import Proof, Says
from hasten.errors import PermanentError, TemporaryError
from hasten.provision.read_app import shown_by
from hasten.provision.removal_status import removal_status
from hasten.records.discovered import DiscoveredTarget

NOBODY = Unclear(NOT_ASKED)


async def with_app(
    context: Context, found: DiscoveredTarget, said: Mapping[Change, Proof]
) -> Mapping[Change, Proof]:
    """Returns what is proven about each row. `said` is what the provisioning log says about it.
    Without `scim` the log alone decides. In observe mode Hasten reads the app as well."""
    target = context.targets.get(found.target)
    removals = [row for row, log in said.items() if _asks(row, log)]
    grants = [row for row in said if is_shown_in_app(row)]
    if target is None or target.scim is None or not (removals or grants):
        return said
    shown = await shown_by(context, target.name, target.scim, found.match, [*removals, *grants])
    wanted = await _wanted(context, found, grants, shown, by_user=target.grants_by is GrantsBy.USER)
    deletes = target.scim.deactivation_is is DeactivationIs.DELETES
    now = context.now()
    of_removals = {
        row: weighed(row, said[row], shown.get(row.user, NOBODY), deletes=deletes, at=now)
        for row in removals
    }
    of_grants = {
        row: granted(row, said[row], shown.get(row.user, NOBODY), wanted[row], at=now)
        for row in grants
    }
    return {**said, **of_removals, **of_grants}


def _asks(row: Change, log: Proof) -> bool:
    """Returns whether the app is asked about the removal. A held row matters once the log says that
    Entra's own cycle has carried it out."""
    is_idle = row.state is State.HELD and log.says is not Says.CONFIRMED
    return rests_on_app(row) and not is_idle


async def _wanted(
    context: Context,
    found: DiscoveredTarget,
    grants: Sequence[Change],
    shown: Mapping[str, Shown],
    *,
    by_user: bool,
) -> Mapping[Change, WantedGrant]:
    """Returns what each grant should bring about. Graph is asked only where the app contradicts a
    grant: the user may have left, or may be disabled since."""
    doubted = [row for row in grants if _is_contradicting(shown.get(row.user))]
    known, _ = await removal_status(context, found.service_principal, doubted)
    assigned = {u for u, status in known.items() if status.standing is AssignmentStatus.ASSIGNED}
    of_group = [row for row in grants if not needs_account_only(row, by_user=by_user)]
    listing = [row for row in of_group if _lists_groups(shown.get(row.user))]
    names = await _names(context, {row.group for row in listing})
    return {
        row: WantedGrant(
            by_group=row in of_group,
            group=names.get(row.group, ""),
            is_assigned=row.user in assigned,
        )
        for row in grants
    }


async def _names(context: Context, groups: Collection[str]) -> Mapping[str, str]:
    """Returns the display names of the groups, without those that Graph cannot show: their grants
    wait, and delay no revocation."""
    names: dict[str, str] = {}
    for group in sorted(groups):
        with suppress(PermanentError, TemporaryError):
            known = await context.directory.group(group)
            names[group] = str((known or {}).get("displayName") or "")
    return {group: name for group, name in names.items() if name}


def _lists_groups(shown: Shown | None) -> bool:
    return isinstance(shown, AppAccount) and bool(shown.groups)


def _is_contradicting(shown: Shown | None) -> bool:
    """Returns whether the app may show no account, no active one, or not the group."""
    match shown:
        case NoAccount() | AppAccount(active=False):
            return True
        case AppAccount(groups=groups):
            return bool(groups)
    return False
