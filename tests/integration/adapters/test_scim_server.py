"""The app over real HTTP: the adapter against a SCIM 2.0 server that nobody here wrote."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr

from emulator.scim import ScimServer
from hasten.adapters.scim.application import ScimApplication
from hasten.domain.app_account import AppAccount, NoAccount, PatchForm, SeveralAccounts
from hasten.errors import PermanentError, TemporaryError
from hasten.ports.application import Capabilities
from hasten.scim import Match, Scim

ADA = "0000cccc-0000-4000-8000-000000000001"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
BY_ID = Match(app="externalId", entra="id")
MATCHES = {
    "externalId": (BY_ID, ADA),
    "userName": (Match(app="userName", entra="userPrincipalName"), "ada@x.test"),
    "emails": (Match(app='emails[type eq "work"].value', entra="mail"), "ada@work.test"),
}


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ScimServer]:
    server = ScimServer()
    await server.start()
    yield server
    await server.stop()


def application(
    server: ScimServer,
    *,
    match: Match = BY_ID,
    patch: PatchForm = PatchForm.BOOLEAN,
    token: str = "",
    path: str = "",
) -> ScimApplication:
    scim = Scim.model_validate(
        {
            "url": server.url + path,
            "token": "HASTEN_SCIM_TOKEN_TOTAL",
            "match": match,
            "patch": patch,
        }
    )
    return ScimApplication(scim, SecretStr(token or server.token), httpx.AsyncHTTPTransport())


async def created(server: ScimServer, **values: object) -> str:
    """Returns the id of a new account, created as Entra ID does."""
    body = {
        "schemas": [USER],
        "userName": "ada@x.test",
        "externalId": ADA,
        "emails": [{"type": "work", "value": "ada@work.test"}],
        "active": True,
        **values,
    }
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(
            f"{server.url}/Users", json=body, headers={"Authorization": f"Bearer {server.token}"}
        )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.mark.parametrize("patch", PatchForm)
async def test_every_form_of_the_write_makes_the_account_inactive_and_no_other(
    server: ScimServer, patch: PatchForm
) -> None:
    account = await created(server)
    other = await created(server, userName="bob@x.test", externalId="other")
    app = application(server, patch=patch)

    found = await app.find(ADA)
    await app.deactivate(account)

    assert found == AppAccount(id=account, active=True)
    assert await app.read(account) == AppAccount(id=account, active=False)
    assert await app.read(other) == AppAccount(id=other, active=True)
    await app.close()


@pytest.mark.parametrize("attribute", MATCHES)
async def test_an_account_is_found_by_each_attribute(server: ScimServer, attribute: str) -> None:
    match, value = MATCHES[attribute]
    account = await created(server)
    app = application(server, match=match)

    assert await app.find(value) == AppAccount(id=account, active=True)
    assert await app.find("nobody") == NoAccount()
    await app.close()


async def test_two_accounts_with_one_external_id_are_two(server: ScimServer) -> None:
    await created(server)
    await created(server, userName="ada2@x.test")
    app = application(server)

    assert await app.find(ADA) == SeveralAccounts(2)
    await app.close()


async def test_a_deleted_account_is_gone_and_another_address_is_not_the_app(
    server: ScimServer,
) -> None:
    app, elsewhere = application(server), application(server, path="/elsewhere")

    assert await app.read("no-such-account") is None
    with pytest.raises((PermanentError, TemporaryError), match="404"):
        await elsewhere.find(ADA)
    await app.close()
    await elsewhere.close()


async def test_a_wrong_token_is_refused(server: ScimServer) -> None:
    app = application(server, token="wrong")

    with pytest.raises(PermanentError, match="401"):
        await app.find(ADA)
    await app.close()


async def test_it_says_what_it_can_do(server: ScimServer) -> None:
    app = application(server)

    assert await app.capabilities() == Capabilities(patch=True, filter=True)
    await app.close()
