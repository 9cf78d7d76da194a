"""The sign-in of Entra in memory: it publishes the key with which tests sign tokens."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from jwt import api_jws
from jwt.algorithms import RSAAlgorithm

from hasten.errors import TemporaryError, WrongInputError
from hasten.ports.sign_in import Metadata

TENANT = "0000aaaa-0000-4000-8000-000000000001"
API_CLIENT_ID = "0000eeee-0000-4000-8000-000000000001"
ISSUER = f"https://login.example/{TENANT}/v2.0"
FIRST_ISSUER = f"https://sts.example/{TENANT}/"
AUTHORITY = f"https://login.example/{TENANT}/oauth2/v2.0"


@cache
def private_key(key_id: str) -> rsa.RSAPrivateKey:
    """One for each id, made once: it takes a tenth of a second."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def published(key_id: str) -> Mapping[str, Any]:
    public = RSAAlgorithm.to_jwk(private_key(key_id).public_key(), as_dict=True)
    return {"kty": "RSA", "use": "sig", "kid": key_id, "n": public["n"], "e": public["e"]}


@dataclass
class FakeSignIn:
    """`codes` are the ID tokens by code; `failure` is raised in place of an answer."""

    key_ids: list[str] = field(default_factory=lambda: ["key-1"])
    reads: int = 0
    failure: TemporaryError | None = None
    codes: dict[str, str] = field(default_factory=dict)
    redeemed: list[dict[str, str]] = field(default_factory=list)

    async def metadata(self) -> Metadata:
        self.reads += 1
        if self.failure is not None:
            raise self.failure
        return Metadata(
            issuers=frozenset({ISSUER, FIRST_ISSUER}),
            keys=[published(key_id) for key_id in self.key_ids],
            authorize=f"{AUTHORITY}/authorize",
            token=f"{AUTHORITY}/token",
            sign_out=f"{AUTHORITY}/logout",
        )

    async def redeem(self, token_url: str, *, code: str, verifier: str, redirect_uri: str) -> str:
        self.redeemed.append(
            {"url": token_url, "code": code, "verifier": verifier, "redirect_uri": redirect_uri}
        )
        if code not in self.codes:
            raise WrongInputError("Entra refused the code of the sign-in", "sign in again")
        return self.codes.pop(code)


def signed(claims: Mapping[str, Any], key_id: str = "key-1", **header: str) -> str:
    """Returns a token that Entra could have signed."""
    payload = json.dumps(claims).encode()
    return api_jws.encode(payload, private_key(key_id), "RS256", {"kid": key_id, **header})
