"""How much an instance of Hasten holds: everything that its app and its modules reach, without what
the simulated world keeps for itself."""

import gc
import resource
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from hasten.app import App

WORLD = ("tests.", "emulator.", "asyncio.", "_asyncio", "_pytest.")
"""Modules whose objects are not Hasten's: the walk ends at them."""


@dataclass(frozen=True, order=True)
class Held:
    objects: int
    size: int
    """Bytes."""


def held_by(app: App) -> Held:
    """Walks from the app, and from the variables of Hasten's modules."""
    gc.collect()
    known = {id(vars(module)) for module in _modules()}
    seen, waiting = set[int](known), [app, *_variables()]
    objects = size = 0
    while waiting:
        one = waiting.pop()
        if id(one) in seen or _is_foreign(one):
            continue
        seen.add(id(one))
        objects += 1
        size += sys.getsizeof(one)
        waiting += gc.get_referents(one)
        if isinstance(one, dict):
            waiting += one.keys()  # the collector skips those that are texts
    return Held(objects, size)


def of_process() -> int:
    """Returns the resident bytes of this process, the world included."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def _modules() -> list[ModuleType]:
    return [module for module in list(sys.modules.values()) if isinstance(module, ModuleType)]


def _variables() -> Iterator[Any]:
    """Yields what Hasten's modules define: what loaded them leads to all tests."""
    for name, module in list(sys.modules.items()):
        if name.startswith("hasten."):
            yield from (value for one, value in vars(module).items() if not one.startswith("__"))


def _is_foreign(one: object) -> bool:
    """Code does not grow, and leads everywhere. A cache around a function is no function."""
    if isinstance(one, ModuleType | FunctionType | BuiltinFunctionType | type):
        return True
    return type(one).__module__.startswith(WORLD)
