"""Reads accounts in the bodies of a SCIM server. Every doubt is an error: an account that is not
the one asked for must never be changed."""

from typing import Any

from hasten.adapters.scim.answers import UnreadableAccountError
from hasten.domain.app_account import AppAccount, Found, NoAccount, SeveralAccounts
from hasten.domain.matching import WORK_EMAIL
from hasten.errors import PermanentError
from hasten.json import Json

BOOLEANS = {"true": True, "false": False}
"""Some apps write `active` as a string."""


def found(listed: Json, attribute: str, value: str) -> Found:
    """Returns the accounts of a list that answers a filter. Raises UnreadableAccountError, and
    PermanentError if the list has an account that does not match: the app ignores the filter."""
    resources = listed.get("Resources") or []
    total = listed.get("totalResults")
    if not isinstance(resources, list) or not isinstance(total, int) or isinstance(total, bool):
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
    id_ = resource.get("id")
    if not isinstance(id_, str) or not id_:
        raise UnreadableAccountError("an account has no id")
    if not id_.isprintable():
        raise UnreadableAccountError("the id of an account has characters that no address carries")
    if asked and id_ != asked:
        raise UnreadableAccountError("it is another account than the one asked for")
    shown = _active(resource.get("active"))
    return AppAccount(id=id_, active=shown, groups=_groups(resource.get("groups")))


def _active(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    return BOOLEANS.get(value.casefold()) if isinstance(value, str) else None


def _groups(value: object) -> frozenset[str]:
    """Returns the display names of the groups; none if the app lists them otherwise."""
    listed = value if isinstance(value, list) else []
    names = [one.get("display") for one in listed if isinstance(one, dict)]
    return frozenset(name.casefold() for name in names if isinstance(name, str) and name)


def _matches(resource: Any, attribute: str, value: str) -> bool:
    if not isinstance(resource, dict):
        raise UnreadableAccountError("an account is no JSON object")
    shown = _work_emails(resource) if attribute == WORK_EMAIL else [resource.get(attribute)]
    return any(isinstance(one, str) and one.casefold() == value.casefold() for one in shown)


def _work_emails(resource: Json) -> list[Any]:
    emails = resource.get("emails")
    listed = emails if isinstance(emails, list) else []
    return [e.get("value") for e in listed if isinstance(e, dict) and e.get("type") == "work"]
