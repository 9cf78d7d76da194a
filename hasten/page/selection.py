"""Puts a selection of held changes into a form. It names each by a digest of its key, so that some
thousand of them fit."""

import hashlib
from collections.abc import Collection, Iterable, Mapping

from hasten.page.forms import Form

DIGEST_DIGITS = 16
"""Hexadecimal digits of a digest: enough to tell the held changes of a target apart, and it is no
secret."""

SEPARATOR = "."


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:DIGEST_DIGITS]


def as_text(keys: Iterable[str]) -> str:
    return SEPARATOR.join(map(digest, keys))


def chosen(form: Form, keys: Iterable[str]) -> Collection[str]:
    """Returns those of `keys` that the form names."""
    by_digest: Mapping[str, str] = {digest(key): key for key in keys}
    given = {part for field in form.all("held") for part in field.split(SEPARATOR)}
    return {key for name, key in by_digest.items() if name in given}
