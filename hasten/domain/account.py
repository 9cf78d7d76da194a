"""Reads what an answer of Entra, or an entry of its provisioning log, shows about an account in the
app.

A skip or a success alone does not prove that access was taken: Entra skips a leaver whose account
stays active (`SkipOutOfScopeDeletions`, or "Delete" unticked in the target object actions).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from hasten.domain.entra_words import status_of

DELETE = "delete"
TAKING_ACTIONS = frozenset({DELETE, "disable"})
STAGED_ACTIONS = frozenset({"stageddelete", "stagedaction"})
"""Provisioning actions of a removal that Entra has not made, because the threshold against
accidental deletions stops it (Entra docs, accidental deletions prevention)."""

GIVING_ACTIONS = frozenset({"create", "enable"})
"""Provisioning actions that give an account. "update" and "other" prove nothing alone."""

MADE_ACTIONS = TAKING_ACTIONS | GIVING_ACTIONS | {"update", "other"}
"""Provisioning actions that Entra has made. Graph may add others, and shows one that it does not
want to name as `unknownFutureValue`: it may stand for a removal that Entra has not made."""

DONE = frozenset({"success"})
PASSED = DONE | {"warning", "skipped"}
STEPS_BEFORE_EXPORT = frozenset(
    {"import", "scoping", "matching", "processing", "referenceresolution"}
)
"""Types of steps that change nothing in the app (Graph, provisioningStep)."""


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
    if not isinstance(details, Mapping) or status_of(step.get("status")) not in DONE:
        return Account.UNKNOWN
    if not details and "type" in step:
        return Account.ABSENT
    shown = [_text(value) for name, value in details.items() if str(name).casefold() == "active"]
    known = {"true": Account.ACTIVE, "false": Account.INACTIVE}
    read = (known.get(active, Account.UNKNOWN) for active in shown)
    return max(read, key=DOUBT.index, default=Account.UNKNOWN)


def took(records: Sequence[Mapping[str, Any]]) -> bool:
    """Returns whether a successful export took the account away, by its action or by setting
    `active` to false. A record with a step that failed, or whose export step was skipped, took
    nothing. Where one also gave the account, or has an action that Hasten does not know to be made,
    nothing proves that the account is gone."""
    is_known = all(action_of(one) in MADE_ACTIONS for one in records)
    is_taken = any(is_exported(one) and names_removal(one) for one in records)
    return is_known and is_taken and not any(map(names_grant, records))


def names_removal(record: Mapping[str, Any]) -> bool:
    """Returns whether the record names a removal of the account, made or not."""
    return action_of(record) in TAKING_ACTIONS | STAGED_ACTIONS or "false" in _active(record)


def names_grant(record: Mapping[str, Any]) -> bool:
    """Returns whether the record names a grant of the account, made or not."""
    return action_of(record) in GIVING_ACTIONS or "true" in _active(record)


def action_of(record: Mapping[str, Any]) -> str:
    """Returns the action in lower case; "" if the record does not say it. An answer calls it
    `action`, the provisioning log `provisioningAction`."""
    return str(record.get("action") or record.get("provisioningAction") or "").casefold()


def about(record: Mapping[str, Any]) -> str:
    """Returns the object id of the provisioned object; "" if the record does not say it."""
    source = record.get("sourceIdentity")
    return str(source.get("id") or "").lower() if isinstance(source, Mapping) else ""


def is_exported(record: Mapping[str, Any]) -> bool:
    """Returns whether every step of the record says that it has not failed, and every export step
    that it has succeeded. A step of a type that Hasten does not know may be an export."""
    return all(
        status_of(one.get("status")) in (PASSED if _kind(one) in STEPS_BEFORE_EXPORT else DONE)
        for one in steps([record])
    )


def steps(records: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for record in records:
        yield from _objects(record.get("provisioningSteps"))


def skip_reason(records: Iterable[Mapping[str, Any]]) -> str:
    """Returns the code of the skipped step, or "" if there is none."""
    for step in steps(records):
        details = step.get("details")
        for name, reason in details.items() if isinstance(details, Mapping) else ():
            if reason and str(name).casefold() == "skipreason":
                return str(reason)
    return ""


def properties(records: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for record in records:
        yield from _objects(record.get("modifiedProperties"))


def _active(record: Mapping[str, Any]) -> frozenset[str]:
    """Returns what the record sets `active` to."""
    return frozenset(
        _text(one.get("newValue"))
        for one in properties([record])
        if str(one.get("displayName") or "").casefold() == "active"
    )


def _kind(step: Mapping[str, Any]) -> str:
    return str(step.get("type") or step.get("provisioningStepType") or "").casefold()


def _text(value: object) -> str:
    """Returns the value in lower case. Entra writes values as text, some of them in quotes."""
    return str(value).strip('"').casefold()


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, Mapping):
            yield item
