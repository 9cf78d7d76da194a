"""Runs an app in Microsoft's worker runtime, as the process that Azure starts would: it indexes the
app, says what it found, and invokes what each line of its input asks for.

The wire to the host is not here: the runtime is driven beneath it, with objects in place of the
protobuf messages.
"""

import asyncio
import importlib
import json
import logging
import os
import sys
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import azure_functions_runtime as runtime
from azure_functions_runtime.bindings.datumdef import Datum
from azure_functions_runtime.native_invocation import invocation_request_native


class Message(SimpleNamespace):
    """Stands in for a protobuf message: it holds what it was made with."""


class StatusResult(Message):
    Failure = 0
    Success = 1


class BindingInfo(Message):
    undefined = 0
    string = 1
    binary = 2
    stream = 3
    out = 1
    inout = 2


MESSAGES = (
    "FunctionMetadataResponse",
    "RpcException",
    "RpcFunctionMetadata",
    "RpcRetryOptions",
    "WorkerInitResponse",
    "WorkerMetadata",
)
PROTOS = SimpleNamespace(
    StatusResult=StatusResult, BindingInfo=BindingInfo, **dict.fromkeys(MESSAGES, Message)
)


async def index(app: str) -> list[dict[str, Any]]:
    """The functions of the app; the process ends when they cannot be indexed."""
    sys.path.insert(0, app)
    runtime.start_threadpool_executor()
    init = SimpleNamespace(capabilities={}, function_app_directory=app)
    request = SimpleNamespace(
        request=SimpleNamespace(worker_init_request=init),
        properties={"host": "127.0.0.1", "protos": PROTOS},
    )
    answer = await runtime.worker_init_request(request)
    if answer.result.status != StatusResult.Success:
        raise SystemExit(answer.result.exception.message)
    if pause := os.environ.get("TEST_PAUSE"):
        opening = vars(importlib.import_module("handlers.opening"))
        assert "REDELIVERY_PAUSE" in opening, "the pause has another name"
        opening["REDELIVERY_PAUSE"] = timedelta(seconds=float(pause))
    metadata = await runtime.functions_metadata_request(None)
    return [
        {
            "name": function.name,
            "id": function.function_id,
            "bindings": [json.loads(binding) for binding in function.raw_bindings],
        }
        for function in metadata.function_metadata_results
    ]


def decoded(kind: str, given: dict[str, Any]) -> tuple[Datum, dict[str, Datum]]:
    """The trigger's data and metadata, as the host sends them."""
    if kind == "httpTrigger":
        texts = {
            name: {key: Datum(value, "string") for key, value in given[name].items()}
            for name in ("headers", "params", "query")
        }
        plain = {name: Datum(given[name], "string") for name in ("method", "url")}
        return Datum({**plain, **texts, "body": Datum(given["body"].encode(), "bytes")}, "http"), {}
    if kind == "serviceBusTrigger":
        metadata = {
            "MessageId": Datum(given["message_id"], "string"),
            "ContentType": Datum(given["content_type"], "string"),
            "DeliveryCount": Datum("1", "json"),
            "LockToken": Datum("00000000-0000-0000-0000-000000000000", "string"),
            "EnqueuedTimeUtc": Datum('"2026-01-01T00:00:00Z"', "json"),
            "ApplicationProperties": Datum(json.dumps(given["properties"]), "json"),
            "UserProperties": Datum(json.dumps(given["properties"]), "json"),
        }
        present = {name: datum for name, datum in metadata.items() if datum.value is not None}
        return Datum(given["body"].encode(), "bytes"), present
    state = {"IsPastDue": False, "ScheduleStatus": None, "Schedule": {"AdjustForDST": True}}
    return Datum(json.dumps(state), "json"), {}


async def invoke(order: dict[str, Any]) -> dict[str, Any]:
    data, metadata = decoded(order["kind"], order["given"])
    ok, returned, _, error, _ = await invocation_request_native(
        str(order["number"]), order["function"], [(order["argument"], data)], metadata
    )
    answer: dict[str, Any] = {"number": order["number"], "ok": ok, "error": error}
    if returned is not None:
        value = returned.value
        answer["http"] = {
            "status": int(value["status_code"].value),
            "headers": {name.lower(): datum.value for name, datum in value["headers"].items()},
            "body": value["body"].value.decode(),
        }
    return answer


async def serve(app: str) -> None:
    say(await index(app))
    orders = asyncio.StreamReader(limit=2**24)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
    )
    async with asyncio.TaskGroup() as tasks:
        async for line in orders:
            tasks.create_task(answered(json.loads(line)))


async def answered(order: dict[str, Any]) -> None:
    say(await invoke(order))


def say(what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    asyncio.run(serve(sys.argv[1]))
