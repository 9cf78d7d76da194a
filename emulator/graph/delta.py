"""Delta queries on groups: opaque tokens, net changes since a token, pages of slices."""

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
from emulator.graph.objects import Entity, Json
from emulator.graph.replica import Replica

TOKEN_LIFETIME = 7 * 24 * 3600.0
"""Seconds a token of directory objects can be resumed (Graph, delta query overview)."""

PAGE = 100
"""Members that one page carries; Graph names no number, and slices large groups over pages."""


@dataclass(frozen=True)
class Token:
    """Where a client is: it has everything up to `since`; while paging, it reads up to `until`."""

    since: int | None
    issued: float
    groups: Sequence[str] = ()
    select: Sequence[str] = ()
    until: int | None = None
    offset: int = 0

    def encoded(self) -> str:
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode().rstrip("=")

    @property
    def wants_members(self) -> bool:
        return not self.select or "members" in self.select


@dataclass(frozen=True)
class Page:
    """`next` when there is more to read now, else `delta` for the next time."""

    values: Sequence[Json]
    next: Token | None
    delta: Token | None


@dataclass(frozen=True)
class _Entry:
    group: Entity
    member: Entity | None
    removed: bool
    gone: bool = False


def decoded(text: str, *, now: float, valid_from: float) -> Token:
    """Raises 410 with where to start over for a token too old, 400 for one never given out."""
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
"""Entries of the history that a replay goes back by, of all groups."""

REPLAY_CHANCE, REPEAT_CHANCE = 0.25, 0.2
"""How likely an answer has a replay, and an entry comes twice; Graph names no numbers."""


@dataclass(frozen=True)
class Manner:
    """How delta answers come; `random` decides which of them have replays."""

    behaviours: EntraBehaviours
    random: Random


KIND = Manner(EntraBehaviours(), Random(0))


def read(
    directory: Directory, replica: Replica, token: Token, now: float, manner: Manner = KIND
) -> Page:
    """One page. Without `since` it is the first round: every group with all its members."""
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
        entries = list(_changed(directory, token, until, net=not disorder))
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
    """Nothing but the token for changes from now on."""
    return Page([], None, replace(token, since=replica.position(), issued=now))


def _everything(
    directory: Directory, replica: Replica, token: Token, until: int
) -> Iterator[_Entry]:
    for group in directory.groups.values():
        if (token.groups and group.id not in token.groups) or not replica.shows(group):
            continue
        yield _Entry(group, None, removed=False)
        if token.wants_members:
            for member_id in replica.members(group, until):
                member = directory.find(member_id)
                if member is not None:
                    yield _Entry(group, member, removed=False)


def _disordered(entries: Sequence[_Entry], random: Random) -> list[_Entry]:
    """The same for each page of a round."""
    repeated = [entry for entry in entries if random.random() < REPEAT_CHANCE]
    shuffled = [*entries, *repeated]
    random.shuffle(shuffled)
    return shuffled


def _changed(directory: Directory, token: Token, until: int, *, net: bool) -> Iterator[_Entry]:
    """What each object and each membership came to: of several changes only the last counts, and
    without `net` each of them."""
    last: dict[tuple[str, ...], _Entry] = {}
    for number, change in enumerate(directory.history[token.since : until]):
        group, member = change.subject, change.member
        if group.kind != "group" or (token.groups and group.id not in token.groups):
            continue
        if member is not None and not token.wants_members:
            continue
        key = (group.id, member.id if member else "", "" if net else str(number))
        last.pop(key, None)
        last[key] = _Entry(group, member, change.removed, change.gone)
    by_group = sorted(last.values(), key=lambda entry: entry.group.id)
    yield from by_group


def _grouped(entries: Sequence[_Entry], token: Token) -> list[Json]:
    """Entries of one group become one object; a group deleted shows nothing but that."""
    select = [name for name in token.select if name != "members"]
    objects: dict[str, Json] = {}
    for entry in entries:
        group = entry.group
        if entry.member is None and entry.removed:
            reason = "deleted" if entry.gone else "changed"
            objects[group.id] = {"id": group.id, "@removed": {"reason": reason}}
            continue
        only_members = token.select and not select
        shown = objects.setdefault(
            group.id, {"id": group.id} if only_members else group.shown(select)
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
