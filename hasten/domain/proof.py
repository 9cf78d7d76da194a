"""What the provisioning log says of a call that was answered with success: that is no proof."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from hasten.domain.changes import Change
from hasten.domain.connector_errors import NEXT_ACTIONS
from hasten.domain.cycle import time
from hasten.domain.redaction import redacted

SKEW = timedelta(seconds=5)
"""The log's clock and ours may differ by so much."""

PATIENCE = timedelta(hours=24)
"""Then a call without an entry is believed: Microsoft documents no latency of the log."""

GIVES = frozenset({"create", "enable"})
TAKES = frozenset({"disable", "delete", "stageddelete"})
"""What an export did. "update" says nothing: it may be a place in a group, given or taken."""


class Says(StrEnum):
    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Proof:
    says: Says
    reason: str = ""
    next_action: str = ""


def proof(change: Change, entries: Iterable[Mapping[str, Any]]) -> Proof:
    """`entries` tell of the user or of the group of the change. Those count that came after the
    call and can bear on it; one about the user goes before one about the group.

    The log does not say for which group a user was called, so a failure may be that of a later call
    for another one. Of a removal the newest entry decides: doubt costs a call. A grant that was
    confirmed once stays so: doubt would call it failed although it took.
    """
    since = (change.called_at or change.found_at) - SKEW
    newest_first = sorted((e for e in entries if _when(e) >= since), key=_when, reverse=True)
    for subject in (change.user, change.group):
        all_told = [_told(change, entry) for entry in newest_first if about(entry) == subject]
        told = [one for one in all_told if one is not None]
        confirmed = [] if change.is_removal else [t for t in told if t.says is Says.CONFIRMED]
        if told:
            return (confirmed or told)[0]
    return Proof(Says.NOTHING)


def _told(change: Change, entry: Mapping[str, Any]) -> Proof | None:
    info = entry.get("provisioningStatusInfo") or {}
    error = info.get("errorInformation") or {}
    code = str(error.get("errorCode") or "")
    action = str(entry.get("provisioningAction") or "").casefold()
    match str(info.get("status") or "").casefold():
        case "failure":
            reason = redacted(f"{code}: {error.get('reason') or 'the log gives no reason'}")
            return Proof(Says.CONTRADICTED, reason, NEXT_ACTIONS.get(code, ""))
        case "success" | "warning":
            is_of_another = action in (GIVES if change.is_removal else TAKES)
            return None if is_of_another else Proof(Says.CONFIRMED)
        case "skipped" if code == "RedundantExport":
            return Proof(Says.CONFIRMED)
    return None


def about(entry: Mapping[str, Any]) -> str:
    """The object id of what was provisioned."""
    return str((entry.get("sourceIdentity") or {}).get("id") or "").lower()


def _when(entry: Mapping[str, Any]) -> datetime:
    at = time(entry.get("activityDateTime"))
    if at is None:
        raise ValueError("an entry of the provisioning log has no activityDateTime")
    return at
