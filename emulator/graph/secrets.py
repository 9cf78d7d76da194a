"""Keeps secrets out of the journal, which is shown over HTTP and written to files."""

import re
from collections.abc import Mapping

REPLACED = "(not recorded)"

_SECRET_HEADERS = frozenset({"x-identity-header", "cookie", "set-cookie"})
_TOKEN = re.compile(r'("access_token"\s*:\s*")[^"]*')


def shown_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Returns the headers with names in lower case. `Authorization` keeps only its scheme."""
    return {name.lower(): _value(name.lower(), value) for name, value in headers.items()}


def shown_body(body: bytes) -> str:
    """Returns the body as text, without an access token that it issues."""
    return _TOKEN.sub(rf"\g<1>{REPLACED}", body.decode("utf-8", "replace"))


def _value(name: str, value: str) -> str:
    if name == "authorization":
        scheme, _, secret = value.partition(" ")
        return f"{scheme} {REPLACED}" if secret else REPLACED
    return REPLACED if name in _SECRET_HEADERS else value
