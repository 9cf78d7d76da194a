"""Creates the msgraph-sdk client with its builders and token handling, and with little of its
middleware: `wire` decides about retries, and Hasten follows no redirect."""

from urllib.parse import urlsplit

import httpx
from azure.core.credentials_async import AsyncTokenCredential
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from kiota_http.middleware.parameters_name_decoding_handler import ParametersNameDecodingHandler
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core import GraphClientFactory
from msgraph_core.middleware import GraphTelemetryHandler

from hasten.clouds import cloud_of
from hasten.limits import CALL_TIMEOUT

CONNECT_TIMEOUT_SECONDS = 10.0
"""Seconds. The SDK's default is 30, longer than a webhook's whole chain may take."""


def graph_client(
    base_url: str, credential: AsyncTokenCredential, transport: httpx.AsyncBaseTransport
) -> GraphServiceClient:
    """Returns a client for `base_url`, which ends in the version (…/v1.0). Its token is for the
    cloud of that host, and is sent only to that host.

    The caller that created `transport` closes it: closing the client does not reach it, because the
    SDK wraps it in another transport.
    """
    timeout = httpx.Timeout(CALL_TIMEOUT.total_seconds(), connect=CONNECT_TIMEOUT_SECONDS)
    client = GraphClientFactory.create_with_custom_middleware(
        [ParametersNameDecodingHandler(), GraphTelemetryHandler()],
        client=httpx.AsyncClient(transport=transport, timeout=timeout),
    )
    authentication = AzureIdentityAuthenticationProvider(
        credential,
        scopes=[cloud_of(base_url).scope],
        allowed_hosts=[urlsplit(base_url).hostname or ""],
    )
    adapter = GraphRequestAdapter(authentication, client)
    adapter.base_url = base_url.rstrip("/")
    return GraphServiceClient(request_adapter=adapter)
