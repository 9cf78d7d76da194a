"""Stores the groups of the app in which a user call may have left the membership of an account that
it disabled. Entra's own cycle ends such a membership; a grant before it would revive it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hasten.errors import Conflict
from hasten.json import Json
from hasten.ports.store import Put, Store, Write
from hasten.records.fields import moment
from hasten.records.ledger_keys import KEPT_MEMBERSHIPS_PREFIX, LEDGER_COLLECTION
from hasten.records.old_rows import delete_old
from hasten.records.reading import parsed
from hasten.records.repository import Repository
from hasten.records.row_mapping import Commit, RowMapping
from hasten.records.unreadable import UnreadableRow


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class KeptMemberships:
    """The groups of one user of one target, each with the time of the user call. If there is no
    group, the record cannot be read and may be about any group."""

    target: str
    user: str
    groups: Mapping[str, datetime]


def noting(store: Store, target: str, user: str, groups: Collection[str], now: datetime) -> Commit:
    """Returns a commit to the target's partition of the ledger that also adds groups to those of
    the user. Most users have none yet, so they are read only after a conflict. A record that cannot
    be read stands for every group already."""
    new = KeptMemberships(target=target, user=user, groups=dict.fromkeys(groups, now))
    key = KEPT_MEMBERSHIPS_PREFIX + user

    async def commit(writes: Sequence[Write]) -> Sequence[str | None]:
        put = Put(key, _body(new))
        try:
            etags = await store.commit(LEDGER_COLLECTION, target, [*writes, put])
        except Conflict as conflict:
            if conflict.key != key:
                raise
            known = await store.get(LEDGER_COLLECTION, target, key)
            if known is None:
                raise
            read = parsed(LEDGER_COLLECTION, target, known, lambda d: _parse(d.body))
            if isinstance(read, UnreadableRow):
                return await store.commit(LEDGER_COLLECTION, target, writes)
            groups = {**read.groups, **new.groups}
            put = Put(key, _body(replace(new, groups=groups)), known.etag)
            etags = await store.commit(LEDGER_COLLECTION, target, [*writes, put])
        return etags[: len(writes)]

    return commit


async def find(store: Store, target: str, user: str) -> KeptMemberships | None:
    """Returns the record, or its stand-in without groups if it cannot be read."""
    return await Repository(store, MAPPING).find(target, user)


async def load_all(store: Store, target: str) -> Sequence[KeptMemberships]:
    """Returns the records of a target, or their stand-ins. Raises TemporaryError."""
    return await Repository(store, MAPPING).listed(target, KEPT_MEMBERSHIPS_PREFIX)


async def note(
    store: Store, target: str, groups: Mapping[str, Collection[str]], now: datetime
) -> None:
    """Adds groups to those of users, by user. Raises TemporaryError."""
    new = [
        KeptMemberships(target=target, user=user, groups=dict.fromkeys(sorted(of_user), now))
        for user, of_user in groups.items()
    ]
    rows = Repository(store, MAPPING)

    def merge(known: KeptMemberships | None, new: KeptMemberships) -> KeptMemberships:
        return replace(new, groups={**(known.groups if known else {}), **new.groups})

    await rows.update(new, merge, read=rows.as_new)


async def copy(store: Store, kept: Sequence[KeptMemberships], heir: str) -> None:
    """Adds the groups to those of the same users of the target `heir`. Raises TemporaryError."""

    def merge(known: KeptMemberships | None, new: KeptMemberships) -> KeptMemberships:
        return replace(new, groups={**new.groups, **(known.groups if known else {})})

    await Repository(store, MAPPING).update([replace(one, target=heir) for one in kept], merge)


async def remove(store: Store, kept: KeptMemberships) -> None:
    """Deletes the record, unless it changed since it was read."""
    await Repository(store, MAPPING).remove([kept], lambda known: known == kept)


async def forget(store: Store, target: str, before: datetime) -> int:
    """Deletes the records of users whose last user call was before `before`. Returns how many."""

    def is_old(kept: KeptMemberships) -> bool:
        return bool(kept.groups) and max(kept.groups.values()) < before

    return await delete_old(store, MAPPING, target, KEPT_MEMBERSHIPS_PREFIX, is_old)


def _body(kept: KeptMemberships) -> Json:
    groups = {group: at.isoformat() for group, at in kept.groups.items()}
    return {"target": kept.target, "user": kept.user, "groups": groups}


def _parse(body: Json) -> KeptMemberships:
    groups = {group: moment(at) for group, at in body["groups"].items()}
    return KeptMemberships(target=body["target"], user=body["user"], groups=groups)


MAPPING: RowMapping[KeptMemberships] = RowMapping(
    collection=LEDGER_COLLECTION,
    key_prefixes=(KEPT_MEMBERSHIPS_PREFIX,),
    partition=lambda kept: kept.target,
    key_prefix=lambda _: KEPT_MEMBERSHIPS_PREFIX,
    name=lambda kept: kept.user,
    body=_body,
    parse=_parse,
    stand_in=lambda bad, name: KeptMemberships(target=bad.partition, user=name, groups={}),
)
