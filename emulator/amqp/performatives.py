"""Defines the composite types of AMQP 1.0 with their fields in wire order: frames, terminuses,
outcomes, errors. They are named tuples, because each is a list on the wire."""

from typing import Any, NamedTuple

from emulator.amqp.types import Symbol, UByte, UInt, ULong, UShort

Fields = dict[Symbol, Any]


class Error(NamedTuple):
    # All three are always written: clients index them without checking the length.
    condition: Symbol
    description: str | None = None
    info: Fields | None = None


class Received(NamedTuple):
    section_number: UInt
    section_offset: ULong


class Accepted(NamedTuple):
    pass


class Rejected(NamedTuple):
    error: Error | None = None


class Released(NamedTuple):
    pass


class Modified(NamedTuple):
    delivery_failed: bool | None = None
    undeliverable_here: bool | None = None
    message_annotations: Fields | None = None


Outcome = Accepted | Rejected | Released | Modified
DeliveryState = Outcome | Received


class Source(NamedTuple):
    address: str | None = None
    durable: UInt | None = None
    expiry_policy: Symbol | None = None
    timeout: UInt | None = None
    dynamic: bool | None = None
    dynamic_node_properties: Fields | None = None
    distribution_mode: Symbol | None = None
    filter: Fields | None = None
    default_outcome: DeliveryState | None = None
    outcomes: Any = None
    capabilities: Any = None


class Target(NamedTuple):
    address: str | None = None
    durable: UInt | None = None
    expiry_policy: Symbol | None = None
    timeout: UInt | None = None
    dynamic: bool | None = None
    dynamic_node_properties: Fields | None = None
    capabilities: Any = None


class Coordinator(NamedTuple):
    """The target of a link on which transactions are declared."""

    capabilities: Any = None


class TransactionalState(NamedTuple):
    """A delivery, or its outcome, that takes effect only if its transaction succeeds."""

    txn_id: bytes
    outcome: Outcome | None = None


class Open(NamedTuple):
    container_id: str
    hostname: str | None = None
    max_frame_size: UInt = UInt(4294967295)
    channel_max: UShort = UShort(65535)
    idle_time_out: UInt | None = None
    outgoing_locales: Any = None
    incoming_locales: Any = None
    offered_capabilities: Any = None
    desired_capabilities: Any = None
    properties: Fields | None = None


class Begin(NamedTuple):
    remote_channel: UShort | None
    next_outgoing_id: UInt
    incoming_window: UInt
    outgoing_window: UInt
    handle_max: UInt = UInt(4294967295)
    offered_capabilities: Any = None
    desired_capabilities: Any = None
    properties: Fields | None = None


class Attach(NamedTuple):
    name: str
    handle: UInt
    role: bool
    snd_settle_mode: UByte = UByte(2)
    rcv_settle_mode: UByte = UByte(0)
    source: Source | None = None
    target: Target | Coordinator | None = None
    unsettled: dict[Any, Any] | None = None
    incomplete_unsettled: bool | None = None
    initial_delivery_count: UInt | None = None
    max_message_size: ULong | None = None
    offered_capabilities: Any = None
    desired_capabilities: Any = None
    properties: Fields | None = None


class Flow(NamedTuple):
    next_incoming_id: UInt | None
    incoming_window: UInt
    next_outgoing_id: UInt
    outgoing_window: UInt
    handle: UInt | None = None
    delivery_count: UInt | None = None
    link_credit: UInt | None = None
    available: UInt | None = None
    drain: bool = False
    echo: bool = False
    properties: Fields | None = None


class Transfer(NamedTuple):
    handle: UInt
    delivery_id: UInt | None = None
    delivery_tag: bytes | None = None
    message_format: UInt | None = None
    settled: bool | None = None
    more: bool = False
    rcv_settle_mode: UByte | None = None
    state: DeliveryState | TransactionalState | None = None
    resume: bool = False
    aborted: bool = False
    batchable: bool = False


class Disposition(NamedTuple):
    role: bool
    first: UInt
    last: UInt | None = None
    settled: bool = False
    state: DeliveryState | TransactionalState | None = None
    batchable: bool = False


class Detach(NamedTuple):
    handle: UInt
    closed: bool = False
    error: Error | None = None


class End(NamedTuple):
    error: Error | None = None


class Close(NamedTuple):
    error: Error | None = None


class SaslMechanisms(NamedTuple):
    mechanisms: Any


class SaslInit(NamedTuple):
    mechanism: Symbol
    initial_response: bytes | None = None
    hostname: str | None = None


class SaslOutcome(NamedTuple):
    code: UByte
    additional_data: bytes | None = None
