"""Certificate authorities, loaded once per process."""

import ssl
from functools import cache

import httpx


@cache
def trusted() -> ssl.SSLContext:
    """Returns the authorities that an HTTP client trusts, to pass to it as `verify`. A client
    without them loads them itself, which takes 20 ms of processor time."""
    return httpx.create_ssl_context(trust_env=False)
