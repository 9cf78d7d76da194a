"""Implements sending links: messages and batches in."""

from emulator.amqp import performatives as p
from emulator.amqp.incoming_link import Delivery
from emulator.amqp.messages import decode_batch
from emulator.servicebus.annotations import to_post
from emulator.servicebus.conditions import to_amqp
from emulator.servicebus.entries import QueueError
from emulator.servicebus.outlets import Inlet

BATCH_FORMAT = 0x80013700


class Producer:
    def __init__(self, inlet: Inlet) -> None:
        self._inlet = inlet

    def delivered(self, delivery: Delivery) -> p.Outcome:
        batch = delivery.message_format == BATCH_FORMAT
        payloads = decode_batch(delivery.payload) if batch else [delivery.payload]
        try:
            self._inlet.send([to_post(payload) for payload in payloads])
        except QueueError as error:
            return p.Rejected(to_amqp(error).wire)
        return p.Accepted()

    def detached(self, *, orderly: bool) -> None:
        """Nothing is stored for a sender."""
