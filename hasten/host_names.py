"""Recognizes the name of a host in a setting. The SDKs of Azure take any text, and fail with the
first request only."""

import re

_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?", re.IGNORECASE)


def is_host(text: str) -> bool:
    """Returns whether the text is a host name or an IPv4 address, alone or with a port."""
    return _HOST.fullmatch(text) is not None
