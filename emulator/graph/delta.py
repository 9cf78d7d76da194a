"""Emulates delta queries on groups and users: opaque tokens, net changes since a token, pages of
slices."""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from http import HTTPStatus
from random import Random
from typing import Any

from emulator.entra.behaviours import EntraBehaviours
from emulator.graph.directory import Directory
from emulator.graph.errors import GraphError, bad_request
from emulator.graph.objects import Change, Entity, Json
from emulator.graph.replica import Replica

TOKEN_LIFETIME = 7 * 24 * 3600.0
"""Seconds for which a token of directory objects stays valid (Graph, delta query overview)."""

ENABLED = "accountEnabled"

PAGE = 100
"""Members on one page. Graph documents no number, and splits large groups over pages."""


@dataclass(frozen=True)
class Token:
    """The position of a client: it has everything up to `since`; while paging, it reads up to
    `until`."""

    since: int | None
    issued: float
    kind: str = "group"
    ids: Sequence[str] = ()
    select: Sequence[str] = ()
    until: int | None = None
    offset: int = 0

    def encoded(self) -> str:
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode().rstrip("=")

    @property
    def wants_members(self) -> bool:
        return self.kind == "group" and (not self.select or "members" in self.select)


@dataclass(frozen=True)
class Page:
    """One page. `next` is set if there is more to read now, else `delta` for the next read."""

    values: Sequence[Json]
    next: Token | None
    delta: Token | None


@dataclass(frozen=True)
class _Entry:
    subject: Entity
    member: Entity | None
    removed: bool
    gone: bool = False


def decoded(text: str, *, now: float, valid_from: float) -> Token:
    """Decodes a token. Raises GraphError: 410 with a new start for an expired token, 400 for an
    unknown one."""
    try:
        padded = text + "=" * (-len(text) % 4)
        token = Token(**json.loads(base64.urlsafe_b64decode(padded)))
    except (ValueError, TypeError):
        raise bad_request("Badly formed token.", "Directory_InvalidSkipToken") from None
    if token.issued < max(valid_from, now - TOKEN_LIFETIME):
        raise expired()
    return token


def expired(location: str = "") -> GraphError:
    return GraphError(
        HTTPStatus.GONE,
        "syncStateNotFound",
        "The sync state is too old or was not found. Start a full synchronization.",
        {"Location": location} if location else None,
    )


REPLAYED = 20
"""Entries of the history, over all objects, by which a replay goes back."""

REPLAY_CHANCE, REPEAT_CHANCE = 0.25, 0.2
"""Probability that an answer contains a replay, and that an entry appears twice; Graph documents no
numbers."""


@dataclass(frozen=True)
class Manner:
    """The variations of delta answers; `random` decides which of them contain replays."""

    behaviours: EntraBehaviours
    random: Random


KIND = Manner(EntraBehaviours.kind(), Random(0))


def read(
    directory: Directory, replica: Replica, token: Token, now: float, manner: Manner = KIND
) -> Page:
    """Returns one page. Without `since` it belongs to the first round, with every group and all its
    members."""
    behaviours = manner.behaviours
    begins = token.until is None
    until = max(replica.position() if token.until is None else token.until, token.since or 0)
    if begins and token.since and behaviours.delta_replays:
        replays = manner.random.random() < REPLAY_CHANCE
        token = replace(token, since=max(0, token.since - REPLAYED * replays))
    if begins and behaviours.empty_pages:
        return Page([], replace(token, until=until, offset=0, issued=now), None)
    disorder = behaviours.delta_disorder
    if token.since is None:
        entries = list(_everything(directory, replica, token, until))
    else:
        entries = list(_changed(directory, token, until, behaviours))
    if disorder:
        entries = _disordered(entries, Random(f"{token.since} {until}"))
    shown = entries[token.offset : token.offset + PAGE]
    if disorder:
        values = [value for entry in shown for value in _grouped([entry], token)]
    else:
        values = _grouped(shown, token)
    rest = token.offset + PAGE
    if rest < len(entries):
        return Page(values, replace(token, until=until, offset=rest, issued=now), None)
    return Page(values, None, replace(token, since=until, until=None, offset=0, issued=now))


def latest(replica: Replica, token: Token, now: float) -> Page:
    """Returns only the token for changes from now on."""
    return Page([], None, replace(token, since=replica.position(), issued=now))


def _everything(
    directory: Directory, replica: Replica, token: Token, until: int
) -> Iterator[_Entry]:
    known = directory.groups if token.kind == "group" else directory.users
    for subject in known.values():
        if (token.ids and subject.id not in token.ids) or not replica.shows(subject):
            continue
        yield _Entry(subject, None, removed=False)
        if token.wants_members:
            for member_id in replica.members(subject, until):
                member = directory.find(member_id)
                if member is not None:
                    yield _Entry(subject, member, removed=False)


def _disordered(entries: Sequence[_Entry], random: Random) -> list[_Entry]:
    """Returns the entries in random order, some of them twice, the same for each page of a
    round."""
    repeated = [entry for entry in entries if random.random() < REPEAT_CHANCE]
    shuffled = [*entries, *repeated]
    random.shuffle(shuffled)
    return shuffled


def _changed(
    directory: Directory, token: Token, until: int, behaviours: EntraBehaviours
) -> Iterator[_Entry]:
    """Yields the changes of each object and each membership: only the last one of several, or all
    if the answers are in disorder."""
    last: dict[tuple[str, ...], _Entry] = {}
    for number, change in enumerate(directory.history[token.since : until]):
        subject, member = change.subject, change.member
        if subject.kind != token.kind or (token.ids and subject.id not in token.ids):
            continue
        if member is not None and not token.wants_members:
            continue
        if token.kind == "user" and not _is_tracked(change, token, behaviours):
            continue
        own = str(number) if behaviours.delta_disorder else ""
        key = (subject.id, member.id if member else "", own)
        last.pop(key, None)
        last[key] = _Entry(subject, member, change.removed, change.gone)
    by_subject = sorted(last.values(), key=lambda entry: entry.subject.id)
    yield from by_subject


def _is_tracked(change: Change, token: Token, behaviours: EntraBehaviours) -> bool:
    """Returns whether a delta on users reports the change. $select decides which properties are
    tracked (Graph, delta query overview)."""
    if change.restored and behaviours.restore_hidden:
        return False
    if change.before is None or not token.select:
        return True
    changed = {name for name in change.before if name in token.select}
    return bool(changed - ({ENABLED} if behaviours.account_enabled_untracked else set()))


def _grouped(entries: Sequence[_Entry], token: Token) -> list[Json]:
    """Combines the entries of one subject into one object. A deleted subject shows only its
    deletion."""
    select = [name for name in token.select if name != "members"]
    objects: dict[str, Json] = {}
    for entry in entries:
        subject = entry.subject
        if entry.member is None and entry.removed:
            reason = "deleted" if entry.gone else "changed"
            objects[subject.id] = {"id": subject.id, "@removed": {"reason": reason}}
            continue
        only_members = token.select and not select
        shown = objects.setdefault(
            subject.id, {"id": subject.id} if only_members else subject.shown(select)
        )
        if entry.member is not None and "@removed" not in shown:
            shown.setdefault("members@delta", []).append(_member(entry))
    return list(objects.values())


def _member(entry: _Entry) -> dict[str, Any]:
    assert entry.member is not None  # noqa: S101 - the caller checked it; this tells mypy
    shown: dict[str, Any] = {"@odata.type": entry.member.type_name, "id": entry.member.id}
    if entry.removed:
        shown["@removed"] = {"reason": "deleted"}
    return shown
