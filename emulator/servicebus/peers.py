"""Handles one client's connection and chooses the handler of each link."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from emulator.amqp import performatives as p
from emulator.amqp.incoming_link import IncomingLink
from emulator.amqp.messages import Message
from emulator.amqp.outgoing_link import OutgoingLink
from emulator.amqp.types import Int
from emulator.servicebus import management
from emulator.servicebus.consumers import attach_receiver
from emulator.servicebus.namespace import Namespace, entity_path, managed_path
from emulator.servicebus.operations import Target
from emulator.servicebus.producers import Producer
from emulator.servicebus.requests import Requests, Responder, Response

if TYPE_CHECKING:
    from emulator.amqp.session import Session

CBS = "$cbs"
MAX_REQUEST_SIZE = 1 << 20


class Peer:
    """One client. It also holds session locks: a request for a session comes on the connection that
    accepted it."""

    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace
        self._responders: dict[tuple[Session, str], Responder] = {}

    def attach_incoming(self, link: IncomingLink) -> None:
        target = link.attach.target
        path = entity_path(target.address if isinstance(target, p.Target) else None)
        managed = managed_path(path)
        if path == CBS:
            self._take_requests(link, path, _put_token)
        elif managed is not None:
            node = self._target(managed)
            self._take_requests(link, path, lambda request: management.answer(request, node))
        else:
            link.receiver = Producer(self._namespace.inlet(path))
            link.accept()

    def attach_outgoing(self, link: OutgoingLink) -> None:
        path = entity_path(link.attach.source.address if link.attach.source else None)
        managed = managed_path(path)
        if path == CBS or managed is not None:
            if managed is not None:
                self._target(managed)
            key = link.session, path
            forget = partial(self._responders.pop, key, None)
            self._responders[key] = link.sender = Responder(link, on_detached=forget)
            link.accept()
        else:
            attach_receiver(link, self._namespace.outlet(path), holder=self)

    def _take_requests(
        self, link: IncomingLink, path: str, answer: Callable[[Message], Response]
    ) -> None:
        key = link.session, path
        link.receiver = Requests(answer, responder=lambda: self._responders.get(key))
        link.accept(max_message_size=MAX_REQUEST_SIZE)

    def _target(self, path: str) -> Target:
        inlet, outlet = self._namespace.find(path)
        return Target(inlet=inlet, outlet=outlet, holder=self)


def _put_token(_request: Message) -> Response:
    """Accepts every token, because the server listens on loopback only."""
    return Response(properties={"status-code": Int(202), "status-description": "Accepted"})
