"""Reads who a token of Hasten's own is about, and what it allows."""

import asyncio
import base64
import json

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError

from hasten.clouds import cloud_of
from hasten.json import Json
from hasten.object_ids import is_object_id

TOKEN_TIMEOUT_SECONDS = 10.0
"""Seconds: a command must not wait longer to learn who runs it."""


async def object_id_of(credential: AsyncTokenCredential, graph_url: str) -> str:
    """Returns the object id in a token of `credential`; "" if there is no token, or none with an
    id. The token comes from Entra ID or from a cache of the operator's machine, so the id says who
    is signed in there and proves nothing to others."""
    try:
        async with asyncio.timeout(TOKEN_TIMEOUT_SECONDS):
            token = await credential.get_token(cloud_of(graph_url).scope)
    except (AzureError, TimeoutError):
        return ""
    return object_id_in(token.token)


def lacks_token(error: BaseException) -> bool:
    """Returns whether an SDK of Azure failed because Entra ID gave no token. Such an error has no
    answer of the service; the SDK of Service Bus has it inside its own."""
    inner = error.inner_exception if isinstance(error, AzureError) else None
    return any(
        isinstance(one, ClientAuthenticationError) and one.status_code is None
        for one in (error, inner)
    )


def object_id_in(token: str) -> str:
    """Returns the object id that the token names, "" if it is not a JWT or names none."""
    named = _claims(token).get("oid")
    return named.lower() if isinstance(named, str) and is_object_id(named) else ""


def has_permission(token: str, permission: str) -> bool:
    """Returns whether the token has the application permission. Graph verifies the token."""
    roles = _claims(token).get("roles")
    return isinstance(roles, list) and permission in roles


def claims_of(token: str) -> Json:
    """Returns the claims of a JWT without verifying them. Raises ValueError if it is not a JWT."""
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except IndexError as error:
        raise ValueError("it is not a JWT") from error
    if not isinstance(claims, dict):
        raise ValueError("its claims are no object")  # noqa: TRY004 - it was read as text
    return claims


def _claims(token: str) -> Json:
    """Returns the claims of a JWT without verifying them; none if it is not a JWT."""
    try:
        return claims_of(token)
    except ValueError:
        return {}
