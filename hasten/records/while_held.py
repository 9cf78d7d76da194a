"""Remembers rows by name for as long as somebody else holds them."""

from collections.abc import Sequence
from functools import partial
from typing import Generic, TypeVar
from weakref import ref

from hasten.ports.store import Document

T = TypeVar("T")

Kept = tuple[str, Document, T]
"""Key prefix, document and row."""


class WhileHeld(Generic[T]):
    """A mapping by name. A row that nobody else holds any more is gone from it, with its document.
    So the type of a row must allow weak references (`weakref_slot`)."""

    def __init__(self) -> None:
        self._kept: dict[str, Kept[ref[T]]] = {}

    def get(self, name: str, /) -> Kept[T] | None:
        kept = self._kept.get(name)
        return None if kept is None else _held(kept)

    def values(self) -> Sequence[Kept[T]]:
        """Returns the rows that are held now. The caller then holds them too."""
        found = map(_held, list(self._kept.values()))
        return [kept for kept in found if kept is not None]

    def pop(self, name: str, _default: None, /) -> None:
        self._kept.pop(name, None)

    def __setitem__(self, name: str, kept: Kept[T]) -> None:
        key_prefix, document, row = kept
        self._kept[name] = (key_prefix, document, ref(row, partial(self._gone, name)))

    def _gone(self, name: str, row: ref[T]) -> None:
        kept = self._kept.get(name)
        if kept is not None and kept[2] is row:
            del self._kept[name]


def _held(kept: Kept[ref[T]]) -> Kept[T] | None:
    key_prefix, document, held = kept
    row = held()
    return None if row is None else (key_prefix, document, row)
