"""Keeps the codes of sign-ins: each serves once, for the client, address and verifier of its
request."""

import base64
import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass

from emulator.sign_in.registration import Principal

LIFETIME = 600
"""Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the request for a code said."""

    client: str
    redirect_uri: str
    challenge: str
    nonce: str
    person: Principal


class Codes:
    def __init__(self) -> None:
        self._open: dict[str, tuple[float, Asked]] = {}

    def issue(self, asked: Asked) -> str:
        code = secrets.token_urlsafe(24)
        self._open[code] = time.time() + LIFETIME, asked
        return code

    def redeem(self, code: str, *, client: str, redirect_uri: str, verifier: str) -> Asked | None:
        ends_at, asked = self._open.pop(code, (0.0, None))
        if asked is None or time.time() > ends_at:
            return None
        fits = (asked.client, asked.redirect_uri) == (client, redirect_uri)
        proven = hmac.compare_digest(asked.challenge, _challenge(verifier))
        return asked if fits and proven else None


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
