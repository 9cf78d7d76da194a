"""The app over real HTTP: the adapter against a SCIM 2.0 server that nobody here wrote."""

import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr

from emulator.certificates import trusted
from emulator.engine.app import App, By
from emulator.engine.connector import Connector
from hasten.adapters.scim.application import ScimApplication
from hasten.domain.app_account import AppAccount, NoAccount, NotFound, PatchForm, SeveralAccounts
from hasten.errors import PermanentError
from hasten.ports.application import Capabilities
from hasten.scim import Match, Scim

if TYPE_CHECKING:
    from emulator.scim import ScimServer

ADA = "0000cccc-0000-4000-8000-000000000001"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
BY_ID = Match(app="externalId", entra="id")
MATCHES = {
    "externalId": (BY_ID, ADA),
    "userName": (Match(app="userName", entra="userPrincipalName"), "ada@x.test"),
    "emails": (Match(app='emails[type eq "work"].value', entra="mail"), "ada@work.test"),
}


def scim_server(*, patches: bool = True) -> "ScimServer":
    from emulator.scim import ScimServer  # noqa: PLC0415 - a third of the time of all imports

    return ScimServer(patches=patches)


@pytest_asyncio.fixture
async def server() -> AsyncIterator["ScimServer"]:
    server = scim_server()
    await server.start()
    yield server
    await server.stop()


def application(
    server: "ScimServer",
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
    return ScimApplication(
        scim, SecretStr(token or server.token), httpx.AsyncHTTPTransport(verify=trusted())
    )


async def created(server: "ScimServer", **values: object) -> str:
    """Returns the id of a new account, created as Entra ID does."""
    body = {
        "schemas": [USER],
        "userName": "ada@x.test",
        "externalId": ADA,
        "emails": [{"type": "work", "value": "ada@work.test"}],
        "active": True,
        **values,
    }
    async with httpx.AsyncClient(trust_env=False, verify=trusted()) as client:
        answer = await client.post(
            f"{server.url}/Users", json=body, headers={"Authorization": f"Bearer {server.token}"}
        )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def raw(server: "ScimServer", account: str) -> dict[str, object]:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(
            f"{server.url}/Users/{account}", headers={"Authorization": f"Bearer {server.token}"}
        )
    return dict(answer.json())


@pytest.mark.parametrize("patch", PatchForm)
async def test_every_form_of_the_write_makes_the_account_inactive_and_no_other(
    server: "ScimServer", patch: PatchForm
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


async def test_an_app_without_patch_takes_the_whole_account_and_loses_nothing() -> None:
    server = scim_server(patches=False)
    await server.start()
    account = await created(server, title="Engineer", displayName="Ada")
    by_patch = application(server)
    app = application(server, patch=PatchForm.PUT)
    before = await raw(server, account)

    assert await app.capabilities() == Capabilities(patch=False, filter=True)
    with pytest.raises(PermanentError, match="501") as refused:
        await by_patch.deactivate(account)
    assert "`patch: put`" in refused.value.next_action
    await app.deactivate(account)

    after = await raw(server, account)
    assert after["active"] is False
    assert {k: v for k, v in after.items() if k not in {"active", "meta"}} == {
        k: v for k, v in before.items() if k not in {"active", "meta"}
    }
    for one in (by_patch, app):
        await one.close()
    await server.stop()


@pytest.mark.parametrize("attribute", MATCHES)
async def test_an_account_is_found_by_each_attribute(server: "ScimServer", attribute: str) -> None:
    match, value = MATCHES[attribute]
    account = await created(server)
    app = application(server, match=match)

    assert await app.find(value) == AppAccount(id=account, active=True)
    assert await app.find("nobody") == NoAccount()
    await app.close()


async def test_two_accounts_with_one_external_id_are_two(server: "ScimServer") -> None:
    await created(server)
    await created(server, userName="ada2@x.test")
    app = application(server)

    assert await app.find(ADA) == SeveralAccounts(2)
    await app.close()


async def test_a_deleted_account_is_gone_and_another_address_is_not_the_app(
    server: "ScimServer",
) -> None:
    app, elsewhere = application(server), application(server, path="/elsewhere")

    assert await app.read("no-such-account") is None
    assert await elsewhere.find(ADA) == NotFound()
    await app.close()
    await elsewhere.close()


async def test_a_wrong_token_is_refused(server: "ScimServer") -> None:
    app = application(server, token="wrong")

    with pytest.raises(PermanentError, match="401"):
        await app.find(ADA)
    await app.close()


async def test_it_says_what_it_can_do(server: "ScimServer") -> None:
    app = application(server)

    assert await app.capabilities() == Capabilities(patch=True, filter=True)
    await app.close()


async def test_the_emulated_entra_provisions_an_app_without_patch() -> None:
    server = scim_server(patches=False)
    await server.start()
    connector, app = Connector(server.url, server.token, patches=False), App(time.time)
    profile = {"userPrincipalName": "ada@x.test", "jobTitle": "Engineer", "department": "Bridge"}
    app.put_account(ADA, profile, By.SEED)
    await connector.write(app)
    [account] = await listed(server)

    app.put_account(ADA, {**profile, "jobTitle": "Captain"}, By.CYCLE)
    await connector.write(app)
    hasten = application(server, patch=PatchForm.PUT)
    await hasten.deactivate(account["id"])
    await connector.read(app, [ADA])

    [after] = await listed(server)
    assert (after["title"], after["active"]) == ("Captain", False)
    assert not app.accounts[ADA].active
    await hasten.close()
    await connector.close()
    await server.stop()


async def listed(server: "ScimServer") -> list[dict[str, Any]]:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(
            f"{server.url}/Users", headers={"Authorization": f"Bearer {server.token}"}
        )
    return list(answer.json()["Resources"])
