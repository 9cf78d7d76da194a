"""The app itself, over SCIM 2.0 (RFC 7644), with plain httpx.

The SCIM client libraries check every payload and content type against the standard, from which the
apps deviate, and bring a second HTTP client. Hasten sends five requests and reads three attributes.
"""

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from hasten.adapters.scim import accounts, replacement
from hasten.adapters.scim.answers import (
    MAX_BODY_BYTES,
    RETRY_DELAY,
    AppAnswer,
    UnreadableAccountError,
    body,
    checked,
    is_unknown_account,
)
from hasten.adapters.scim.attributes import values
from hasten.domain.app_account import AppAccount, Found, NotFound, PatchForm
from hasten.errors import TemporaryError
from hasten.json import Json
from hasten.ports.application import Capabilities
from hasten.scim import Scim

REQUEST_TIMEOUT = timedelta(seconds=15)
"""Maximum time of one request with its answer; Hasten tries again later."""

REQUEST_HEADERS = {
    "Accept": "application/scim+json, application/json",
    "Content-Type": "application/scim+json",
    "User-Agent": "Hasten",
}
"""AWS IAM Identity Center refuses a PATCH without User-Agent (its documentation)."""

PATCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
OPERATIONS: Mapping[PatchForm, Mapping[str, Any]] = {
    PatchForm.BOOLEAN: {"op": "replace", "path": "active", "value": False},
    PatchForm.STRING: {"op": "Replace", "path": "active", "value": "False"},
    PatchForm.WITHOUT_PATH: {"op": "replace", "value": {"active": False}},
}


class ScimApplication:
    """Implements the port `Application`. The token goes to `scim.url` and nowhere else: redirects
    are not followed."""

    def __init__(self, scim: Scim, token: SecretStr, transport: httpx.AsyncBaseTransport) -> None:
        self._scim = scim
        self._client = httpx.AsyncClient(
            base_url=str(scim.url).rstrip("/") + "/",
            headers={**REQUEST_HEADERS, "Authorization": f"Bearer {token.get_secret_value()}"},
            transport=transport,
            follow_redirects=False,
            timeout=None,  # noqa: S113 - asyncio.timeout bounds the whole exchange
        )

    async def find(self, value: str) -> Found:
        attribute = self._scim.matching.app
        wanted = f"{attribute} eq {json.dumps(value, ensure_ascii=False)}"
        # Quoted here because httpx writes a space as "+", which some servers do not decode.
        answer = await self._send("GET", f"Users?filter={quote(wanted, safe='')}")
        if is_unknown_account(answer):
            return NotFound()
        return accounts.found(body(checked(answer)), attribute, value)

    async def read(self, account: str) -> AppAccount | None:
        answer = await self._send("GET", _path(account))
        if is_unknown_account(answer):
            return None
        return accounts.account(body(checked(answer)), account)

    async def deactivate(self, account: str) -> None:
        if self._scim.patch is PatchForm.PUT:
            await self._replace(account)
            return
        patch = {"schemas": [PATCH_SCHEMA], "Operations": [OPERATIONS[self._scim.patch]]}
        checked(await self._send("PATCH", _path(account), content=json.dumps(patch)))

    async def capabilities(self) -> Capabilities:
        said = body(checked(await self._send("GET", "ServiceProviderConfig")))
        return Capabilities(patch=_supported(said, "patch"), filter=_supported(said, "filter"))

    async def close(self) -> None:
        await self._client.aclose()

    async def _replace(self, account: str) -> None:
        """Reads the account and writes it back inactive. With a version, the app refuses the write
        if somebody else wrote meanwhile; Hasten then tries again later."""
        answer = checked(await self._send("GET", _path(account)))
        shown = body(answer)
        accounts.account(shown, account)
        wanted = replacement.inactive(shown)
        if wanted is None:
            return
        known = replacement.version(answer, shown)
        conditions = {"If-Match": known} if known else {}
        content = json.dumps(wanted)
        checked(await self._send("PUT", _path(account), content=content, headers=conditions))

    async def _send(
        self,
        method: str,
        path: str,
        content: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AppAnswer:
        """Returns status, headers and body. Raises TemporaryError if no answer came in time, and
        UnreadableAccountError if the body is too large."""
        try:
            async with (
                asyncio.timeout(REQUEST_TIMEOUT.total_seconds()),
                self._client.stream(method, path, content=content, headers=headers) as response,
            ):
                read = b""
                async for chunk in response.aiter_bytes():
                    read += chunk
                    if len(read) > MAX_BODY_BYTES:
                        raise UnreadableAccountError(f"it has more than {MAX_BODY_BYTES} bytes")
                return AppAnswer(response.status_code, response.headers, read)
        except (httpx.HTTPError, TimeoutError) as error:
            reason = f"the app did not answer: {type(error).__name__}"
            raise TemporaryError(reason, RETRY_DELAY) from error


def _path(account: str) -> str:
    return f"Users/{quote(account, safe='')}"


def _supported(config: Json, feature: str) -> bool | None:
    said = [one for one in values(config, feature) if isinstance(one, dict)]
    supported = [value for one in said for value in values(one, "supported")]
    return supported[0] if len(supported) == 1 and isinstance(supported[0], bool) else None
