"""Defines what Hasten needs from the sign-in of Microsoft Entra ID."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hasten.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Holds what Entra publishes about the tenant. `issuers` are those of tokens of version 1 and
    2; `keys` are the public keys (JSON Web Keys) that sign the tokens. The addresses are those of
    the code flow and of the end of a session."""

    issuers: frozenset[str]
    keys: Sequence[Json]
    authorize: str
    token: str
    sign_out: str


class SignIn(Protocol):
    """Every method raises TemporaryError if another try may help, else PermanentError."""

    async def metadata(self) -> Metadata:
        """Reads what Entra publishes about the tenant of HASTEN_TENANT_ID."""
        ...

    async def redeem(self, token_url: str, *, code: str, verifier: str, redirect_uri: str) -> str:
        """Returns the ID token for a code of the sign-in. The app proves itself by its managed
        identity. Raises WrongInputError if Entra refuses the code, which serves once."""
        ...
