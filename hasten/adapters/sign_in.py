"""Implements the SignIn port on Microsoft Entra ID. The app has no secret of its own: a token of
its managed identity replaces it (workload identity federation)."""

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import httpx
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError

from hasten.errors import PermanentError, TemporaryError, WrongInputError
from hasten.json import Json
from hasten.ports.sign_in import Metadata

EXCHANGE_AUDIENCE = "api://AzureADTokenExchange/.default"
"""The audience that Entra expects in a token that stands for a secret (Graph docs,
federatedIdentityCredential)."""

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TIMEOUT_SECONDS = 10.0
MAX_ANSWER_BYTES = 256 * 1024
"""Bytes of an answer. What Entra publishes has less than 20 KiB."""

METADATA_RETRY_DELAY = timedelta(seconds=30)

METADATA_PATH = "/.well-known/openid-configuration"


class EntraSignIn:
    """`authority` is the address of the sign-in with the tenant."""

    def __init__(
        self,
        authority: str,
        client_id: str,
        credential: Callable[[], AsyncTokenCredential],
        transport: httpx.AsyncBaseTransport,
    ) -> None:
        self._authority = authority
        self._client_id = client_id
        self._credential = credential
        self._http = httpx.AsyncClient(
            transport=transport, timeout=TIMEOUT_SECONDS, follow_redirects=False
        )

    async def metadata(self) -> Metadata:
        first, second = await asyncio.gather(
            self._document(f"{self._authority}{METADATA_PATH}"),
            self._document(f"{self._authority}/v2.0{METADATA_PATH}"),
        )
        keys = await self._document(self._own(second, "jwks_uri"))
        return Metadata(
            issuers=frozenset({_text(first, "issuer"), _text(second, "issuer")}),
            keys=[key for key in keys.get("keys", ()) if isinstance(key, dict)],
            authorize=self._own(second, "authorization_endpoint"),
            token=self._own(second, "token_endpoint"),
            sign_out=self._own(second, "end_session_endpoint"),
        )

    async def redeem(self, token_url: str, *, code: str, verifier: str, redirect_uri: str) -> str:
        form = {
            "client_id": self._client_id,
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": redirect_uri,
            "scope": "openid profile",
            "client_assertion_type": JWT_BEARER,
            "client_assertion": await self._assertion(),
        }
        status, answer = await self._asked("POST", token_url, data=form)
        if status != HTTPStatus.OK:
            raise _refused(answer)
        return _text(answer, "id_token")

    async def close(self) -> None:
        await self._http.aclose()

    async def _assertion(self) -> str:
        try:
            return (await self._credential().get_token(EXCHANGE_AUDIENCE)).token
        except AzureError as error:
            raise PermanentError(
                f"the app's identity got no token for the sign-in: {type(error).__name__}",
                "give the app a managed identity",
            ) from error

    async def _document(self, url: str) -> Json:
        status, answer = await self._asked("GET", url)
        if status == HTTPStatus.BAD_REQUEST:  # Entra's answer for a tenant that does not exist
            raise PermanentError("Entra's sign-in knows no such tenant", "check HASTEN_TENANT_ID")
        if status != HTTPStatus.OK:
            raise TemporaryError(f"Entra's sign-in answered {status}", METADATA_RETRY_DELAY)
        return answer

    async def _asked(self, method: str, url: str, **more: Any) -> tuple[int, Json]:
        try:
            async with self._http.stream(method, url, **more) as answer:
                body = await _bounded(answer)
                return answer.status_code, body
        except httpx.HTTPError as error:
            raise TemporaryError(
                f"Entra's sign-in did not answer: {type(error).__name__}", METADATA_RETRY_DELAY
            ) from error

    def _own(self, document: Json, name: str) -> str:
        """Returns an address of the document. Raises TemporaryError if it leads to another host:
        a token must be judged, and a code redeemed, by the configured authority alone."""
        url = _text(document, name)
        if httpx.URL(url).copy_with(path="/", query=None) != httpx.URL(self._authority).copy_with(
            path="/", query=None
        ):
            raise TemporaryError(
                f"Entra's sign-in published a foreign {name}", METADATA_RETRY_DELAY
            )
        return url


async def _bounded(answer: httpx.Response) -> Json:
    body = bytearray()
    async for part in answer.aiter_bytes():
        body += part
        if len(body) > MAX_ANSWER_BYTES:
            raise TemporaryError("Entra's sign-in sent too long an answer", METADATA_RETRY_DELAY)
    try:
        found = json.loads(bytes(body))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise TemporaryError("Entra's sign-in sent no JSON object", METADATA_RETRY_DELAY)
    return found


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise TemporaryError(f"Entra's sign-in sent no {name}", METADATA_RETRY_DELAY)
    return value


def _refused(answer: Json) -> PermanentError:
    """Returns the error for a refused code, without the description, which may name the user."""
    code = str(answer.get("error", ""))[:64]
    if code == "invalid_grant":
        return WrongInputError("Entra refused the code of the sign-in", "sign in again")
    return PermanentError(
        f"Entra refused Hasten's own proof at the sign-in ({code})",
        "check that the app registration trusts the app's managed identity "
        "(federated credential), and HASTEN_API_CLIENT_ID",
    )
