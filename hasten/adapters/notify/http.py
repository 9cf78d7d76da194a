"""Posts JSON to the address of a destination: only over HTTPS, to that address and no other."""

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx

from hasten.adapters.retry_after import retry_after
from hasten.errors import PermanentError, TemporaryError
from hasten.settings import DEVELOPMENT_HOSTS

POST_TIMEOUT = timedelta(seconds=10)
"""Maximum time of one post with its answer; Hasten tries again later."""

RETRY_DELAY = timedelta(minutes=1)
ANSWER_BYTES_READ = 2048
"""Bytes of an answer that are read, so that the connection ends well. Hasten keeps none."""

TRANSIENT_STATUSES = frozenset({408, 409, 425, 429})


class HttpPoster:
    def __init__(self, transport: httpx.AsyncBaseTransport, *, is_local: bool) -> None:
        """`is_local` allows addresses of the loopback without TLS."""
        self._is_local = is_local
        self._client = httpx.AsyncClient(
            transport=transport,
            follow_redirects=False,
            timeout=None,  # noqa: S113 - asyncio.timeout bounds the whole exchange
            headers={"User-Agent": "Hasten"},
        )

    async def post(
        self, setting: str, address: str, content_type: str, body: Mapping[str, Any], *, key: str
    ) -> None:
        """Posts the body. `setting` names the address in errors, which hold nothing of it. `key`
        lets the receiver drop a repeated message. Raises TemporaryError and PermanentError."""
        self._refuse(setting, address)
        content = json.dumps(body, ensure_ascii=False).encode()
        headers = {"Content-Type": content_type, "Idempotency-Key": key}
        try:
            async with (
                asyncio.timeout(POST_TIMEOUT.total_seconds()),
                self._client.stream("POST", address, content=content, headers=headers) as answer,
            ):
                read = 0
                async for chunk in answer.aiter_raw():
                    read += len(chunk)
                    if read > ANSWER_BYTES_READ:
                        break
                _check(setting, answer)
        except httpx.InvalidURL:
            raise _wrong(setting, "it is no address") from None
        except (httpx.HTTPError, TimeoutError) as error:
            # The text of the error may hold the address; the type says enough.
            reason = f"no answer from the address in {setting}: {type(error).__name__}"
            raise TemporaryError(reason, RETRY_DELAY) from None

    async def close(self) -> None:
        await self._client.aclose()

    def _refuse(self, setting: str, address: str) -> None:
        """Raises PermanentError for an address that Hasten must not post to."""
        try:
            url = urlsplit(address)
            host = url.hostname or ""
            _ = url.port
        except ValueError:
            raise _wrong(setting, "it is no address") from None
        is_loopback = host in DEVELOPMENT_HOSTS
        if not host or (url.scheme != "https" and not (self._is_local and is_loopback)):
            raise _wrong(setting, "it is no address with https")
        if url.username or url.password or url.fragment:
            raise _wrong(setting, "it has a user or a fragment")


def _check(setting: str, answer: httpx.Response) -> None:
    status = answer.status_code
    if answer.is_success:
        return
    reason = f"the address in {setting} answered {status}"
    if answer.is_redirect:
        raise PermanentError(f"{reason}, a redirect", f"set {setting} to the final address")
    if answer.is_server_error or status in TRANSIENT_STATUSES:
        raise TemporaryError(reason, retry_after(answer) or RETRY_DELAY)
    gone = status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
    fix = f"make a new address and set {setting} to it" if gone else f"check {setting}"
    raise PermanentError(reason, fix)


def _wrong(setting: str, problem: str) -> PermanentError:
    return PermanentError(f"setting {setting} is wrong: {problem}", f"correct {setting}")
