"""Finds members whom a call on their group left out. The answer has one verdict for all of them;
only the provisioning log may name the members, and no document says that it does."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from hasten.domain.account import about
from hasten.domain.changes import DIRECT, OWN_ACCOUNT, Change
from hasten.domain.cycle import ENTRA_CLOCK_SKEW, time
from hasten.domain.proof import Proof, Says, succeeded, values
from hasten.limits import LOG_SETTLED_AFTER

LEFT_OUT = Proof(
    Says.LEFT_OUT, "the log names other members of the group, and not this user: called alone"
)
OLD_VALUE, NEW_VALUE = "oldValue", "newValue"
_OBJECT_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def members_named(entries: Iterable[Mapping[str, Any]]) -> frozenset[tuple[str, str]]:
    """Returns (group, id) for each id among the modified values of successful entries. The ids may
    be those of the app: the caller must know one of them."""
    return frozenset(
        (about(entry), found)
        for entry in entries
        if succeeded(entry)
        for where in (OLD_VALUE, NEW_VALUE)
        for found in _OBJECT_ID.findall(values(entry, where))
    )


def leaves_out(change: Change, entries: Iterable[Mapping[str, Any]], now: datetime) -> bool:
    """Returns whether the log, which names members, has entries about the group of `change` since
    its calls and names the user in none of them.

    A removal is left out only when others were removed: otherwise calls on the group may remove
    nobody. A leaver without another assignment is called as a user, which no group's entry shows.
    """
    called_at = change.called_at
    is_by_group = change.group not in {DIRECT, OWN_ACCOUNT} and (
        change.keeps_assignment or not change.is_removal
    )
    if not is_by_group or called_at is None or now - called_at < LOG_SETTLED_AFTER:
        return False
    since = [
        entry
        for entry in entries
        if about(entry) == change.group
        and succeeded(entry)
        and (at := time(entry.get("activityDateTime"))) is not None
        and at >= change.logged_from - ENTRA_CLOCK_SKEW
    ]
    if any(
        change.user in values(entry, where) for entry in since for where in (OLD_VALUE, NEW_VALUE)
    ):
        return False
    return any(not change.is_removal or _removes(entry) for entry in since)


def _removes(entry: Mapping[str, Any]) -> bool:
    """Returns whether an entry shows that members were removed."""
    new = values(entry, NEW_VALUE)
    return any(found not in new for found in _OBJECT_ID.findall(values(entry, OLD_VALUE)))
