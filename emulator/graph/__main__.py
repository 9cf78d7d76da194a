"""Runs the emulated Graph alone: `python -m emulator.graph --port 0 --users 1000`."""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from emulator.entra import names
from emulator.graph.server import GraphOptions, GraphServer


def _options() -> GraphOptions:
    parser = argparse.ArgumentParser(prog="emulator.graph", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes any free one")
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--speed", type=float, default=1.0, help="of the emulated clock")
    parser.add_argument("--replication-delay", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument(
        "--on-demand-delay", type=float, nargs=2, default=(2.0, 5.0), metavar=("LEAST", "MOST")
    )
    parser.add_argument("--record", type=Path, help="write requests and answers to this file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        names.OPTION, action="append", default=[], metavar="NAME[=VALUE]", help="docs/emulator.md"
    )
    given = parser.parse_args(names.joined(sys.argv[1:]))
    try:
        entra = names.read(given.entra)
    except names.UnknownBehaviourError as error:
        parser.error(str(error))
    return GraphOptions(
        port=given.port,
        users=given.users,
        speed=given.speed,
        replication_delay=given.replication_delay,
        on_demand_delay=tuple(given.on_demand_delay),
        entra=entra,
        record=given.record,
        seed=given.seed,
    )


async def _run(options: GraphOptions) -> None:
    server = GraphServer(options)
    await server.start()
    about = {
        "graph": server.port,
        "admin_token": server.admin_token,
        "identity_header": server.identity_header,
    }
    sys.stdout.write(json.dumps(about) + "\n")
    sys.stdout.flush()
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()
    await server.stop()


if __name__ == "__main__":
    asyncio.run(_run(_options()))
