"""Says how the ledger stores a row: under which key, and with which fields."""

from typing import Any

from hasten.domain.changes import (
    DIRECT,
    OWN_ACCOUNT,
    Action,
    Cause,
    Change,
    FoundBy,
    HeldBy,
    State,
)
from hasten.json import Json
from hasten.object_ids import is_object_id
from hasten.records import stand_ins
from hasten.records.fields import moment
from hasten.records.ledger_keys import DONE_PREFIX, LEDGER_COLLECTION, OPEN_PREFIX, PROOF_PREFIX
from hasten.records.row_mapping import RowMapping
from hasten.records.row_outcomes import outcomes_of
from hasten.records.values import values, without_unset

TIMES = (
    "noticed_at",
    "found_at",
    "seen_at",
    "due_at",
    "called_at",
    "finished_at",
    "expected_at",
    "grant_called_at",
    "removal_called_at",
    "unread_since",
)

ADDED_LAST = frozenset(
    {"grant_called_at", "removal_called_at", "unread_since", "also_added", "cycle_showed_nothing"}
)
"""The newest fields: older versions of Hasten do not know them."""


def _key_prefix(change: Change) -> str:
    if change.is_open:
        return OPEN_PREFIX
    return PROOF_PREFIX if change.needs_proof else DONE_PREFIX


def _name(change: Change) -> str:
    return f"{change.group}|{change.user}"


def _body(change: Change) -> Json:
    body = values(change)
    body["causes"] = [values(cause) for cause in change.causes]
    for name in TIMES:
        body[name] = body[name].isoformat() if body[name] else None
    return without_unset(body, ADDED_LAST)


def _parse(body: Json) -> Change:
    fields: dict[str, Any] = dict(body)
    for name in TIMES:
        fields[name] = moment(fields[name]) if fields.get(name) else None
    fields["action"] = Action(fields["action"])
    fields["state"] = State(fields["state"])
    fields["found_by"] = FoundBy(fields["found_by"])
    fields["held_by"] = HeldBy(fields["held_by"]) if fields["held_by"] else None
    fields["route"] = tuple(fields.get("route", ()))
    fields["steps"] = tuple(fields.get("steps", ()))
    fields["causes"] = tuple(Cause(**cause) for cause in fields["causes"])
    change = Change(**fields)
    if change.held_by is HeldBy.UNREADABLE:
        raise ValueError("no row is stored as unreadable")
    if not is_object_id(change.user) or not _is_place(change.group):
        raise ValueError("the id of the user or of the group is no object id")
    return change


def _is_place(group: str) -> bool:
    return group in {DIRECT, OWN_ACCOUNT} or is_object_id(group)


MAPPING: RowMapping[Change] = RowMapping(
    collection=LEDGER_COLLECTION,
    key_prefixes=(OPEN_PREFIX, PROOF_PREFIX, DONE_PREFIX),
    partition=lambda change: change.target,
    key_prefix=_key_prefix,
    name=_name,
    body=_body,
    parse=_parse,
    also_write=outcomes_of,
    stand_in=stand_ins.change,
    keeps_aside=True,
)
