"""Counts what an object keeps in memory."""

import gc
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from tests.fakes.memory_store import MemoryStore

ELSEWHERE = type | ModuleType | FunctionType | BuiltinFunctionType | MemoryStore
"""Code leads everywhere, to other tests too."""


def reached(root: Any, kind: type) -> int:
    """Returns how many objects of this type `root` reaches, without the store's documents."""
    seen, waiting, found = {id(root)}, [root], 0
    while waiting:
        one = waiting.pop()
        found += isinstance(one, kind)
        for other in gc.get_referents(one):
            if id(other) not in seen and not isinstance(other, ELSEWHERE):
                seen.add(id(other))
                waiting.append(other)
    return found
