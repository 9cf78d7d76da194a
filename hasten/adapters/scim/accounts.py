"""Reads accounts in the bodies of a SCIM server. Every doubt is an error: an account that is not
the one asked for must never be changed."""

import re
from typing import Any

from hasten.adapters.scim.answers import UnreadableAccountError
from hasten.adapters.scim.attributes import values
from hasten.domain.app_account import AppAccount, Found, NoAccount, SeveralAccounts
from hasten.domain.matching import WORK_EMAIL
from hasten.errors import PermanentError
from hasten.json import Json

BOOLEANS = {"true": True, "false": False}
"""Some apps write `active` as a string."""


def found(listed: Json, attribute: str, value: str) -> Found:
    """Returns the accounts of a list that answers a filter. Raises UnreadableAccountError, and
    PermanentError if the list has an account that does not match: the app ignores the filter."""
    resources = _one(listed, "Resources") or []
    total = _total(_one(listed, "totalResults"))
    if not isinstance(resources, list) or total is None:
        raise UnreadableAccountError("it is no list of accounts")
    if total < len(resources) or (total > 0 and not resources):
        raise UnreadableAccountError(f"totalResults is {total}, and the list has {len(resources)}")
    for resource in resources:
        if not _matches(resource, attribute, value):
            raise PermanentError(
                f"the app answered with an account whose {attribute} is not the one asked for",
                "ask the app's maker how it filters users, or choose another scim.match",
            )
    if total == 0:
        return NoAccount()
    if total > 1:
        return SeveralAccounts(total)
    return account(resources[0])


def account(resource: Any, asked: str = "") -> AppAccount:
    """Returns one account. Raises UnreadableAccountError, also for another id than `asked`."""
    if not isinstance(resource, dict):
        raise UnreadableAccountError("an account is no JSON object")
    id_ = _one(resource, "id")
    if not isinstance(id_, str) or not id_:
        raise UnreadableAccountError("an account has no id")
    if not id_.isprintable():
        raise UnreadableAccountError("the id of an account has characters that no address carries")
    if asked and id_ != asked:
        raise UnreadableAccountError("it is another account than the one asked for")
    shown = _active(_one(resource, "active"))
    return AppAccount(id=id_, active=shown, groups=_groups(_one(resource, "groups")))


def _one(body: Json, name: str) -> Any:
    """Returns the value of an attribute; None if there is none. Raises UnreadableAccountError if
    the body has it more than once, in different cases: nothing says which one is meant."""
    found = values(body, name)
    if len(found) > 1:
        raise UnreadableAccountError(f"it has {name} more than once")
    return found[0] if found else None


def _total(value: object) -> int | None:
    """Returns the number of results; None if it is no number. Some apps write it as a text."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _active(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    return BOOLEANS.get(value.casefold()) if isinstance(value, str) else None


def _groups(value: object) -> frozenset[str]:
    """Returns the display names of the groups; none if the app lists them otherwise."""
    listed = value if isinstance(value, list) else []
    names = [name for one in listed if isinstance(one, dict) for name in values(one, "display")]
    return frozenset(name.casefold() for name in names if isinstance(name, str) and name)


def _matches(resource: Any, attribute: str, value: str) -> bool:
    if not isinstance(resource, dict):
        raise UnreadableAccountError("an account is no JSON object")
    shown = _work_emails(resource) if attribute == WORK_EMAIL else [_one(resource, attribute)]
    return any(isinstance(one, str) and one.casefold() == value.casefold() for one in shown)


def _work_emails(resource: Json) -> list[Any]:
    emails = _one(resource, "emails")
    listed = emails if isinstance(emails, list) else []
    of_work = [one for one in listed if isinstance(one, dict) and _is_work(_one(one, "type"))]
    return [_one(one, "value") for one in of_work]


def _is_work(value: object) -> bool:
    return isinstance(value, str) and value.casefold() == "work"
