"""The object id in a token of Hasten's own says who runs the command line."""

import base64
import json
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from hasten.adapters.token import object_id_in, object_id_of
from hasten.cli.identity import who
from tests.support.world import user


def token(**claims: object) -> str:
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{part}.signature"


class Credential:
    def __init__(self, given: str | None) -> None:
        self._given = given

    async def get_token(self, *_: str, **__: Any) -> AccessToken:
        if self._given is None:
            raise ClientAuthenticationError("nobody is signed in")
        return AccessToken(self._given, 0)


def test_the_object_id_is_read_in_lower_case() -> None:
    assert object_id_in(token(oid=user(1).upper(), upn="kim@contoso.example")) == user(1)


@pytest.mark.parametrize(
    "given",
    ["", "x", "a.b.c", "..", token(), token(oid=7), token(oid="kim"), token(oid=None), "é.é.é"],
)
def test_a_token_without_an_object_id_names_nobody(given: str) -> None:
    assert object_id_in(given) == ""


async def named(given: str | None) -> str:
    credential: Any = Credential(given)
    return await object_id_of(credential, "https://graph.microsoft.com/v1.0")


async def test_the_command_line_names_the_one_who_is_signed_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOGNAME", "kim")

    assert await who(lambda: named(token(oid=user(1)))) == f"cli:{user(1)}"
    assert await who(lambda: named(None)) == "os:kim"
