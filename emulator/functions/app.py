"""Loads an app of the v2 programming model and lists its functions with their triggers."""

import asyncio
import importlib
import inspect
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import azure.functions as func

Json = dict[str, Any]


class LoadError(Exception):
    """The app cannot be indexed; the message says why."""


@dataclass(frozen=True, slots=True)
class Function:
    """`trigger` is the trigger's binding as Azure's host gets it."""

    name: str
    trigger: Json
    code: Callable[..., Any]

    @property
    def kind(self) -> str:
        return str(self.trigger["type"])

    async def run(self, argument: object) -> Any:
        """Awaits an async function; runs any other in a thread, as Azure's worker does."""
        arguments = {str(self.trigger["name"]): argument}
        if inspect.iscoroutinefunction(self.code):
            return await self.code(**arguments)
        return await asyncio.to_thread(self.code, **arguments)


def load(directory: Path) -> list[Function]:
    """Imports `function_app` of `directory`. Raises LoadError."""
    sys.path.insert(0, str(directory))
    try:
        module = importlib.import_module("function_app")
    except Exception as error:
        raise LoadError(f"function_app.py: {type(error).__name__}: {error}") from error
    apps = [value for value in vars(module).values() if isinstance(value, func.FunctionApp)]
    if len(apps) != 1:
        raise LoadError(f"function_app.py has {len(apps)} FunctionApp objects; it must have one")
    functions = [_function(built) for built in apps[0].get_functions()]
    if not functions:
        raise LoadError("function_app.py registers no functions")
    return functions


def _function(built: Any) -> Function:
    bindings = [json.loads(raw) for raw in built.get_raw_bindings()]
    trigger = next(b for b in bindings if str(b["type"]).endswith("Trigger"))
    return Function(built.get_function_name(), trigger, built.get_user_function())


def expanded(value: str, environment: Mapping[str, str] = os.environ) -> str:
    """`%NAME%` in a binding stands for the setting NAME. Raises LoadError when it is not set."""
    if len(value) > 2 and value.startswith("%") and value.endswith("%"):  # noqa: PLR2004 - the signs
        name = value[1:-1]
        if name not in environment:
            raise LoadError(f"setting {name} is missing: a binding names it")
        return environment[name]
    return value
