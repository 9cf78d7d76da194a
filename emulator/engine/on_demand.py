"""Computes what one on-demand call does to the app. A user call keeps the account in step with the
assignment; only a group call changes the access that comes with the group."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from emulator.engine.app import Account, App, By
from emulator.engine.flows import may_disable, may_update
from emulator.engine.scope import Entitlement, Scope, profile
from emulator.graph.objects import Entity


class Membership(StrEnum):
    """The effect of a call or a cycle on a membership."""

    UNCHANGED = "unchanged"
    ADDED = "added"
    REMOVED = "removed"


class Code(StrEnum):
    SUCCESS = "Success"
    REDUNDANT = "RedundantExport"
    NOT_ENTITLED = "NotEffectivelyEntitled"
    ACTION_OFF = "EntrySynchronizationSkipped"
    """The mapping lacks the action that the change needs."""

    FAILURE = "Failure"


@dataclass(frozen=True)
class Outcome:
    """The single verdict of a call. `action` is what the export did, in the words of the logs;
    `error_code` comes from the connector and is set only with FAILURE. `matched` is the account as
    the call found it in the app. The answer does not show the `members` of a group; the logs do."""

    code: Code
    subject: Entity
    action: str
    entitlement: Entitlement
    error_code: str = ""
    members: Sequence["Outcome"] = ()
    matched: Account | None = None
    membership: Membership = Membership.UNCHANGED


def provision_user(app: App, scope: Scope, user: Entity) -> Outcome:
    """Provisions a user. Users disabled or deleted in the directory cannot be provisioned on
    demand."""
    matched = _copy(app.accounts.get(user.id))
    return replace(_provision_user(app, scope, user), matched=matched)


def _provision_user(app: App, scope: Scope, user: Entity) -> Outcome:
    entitled = scope.entitlement(user.id)
    if entitled.is_entitled:
        return _put_account(app, scope, user, entitled)
    account = app.accounts.get(user.id)
    if not entitled.is_active or account is None or not account.active:
        return Outcome(Code.NOT_ENTITLED, user, "Other", entitled)
    if may_disable(scope.behaviours, entitled):
        app.disable(user.id, By.ON_DEMAND)
        return Outcome(Code.SUCCESS, user, "Disable", entitled)
    return Outcome(_why_left_active(scope), user, "Other", entitled)


def _why_left_active(scope: Scope) -> Code:
    """Returns Entra's answer for an account that it was not allowed to disable."""
    behaviours = scope.behaviours
    if behaviours.skip_out_of_scope or behaviours.no_delete_flow:
        return Code.NOT_ENTITLED
    return Code.ACTION_OFF if behaviours.no_update_flow else Code.REDUNDANT


def _put_account(app: App, scope: Scope, user: Entity, entitled: Entitlement) -> Outcome:
    is_known = user.id in app.accounts
    if is_known and not may_update(scope.behaviours):
        is_same = app.has(user.id, profile(user))
        code = Code.REDUNDANT if is_same else Code.ACTION_OFF
        return Outcome(code, user, "Other", entitled)
    changed = app.put_account(user.id, profile(user), By.ON_DEMAND)
    return _outcome(user, "Update" if is_known else "Create", entitled, changed=changed)


def provision_group(app: App, scope: Scope, group: Entity, members: Sequence[Entity]) -> Outcome:
    """Brings the group and the memberships of the named members in step with the directory.

    The call has one verdict for all of them: not entitled if any member is not, although the others
    have been provisioned.
    """
    if group.id not in scope.principals():
        return Outcome(Code.NOT_ENTITLED, group, "Other", Entitlement(True, assigned=False))  # noqa: FBT003
    changed = app.put_group(group.id, group.name)
    served = [_provision_member(app, scope, group, member) for member in members]
    changed |= any(outcome.code is Code.SUCCESS for outcome in served)
    left_out = [outcome for outcome in served if outcome.code is Code.NOT_ENTITLED]
    if left_out:
        entitled = left_out[-1].entitlement
        return Outcome(Code.NOT_ENTITLED, group, "Other", entitled, members=served)
    entitled = Entitlement(is_active=True, assigned=True)
    return replace(_outcome(group, "Update", entitled, changed=changed), members=served)


def failed(subject: Entity, error_code: str, members: Sequence[Entity] = ()) -> Outcome:
    """Returns the outcome of a call that the app refused; nothing was changed."""
    entitled = Entitlement(is_active=True, assigned=True)
    outcomes = [failed(member, error_code) for member in members]
    return Outcome(Code.FAILURE, subject, "Other", entitled, error_code, outcomes)


def _provision_member(app: App, scope: Scope, group: Entity, member: Entity) -> Outcome:
    matched = _copy(app.accounts.get(member.id))
    return replace(_put_member(app, scope, group, member), matched=matched)


def _put_member(app: App, scope: Scope, group: Entity, member: Entity) -> Outcome:
    entitled = scope.entitlement(member.id)
    if member.id not in scope.members(group):
        is_removed = not scope.behaviours.members_not_removed
        left = is_removed and app.leave(member.id, group.id, By.ON_DEMAND)
        membership = Membership.REMOVED if left else Membership.UNCHANGED
        outcome = _outcome(member, "Update", entitled, changed=left)
        return replace(outcome, membership=membership)
    if member.kind != "user" or not entitled.is_active:
        return Outcome(Code.NOT_ENTITLED, member, "Other", entitled)
    account = _put_account(app, scope, member, entitled)
    if not app.join(member.id, group.id, By.ON_DEMAND):
        return account
    if account.code is not Code.SUCCESS:
        account = Outcome(Code.SUCCESS, member, "Update", entitled)
    return replace(account, membership=Membership.ADDED)


def _copy(account: Account | None) -> Account | None:
    """Returns a copy of the account as it is now, because the app's own continues to change."""
    return None if account is None else replace(account, groups=set(account.groups))


def _outcome(subject: Entity, action: str, entitled: Entitlement, *, changed: bool) -> Outcome:
    if changed:
        return Outcome(Code.SUCCESS, subject, action, entitled)
    return Outcome(Code.REDUNDANT, subject, "Other", entitled)
