"""Plants a mutant in a running process: into the functions that are there already, or into the next
import of the module."""

import gc
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

from tests.mutants.mutants import ROOT, Mutant

OPTIMIZED = 0x1
"""The flag of a function's code (inspect.CO_OPTIMIZED); the body of a class has none."""
OURS = ("hasten", "handlers", "emulator", "model", "benchmarks", "function_app", "tests")

Key = tuple[str, int]


def functions() -> dict[str, dict[Key, list[FunctionType]]]:
    """Returns the functions of all modules by file, name and line."""
    gc.unfreeze()
    found: dict[str, dict[Key, list[FunctionType]]] = defaultdict(lambda: defaultdict(list))
    for each in gc.get_objects():
        if isinstance(each, FunctionType):
            code = each.__code__
            key = (code.co_qualname, code.co_firstlineno)
            found[code.co_filename][key].append(each)
    gc.freeze()
    return found


def changed_functions(mutant: Mutant) -> dict[Key, CodeType] | None:
    """Returns the code of the functions that the mutant changes, under the name and line that they
    have in the module. `None` says that it also changes what the module does when it is imported;
    an empty dict that it changes nothing."""
    original = compile((ROOT / mutant.path).read_text(), mutant.path, "exec")
    mutated = compile(mutant.source, str(ROOT / mutant.path), "exec")
    if not _same(original, mutated, functions_too=False):
        return None
    pairs = zip(_functions(original), _functions(mutated), strict=True)
    return {
        (was.co_qualname, was.co_firstlineno): now
        for was, now in pairs
        if not _same(was, now, functions_too=True)
    }


def _functions(code: CodeType) -> Iterator[CodeType]:
    for const in code.co_consts:
        if isinstance(const, CodeType):
            if const.co_flags & OPTIMIZED:
                yield const
            else:
                yield from _functions(const)


def _same(one: CodeType, other: CodeType, *, functions_too: bool) -> bool:
    alike = all(
        getattr(one, name) == getattr(other, name)
        for name in ("co_code", "co_names", "co_varnames", "co_exceptiontable", "co_flags")
    )
    if not alike or len(one.co_consts) != len(other.co_consts):
        return False
    for const, now in zip(one.co_consts, other.co_consts, strict=True):
        if isinstance(const, CodeType) and isinstance(now, CodeType):
            if (functions_too or not const.co_flags & OPTIMIZED) and not _same(
                const, now, functions_too=functions_too
            ):
                return False
        elif repr(const) != repr(now):
            return False
    return True


def plant(changed: dict[Key, CodeType], live: dict[Key, list[FunctionType]]) -> None:
    for key, code in changed.items():
        for function in live[key]:
            function.__code__ = code


def forget_modules() -> None:
    """Makes the next imports load all code of the repository again."""
    for name in list(sys.modules):
        if name.partition(".")[0] in OURS and name != "tests" and ".mutants" not in name:
            del sys.modules[name]


class MutantFinder(importlib.abc.MetaPathFinder):
    """Finds the mutated module before the real one."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: object, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._mutant.module:
            return None
        file = ROOT / self._mutant.path
        loader = _MutantLoader(fullname, file, self._mutant.source)
        return importlib.util.spec_from_file_location(fullname, file, loader=loader)


class _MutantLoader(importlib.abc.SourceLoader):
    def __init__(self, name: str, file: Path, source: str) -> None:
        self._name, self._file, self._source = name, file, source

    def get_filename(self, fullname: str) -> str:
        return str(self._file)

    def get_data(self, path: str | bytes) -> bytes:
        return self._source.encode()
