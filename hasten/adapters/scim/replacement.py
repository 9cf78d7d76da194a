"""Builds the body of a PUT that makes an account inactive: the account as the app showed it, with
`active` set to false."""

from typing import Any

from hasten.adapters.scim.answers import AppAnswer, UnreadableAccountError
from hasten.adapters.scim.attributes import values
from hasten.json import Json

SERVERS_OWN = frozenset({"meta", "groups"})
"""Attributes that only the app writes (RFC 7643, readOnly). Some apps refuse them in a PUT."""


def inactive(shown: Json) -> Json | None:
    """Returns the body; None if the account is inactive already. `active` keeps the app's type and
    case: some apps write it as a string."""
    name = next((name for name in shown if name.casefold() == "active"), "active")
    value = shown.get(name)
    if str(value).casefold() == "false":
        return None
    off: Any = "False" if isinstance(value, str) else False
    kept = {name: v for name, v in shown.items() if name.casefold() not in SERVERS_OWN}
    return {**kept, name: off}


def version(answer: AppAnswer, shown: Json) -> str:
    """Returns the version of the account for `If-Match`; "" if the app gives none. Raises
    UnreadableAccountError for one that no header can carry: without it the write could overwrite
    what somebody else wrote meanwhile."""
    metas = [meta for meta in values(shown, "meta") if isinstance(meta, dict)]
    of_body = [v for meta in metas for v in values(meta, "version") if isinstance(v, str)]
    given = answer.headers.get("ETag") or next(iter(of_body), "")
    if not given.isascii() or not given.isprintable():
        raise UnreadableAccountError("the version of the account is no ASCII text")
    return given
