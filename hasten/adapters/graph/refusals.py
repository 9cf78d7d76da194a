"""Distinguishes the reasons for which Graph refuses a write. Most have status 400 and differ only
in the text."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http import HTTPStatus

from hasten.adapters.graph.answers import DEFAULT_RETRY_DELAY, PassingError, RefusedError
from hasten.errors import TemporaryError
from hasten.ports.directory_errors import AlreadyExists, Missing, NotYet

DOUBTFUL = "Graph refused a repeated write, and no answer says what the write did before"

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


@contextmanager
def certain(meaning: Callable[[], AbstractContextManager[None]] = classified) -> Iterator[None]:
    """Does as `meaning`, and raises TemporaryError instead if an earlier try of the request may
    have taken effect: whether Graph made the write now or found it made is then unknown."""
    try:
        with meaning():
            yield
    except (AlreadyExists, Missing, NotYet) as refusal:
        answer = refusal.__cause__
        if isinstance(answer, (PassingError, RefusedError)) and answer.is_doubtful:
            raise TemporaryError(DOUBTFUL, DEFAULT_RETRY_DELAY) from refusal
        raise


def _names(refused: RefusedError, known: tuple[str, ...]) -> bool:
    text = refused.message.casefold()
    return any(part in text for part in known)
