"""Events of hasten/provision: calls, results of changes, and proof."""

from dataclasses import dataclass
from typing import Annotated, Literal

from hasten.domain.app_revocation import AppRevocationResult
from hasten.domain.changes import Action, State
from hasten.domain.verdicts import Result
from hasten.ports.telemetry import (
    Count,
    Event,
    FieldKind,
    Id,
    Ids,
    Label,
    Milliseconds,
    Seconds,
    Text,
)


@dataclass(frozen=True, kw_only=True)
class CallSent(Event):
    """Hasten sent an on-demand call. `waited_ms` counts from the notification of its oldest
    change."""

    name = "call"
    result: Literal["sent"] = "sent"
    target: Label
    group: Id | None
    users: Ids
    removal: Annotated[bool, FieldKind.LABEL]
    waited_ms: Milliseconds


@dataclass(frozen=True, kw_only=True)
class CallEnded(Event):
    """Entra answered an on-demand call; the result is the verdict."""

    name = "call"
    problems = frozenset({Result.FAILED, Result.NOT_PERMITTED})
    alerts = frozenset({"degraded", "target-unhealthy"})
    repeats = frozenset({Result.NOT_PERMITTED})
    result: Result
    target: Label
    group: Id | None
    code: Text
    reason: Text
    next_action: Text
    seconds: Seconds


@dataclass(frozen=True, kw_only=True)
class ChangeMoved(Event):
    """A change has a new state. `seconds` counts from the notification, once the change ended."""

    name = "change"
    problems = frozenset({State.FAILED})
    alerts = frozenset({"revocation-failed"})
    result: State
    target: Label
    group: Id
    user: Id
    action: Annotated[Action, FieldKind.LABEL]
    reason: Text
    next_action: Text
    found_by: Label
    seconds: Seconds | None = None


@dataclass(frozen=True, kw_only=True)
class AppRevocationEnded(Event):
    """Hasten tried to take a user's access in the app itself. If it could not, it leaves the
    removal to Entra ID; a user whom Entra ID cannot reach waits for the app."""

    name = "app_revocation"
    problems = frozenset(
        {
            AppRevocationResult.NOT_FOUND,
            AppRevocationResult.REFUSED,
            AppRevocationResult.SEVERAL_ACCOUNTS,
            AppRevocationResult.STILL_ACTIVE,
        }
    )
    repeats = frozenset({AppRevocationResult.NOT_FOUND, AppRevocationResult.REFUSED})
    alerts = frozenset({"degraded", "revocation-failed"})
    result: AppRevocationResult
    target: Label
    user: Id
    reason: Text
    next_action: Text
    seconds: Seconds


@dataclass(frozen=True, kw_only=True)
class AppRefused(Event):
    """The app refuses Hasten, or several users in a row, or the token of `scim` is missing: until
    an operator acts, Entra ID alone takes access, and its own cycle that of disabled and deleted
    users."""

    name = "app_revocation"
    problems = frozenset({"not_usable"})
    alerts = frozenset({"target-unhealthy"})
    repeats = frozenset({"not_usable"})
    result: Literal["not_usable"] = "not_usable"
    target: Label
    reason: Text
    next_action: Text


@dataclass(frozen=True, kw_only=True)
class BreakerOpened(Event):
    """Hasten stops the calls of a target for a while."""

    name = "breaker"
    problems = frozenset({"open"})
    alerts = frozenset({"target-unhealthy"})
    repeats = frozenset({"open"})
    result: Literal["open"] = "open"
    target: Label
    reason: Text


@dataclass(frozen=True, kw_only=True)
class LimitShared(Event):
    """Graph refused a call of this target, and only the calls of other targets can explain it. From
    now on all targets share the limit of calls."""

    name = "limit"
    result: Literal["shared"] = "shared"
    target: Label


@dataclass(frozen=True, kw_only=True)
class LimitSeparated(Event):
    """The targets have shared the limit of calls for 24 hours. Now each target has its own limit
    again. The drain of this target ended the sharing."""

    name = "limit"
    result: Literal["separate"] = "separate"
    target: Label


@dataclass(frozen=True, kw_only=True)
class DrainSkipped(Event):
    """A drain ended early: targets.yaml does not name its target, or another drain took over."""

    name = "drain"
    problems = frozenset({"unknown_target"})
    alerts = frozenset({"work-given-up"})
    result: Literal["unknown_target", "displaced"]
    target: Label


@dataclass(frozen=True, kw_only=True)
class DrainCrashed(Event):
    """The work on the changes of these users ended with an unexpected exception: a defect of
    Hasten. The changes wait for a growing pause, and Hasten continues with other users."""

    name = "drain"
    problems = frozenset({"crashed"})
    alerts = frozenset({"unexpected-error"})
    repeats = frozenset({"crashed"})
    result: Literal["crashed"] = "crashed"
    target: Label
    users: Ids
    reason: Text
    trace: Text


@dataclass(frozen=True, kw_only=True)
class LogUnreadable(Event):
    """Graph refused to show the provisioning log; Hasten relies on the answers alone."""

    name = "log"
    problems = frozenset({"unreadable"})
    alerts = frozenset({"degraded"})
    repeats = frozenset({"unreadable"})
    result: Literal["unreadable"] = "unreadable"
    target: Label
    reason: Text
    next_action: Text


@dataclass(frozen=True, kw_only=True)
class LogEntriesUnread(Event):
    """Some entries of the provisioning log cannot be read, and prove nothing. All other entries
    count. Hasten reads them again every five minutes, while it needs the log of that time.
    `subjects` are the users and groups that they are about, as far as the entries say it."""

    name = "log_entry"
    problems = frozenset({"unreadable"})
    alerts = frozenset({"degraded"})
    repeats = frozenset({"unreadable"})
    result: Literal["unreadable"] = "unreadable"
    target: Label
    entries: Count
    subjects: Ids
    reason: Text
    next_action: Text


RevocationDoubt = Literal["revocation_not_taken", "revocation_overdue", "revocation_unproven"]


@dataclass(frozen=True, kw_only=True)
class RevocationDoubted(Event):
    """A removal failed, Entra's own cycle is overdue with it, the app itself has not shown it for
    an hour, or nothing has shown what a cycle took from a deleted user: the user may still have
    access."""

    name = "alert"
    problems = frozenset({"revocation_not_taken", "revocation_overdue", "revocation_unproven"})
    alerts = frozenset({"revocation-failed"})
    result: RevocationDoubt
    target: Label
    group: Id
    user: Id
    reason: Text


@dataclass(frozen=True, kw_only=True)
class GrantDoubted(Event):
    """Entra answered a grant with success, and the app itself does not show it: the user may lack
    access."""

    name = "alert"
    problems = frozenset({"grant_unproven"})
    alerts = frozenset({"degraded"})
    result: Literal["grant_unproven"] = "grant_unproven"
    target: Label
    group: Id
    user: Id
    reason: Text
    next_action: Text
