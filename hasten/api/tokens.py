"""Checks tokens of Microsoft Entra ID. The app itself checks each one, so that the API and the
pages are closed whether or not App Service authentication stands before them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from jwt import PyJWTError
from jwt.types import Options

from hasten.api.caller import Caller
from hasten.api.keys import TenantKeys
from hasten.object_ids import is_object_id

ALGORITHM = "RS256"
"""The only one. A token that names another is refused, whatever key it names."""

MAX_TOKEN_CHARS = 16 * 1024
"""Characters. The largest header that Azure's front end passes on is 16 KiB."""

CLOCK_LEEWAY = timedelta(minutes=2)
"""Maximum difference between the clock of Entra and that of the app."""

SCOPE = "user_impersonation"
"""The delegated permission of the app registration with which a person's program calls the API."""

DECODE_OPTIONS: Options = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "require": ["exp", "iat", "nbf", "iss", "aud", "sub", "oid", "tid"],
}
"""Each token of Entra has these claims. Hasten compares the times itself, by its own clock."""

Claims = Mapping[str, Any]


class BadTokenError(Exception):
    """The token proves nothing. The text says why, without anything of the token."""


class Tokens:
    """Checks the tokens of one tenant for one app registration."""

    def __init__(self, keys: TenantKeys, tenant: str, client_id: UUID) -> None:
        self.keys = keys
        self._tenant = tenant
        self._client_id = str(client_id)

    async def of_request(self, token: str, now: datetime) -> Caller:
        """Returns who sends an access token. Raises BadTokenError, and the errors of the keys."""
        claims = await self._verified(token, now, [self._client_id, f"api://{self._client_id}"])
        _check_access(claims)
        return _caller(claims)

    async def of_sign_in(self, token: str, now: datetime, *, nonce: str) -> Caller:
        """Returns who has signed in, by the ID token. Raises the same errors."""
        claims = await self._verified(token, now, [self._client_id])
        if claims.get("nonce") != nonce:
            raise BadTokenError("the token belongs to another sign-in")
        return _caller(claims)

    async def _verified(self, token: str, now: datetime, audiences: list[str]) -> Claims:
        if len(token) > MAX_TOKEN_CHARS:
            raise BadTokenError("the token is too long")
        try:
            header = jwt.get_unverified_header(token)
            key_id = header.get("kid")
            if header.get("alg") != ALGORITHM or not isinstance(key_id, str):
                raise BadTokenError("the token is not signed as Entra signs")
            key = await self.keys.key(key_id)
            if key is None:
                raise BadTokenError("no key of the tenant has signed the token")
            claims: Claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=audiences,
                issuer=sorted((await self.keys.metadata()).issuers),
                options=DECODE_OPTIONS,
            )
        except PyJWTError as error:
            raise BadTokenError(_reason(error)) from None
        except (ValueError, RecursionError):  # a header or claims that are no JSON
            raise BadTokenError("the token cannot be read") from None
        if claims["tid"] != self._tenant:
            raise BadTokenError("the token is of another tenant")
        _check_times(claims, now)
        return claims


def _reason(error: PyJWTError) -> str:
    match error:
        case jwt.InvalidAudienceError():
            return "the token is for another app"
        case jwt.InvalidIssuerError():
            return "the token is of another issuer"
        case jwt.InvalidSignatureError():
            return "the signature of the token is wrong"
        case jwt.MissingRequiredClaimError():
            return "the token lacks a claim that tokens of Entra have"
    return "the token cannot be read"


def _check_times(claims: Claims, now: datetime) -> None:
    for name in ("exp", "nbf", "iat"):
        if isinstance(claims[name], bool) or not isinstance(claims[name], (int, float)):
            raise BadTokenError("the times of the token are no numbers")
    seconds, leeway = now.timestamp(), CLOCK_LEEWAY.total_seconds()
    if not claims["exp"] > seconds - leeway:
        raise BadTokenError("the token has expired")
    if not max(claims["nbf"], claims["iat"]) < seconds + leeway:
        raise BadTokenError("the token is not valid yet")


def _check_access(claims: Claims) -> None:
    """Raises BadTokenError unless it is an access token, of a person or of an app. An ID token has
    the same audience and roles, but names no client and no scope."""
    if not (claims.get("azp") or claims.get("appid")) or "nonce" in claims:
        raise BadTokenError("it is no access token")
    if "scp" in claims:
        if SCOPE not in str(claims["scp"]).split():
            raise BadTokenError(f"the token lacks the scope {SCOPE}")
        return
    is_app = claims["idtyp"] == "app" if "idtyp" in claims else claims["oid"] == claims["sub"]
    if not is_app:
        raise BadTokenError("it is no access token")


def _caller(claims: Claims) -> Caller:
    object_id, roles = claims["oid"], claims.get("roles", [])
    if not isinstance(object_id, str) or not is_object_id(object_id):
        raise BadTokenError("the token names nobody")
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise BadTokenError("the roles of the token are no list")
    name = claims.get("preferred_username") or claims.get("name") or object_id
    return Caller(
        object_id=object_id.lower(),
        name=str(name)[:256],
        roles=frozenset(roles),
        is_program="scp" not in claims,
    )
