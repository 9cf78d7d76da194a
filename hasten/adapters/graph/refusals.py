"""Distinguishes the reasons for which Graph refuses a write. Most have status 400 and differ only
in the text."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from hasten.adapters.graph.answers import PassingError, RefusedError
from hasten.ports.directory_errors import AlreadyExists, Missing, NotYet

EXISTS_CODE = "request_multipleobjectswithsamekeyvalue"
EXISTS_TEXTS = (
    "added object references already exist",
    "permission being assigned already exists on the object",
    "entitlementgrant entry already exists",
    "another object with the same value for property",
)
GONE_TEXTS = (
    "removed object references do not exist",
    "entitlementgrant being updated or deleted is not found",
)
NOT_YET_TEXTS = (
    "not a valid reference update",
    "permission being assigned was not found on application",
)


@contextmanager
def already_exists() -> Iterator[None]:
    """Raises AlreadyExists if Graph's refusal means that."""
    try:
        yield
    except PassingError as passing:
        if passing.status == HTTPStatus.CONFLICT:
            raise AlreadyExists(passing.reason) from passing
        raise
    except RefusedError as refused:
        if refused.code.casefold() == EXISTS_CODE or _names(refused, EXISTS_TEXTS):
            raise AlreadyExists(refused.reason) from refused
        raise


@contextmanager
def classified() -> Iterator[None]:
    """Raises AlreadyExists, Missing or NotYet if Graph's refusal of a write that adds something
    means that."""
    with missing(), already_exists():
        yield


@contextmanager
def missing() -> Iterator[None]:
    """Raises Missing or NotYet if Graph's refusal means that. A conflict stays the TemporaryError
    that it is: what is to be deleted cannot exist too much."""
    try:
        yield
    except RefusedError as refused:
        if refused.status == HTTPStatus.NOT_FOUND or _names(refused, GONE_TEXTS):
            raise Missing(refused.reason) from refused
        if _names(refused, NOT_YET_TEXTS):
            raise NotYet(refused.reason) from refused
        raise


def _names(refused: RefusedError, known: tuple[str, ...]) -> bool:
    text = refused.message.casefold()
    return any(part in text for part in known)
