"""One instance of Hasten: the real app on ports of the simulated world. It can be killed."""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

import httpx
from pydantic import SecretStr

from emulator.functions import options
from emulator.functions.invocations import STOP_TIMEOUT_SECONDS
from emulator.functions.worker import TimeLimit
from hasten.adapters.graph.directory import GraphDirectory
from hasten.adapters.scim.application import ScimApplication
from hasten.api.app import UI
from hasten.app import App
from hasten.ports.application import Application
from hasten.ports.bus import Bus, Message
from hasten.ports.clock import Jitter, NewId, Now
from hasten.ports.dead_letters import ParkedMessages
from hasten.ports.directory import Directory
from hasten.ports.notifier import Notifier
from hasten.ports.receiver import Receiver
from hasten.ports.sign_in import SignIn
from hasten.ports.store import Store
from hasten.ports.telemetry import Emit, Event
from hasten.scim import Scim
from hasten.targets_file import TargetsFile
from tests.fakes.application import no_application
from tests.fakes.dead_letters import FakeParkedMessages
from tests.fakes.notifier import FakeNotifier
from tests.fakes.sign_in import FakeSignIn
from tests.simulation.asgi import answered
from tests.simulation.bus import epoch
from tests.simulation.graph import Credential
from tests.simulation.lifeline import CrashPoint, HostBus, HostStore, HostTransport, Lifeline
from tests.simulation.owners import Owner
from tests.simulation.pump import Pump
from tests.simulation.receiver import HostReceiver
from tests.simulation.surroundings import Surroundings
from tests.simulation.table import QUEUES, ROUTES
from tests.support.delivery import received
from tests.support.virtual_time import now

HOST_JSON = options.read(Path(__file__).parents[2] / "host.json")

RESTART = 5.0
"""Seconds from the end of a worker process to the next one."""

EXACT = timedelta(0)


@dataclass(frozen=True, kw_only=True)
class HostPorts:
    store: Store
    bus: Bus
    receiver: Receiver
    directory: Directory
    now: Now
    new_id: NewId
    jitter: Jitter
    emit: Emit
    application: Callable[[Scim], Application] = no_application
    parked_messages: ParkedMessages = field(default_factory=FakeParkedMessages)
    sign_in: SignIn = field(default_factory=FakeSignIn)
    notifier: Notifier = field(default_factory=FakeNotifier)


