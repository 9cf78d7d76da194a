"""Azurite, Microsoft's emulator of Azure Storage: installed once below .tools, run per session."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

from tests.support import npm

START_TRIES = 3
"""Another process may take the free port before Azurite does."""

START_SECONDS = 30

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Azurite's own, public."""


def connection_string(port: int, key: str = KEY) -> str:
    return (
        f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={key};"
        f"TableEndpoint=http://127.0.0.1:{port}/{ACCOUNT};"
    )


@contextmanager
def running_tables() -> Iterator[int]:
    """Runs an empty table service, and yields its port."""
    command = npm.installed(npm.AZURITE) / ".bin" / "azurite-table"
    process, port = _started(command)
    try:
        yield port
    finally:
        process.terminate()
        process.communicate()


def _started(command: Path) -> tuple[subprocess.Popen[str], int]:
    for _ in range(START_TRIES):
        port = _free_port()
        process = subprocess.Popen(
            [
                command,
                "--tablePort",
                str(port),
                "--inMemoryPersistence",
                "--skipApiVersionCheck",
                "--disableTelemetry",
                "--silent",
            ],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "NODE_NO_WARNINGS": "1"},
        )
        if _is_listening(process):
            return process, port
        process.kill()
        process.communicate()
    raise RuntimeError(f"{npm.AZURITE} does not start")


def _is_listening(process: subprocess.Popen[str]) -> bool:
    """Waits for the line that reports the start. Returns False if the process ends or prints
    nothing for too long."""
    too_late = Timer(START_SECONDS, process.kill)
    too_late.start()
    try:
        return any("successfully" in line for line in process.stdout or ())
    finally:
        too_late.cancel()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
