"""Runs an emulated tenant with Hasten until it is stopped: `python -m emulator`."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.table import Table

from emulator.azure import Azure, AzureOptions, running
from emulator.certificates import trusted
from emulator.entra import names
from emulator.entra.behaviours import EntraBehaviours
from emulator.environment import write_settings
from emulator.graph.server import GraphOptions
from emulator.ports import free_port
from emulator.servicebus.entities import EntitiesError

ROOT = Path(__file__).parents[1]
POLL = 0.05

Ports = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Options:
    azure: AzureOptions
    functions_port: int
    functions: bool
    app: Path
    state: Path
    targets: Path | None
    print_ports: bool
    host: tuple[str, ...]


app = typer.Typer(add_completion=False, context_settings={"auto_envvar_prefix": "EMULATOR"})


@app.command()
def main(
    *,
    functions_port: Annotated[int, typer.Option(help="0: any free one")] = 7071,
    graph_port: Annotated[int, typer.Option(help="0: any free one")] = 7072,
    servicebus_port: Annotated[int, typer.Option(help="0: any free one")] = 5672,
    print_ports: Annotated[
        bool, typer.Option(help="print one line of JSON when all is up")
    ] = False,
    functions: Annotated[
        bool, typer.Option(help="run Hasten too, not the Azure side alone")
    ] = True,
    users: Annotated[int, typer.Option(min=300, help="people in the tenant")] = 1000,
    speed: Annotated[float, typer.Option(help="of Entra's clock, against real time")] = 1.0,
    on_demand_delay: Annotated[str, typer.Option(help="seconds a call takes, least:most")] = "2:5",
    entra: Annotated[
        list[str] | None,
        typer.Option(help="a behaviour of Entra, NAME or NAME=VALUE; see docs/emulator.md"),
    ] = None,
    record: Annotated[Path | None, typer.Option(help="every Graph request, JSON lines")] = None,
    state: Annotated[Path, typer.Option(help="where Hasten's store lies, new at each start")] = ROOT
    / "var",
    entities: Annotated[Path, typer.Option(help="queues and topics")] = ROOT
    / "infra"
    / "entities.json",
    app_dir: Annotated[Path, typer.Option("--app", help="folder of function_app.py")] = ROOT,
    targets: Annotated[Path | None, typer.Option(help="instead of the app's targets.yaml")] = None,
    host: Annotated[
        list[str] | None, typer.Option(help="a way of the Functions host; see its own --help")
    ] = None,
    scim: Annotated[
        bool, typer.Option(help="TOTAL's accounts in a SCIM server, where Hasten takes access")
    ] = False,
    scim_patch: Annotated[
        bool, typer.Option(help="whether that server takes a PATCH, or whole accounts alone")
    ] = True,
) -> None:
    ports = {"--graph-port": graph_port, "--servicebus-port": servicebus_port}
    if functions:
        ports["--functions-port"] = functions_port
    for flag, port in ports.items():
        if port and _is_taken(port):
            sys.exit(_complain(f"{flag} {port}: the port is taken; 0 takes any free one"))
    graph = GraphOptions(
        port=graph_port,
        users=users,
        on_demand_delay=_span(on_demand_delay),
        speed=speed,
        entra=_behaviours(entra or []),
        record=record,
    )
    options = Options(
        azure=AzureOptions(
            graph=graph,
            servicebus_port=servicebus_port,
            entities=entities,
            scim=scim,
            scim_patches=scim_patch,
        ),
        functions_port=functions_port or free_port(),
        functions=functions,
        app=app_dir.resolve(),
        state=state.resolve(),
        targets=targets,
        print_ports=print_ports,
        host=tuple(host or ()),
    )
    sys.exit(asyncio.run(_run(options)))


async def _run(options: Options) -> int:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    try:
        async with running(options.azure) as azure:
            return await _run_on(azure, options, stopped)
    except (OSError, EntitiesError) as error:
        return _complain(str(error))


async def _run_on(azure: Azure, options: Options, stopped: asyncio.Event) -> int:
    functions_url = f"http://127.0.0.1:{options.functions_port}"
    _renew(options.state)
    targets = options.targets
    if azure.scim is not None:
        targets = azure.with_scim(targets or options.app / "targets.yaml", options.state)
    settings = azure.environment(
        functions_url=functions_url,
        state_dir=options.state,
        app_dir=options.app,
        targets=targets,
    )
    settings_file = options.state / "settings.json"
    write_settings(settings_file, settings)
    ports: Ports = {
        "functions": options.functions_port if options.functions else None,
        "graph": azure.graph.port,
        "servicebus": azure.servicebus.port,
        "scim": azure.scim.url if azure.scim is not None else None,
        "admin_token": azure.graph.admin_token,
        "tenant_id": azure.graph.tenant.id,
        "environment": settings,
        "settings": str(settings_file),
        "token_command": azure.sign_in.token_command(azure.graph.url),
    }
    if not options.functions:
        _announce(options, ports)
        await stopped.wait()
        return 0
    async with _host(options, settings) as host:
        if not await _is_watching(host, functions_url, stopped):
            return _complain("Hasten did not start; its log above says why")
        _announce(options, ports)
        ended, stopping = asyncio.create_task(host.wait()), asyncio.create_task(stopped.wait())
        await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not stopped.is_set():
            return _complain("the Functions host ended; its log above says why")
        stopping.cancel()
        ended.cancel()
    return 0


def _renew(state: Path) -> None:
    state.mkdir(parents=True, exist_ok=True)
    for old in state.glob("hasten.db*"):
        old.unlink()  # the old tenant no longer exists; each start creates a new one


@contextlib.asynccontextmanager
async def _host(options: Options, settings: Ports) -> AsyncIterator[asyncio.subprocess.Process]:
    """Runs the Functions host as a child process, which ends with this process however that
    ends."""
    flags = ["--app", str(options.app), "--port", str(options.functions_port)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "emulator.functions",
        *flags,
        *(f"--host={name}" for name in options.host),
        "--until-stdin-ends",
        cwd=ROOT,
        env={**os.environ, **settings},
        stdin=asyncio.subprocess.PIPE,
        stdout=sys.stderr,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _is_watching(host: asyncio.subprocess.Process, url: str, stopped: asyncio.Event) -> bool:
    """Waits until the host runs, then makes it discover the tenant at once."""
    async with httpx.AsyncClient(
        base_url=url, trust_env=False, timeout=30, verify=trusted()
    ) as client:
        while host.returncode is None and not stopped.is_set():
            with contextlib.suppress(httpx.TransportError):
                if (await client.get("/admin/host/status")).json()["state"] == "Running":
                    await client.post("/admin/functions/sweep", headers={"x-wait": "true"})
                    return True
            await asyncio.sleep(POLL)
    return stopped.is_set()


def _announce(options: Options, ports: Ports) -> None:
    if options.print_ports:
        print(json.dumps(ports), flush=True)  # noqa: T201 - the CLI's answer
        return
    table = Table(title="A tenant in a box", show_header=False, title_justify="left")
    table.add_column()
    table.add_column(overflow="fold")
    table.add_row("Microsoft Graph", f"http://127.0.0.1:{ports['graph']}/v1.0")
    table.add_row("admin token", ports["admin_token"])
    table.add_row("Service Bus", ports["environment"]["ServiceBusConnection"])
    if ports["functions"]:
        table.add_row("Hasten", f"http://127.0.0.1:{ports['functions']}")
        table.add_row("its pages", f"http://127.0.0.1:{ports['functions']}/api/ui/")
        table.add_row("its API", f"http://127.0.0.1:{ports['functions']}/api/v1")
        table.add_row("a token for it", ports["token_command"])
        table.add_row("its store", ports["environment"]["HASTEN_STORE"])
    if ports["scim"]:
        table.add_row("TOTAL over SCIM", ports["scim"])
    table.add_row("settings", ports["settings"])
    table.add_row("what Graph saw", f"http://127.0.0.1:{ports['graph']}/emulator/stats")
    console = Console(stderr=True)
    console.print(table)
    console.print("Ctrl-C stops it.")


def _complain(problem: str) -> int:
    Console(stderr=True).print(problem, markup=False, soft_wrap=True)
    return 1


def _span(text: str) -> tuple[float, float]:
    """Reads two numbers separated by a colon, or one number for both."""
    least, _, most = text.partition(":")
    try:
        return float(least), float(most or least)
    except ValueError as error:
        raise typer.BadParameter(f"--on-demand-delay {text}: not seconds, least:most") from error


def _behaviours(given: list[str]) -> EntraBehaviours:
    try:
        return names.read(given)
    except names.UnknownBehaviourError as error:
        raise typer.BadParameter(str(error)) from error


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False


if __name__ == "__main__":
    app(args=names.joined(sys.argv[1:]))
