"""Describes an account in the app itself, as the app shows it over SCIM."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class AppAccount:
    """One account. `id` is the app's own. `active` is None if the app does not say, which proves
    nothing."""

    id: str
    active: bool | None
    groups: frozenset[str] = frozenset()
    """Display names in lower case of the groups that the app lists beside the account; empty if it
    lists none, which proves nothing."""


@dataclass(frozen=True, slots=True)
class NoAccount:
    """The app shows no account that matches."""


@dataclass(frozen=True, slots=True)
class NotFound:
    """The app answered the search for an account with 404. It has no such account, or the address
    is wrong: this proves nothing."""


@dataclass(frozen=True, slots=True)
class SeveralAccounts:
    """The app shows several accounts that match: none of them may be changed."""

    count: int


Found = NoAccount | NotFound | AppAccount | SeveralAccounts


class PatchForm(StrEnum):
    """The request by which an app learns that an account is inactive. RFC 7644 allows all but the
    second, which Entra ID sends by default."""

    BOOLEAN = "boolean"
    """`{"op": "replace", "path": "active", "value": false}`"""

    STRING = "string"
    """`{"op": "Replace", "path": "active", "value": "False"}`"""

    WITHOUT_PATH = "without_path"
    """`{"op": "replace", "value": {"active": false}}`"""

    PUT = "put"
    """Hasten sends the whole account by PUT, as the app showed it just before, with `active` set to
    false: for an app without PATCH."""


class DeactivationIs(StrEnum):
    """The result of making an account in the app inactive."""

    REVERSIBLE = "reversible"
    DELETES = "deletes"
    """The app deletes or renames the account: a later grant makes another one."""
