"""Runs the emulated Service Bus alone: `python -m emulator.servicebus --entities FILE --port 0`."""

import argparse
import asyncio
import json
import logging
import signal
from pathlib import Path

from emulator.servicebus import ServiceBusServer, load_entities


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m emulator.servicebus", description=__doc__)
    parser.add_argument("--entities", type=Path, required=True)
    parser.add_argument("--port", type=int, default=5672, help="0: any free one")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    asyncio.run(_serve(arguments.entities, arguments.port))


async def _serve(entities: Path, port: int) -> None:
    server = ServiceBusServer(load_entities(entities), port=port)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await server.start()
    print(json.dumps({"servicebus": server.port}), flush=True)  # noqa: T201 - the CLI's answer
    await stopped.wait()
    await server.stop()


if __name__ == "__main__":
    main()
