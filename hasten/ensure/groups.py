"""Finds groups by name, and makes those that are missing: once, although Graph takes a second group
of the same name and may not show the first one yet."""

import hashlib
import re
import unicodedata
from datetime import datetime, timedelta
from typing import Any

from hasten.context import Context
from hasten.domain.ensuring import SETTLED
from hasten.domain.intents import group_key
from hasten.errors import PermanentError, TemporaryError
from hasten.policy import Creation
from hasten.ports.directory import AlreadyExists, NotYet
from hasten.ports.store import Conflict, Document, Json, Put

COLLECTION = "groups"
"""The groups Hasten made, by target and `group_key`."""

SHOWS_LATER = timedelta(seconds=15)
LONGEST_SLUG = 50
"""A mailNickname has 64 ASCII characters at most; nine are for what makes it unique."""


class AmbiguousNameError(PermanentError):
    """Several groups have the name."""


async def find_group(context: Context, target: str, name: str) -> str | None:
    """The id of the group called `name`; None when there is none.

    Raises AmbiguousNameError, and TemporaryError while one that was just made may not show.
    """
    made = await _made(context, target, name)
    if made is not None and "id" in made.body:
        group = str(made.body["id"])
        shown = await context.directory.group(group)
        if shown is not None and _same(str(shown["displayName"]), name):
            return group
        if shown is None and _is_recent(context, made):
            raise NotYet(f"group {group}, made a moment ago, does not show yet")
    named = await context.directory.groups_named(name)
    if len(named) > 1:
        ids = ", ".join(sorted(str(group["id"]) for group in named))
        raise AmbiguousNameError(
            f"{len(named)} groups have this name: {ids}", "name the group by its object id"
        )
    if named:
        return str(named[0]["id"])
    if made is not None and "id" not in made.body and _is_recent(context, made):
        raise TemporaryError("the group may have been made but does not show yet", SHOWS_LATER)
    return None


async def make_group(context: Context, target: str, name: str, creation: Creation) -> str:
    """The id of the new group; only after `find` has found none.

    That it is being made is written down first: whoever comes after a crash waits until the
    group would show.
    """
    key = group_key(name)
    made = await _made(context, target, name)
    body = {"name": name, "creating_at": context.now().isoformat()}
    try:
        await _remember(context, target, Put(key, body, made.etag if made else None))
    except Conflict:
        raise TemporaryError("another instance makes the group", SHOWS_LATER) from None
    try:
        group = await context.directory.create_group(properties(name, creation))
    except AlreadyExists:
        raise NotYet("the group is there but does not show yet") from None
    begun = await _made(context, target, name)
    etag = begun.etag if begun else None
    await _remember(context, target, Put(key, {**body, "id": group}, etag))
    return group


async def is_recent_group(context: Context, target: str, group: str) -> bool:
    """Whether Hasten made the group so lately that it may not show everywhere."""
    made = await context.store.scan(COLLECTION, target)
    return any(m.body.get("id") == group and _is_recent(context, m) for m in made)


async def _made(context: Context, target: str, name: str) -> Document | None:
    return await context.store.get(COLLECTION, target, group_key(name))


async def _remember(context: Context, target: str, write: Put) -> None:
    await context.store.commit(COLLECTION, target, [write])


def _is_recent(context: Context, made: Document) -> bool:
    return context.now() - datetime.fromisoformat(made.body["creating_at"]) < SETTLED


def properties(name: str, creation: Creation) -> Json:
    """Of a new security group, as Graph wants them. It takes no empty description."""
    made: dict[str, Any] = {
        "displayName": name,
        "mailEnabled": False,
        "mailNickname": mail_nickname(name),
        "securityEnabled": True,
        "groupTypes": [],
    }
    if creation.description:
        made["description"] = creation.description
    if creation.owners:
        made["owners@odata.bind"] = [str(owner) for owner in creation.owners]
    if creation.rule:
        made["groupTypes"] = ["DynamicMembership"]
        made["membershipRule"] = creation.rule
        made["membershipRuleProcessingState"] = "On"
    return made


def mail_nickname(name: str) -> str:
    """The same for the same name, and another for any other."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_SLUG].rstrip("-")
    unique = hashlib.sha256(name.casefold().encode()).hexdigest()[:8]
    return f"{slug or 'group'}-{unique}"


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()
