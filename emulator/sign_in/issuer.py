"""Signs tokens as Entra ID does, and publishes the keys."""

import base64
import time
import uuid
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from emulator.sign_in.registration import API_CLIENT_ID, Principal

LIFETIME = 3600
"""Seconds of real time, because the app compares the expiry with its own clock."""


class Issuer:
    """The token service of one tenant. `root` is the address of the server."""

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self._new_key()

    def _new_key(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._key_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")

    def rotate(self) -> None:
        """Replaces the signing key, as Entra does without notice."""
        self._new_key()

    def keys(self) -> Mapping[str, Any]:
        public = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        known = {"kid": self._key_id, "use": "sig", "x5t": self._key_id}
        return {"keys": [{"kty": "RSA", "n": public["n"], "e": public["e"], **known}]}

    def document(self, root: str, version: int) -> Mapping[str, Any]:
        """Returns the discovery document of a version of the tokens."""
        base = f"{root}/{self.tenant}"
        return {
            "issuer": self.issuer(root, version),
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def issuer(self, root: str, version: int) -> str:
        return f"{root}/{self.tenant}/v2.0" if version > 1 else f"{root}/sts/{self.tenant}/"

    def id_token(self, root: str, person: Principal, *, nonce: str) -> str:
        return self._signed(
            root,
            person,
            sub=f"pairwise-{person.object_id}",
            name=person.name,
            preferred_username=f"{person.name}@emulated.example",
            nonce=nonce,
        )

    def of_person(self, root: str, person: Principal, client: str) -> str:
        """Returns an access token with which a program calls the API for a person."""
        return self._signed(
            root,
            person,
            sub=f"pairwise-{person.object_id}",
            azp=client,
            azpacr="0",
            scp="user_impersonation",
            name=person.name,
            preferred_username=f"{person.name}@emulated.example",
        )

    def of_program(self, root: str, program: Principal, client: str) -> str:
        return self._signed(root, program, sub=program.object_id, azp=client, azpacr="1")

    def _signed(self, root: str, who: Principal, **claims: str) -> str:
        now = int(time.time())
        payload = {
            "aud": API_CLIENT_ID,
            "iss": self.issuer(root, 2),
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME,
            "oid": who.object_id,
            "tid": self.tenant,
            "uti": uuid.uuid4().hex,
            "ver": "2.0",
            **claims,
            **({"roles": list(who.roles)} if who.roles else {}),
        }
        return jwt.encode(payload, self._key, "RS256", {"kid": self._key_id})