class Host:
    """A host whose clock differs by `clock_skew` from that of the tenant."""

    def __init__(self, name: str, around: Surroundings, clock_skew: timedelta = EXACT) -> None:
        self.name = name
        self._clock_skew = clock_skew
        self._around = around
        self._owner = Owner()
        self._lifeline = self._new_lifeline()
        self._pump: Pump | None = None
        self._app: App | None = None
        self.targets = frozenset[str]()
        """Names in the targets.yaml with which it was started last."""
        self._by_hand: set[asyncio.Task[bool]] = set()
        """Timers and webhooks under way."""
        limit = HOST_JSON.function_timeout if around.behaviours.enforce_timeout else None
        self._time_limit = TimeLimit(limit, self._time_out) if limit else None

    @property
    def is_alive(self) -> bool:
        return self._app is not None

    @property
    def app(self) -> App:
        return self._running()

    def start(self) -> None:
        """A new process: nothing is remembered."""
        assert self._app is None, f"{self.name} is running"
        around = self._around
        self.targets = frozenset(target.name for target in around.targets)
        self._owner = Owner()
        self._lifeline = self._new_lifeline()
        self._app = App(
            around.settings,
            TargetsFile(around.targets, around.limit_scope, around.history_days),
            self._ports(),
        )
        self._pump = Pump(
            around.bus,
            options=HOST_JSON,
            host=self._owner,
            faults=around.faults,
            behaviours=around.behaviours,
            luck=around.luck,
            handle=self._handle,
        )
        for queue in QUEUES:
            self._pump.start(queue)

    def kill(self) -> None:
        """As a crash: nothing is finished, nothing is handed back, locks stay as they are."""
        self._lifeline.cut()
        if self._pump is not None:
            self._pump.cut()
        self._app = self._pump = None
        self._owner.cancel()

    def is_owner(self, owner: Owner | None) -> bool:
        """Whether the process that runs now is that one."""
        return self._owner is owner

    def go_deaf(self, *queues: str) -> None:
        """The triggers of `queues`, or of all, take nothing more; timers and webhooks go on."""
        if self._pump is not None:
            self._pump.cut(*queues)

    async def stop(self) -> None:
        """As a deployment, a restart or a scale-in does: nothing more is taken, and what is under
        way has STOP_TIMEOUT_SECONDS to end."""
        pump = self._pump
        if pump is None:
            return
        ended = await pump.stop(within=STOP_TIMEOUT_SECONDS, beside=self._by_hand)
        if self._pump is not pump:
            return  # it crashed meanwhile
        if ended or not self._around.behaviours.kill_on_stop:
            pump.release()
        self.kill()

    def cut_links(self) -> None:
        """Its connections to Service Bus break and are made anew."""
        if self._pump is not None:
            self._pump.cut_links()

    @property
    def calls(self) -> Counter[str]:
        """To the world, by name (see Lifeline), since it was started last."""
        return self._lifeline.counts

    def die_after(self, call: str, times: int = 1) -> None:
        """Kills it once that many more calls to the world match `call` (see Lifeline)."""
        self._lifeline.crash_points.append(CrashPoint(re.compile(call), times))

    async def fire(self, timer: str) -> None:
        """Runs a timer to its end, or to the end of the host."""
        app = self._running()
        await self._finish(f"timer {timer}", lambda: app.tick(timer))

    async def post(self, route: str, body: bytes) -> HTTPStatus | None:
        """The webhook's answer; None when the host died over it."""
        app, answers = self._running(), list[HTTPStatus]()

        async def receive() -> None:
            answers.append(await ROUTES[route](app, body))

        work = await self._finish(f"webhook {route}", receive)
        if work.cancelled():
            return None
        return answers[0] if work.result() else HTTPStatus.INTERNAL_SERVER_ERROR

    async def serve(self, request: httpx.Request) -> httpx.Response | None:
        """The answer of the API or of a page; None when the host died over it."""
        app, answers = self._running(), list[httpx.Response]()

        async def serve() -> None:
            face = app.page if request.url.path.startswith(UI) else app.api
            answers.append(await answered(face, request))

        await self._finish(f"http {request.url.path}", serve)
        return answers[0] if answers else None

    async def _handle(self, queue: str, message: Message) -> bool:
        app = self._running()
        return await self._run(queue, lambda: app.receive(received(queue, message)))

    async def _finish(self, name: str, work: Callable[[], Awaitable[None]]) -> asyncio.Task[bool]:
        running = self._owner.spawn(self._run(name, work))
        self._by_hand.add(running)
        running.add_done_callback(self._by_hand.discard)
        await asyncio.wait({running})
        return running

    async def _run(self, name: str, work: Callable[[], Awaitable[None]]) -> bool:
        limit, began = self._time_limit, epoch()
        try:
            with limit.watching(name) if limit else nullcontext():
                await work()
        except Exception as error:  # noqa: BLE001 - as the Functions host does
            self._around.failures.append(f"{name}: {error!r}")
            return False
        finally:
            self._around.ran(name, epoch() - began)
        return True

    def _time_out(self, reason: str) -> None:
        """The worker process ends with the invocation; the next one begins soon."""
        self._around.failures.append(reason)
        self.kill()
        self._around.outside.spawn(self._restart())

    async def _restart(self) -> None:
        await asyncio.sleep(RESTART)
        if not self.is_alive:
            self.start()

    def _running(self) -> App:
        assert self._app is not None, f"{self.name} is dead"
        return self._app

    def _new_lifeline(self) -> Lifeline:
        around = self._around
        return Lifeline(around.random, around.faults, self.kill, around.traffic)

    def _ports(self) -> HostPorts:
        around, lifeline = self._around, self._lifeline

        def emit(event: Event) -> None:
            lifeline.check()
            around.emit(event)

        applications: dict[Scim, Application] = {}

        def application(scim: Scim) -> Application:
            if scim not in applications:
                to_app = HostTransport(around.scim, lifeline)
                applications[scim] = ScimApplication(scim, SecretStr("simulated"), to_app)
            return applications[scim]

        return HostPorts(
            application=application,
            store=HostStore(around.store, lifeline),
            bus=HostBus(around.bus, lifeline),
            receiver=HostReceiver(around.bus, lifeline),
            directory=GraphDirectory(
                str(around.settings.graph_url),
                Credential(around.token),
                HostTransport(around.graph, lifeline),
            ),
            now=lambda: now() + self._clock_skew,
            new_id=around.new_id,
            jitter=around.random.random,
            emit=emit,
        )
