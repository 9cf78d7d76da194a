"""Defines what Hasten needs from the sign-in of Microsoft Entra ID."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hasten.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What Entra publishes about the tenant. `issuers` are the issuers of tokens of version 1 and
    2. `keys` are the public keys (JSON Web Keys) to check the signatures of tokens. `authorize`,
    `token` and `sign_out` are the addresses of the authorization code flow and of the sign-out."""

    issuers: frozenset[str]
    keys: Sequence[Json]
    authorize: str
    token: str
    sign_out: str


class SignIn(Protocol):
    """Talks to the sign-in of Entra ID. Every method raises TemporaryError if another try may help,
    else PermanentError."""

    async def metadata(self) -> Metadata:
        """Reads what Entra publishes about the tenant of HASTEN_TENANT_ID."""
        ...

    async def redeem(self, token_url: str, *, code: str, verifier: str, redirect_uri: str) -> str:
        """Returns the ID token for an authorization code. The app proves its identity by a token of
        its managed identity. Raises WrongInputError if Entra refuses the code, for example because
        it was used before."""
        ...
