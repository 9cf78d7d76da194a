"""What a host runs, in one place, as the handlers do."""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import cache
from http import HTTPStatus
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import azure.functions as func

import handlers
from hasten.app import App
from hasten.ports.bus import (
    DIRECTORY_CHANGES,
    ENSURE,
    ONBOARDING_EVENTS,
    PROVISIONING,
)

Json = dict[str, Any]

NOTIFICATIONS = "graph/notifications"


QUEUES = (DIRECTORY_CHANGES, ONBOARDING_EVENTS, ENSURE, PROVISIONING)
"""Those that have a trigger."""

ROUTES: Mapping[str, Callable[[App, bytes], Awaitable[HTTPStatus]]] = {
    NOTIFICATIONS: lambda app, body: app.receiving.receive(body),
    "graph/lifecycle": lambda app, body: app.receiving.receive_lifecycle(body),
}


@cache
def triggers(kind: str) -> tuple[Json, ...]:
    """The triggers of a type that the handlers declare, each with the name of its function."""
    return tuple(trigger for trigger in _all_triggers() if trigger["type"] == kind)


def _all_triggers() -> Iterator[Json]:
    app = func.FunctionApp()
    for module in iter_modules(handlers.__path__, "handlers."):
        blueprint = getattr(import_module(module.name), "blueprint", None)
        if blueprint is not None:
            app.register_functions(blueprint)
    for function in app.get_functions():
        for raw in function.get_raw_bindings():
            binding: Json = json.loads(raw)
            if binding["type"].endswith("Trigger"):
                yield {**binding, "function": function.get_function_name()}
