"""Defines what the doctor needs in addition to the app's ports."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token. `permissions` are its application permissions; a token of a user has none.
    `tenant` is the id of its tenant, or "" if the token does not say."""

    permissions: frozenset[str]
    is_of_app: bool
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class AnonymousAnswer:
    """The answer to an anonymous request. `location` is where a redirect leads, or ""."""

    status: int
    location: str = ""


class Probes(Protocol):
    """Checks the surroundings of the app for `doctor`. Every method raises PermanentError if an
    operator must act, else TemporaryError."""

    async def token(self) -> Token:
        """Returns the caller's token for Microsoft Graph."""
        ...

    async def clock_ahead(self) -> timedelta:
        """Returns by how much the clock of this machine is ahead of Graph's; negative if it is
        behind."""
        ...

    async def reach(self, queue: str) -> int:
        """Connects to a queue or topic, and takes and sends no message. Returns the number of dead
        letters of a queue; it counts no further than 100."""
        ...

    async def handshake(self, url: str, token: str) -> None:
        """Sends the request that Graph sends before it subscribes; the webhook must return
        `token`."""
        ...

    async def anonymous(self, url: str) -> AnonymousAnswer:
        """Sends a GET without a token or cookie, and follows no redirect."""
        ...
