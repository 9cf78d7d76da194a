"""The worker process as a test sees it: what it has indexed, and a way to invoke it."""

import asyncio
import itertools
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.lines import whole_lines

ROOT = Path(__file__).parents[3]

PATIENCE = 60.0


@dataclass(frozen=True)
class Function:
    name: str
    id: str
    trigger: dict[str, Any]

    @property
    def kind(self) -> str:
        return str(self.trigger["type"])


@dataclass
class Worker:
    functions: dict[str, Function]
    log: Path
    process: Process
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _waiting: dict[int, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)

    async def invoke(self, name: str, **given: Any) -> dict[str, Any]:
        """What the runtime answers: `ok`, `error`, and `http` of an HTTP function."""
        function, number = self.functions[name], next(self._numbers)
        order = {
            "number": number,
            "function": function.id,
            "kind": function.kind,
            "argument": function.trigger["name"],
            "given": given,
        }
        self._waiting[number] = asyncio.get_running_loop().create_future()
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        async with asyncio.timeout(PATIENCE):
            return await self._waiting[number]

    async def http(self, name: str, **given: Any) -> dict[str, Any]:
        request = {"method": "POST", "url": "http://127.0.0.1/", "headers": {}, "params": {}}
        answer = await self.invoke(name, **{**request, "query": {}, "body": "", **given})
        assert answer["ok"], answer["error"]
        http: dict[str, Any] = answer["http"]
        return http

    def events(self) -> list[dict[str, Any]]:
        """The decisions it has logged so far."""
        lines = whole_lines(self.log)
        return [json.loads(line) for line in lines if line.startswith('{"event":')]

    async def listen(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            answer = json.loads(line)
            self._waiting.pop(answer["number"]).set_result(answer)


@asynccontextmanager
async def started(
    settings: Mapping[str, str],
    log: Path,
    *,
    app: Path = ROOT,
    python: Sequence[str] = (sys.executable,),
    inherited: Mapping[str, str] = os.environ,
) -> AsyncIterator[Worker]:
    """A worker that runs the app of this folder with the command `python`. Its environment is what
    it inherits and the settings."""
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *(*python, "-P", str(Path(__file__).with_name("runtime.py")), str(app)),
            cwd=app,
            env={**inherited, **settings},
            stdin=PIPE,
            stdout=PIPE,
            stderr=errors,
            limit=2**24,
        )
    assert process.stdout is not None
    assert process.stdin is not None
    line = await process.stdout.readline()
    assert line, await asyncio.to_thread(log.read_text)
    indexed = [_function(item) for item in json.loads(line)]
    worker = Worker({function.name: function for function in indexed}, log, process)
    listening = asyncio.create_task(worker.listen())
    try:
        yield worker
    finally:
        process.stdin.close()
        await process.wait()
        await listening


def _function(item: dict[str, Any]) -> Function:
    [trigger] = [binding for binding in item["bindings"] if binding["type"].endswith("Trigger")]
    return Function(item["name"], item["id"], trigger)
