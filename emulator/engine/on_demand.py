"""What one on-demand call does to the app. A user call keeps the account in step with the
assignment; only a group call gives and takes the access that comes with the group."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from emulator.engine.app import App, By
from emulator.engine.scope import Entitlement, Scope, profile
from emulator.graph.objects import Entity


class Code(StrEnum):
    SUCCESS = "Success"
    REDUNDANT = "RedundantExport"
    NOT_ENTITLED = "NotEffectivelyEntitled"
    FAILURE = "Failure"


@dataclass(frozen=True)
class Outcome:
    """The one verdict of a call. `action` is what the export did, in the words of the logs;
    `error_code` is the connector's and stands only beside FAILURE. The answer tells nothing of
    the `members` of a group; the logs do."""

    code: Code
    subject: Entity
    action: str
    entitlement: Entitlement
    error_code: str = ""
    members: Sequence["Outcome"] = ()


def provision_user(app: App, scope: Scope, user: Entity) -> Outcome:
    """Users disabled or deleted in the directory are out of reach on demand."""
    entitled = scope.entitlement(user.id)
    if not entitled.is_active:
        return Outcome(Code.NOT_ENTITLED, user, "Other", entitled)
    if entitled.assigned:
        action = "Update" if user.id in app.accounts else "Create"
        changed = app.put_account(user.id, profile(user), By.ON_DEMAND)
        return _outcome(user, action, entitled, changed=changed)
    if app.disable(user.id, By.ON_DEMAND):
        return Outcome(Code.SUCCESS, user, "Disable", entitled)
    return Outcome(Code.NOT_ENTITLED, user, "Other", entitled)


def provision_group(app: App, scope: Scope, group: Entity, members: Sequence[Entity]) -> Outcome:
    """Puts the group and the named members' place in it in step with the directory as it is now.

    The call has one verdict for all of them: not entitled when any member is not, though the
    others have been served.
    """
    assigned = group.id in scope.principals()
    if not assigned:
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
    """The app refused: nothing was done."""
    entitled = Entitlement(is_active=True, assigned=True)
    told = [failed(member, error_code) for member in members]
    return Outcome(Code.FAILURE, subject, "Other", entitled, error_code, told)


def _provision_member(app: App, scope: Scope, group: Entity, member: Entity) -> Outcome:
    entitled = scope.entitlement(member.id)
    if member.id not in group.members:
        left = app.leave(member.id, group.id, By.ON_DEMAND)
        return _outcome(member, "Update", entitled, changed=left)
    if member.kind != "user" or not entitled.is_active:
        return Outcome(Code.NOT_ENTITLED, member, "Other", entitled)
    action = "Update" if member.id in app.accounts else "Create"
    changed = app.put_account(member.id, profile(member), By.ON_DEMAND)
    changed |= app.join(member.id, group.id, By.ON_DEMAND)
    return _outcome(member, action, entitled, changed=changed)


def _outcome(subject: Entity, action: str, entitled: Entitlement, *, changed: bool) -> Outcome:
    if changed:
        return Outcome(Code.SUCCESS, subject, action, entitled)
    return Outcome(Code.REDUNDANT, subject, "Other", entitled)
