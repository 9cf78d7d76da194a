"""Keeps the public keys with which Entra signs the tokens of the tenant."""

import asyncio
from datetime import datetime, timedelta

from jwt import PyJWK, PyJWTError

from hasten.errors import TemporaryError
from hasten.json import Json
from hasten.ports.clock import Now
from hasten.ports.sign_in import Metadata, SignIn

KEYS_FRESH_FOR = timedelta(hours=6)
"""Age at which Hasten reads the keys again."""

KEYS_USABLE_FOR = timedelta(hours=24)
"""Age up to which Hasten uses keys that it could not read again. Entra asks callers to look for
new keys every 24 hours (Entra docs, signing key rollover)."""

KEYS_READ_PAUSE = timedelta(minutes=1)
"""Least time between two reads: tokens with an invented key id cause no flood of requests."""


class TenantKeys:
    """The keys of one process."""

    def __init__(self, sign_in: SignIn, now: Now) -> None:
        self._sign_in = sign_in
        self._now = now
        self._one_at_a_time = asyncio.Lock()
        self._known: Metadata | None = None
        self._read_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._error: TemporaryError | None = None

    async def metadata(self) -> Metadata:
        """Raises TemporaryError if Entra does not answer and nothing usable is known, and
        PermanentError."""
        if self._is_younger(self._read_at, KEYS_FRESH_FOR):
            return self._must_know()
        return await self._read_again()

    async def key(self, key_id: str) -> PyJWK | None:
        """Returns the key with this id, or None if Entra publishes none. An unknown id makes Hasten
        read the keys again, once a minute at most. Raises the errors of `metadata`."""
        found = _find(await self.metadata(), key_id)
        return found or _find(await self._read_again(), key_id)

    async def _read_again(self) -> Metadata:
        async with self._one_at_a_time:
            if self._is_younger(self._tried_at, KEYS_READ_PAUSE):
                return self._must_know()
            self._tried_at = self._now()
            try:
                self._known = await self._sign_in.metadata()
                self._read_at, self._error = self._tried_at, None
            except TemporaryError as error:
                self._error = error
            return self._must_know()

    def _must_know(self) -> Metadata:
        if self._known is not None and self._is_younger(self._read_at, KEYS_USABLE_FOR):
            return self._known
        raise self._error or TemporaryError(
            "the keys of Entra's tokens are not known", KEYS_READ_PAUSE
        )

    def _is_younger(self, at: datetime | None, age: timedelta) -> bool:
        return at is not None and self._now() - at < age


def _find(metadata: Metadata, key_id: str) -> PyJWK | None:
    for key in metadata.keys:
        if key.get("kid") == key_id and _signs(key):
            try:
                return PyJWK(dict(key), algorithm="RS256")
            except PyJWTError:
                return None
    return None


def _signs(key: Json) -> bool:
    return key.get("kty") == "RSA" and key.get("use", "sig") == "sig"
