"""Compares recorded exchanges with Graph with Microsoft's metadata of Graph v1.0."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.support.csdl.answers import wrong_answer, wrong_error
from tests.support.csdl.exchange import Exchange, recorded
from tests.support.csdl.load import graph_schema
from tests.support.csdl.options import wrong_options
from tests.support.csdl.requests import wrong_body, wrong_method
from tests.support.csdl.resource import UnknownPathError, resolve

MOST_SHOWN = 30

OTHER_NAMESPACE = "/identityGovernance/"
"""Paths whose types are in a namespace that the trimmed metadata does not have. The one request
that Hasten sends there was compared by hand: `taskProcessingResult.resume(source, type, data)`."""


def request_faults(exchange: Exchange) -> Iterator[str]:
    """Returns the disagreements of the request with the metadata."""
    schema = graph_schema()
    try:
        resource = resolve(schema, exchange.path)
    except UnknownPathError as error:
        yield f"path: {error}"
        return
    wrong = list(wrong_method(exchange, resource))
    yield from wrong or wrong_body(schema, exchange, resource)
    yield from wrong_options(schema, exchange, resource)


def answer_faults(exchange: Exchange) -> Iterator[str]:
    """Returns the disagreements of the answer with the metadata; none for an answer that was cut
    off."""
    schema = graph_schema()
    try:
        resource = resolve(schema, exchange.path)
    except UnknownPathError:
        if exchange.status is not None and exchange.status >= 400:
            yield from wrong_error(exchange)
        return
    yield from wrong_answer(schema, exchange, resource)


def faults(exchange: Exchange) -> list[str]:
    """Of one recorded exchange. A test's administrator may ask for nonsense, which Graph then has
    to refuse; an answer that a test made wrong on purpose is not held against the metadata."""
    if exchange.path.startswith(OTHER_NAMESPACE):
        return []
    refused = exchange.status is not None and exchange.status >= 400
    found = [] if exchange.by_admin and refused else list(request_faults(exchange))
    return found if exchange.by_fault else [*found, *answer_faults(exchange)]


def assert_agrees(exchanges: Iterable[Exchange]) -> int:
    """Returns the number of checked exchanges. An AssertionError names each kind of disagreement
    once."""
    checked, found = 0, Counter[str]()
    for exchange in exchanges:
        checked += 1
        found.update(f"{exchange}: {fault}" for fault in faults(exchange))
    assert not found, "\n".join(
        f"{number} times: {fault}" for fault, number in found.most_common(30)
    )
    return checked


def assert_record_agrees(file: Path) -> int:
    """Checks the record of an emulator, and returns its number of exchanges."""
    return assert_agrees(recorded(file))
