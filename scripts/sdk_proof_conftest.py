"""Lets the SDK's own tests run against the emulator.

The tests expect decorators that create a namespace and queues in Azure. These replace them: each
test gets a fresh emulator with the entities that its decorators name.
"""

import asyncio
import functools
import inspect
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any

import azure.servicebus
import azure.servicebus.aio
import pytest
from azure.servicebus._base_handler import ServiceBusSharedKeyCredential
from azure.servicebus.aio._base_handler_async import (
    ServiceBusSharedKeyCredential as AsyncSharedKeyCredential,
)

from emulator.servicebus import ServiceBusServer
from emulator.servicebus.entities import Entities, QueueSettings, TopicSettings, duration

KEY = ("RootManageSharedAccessKey", "SAS_KEY_VALUE")


@functools.cache
def background_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


@contextmanager
def running(entities: Entities) -> Iterator[ServiceBusServer]:
    server = ServiceBusServer(entities)
    asyncio.run_coroutine_threadsafe(server.start(), background_loop()).result()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), background_loop()).result()


def stand_in(note: Callable[[dict[str, Any]], Any]) -> Any:
    """Returns a decorator that notes an entity on the test and passes it by name."""

    def preparer(_prefix: str = "", **options: Any) -> Any:
        def decorate(test: Any) -> Any:
            noted = [*getattr(test, "noted", []), note(options)]
            wrapped = _passing_through(test)
            wrapped.noted = noted
            return wrapped

        return decorate

    return preparer


def _passing_through(test: Any) -> Any:
    if inspect.iscoroutinefunction(test):

        @functools.wraps(test)
        async def wrapped_async(*args: Any, **kwargs: Any) -> None:
            await test(*args, **kwargs)

        return wrapped_async

    @functools.wraps(test)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        test(*args, **kwargs)

    return wrapped


def namespace_preparer(_prefix: str = "", **_options: Any) -> Any:
    def decorate(test: Any) -> Any:
        noted = [item for item in getattr(test, "noted", []) if item is not None]
        if inspect.iscoroutinefunction(test):

            @functools.wraps(test)
            async def prepared_async(*args: Any, **kwargs: Any) -> None:
                with running(_entities(noted)) as server:
                    await test(*args, **_given(server, noted), **kwargs)

            return prepared_async

        @functools.wraps(test)
        def prepared(*args: Any, **kwargs: Any) -> None:
            with running(_entities(noted)) as server:
                test(*args, **_given(server, noted), **kwargs)

        return prepared

    return decorate


def _queue(options: dict[str, Any]) -> tuple[str, QueueSettings]:
    name = options.get("parameter_name", "servicebus_queue")
    repeats = options.get("requires_duplicate_detection", False)
    return name, QueueSettings(
        name=name,
        requires_session=options.get("requires_session", False),
        duplicate_window=600 if repeats else None,
        lock_duration=duration(options.get("lock_duration", "PT30S")),
        dead_letter_expired=options.get("dead_lettering_on_message_expiration", False),
    )


def _subscription(options: dict[str, Any]) -> tuple[str, TopicSettings]:
    name = options.get("parameter_name", "servicebus_subscription")
    settings = QueueSettings(
        name=name,
        requires_session=options.get("requires_session", False),
        lock_duration=duration(options.get("lock_duration", "PT60S")),
    )
    return name, TopicSettings(name="servicebus_topic", subscriptions=(settings,))


def _topic(_options: dict[str, Any]) -> tuple[str, TopicSettings]:
    return "servicebus_topic", TopicSettings(name="servicebus_topic", subscriptions=())


def _entities(noted: list[tuple[str, Any]]) -> Entities:
    settings = [item for _, item in noted]
    return Entities(
        queues=tuple(item for item in settings if isinstance(item, QueueSettings)),
        topics=tuple(
            {item.name: item for item in settings[::-1] if isinstance(item, TopicSettings)}.values()
        ),
    )


def _given(server: ServiceBusServer, noted: list[tuple[str, Any]]) -> dict[str, Any]:
    return {
        "servicebus_namespace": SimpleNamespace(name=f"127.0.0.1:{server.port}"),
        "servicebus_namespace_connection_string": server.connection_string,
        "servicebus_namespace_key_name": KEY[0],
        "servicebus_namespace_primary_key": KEY[1],
        **{name: SimpleNamespace(name=name) for name, _ in noted},
    }


def get_credential(*, is_async: bool = False) -> Any:
    return (AsyncSharedKeyCredential if is_async else ServiceBusSharedKeyCredential)(*KEY)


def without_tls(client: type[Any]) -> None:
    """Makes the client recognise the emulator, because the tests name only the namespace."""
    original = client.__init__

    @functools.wraps(original)
    def initialise(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **{"use_tls": False, **kwargs})

    client.__init__ = initialise


def install(name: str, **contents: Any) -> None:
    module = ModuleType(name)
    vars(module).update(contents)
    sys.modules[name] = module


nothing = stand_in(lambda _options: None)
preparers = {
    "ResourceGroup": nothing,
    "Namespace": namespace_preparer,
    "Queue": stand_in(_queue),
    "Topic": stand_in(_topic),
    "Subscription": stand_in(_subscription),
    "NamespaceAuthorizationRule": nothing,
    "QueueAuthorizationRule": nothing,
}
install(
    "servicebus_preparer",
    SERVICEBUS_ENDPOINT_SUFFIX="",
    **{
        f"{kind}ServiceBus{name}Preparer": preparer
        for name, preparer in preparers.items()
        for kind in ("", "Cached")
    },
)
install(
    "devtools_testutils",
    AzureMgmtRecordedTestCase=object,
    AzureRecordedTestCase=SimpleNamespace(await_prepared_test=lambda test: test),
    RandomNameResourceGroupPreparer=nothing,
    get_credential=get_credential,
)
for client in (azure.servicebus.ServiceBusClient, azure.servicebus.aio.ServiceBusClient):
    without_tls(client)


def pytest_configure(config: pytest.Config) -> None:
    for mark in ("liveTest", "live_test_only", "playback_test_only"):
        config.addinivalue_line("markers", mark)
