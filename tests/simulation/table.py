"""What a host runs, in one place: queue or route → message, as the handlers do."""

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
from hasten.messages import Ensure, Wake, directory_change
from hasten.onboard.message import Posted
from hasten.ports.bus import (
    DIRECTORY_CHANGES,
    ENSURE,
    ONBOARDING_EVENTS,
    PROVISIONING,
    Message,
)

Json = dict[str, Any]

NOTIFICATIONS = "graph/notifications"


async def _onboarding_event(app: App, message: Message) -> None:
    posted = Posted.parse(
        body=json.dumps(message.body) if message.raw is None else message.raw,
        content_type=message.content_type,
        message_id=message.message_id,
        properties=message.properties,
    )
    await app.handle(posted)


QUEUES: Mapping[str, Callable[[App, Message], Awaitable[None]]] = {
    DIRECTORY_CHANGES: lambda app, message: app.handle(directory_change(message.body)),
    ONBOARDING_EVENTS: _onboarding_event,
    ENSURE: lambda app, message: app.handle(Ensure.parse(message.body)),
    PROVISIONING: lambda app, message: app.handle(Wake.parse(message.body)),
}

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
