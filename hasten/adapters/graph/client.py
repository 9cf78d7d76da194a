"""Makes the msgraph-sdk client: its builders, its token handling and its middleware, with the
retries turned off. They are decided in one place, `wire`."""

from urllib.parse import urlsplit

import httpx
from azure.core.credentials_async import AsyncTokenCredential
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from kiota_http.middleware.options import RetryHandlerOption
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core import GraphClientFactory

from hasten.clouds import cloud_of
from hasten.limits import CALL_TIMEOUT

CONNECT_TIMEOUT = 10.0
"""Seconds; the SDK's default is 30, longer than a webhook's whole chain may take."""


def graph_client(
    base_url: str, credential: AsyncTokenCredential, transport: httpx.AsyncBaseTransport
) -> GraphServiceClient:
    """`base_url` ends in the version (…/v1.0). The token is for the cloud of
    that host, and given to that host only.

    Whoever makes `transport` closes it: closing the client does not reach it, as the SDK wraps it
    in one of its own.
    """
    timeout = httpx.Timeout(CALL_TIMEOUT.total_seconds(), connect=CONNECT_TIMEOUT)
    no_retries = RetryHandlerOption(max_retries=0, should_retry=False)
    client = GraphClientFactory.create_with_default_middleware(
        client=httpx.AsyncClient(transport=transport, timeout=timeout),
        options={RetryHandlerOption.get_key(): no_retries},
    )
    authentication = AzureIdentityAuthenticationProvider(
        credential,
        scopes=[cloud_of(base_url).scope],
        allowed_hosts=[urlsplit(base_url).hostname or ""],
    )
    adapter = GraphRequestAdapter(authentication, client)
    adapter.base_url = base_url.rstrip("/")
    return GraphServiceClient(request_adapter=adapter)
