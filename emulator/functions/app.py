"""Loads an app of the v2 programming model and lists its functions with their triggers."""

import asyncio
import contextvars
import importlib
import inspect
import json
import os
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import azure.functions as func

from emulator.functions.errors import LoadError
from emulator.functions.worker import TimeLimit

Json = dict[str, Any]

HTTP, SERVICE_BUS, TIMER = "httpTrigger", "serviceBusTrigger", "timerTrigger"

THREADS = ThreadPoolExecutor(thread_name_prefix="function")
"""Threads for functions that are not async; as many as Azure's worker has by default."""


@dataclass(frozen=True, slots=True)
class Function:
    """One function. `trigger` is the trigger's binding as Azure's host gets it."""

    name: str
    trigger: Json
    code: Callable[..., Any]
    time_limit: TimeLimit | None = None

    @property
    def kind(self) -> str:
        return str(self.trigger["type"])

    @property
    def is_disabled(self) -> bool:
        """True if its app setting keeps its trigger from receiving anything (Azure docs, "How to
        disable functions"). It can still be run by hand."""
        return os.environ.get(f"AzureWebJobs.{self.name}.Disabled", "").casefold() == "true"

    async def run(self, argument: object) -> Any:
        """Awaits an async function; runs any other in a thread, as Azure's worker does."""
        with self.time_limit.watching(self.name) if self.time_limit else nullcontext():
            return await self._run(argument)

    async def _run(self, argument: object) -> Any:
        call = partial(self.code, **{str(self.trigger["name"]): argument})
        if inspect.iscoroutinefunction(self.code):
            return await call()
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(THREADS, context.run, call)


def load(directory: Path, time_limit: TimeLimit | None) -> list[Function]:
    """Imports `function_app` from `directory`. Raises LoadError."""
    sys.path.insert(0, str(directory))
    try:
        module = importlib.import_module("function_app")
    except Exception as error:
        raise LoadError(_described(error, directory)) from error
    apps = [value for value in vars(module).values() if isinstance(value, func.FunctionApp)]
    if len(apps) != 1:
        raise LoadError(f"function_app.py has {len(apps)} FunctionApp objects; it must have one")
    try:
        functions = [_function(built, time_limit) for built in apps[0].get_functions()]
    except ValueError as error:
        raise LoadError(f"function_app.py: {error}") from error
    if not functions:
        raise LoadError("function_app.py registers no functions")
    return functions


def _described(error: Exception, directory: Path) -> str:
    """Returns the error and the last line of the app that caused it."""
    text = f"function_app.py: {type(error).__name__}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(directory)]
    if not ours:
        return text
    return f"{text} ({Path(ours[-1].filename).relative_to(directory)}, line {ours[-1].lineno})"


def _function(built: Any, time_limit: TimeLimit | None) -> Function:
    name = built.get_function_name()
    bindings = [json.loads(raw) for raw in built.get_raw_bindings()]
    trigger = next(b for b in bindings if str(b["type"]).endswith("Trigger"))
    _refuse_what_is_not_emulated(name, trigger, bindings)
    code = built.get_user_function()
    parameters = list(inspect.signature(code).parameters)
    if parameters != [trigger["name"]]:
        raise LoadError(
            f"{name}: its parameters are {', '.join(parameters) or 'none'}; "
            f"its trigger binds {trigger['name']}"
        )
    return Function(name, trigger, code, time_limit)


def _refuse_what_is_not_emulated(name: str, trigger: Json, bindings: list[Json]) -> None:
    """Raises LoadError for features that are not emulated; otherwise the app would silently behave
    differently in Azure."""
    kinds = {b["type"] for b in bindings} - {HTTP, SERVICE_BUS, TIMER, "http"}
    if kinds:
        raise LoadError(f"{name}: bindings of type {', '.join(sorted(kinds))} are not emulated")
    if trigger.get("cardinality") == "MANY" or trigger.get("autoCompleteMessages") is False:
        raise LoadError(f"{name}: batches and settlement by the function are not emulated")
