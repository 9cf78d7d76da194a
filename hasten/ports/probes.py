"""What the doctor needs of the world besides the ports of the app."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """`permissions` are the application permissions in it; a person's token has none. `tenant` is
    the id of its tenant, "" where the token does not say."""

    permissions: frozenset[str]
    is_of_app: bool
    tenant: str = ""


class Probes(Protocol):
    """Every method raises PermanentError where someone must act, and TemporaryError else."""

    async def token(self) -> Token:
        """Of Microsoft Graph, for whoever runs the command."""
        ...

    async def clock_ahead(self) -> timedelta:
        """By how much this clock is ahead of Graph's; negative when it is behind."""
        ...

    async def reach(self, queue: str) -> int:
        """A queue or topic, without taking or leaving anything. How many dead letters a queue
        holds, counted up to 100."""
        ...

    async def handshake(self, url: str, token: str) -> None:
        """As Graph does before it subscribes: the webhook must give `token` back."""
        ...
