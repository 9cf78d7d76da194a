"""Finds groups by name and creates those that are missing. Graph accepts a second group of the same
name and may not show a new one yet, so Hasten makes sure to create each group once."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hasten.context import Context
from hasten.domain.intents import Intent
from hasten.ensure.known_groups import KnownGroups
from hasten.errors import Conflict, PermanentError, TemporaryError
from hasten.json import Json
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.policy import Creation
from hasten.ports.directory_errors import AlreadyExists, NotYet
from hasten.records import made_groups
from hasten.targets import Target

NEW_GROUP_DELAY = timedelta(seconds=15)
SECRET_CHARS = 20
LONGEST_SLUG = 43
"""Characters. A mailNickname has at most 64 ASCII characters, and Hasten needs SECRET_CHARS and a
hyphen to recognize the group."""


class AmbiguousNameError(PermanentError):
    """Several groups have the name."""


class StrangerError(PermanentError):
    """A group that Hasten does not know has the name. `group` is its object id."""

    def __init__(self, group: str) -> None:
        super().__init__(
            f"somebody else made a group of this name: {group}",
            "check that group; `python -m hasten apply` adopts it, or name yours by `id:`",
        )
        self.group = group


async def find_group(context: Context, target: Target, name: str) -> str | None:
    """Returns the id of the known group called `name`; None if there is none. A group that was
    renamed is still found, and so is one that Hasten created without an answer of Graph.

    Raises AmbiguousNameError, StrangerError, and TemporaryError while a group that was just created
    may not show yet.
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
    own = [group for group in everyone if made is not None and made.recognizes(group)]
    named = known.of(everyone) or own or everyone
    if len(named) > 1:
        ids = ", ".join(sorted(str(group["id"]) for group in named))
        raise AmbiguousNameError(
            f"{len(named)} groups have this name: {ids}", "name the group by its object id"
        )
    if named and not own and not known.knows(named[0]):
        raise StrangerError(str(named[0]["id"]))
    if named:
        return str(named[0]["id"])
    if made is not None and made.id is None and made.may_not_show(now):
        raise TemporaryError("the group may have been made but does not show yet", NEW_GROUP_DELAY)
    return None


async def make_group(context: Context, target: str, name: str, creation: Creation) -> str:
    """Creates the group and returns its id. Call only after `find_group` returned None.

    Hasten first records that it creates the group, and the mailNickname: after a crash, or without
    an answer, the next run waits until the group would show. A later try gives the same
    mailNickname, because the group of an earlier one may still appear. Raises TemporaryError and
    PermanentError of Graph.
    """
    store, now = context.store, context.now()
    before = await made_groups.find(store, target, name)
    is_later_try = before is not None and before.id is None
    known = before.nickname if before is not None and is_later_try else ""
    nickname = known or mail_nickname(name, context.new_id())
    try:
        await made_groups.begin(store, target, name, nickname=nickname, now=now, before=before)
    except Conflict:
        raise TemporaryError("another instance makes the group", NEW_GROUP_DELAY) from None
    try:
        group = await context.directory.create_group(properties(name, nickname, creation))
    except AlreadyExists:
        raise NotYet("the group is there but does not show yet") from None
    await made_groups.finish(store, target, name, began_at=now, group=group)
    return group


async def note_found(context: Context, target: str, name: str, group: str) -> None:
    """Saves the id of a group that `find_group` has found although no answer came when Hasten
    created it. Raises TemporaryError of the store."""
    made = await made_groups.find(context.store, target, name)
    if made is not None and made.id is None:
        await made_groups.adopt(context.store, target, name, group, context.now())


async def expect_gone(context: Context, target: str, group: str, intents: Sequence[Intent]) -> None:
    """Raises NotYet if the group, which Graph does not show, may be so new that not every replica
    shows it: Hasten has just created it, or has just accepted the events that name it."""
    now = context.now()
    made = await made_groups.load_all(context.store, target)
    is_recent = any(one.id == group and one.may_not_show(now) for one in made)
    accepted_at = min(intent.recorded_at for intent in intents)
    if is_recent or now - accepted_at < REPLICATION_SETTLED_AFTER:
        raise NotYet(f"group {group} does not show yet")


def properties(name: str, nickname: str, creation: Creation) -> Json:
    """Returns the properties of a new security group for Graph. Graph accepts no empty
    description."""
    made: dict[str, Any] = {
        "displayName": name,
        "mailEnabled": False,
        "mailNickname": nickname,
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


def mail_nickname(name: str, secret: str) -> str:
    """Returns a mailNickname for a name that nobody can guess who does not know the `secret`, an id
    that is used for nothing else."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_SLUG].rstrip("-")
    unique = hashlib.sha256(secret.encode()).hexdigest()[:SECRET_CHARS]
    return f"{slug or 'group'}-{unique}"
