"""Reads what an answer of Entra, or an entry of its provisioning log, shows about an account in the
app.

A skip or a success alone does not prove that access was taken: Entra skips a leaver whose account
stays active (`SkipOutOfScopeDeletions`, or "Delete" unticked in the target object actions).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from hasten.domain.redaction import SUCCESS_STATUSES

DELETE = "delete"
TAKING_ACTIONS = frozenset({DELETE, "disable"})
STAGED_ACTIONS = frozenset({"stageddelete", "stagedaction"})
"""Provisioning actions of a removal that Entra has not made, because the threshold against
accidental deletions stops it (Entra docs, accidental deletions prevention)."""

GIVING_ACTIONS = frozenset({"create", "enable"})
"""Provisioning actions that give an account. "update" and "other" prove nothing alone."""


class Account(StrEnum):
    """The state of an account in the app, as Entra reports it."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    ABSENT = "absent"
    UNKNOWN = "unknown"

    @property
    def is_out(self) -> bool:
        return self in {Account.INACTIVE, Account.ABSENT}


DOUBT = (Account.ABSENT, Account.INACTIVE, Account.UNKNOWN, Account.ACTIVE)
"""The states in the order of what they leave to doubt about a revocation."""


def matched(records: Iterable[Mapping[str, Any]]) -> Account:
    """Returns the account as the matching steps found it. An answer calls the type of a step
    `type`, the provisioning log calls it `provisioningStepType` (Graph, provisioningStep). Where
    the steps differ, the worst for a revocation counts, because nothing says which of them is the
    user's.

    A matching step of an answer that succeeded without details found no account (unconfirmed: no
    document shows one). The log may leave the details out, so there it says nothing.
    """
    found = [_found(step) for step in steps(records) if _kind(step) == "matching"]
    return max(found, key=DOUBT.index, default=Account.UNKNOWN)


def _found(step: Mapping[str, Any]) -> Account:
    """Returns the account that one matching step shows. A step that did not succeed shows none."""
    details = step.get("details")
    if not (isinstance(details, Mapping) and _has_succeeded(step)):
        return Account.UNKNOWN
    if not details and "type" in step:
        return Account.ABSENT
    shown = [_text(value) for name, value in details.items() if str(name).casefold() == "active"]
    known = {"true": Account.ACTIVE, "false": Account.INACTIVE}
    read = (known.get(active, Account.UNKNOWN) for active in shown)
    return max(read, key=DOUBT.index, default=Account.UNKNOWN)


def took(records: Iterable[Mapping[str, Any]], action: str = "") -> bool:
    """Returns whether a successful export took the account away, by its action or by setting
    `active` to false. A record with a step that failed, or whose export step was skipped, took
    nothing, and one that also gave the account proves nothing."""
    exported = [one for one in records if is_exported(one)]
    is_given = _does(exported, action, GIVING_ACTIONS, "true")
    return _does(exported, action, TAKING_ACTIONS, "false") and not is_given


def gave(record: Mapping[str, Any], action: str) -> bool:
    """Returns whether a successful export gave the account, by its action or by setting `active` to
    true."""
    return is_exported(record) and _does([record], action, GIVING_ACTIONS, "true")


def about(record: Mapping[str, Any]) -> str:
    """Returns the object id of the provisioned object; "" if the record does not say it."""
    source = record.get("sourceIdentity")
    return str(source.get("id") or "").lower() if isinstance(source, Mapping) else ""


def _does(
    exported: Sequence[Mapping[str, Any]], action: str, actions: frozenset[str], active: str
) -> bool:
    named = {action.casefold(), *(str(one.get("action") or "").casefold() for one in exported)}
    return bool(exported) and (bool(named & actions) or active in map(_text, _active(exported)))


def is_exported(record: Mapping[str, Any]) -> bool:
    """Returns whether no export step of the record says that it was skipped, and no step of any
    kind that it has failed."""
    return all(
        _has_succeeded(one) if _kind(one) == "export" else not _has_failed(one)
        for one in steps([record])
    )


def steps(records: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for record in records:
        yield from _objects(record.get("provisioningSteps"))


def skip_reason(records: Iterable[Mapping[str, Any]]) -> str:
    """Returns the code of the skipped step, or "" if there is none."""
    for step in steps(records):
        details = step.get("details")
        reason = details.get("SkipReason") if isinstance(details, Mapping) else None
        if reason:
            return str(reason)
    return ""


def properties(records: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for record in records:
        yield from _objects(record.get("modifiedProperties"))


def _active(records: Iterable[Mapping[str, Any]]) -> Iterator[object]:
    for one in properties(records):
        if str(one.get("displayName") or "").casefold() == "active":
            yield one.get("newValue")


def _has_succeeded(step: Mapping[str, Any]) -> bool:
    return str(step.get("status")).casefold() in SUCCESS_STATUSES


def _has_failed(step: Mapping[str, Any]) -> bool:
    return str(step.get("status")).casefold() in {"failure", "failed"}


def _kind(step: Mapping[str, Any]) -> str:
    return str(step.get("type") or step.get("provisioningStepType") or "").casefold()


def _text(value: object) -> str:
    """Returns the value in lower case. Entra writes values as text, some of them in quotes."""
    return str(value).strip('"').casefold()


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, Mapping):
            yield item
