"""Imports what a working Functions host imports, once, before hosts are forked (launching.py). It
leaves out what an app brings itself: function_app.py and handlers/."""

import gc
import importlib
import pkgutil
from collections.abc import Iterable

import emulator.functions
import hasten

COMMANDS = ("__main__", "hasten.cli")
"""Modules that a host never imports."""


def _import_all(path: Iterable[str], prefix: str) -> None:
    for module in pkgutil.iter_modules(path, prefix):
        if module.name.endswith(COMMANDS):
            continue
        loaded = importlib.import_module(module.name)
        if module.ispkg:
            _import_all(loaded.__path__, f"{module.name}.")


for package in (emulator.functions, hasten):
    _import_all(package.__path__, f"{package.__name__}.")
gc.collect()
gc.freeze()
