"""Recognizes the name of a host in a setting. The SDKs of Azure take any text, and fail with the
first request only."""

import re

from pydantic_core import PydanticCustomError

_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?", re.IGNORECASE)


def is_host(text: str) -> bool:
    """Returns whether the text is a host name or an IPv4 address, alone or with a port."""
    return _HOST.fullmatch(text) is not None


def must_be_host(value: str | None) -> str | None:
    """Returns the value of a setting. Raises PydanticCustomError if it is neither a host name nor
    an address, of which the SDKs take the host."""
    if value is not None and not is_host(value.partition("://")[2].removesuffix("/") or value):
        raise PydanticCustomError(
            "host", "it must be a host name such as hasten.servicebus.windows.net"
        )
    return value
