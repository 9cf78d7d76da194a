"""A service that nobody asked, because there was no token, has answered nothing."""

from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CredentialUnavailableError
from azure.servicebus.exceptions import ServiceBusError

from hasten.adapters.servicebus import translated
from hasten.adapters.store import tables
from hasten.errors import NoTokenError, TemporaryError


class SignedOut:
    """The credential of somebody who has not signed in."""

    async def get_token(self, *_: str, **__: Any) -> AccessToken:
        raise ClientAuthenticationError("the text may name the tenant")

    async def get_token_info(self, *_: str, **__: Any) -> AccessToken:
        return await self.get_token()

    async def close(self) -> None: ...

    async def __aexit__(self, *_: object) -> None: ...


async def test_the_store_is_not_said_to_have_answered() -> None:
    store = tables.of_account("https://hasten.table.core.windows.net", SignedOut())  # type: ignore[arg-type]

    with pytest.raises(NoTokenError) as refused:
        await store.get("records", "a", "b")
    await store.close()

    assert str(refused.value).startswith("no token for Azure Tables: ClientAuthenticationError; ")
    assert "az login" in refused.value.next_action
    assert "tenant" not in str(refused.value)


@pytest.mark.parametrize(
    "error",
    [
        CredentialUnavailableError("x"),
        ClientAuthenticationError("x"),
        ServiceBusError("x", error=ClientAuthenticationError("x")),
    ],
)
def test_service_bus_is_not_said_to_have_answered(error: Exception) -> None:
    found = translated(error, "ensure", to="send to", role="Sender")

    assert isinstance(found, NoTokenError)
    assert str(found).startswith("no token for Service Bus: ")


def test_any_other_error_of_service_bus_is_none_about_a_token() -> None:
    found = translated(ServiceBusError("x", error=OSError()), "ensure", to="send to", role="Sender")

    assert isinstance(found, TemporaryError)
    assert not isinstance(found, NoTokenError)
