"""Runs the emulated host alone: `python -m emulator.functions --app DIR --port N`."""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from emulator.functions.behaviours import HostBehaviours
from emulator.functions.errors import LoadError
from emulator.functions.host import Host
from emulator.functions.invocations import STOP_TIMEOUT_SECONDS
from emulator.functions.settings import read_local_settings
from emulator.functions.worker import Worker


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m emulator.functions", description=__doc__)
    parser.add_argument("--app", type=Path, required=True, help="folder of function_app.py")
    parser.add_argument("--port", type=int, default=7071, help="0: any free one")
    parser.add_argument(
        "--print-port", action="store_true", help="one line of JSON when it listens"
    )
    parser.add_argument(
        "--until-stdin-ends", action="store_true", help="end with the parent process"
    )
    parser.add_argument(
        "--host",
        action="append",
        default=[],
        metavar="NAME",
        help="a way of the host to switch on, no-NAME to switch it off, strict, or lenient; "
        "can be given again",
    )
    parser.add_argument(
        "--patience",
        type=float,
        default=STOP_TIMEOUT_SECONDS,
        help="seconds that functions have to end once the host stops",
    )
    parser.add_argument("--host-seed", type=int, default=0, help="for what the host draws")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    for chatty in ("azure", "httpx"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    app = arguments.app.resolve()
    try:
        read_local_settings(app / "local.settings.json")
        host = Host(
            app,
            arguments.port,
            behaviours=_behaviours(arguments.host),
            worker=Worker(lambda: _successor(arguments, host.port)),
            random=Random(arguments.host_seed),
            patience=arguments.patience,
        )
    except LoadError as error:
        sys.exit(str(error))
    asyncio.run(_serve(host, arguments))
    # Nothing can stop a thread, so a function in a thread that outlived the host's patience ends
    # here.
    logging.shutdown()
    os._exit(0)


def _behaviours(names: Sequence[str]) -> HostBehaviours:
    try:
        return HostBehaviours.named(names)
    except ValueError as error:
        sys.exit(f"--host {error}")


def _successor(arguments: argparse.Namespace, port: int) -> Iterator[str]:
    """Yields the arguments of a process that replaces this one. No process waits for its port."""
    yield from ("-m", "emulator.functions", "--app", str(arguments.app), "--port", str(port))
    yield from (f"--host={name}" for name in arguments.host)
    yield from ("--host-seed", str(arguments.host_seed), "--patience", str(arguments.patience))
    if arguments.until_stdin_ends:
        yield "--until-stdin-ends"


def _end(stopped: asyncio.Event) -> None:
    """Nothing is ever written to stdin: readable means closed, and it stays readable."""
    asyncio.get_running_loop().remove_reader(sys.stdin)
    stopped.set()


async def _serve(host: Host, arguments: argparse.Namespace) -> None:
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    if arguments.until_stdin_ends:
        loop.add_reader(sys.stdin, _end, stopped)
    try:
        await host.start()
    except OSError as error:
        sys.exit(f"--port {arguments.port}: {error.strerror}")
    if arguments.print_port:
        print(json.dumps({"functions": host.port}), flush=True)  # noqa: T201 - the CLI's answer
    await host.run(stopped)


if __name__ == "__main__":
    main()
