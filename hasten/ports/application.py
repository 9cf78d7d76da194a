"""Defines what Hasten needs from the app itself: to see the account of a person, and to make it
inactive. There is no other write."""

from dataclasses import dataclass
from typing import Protocol

from hasten.domain.app_account import AppAccount, Found
from hasten.errors import PermanentError, TemporaryError


class Throttled(TemporaryError):  # noqa: N818 - the field's word
    """The app answered 429: Hasten must make no request before the delay is over."""


class AccessRefused(PermanentError):  # noqa: N818 - the field's word
    """The app refuses Hasten itself, whomever a request is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """The capabilities that the app declares; None if it does not declare one."""

    patch: bool | None
    filter: bool | None


class Application(Protocol):
    """Every method raises TemporaryError if another try may help (429, 5xx, no connection, an
    answer that is not what was asked for), AccessRefused if an operator must mend Hasten's own
    access (a refused token, a wrong address), and any other PermanentError if the app refuses this
    request: it may accept the same one about somebody else."""

    async def find(self, value: str) -> Found:
        """Returns the accounts whose matching attribute equals `value`, without regard to case."""
        ...

    async def read(self, account: str) -> AppAccount | None:
        """Returns the account with this id, or None if the app says that there is none."""
        ...

    async def deactivate(self, account: str) -> None:
        """Sets `active` to false on the account with this id. An answer of success proves nothing:
        read the account."""
        ...

    async def capabilities(self) -> Capabilities:
        """Returns what the app's ServiceProviderConfig says."""
        ...
