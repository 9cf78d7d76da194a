"""Splits a sequence into parts."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Returns parts of `size` items in order; the last one may have fewer."""
    return (items[start : start + size] for start in range(0, len(items), size))
