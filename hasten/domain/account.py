"""Reads what an answer of Entra, or an entry of its provisioning log, shows about an account in the
app.

A skip or a success alone does not prove that access was taken: Entra skips a leaver whose account
stays active (`SkipOutOfScopeDeletions`, or "Delete" unticked in the target object actions).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from hasten.domain.entra_words import status_of, word_of
from hasten.domain.redaction import redacted

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

    A matching step of an answer that succeeded without details found no account, if nothing else
    in the record names one (unconfirmed: no document shows such a step). The log may leave the
    details out, so there it says nothing.
    """
    found = [
        _found(step, record)
        for record in records
        for step in steps([record])
        if _kind(step) == "matching"
    ]
    return max(found, key=DOUBT.index, default=Account.UNKNOWN)


def _found(step: Mapping[str, Any], record: Mapping[str, Any]) -> Account:
    """Returns the account that one matching step shows. A step that did not succeed shows none."""
    details = step.get("details")
    if not isinstance(details, Mapping) or status_of(step.get("status")) not in DONE:
        return Account.UNKNOWN
    if not details and "type" in step and not _names_account(step, record):
        return Account.ABSENT
    shown = [_text(value) for name, value in details.items() if str(name).casefold() == "active"]
    known = {"true": Account.ACTIVE, "false": Account.INACTIVE}
    read = (known.get(active, Account.UNKNOWN) for active in shown)
    return max(read, key=DOUBT.index, default=Account.UNKNOWN)


def _names_account(step: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    """Returns whether the record has an identity in the app, or the step says that it found
    one."""
    target, said = record.get("targetIdentity"), str(step.get("description") or "")
    named = (
        [value for name, value in target.items() if "type" not in str(name).casefold()]
        if isinstance(target, Mapping)
        else [target]
    )
    return any(named) or "retrieved" in said.casefold() or redacted(said) != said


def took(records: Sequence[Mapping[str, Any]]) -> bool:
    """Returns whether a successful export took the account away, by its action or by setting
    `active` to false. A record with an error, a failed step or a skipped export took nothing. Where
    one also gave the account, or has an action that Hasten does not know to be made, nothing proves
    that the account is gone."""
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
    return word_of(record.get("action") or record.get("provisioningAction"))


def about(record: Mapping[str, Any]) -> str:
    """Returns the object id of the provisioned object; "" if the record does not say it."""
    source = record.get("sourceIdentity")
    return str(source.get("id") or "").lower() if isinstance(source, Mapping) else ""


def is_of(record: Mapping[str, Any], users: Collection[str]) -> bool:
    """Returns whether a record of an answer about `users` is about one of them. Its source decides,
    and if that has no id, the imported object and the values. Some answers name nobody."""
    source = record.get("sourceIdentity") or {}
    if not isinstance(source, Mapping) or word_of(source.get("type") or "user") != "user":
        return False
    named = {about(record)} - {""} or {_text(one) for one in _object_ids(record) if one}
    return named <= set(users)


def _object_ids(record: Mapping[str, Any]) -> Iterator[object]:
    """Yields the ids of the imported objects and among the values."""
    for step in steps([record]):
        yield detail_of(step, "objectId")
    for one in properties([record]):
        if word_of(one.get("displayName")) == "objectid":
            yield one.get("newValue")


def is_exported(record: Mapping[str, Any]) -> bool:
    """Returns whether the record has no error, every step says that it has not failed, and every
    export step that it has succeeded. A step of a type that Hasten does not know may be an export,
    and one with the reason of a skip was skipped whatever its type."""
    return not _error(record) and all(
        status_of(one.get("status")) in (PASSED if _kind(one) in STEPS_BEFORE_EXPORT else DONE)
        and not (detail_of(one, "SkipReason") or detail_of(one, "ErrorCode"))
        for one in steps([record])
    )


def _error(record: Mapping[str, Any]) -> object:
    """Returns the error code, if any. An answer has it in `statusInfo`, the provisioning log in the
    `errorInformation` of `provisioningStatusInfo`."""
    info = record.get("statusInfo") or record.get("provisioningStatusInfo")
    told = info if isinstance(info, Mapping) else {}
    error = told.get("errorInformation")
    return told.get("errorCode") or (error.get("errorCode") if isinstance(error, Mapping) else None)


def steps(records: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for record in records:
        yield from _objects(record.get("provisioningSteps"))


def skip_reason(records: Iterable[Mapping[str, Any]]) -> str:
    """Returns the code of the skipped step, or "" if there is none."""
    reasons = (detail_of(step, "SkipReason") for step in steps(records))
    return next((str(reason) for reason in reasons if reason), "")


def detail_of(step: Mapping[str, Any], wanted: str) -> object:
    """Returns the last detail of the step with this name, of which the case does not count; None if
    there is none."""
    details = step.get("details")
    listed = details.items() if isinstance(details, Mapping) else ()
    found = [value for name, value in listed if str(name).casefold() == wanted.casefold()]
    return found[-1] if found else None


def properties(records: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for record in records:
        yield from _objects(record.get("modifiedProperties"))


def _active(record: Mapping[str, Any]) -> frozenset[str]:
    """Returns what the record sets `active` to."""
    return frozenset(
        _text(one.get("newValue"))
        for one in properties([record])
        if word_of(one.get("displayName")) == "active"
    )


def _kind(step: Mapping[str, Any]) -> str:
    return word_of(step.get("type") or step.get("provisioningStepType"))


def _text(value: object) -> str:
    """Returns the value in lower case. Entra writes values as text, some of them in quotes."""
    return str(value).strip('" ').casefold()


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    """Yields the objects in the value. One that cannot be read is yielded as an empty one, which
    proves nothing and is not passed over."""
    listed = value if isinstance(value, list) else [] if value is None else [value]
    for item in listed:
        yield item if isinstance(item, Mapping) else {}
