"""The emulated sign-in over real HTTP: Hasten's own adapter and door, and what Entra refuses."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Self
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from azure.core.credentials import AccessToken

from emulator.azure import Azure, AzureOptions, running
from emulator.certificates import trusted
from emulator.sign_in.registration import API_CLIENT_ID, APP_ID_URI, CALLBACK, SCOPE, client_id
from hasten.adapters.sign_in import EXCHANGE_AUDIENCE, EntraSignIn
from hasten.api.caller import Role
from hasten.api.keys import TenantKeys
from hasten.api.tokens import BadTokenError, Tokens
from hasten.errors import PermanentError, TemporaryError, WrongInputError
from hasten.ports.clock import utc_now

pytestmark = pytest.mark.asyncio(loop_scope="module")

REDIRECT = f"http://127.0.0.1:7071{CALLBACK}"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
"""The pair of RFC 7636, appendix B."""


class Identity:
    """The managed identity, as azure-identity asks for its tokens."""

    def __init__(self, azure: Azure) -> None:
        self._azure = azure

    async def get_token(self, *scopes: str, **_: object) -> AccessToken:
        [scope] = scopes
        issued = self._azure.graph.tenant.tokens.issue(scope.removesuffix("/.default"))
        return AccessToken(issued["access_token"], int(issued["expires_on"]))

    async def close(self) -> None:
        pass

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def azure() -> AsyncIterator[Azure]:
    async with running(AzureOptions()) as azure:
        yield azure


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def http(azure: Azure) -> AsyncIterator[httpx.AsyncClient]:
    base = f"{azure.graph.url}/{azure.graph.tenant.id}"
    async with httpx.AsyncClient(base_url=base, trust_env=False, verify=trusted()) as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def adapter(azure: Azure) -> AsyncIterator[EntraSignIn]:
    authority = f"{azure.graph.url}/{azure.graph.tenant.id}"
    adapter = EntraSignIn(
        authority,
        API_CLIENT_ID,
        lambda: Identity(azure),
        httpx.AsyncHTTPTransport(verify=trusted()),
    )
    yield adapter
    await adapter.close()


@pytest.fixture
def tokens(azure: Azure, adapter: EntraSignIn) -> Tokens:
    keys = TenantKeys(adapter, utc_now)
    return Tokens(keys, azure.graph.tenant.id, UUID(API_CLIENT_ID))


async def code_of(http: httpx.AsyncClient, client: str = API_CLIENT_ID, **more: str) -> str:
    query = {
        "client_id": client,
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "nonce": "nonce-1",
        "state": "state-1",
        **more,
    }
    answer = await http.get("/oauth2/v2.0/authorize", params=query)
    assert answer.status_code == 302
    found = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    assert found["state"] == "state-1"
    return found["code"]


async def by_secret(http: httpx.AsyncClient, azure: Azure, **more: str) -> httpx.Response:
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id("sender"),
        "client_secret": azure.sign_in.registration.secret,
        "scope": f"{APP_ID_URI}/.default",
        **more,
    }
    return await http.post("/oauth2/v2.0/token", data=form)


async def test_a_person_who_signs_in_is_recognised_with_their_roles(
    http: httpx.AsyncClient, adapter: EntraSignIn, tokens: Tokens
) -> None:
    code = await code_of(http, login_hint="reader@emulated.example")
    metadata = await adapter.metadata()

    token = await adapter.redeem(
        metadata.token, code=code, verifier=VERIFIER, redirect_uri=REDIRECT
    )
    caller = await tokens.of_sign_in(token, datetime.now(UTC), nonce="nonce-1")

    assert set(caller.roles) == {Role.READ}
    with pytest.raises(BadTokenError):
        await tokens.of_request(token, datetime.now(UTC))


async def test_a_code_serves_once_and_only_with_its_verifier_and_address(
    http: httpx.AsyncClient, adapter: EntraSignIn
) -> None:
    url = (await adapter.metadata()).token
    used = await code_of(http)
    await adapter.redeem(url, code=used, verifier=VERIFIER, redirect_uri=REDIRECT)

    for code, verifier, address in (
        (used, VERIFIER, REDIRECT),
        (await code_of(http), "another verifier", REDIRECT),
        (await code_of(http), VERIFIER, REDIRECT.replace("7071", "7079")),
        ("invented", VERIFIER, REDIRECT),
    ):
        with pytest.raises(WrongInputError):
            await adapter.redeem(url, code=code, verifier=verifier, redirect_uri=address)


async def test_hasten_must_prove_itself_by_a_token_of_its_identity_for_the_exchange(
    http: httpx.AsyncClient, azure: Azure, adapter: EntraSignIn
) -> None:
    url = (await adapter.metadata()).token
    for_graph = azure.graph.tenant.tokens.issue("https://graph.microsoft.com")["access_token"]

    for assertion in (for_graph, "invented", ""):
        answer = await http.post(
            url,
            data={
                "client_id": API_CLIENT_ID,
                "grant_type": "authorization_code",
                "code": await code_of(http),
                "code_verifier": VERIFIER,
                "redirect_uri": REDIRECT,
                "client_assertion_type": ("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                "client_assertion": assertion,
            },
        )
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert EXCHANGE_AUDIENCE.startswith("api://AzureADTokenExchange")


async def test_a_program_gets_a_token_with_its_roles(
    http: httpx.AsyncClient, azure: Azure, tokens: Tokens
) -> None:
    answer = await by_secret(http, azure)

    caller = await tokens.of_request(answer.json()["access_token"], datetime.now(UTC))

    assert set(caller.roles) == {Role.SEND}


@pytest.mark.parametrize(
    "wrong",
    [{"client_secret": "x"}, {"client_id": API_CLIENT_ID}, {"scope": SCOPE}, {"grant_type": "x"}],
)
async def test_a_program_that_cannot_prove_itself_gets_none(
    http: httpx.AsyncClient, azure: Azure, wrong: dict[str, str]
) -> None:
    answer = await by_secret(http, azure, **wrong)

    assert answer.status_code in {400, 401}
    assert "access_token" not in answer.json()


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "0000dddd-0000-4000-8000-000000000009"},
        {"redirect_uri": "https://evil.example/api/ui/signin/callback"},
        {"redirect_uri": "http://127.0.0.1:7071/elsewhere"},
    ],
)
async def test_an_unregistered_client_or_address_gets_no_code(
    http: httpx.AsyncClient, wrong: dict[str, str]
) -> None:
    query = {"client_id": API_CLIENT_ID, "redirect_uri": REDIRECT, "response_type": "code"}

    answer = await http.get("/oauth2/v2.0/authorize", params={**query, **wrong})

    assert answer.status_code == 400


async def test_a_token_of_a_rotated_key_is_accepted_once_the_keys_are_read_again(
    http: httpx.AsyncClient, azure: Azure, adapter: EntraSignIn, tokens: Tokens
) -> None:
    before = (await by_secret(http, azure)).json()["access_token"]
    await http.post(f"{azure.graph.url}/emulator/signing-key")
    after = (await by_secret(http, azure)).json()["access_token"]

    assert (await tokens.of_request(after, datetime.now(UTC))).roles == {Role.SEND}
    with pytest.raises(BadTokenError, match="no key of the tenant"):
        await tokens.of_request(before, datetime.now(UTC))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(500), TemporaryError),
        (httpx.Response(400, json={"error": "invalid_tenant"}), PermanentError),
        (httpx.Response(200, text="<html>"), TemporaryError),
        (httpx.Response(200, json=[]), TemporaryError),
        (httpx.Response(200, json={"issuer": ["x"]}), TemporaryError),
        (httpx.Response(200, content=b"[" * 300_000), TemporaryError),
        (httpx.Response(302, headers={"Location": "https://evil.example"}), TemporaryError),
        (
            httpx.Response(200, json={"issuer": "x", "jwks_uri": "https://evil.example/keys"}),
            TemporaryError,
        ),
    ],
)
async def test_an_answer_that_is_not_entras_gives_no_keys(
    azure: Azure, answer: httpx.Response, error: type[Exception]
) -> None:
    adapter = EntraSignIn(
        "https://login.example/tenant",
        API_CLIENT_ID,
        lambda: Identity(azure),
        httpx.MockTransport(lambda _: answer),
    )

    with pytest.raises(error):
        await adapter.metadata()
