"""Finds groups by name, and makes those that are missing: once, although Graph takes a second group
of the same name and may not show the first one yet."""

import hashlib
import re
import unicodedata
from datetime import timedelta
from typing import Any

from hasten.context import Context
from hasten.ensure.known_groups import KnownGroups
from hasten.errors import Conflict, PermanentError, TemporaryError
from hasten.json import Json
from hasten.policy import Creation
from hasten.ports.directory import AlreadyExists, NotYet
from hasten.records import made_groups
from hasten.targets import Target

SHOWS_LATER = timedelta(seconds=15)
LONGEST_SLUG = 50
"""A mailNickname has 64 ASCII characters at most; nine are for what makes it unique."""


class AmbiguousNameError(PermanentError):
    """Several groups have the name."""


class StrangerError(PermanentError):
    """A group that Hasten does not know has the name: `group` is its object id."""

    def __init__(self, group: str) -> None:
        super().__init__(
            f"somebody else made a group of this name: {group}",
            "check that group; `python -m hasten apply` adopts it, or name yours by `id:`",
        )
        self.group = group


async def find_group(context: Context, target: Target, name: str) -> str | None:
    """The id of the known group called `name`; None when there is none. One that was renamed since
    is still found.

    Raises AmbiguousNameError, StrangerError, and TemporaryError while one that was just made may
    not show.
    """
    made, now = await made_groups.find(context.store, target.name, name), context.now()
    if made is not None and made.id is not None:
        shown = await context.directory.group(made.id)
        if shown is not None:
            return made.id
        if made.may_not_show(now):
            raise NotYet(f"group {made.id}, made a moment ago, does not show yet")
    everyone = await context.directory.groups_named(name)
    known = await KnownGroups.load(context, target)
    named = known.of(everyone) or everyone
    if len(named) > 1:
        ids = ", ".join(sorted(str(group["id"]) for group in named))
        raise AmbiguousNameError(
            f"{len(named)} groups have this name: {ids}", "name the group by its object id"
        )
    if named and not known.knows(named[0]):
        raise StrangerError(str(named[0]["id"]))
    if named:
        return str(named[0]["id"])
    if made is not None and made.id is None and made.may_not_show(now):
        raise TemporaryError("the group may have been made but does not show yet", SHOWS_LATER)
    return None


async def make_group(context: Context, target: str, name: str, creation: Creation) -> str:
    """The id of the new group; only after `find_group` has found none.

    Hasten first notes that it makes the group: whoever comes after a crash waits until the
    group would show.
    """
    store, now = context.store, context.now()
    before = await made_groups.find(store, target, name)
    try:
        await made_groups.begin(store, target, name, now=now, before=before)
    except Conflict:
        raise TemporaryError("another instance makes the group", SHOWS_LATER) from None
    try:
        group = await context.directory.create_group(properties(name, creation))
    except AlreadyExists:
        raise NotYet("the group is there but does not show yet") from None
    await made_groups.finish(store, target, name, began_at=now, group=group)
    return group


async def is_recent_group(context: Context, target: str, group: str) -> bool:
    """Whether Hasten made the group so lately that it may not show everywhere."""
    made = await made_groups.load_all(context.store, target)
    return any(one.id == group and one.may_not_show(context.now()) for one in made)


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
