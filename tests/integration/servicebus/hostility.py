"""What no well-behaved client says: each aims at one weakness that a broker could have."""

import struct
from collections.abc import Mapping

from emulator.amqp import performatives as p
from emulator.amqp.encode import encode
from emulator.amqp.frames import AMQP_HEADER, EMPTY_FRAME, SASL_HEADER
from emulator.amqp.messages import Message, encode_message, value_body
from emulator.amqp.types import Array, Described, Symbol, Timestamp, UInt, ULong
from tests.integration.servicebus.conversations import (
    SESSION_FILTER,
    WINDOW,
    a_message,
    asks,
    begun,
    credit,
    frame,
    opened,
    receives_from,
    sends_to,
    started,
    transfer,
)

LARGEST = 2**32 - 1


def raw(body: bytes, *, channel: int = 1) -> bytes:
    """A frame around any bytes."""
    return struct.pack(">IBBH", 8 + len(body), 2, 0, channel) + body


def array(code: int, count: int) -> bytes:
    return b"\xf0" + struct.pack(">II", 5, count) + bytes([code])


def sent(payload: bytes) -> bytes:
    return started() + sends_to("plain") + transfer(payload)


def in_properties(value: bytes) -> bytes:
    """A message whose application properties have a value of raw bytes."""
    body = encode("key") + value
    return b"\x00\x53\x74\xd1" + struct.pack(">II", 4 + len(body), 2) + body


BOMB = in_properties(b"\xd0" + struct.pack(">II", 4 + 10 * 6000, 6000) + array(0x41, 65536) * 6000)
"""60,000 bytes that stand for 393 million values."""

HOSTILE: Mapping[str, bytes] = {
    "another protocol": b"GET / HTTP/1.1\r\nHost: here\r\n\r\n",
    "TLS": bytes.fromhex("16030100c8010000c40303") + b"\x00" * 190,
    "version 0.9.1": b"AMQP\x00\x00\x09\x01",
    "nothing but noise": AMQP_HEADER + bytes(range(256)) * 4,
    "SASL for ever": SASL_HEADER * 200,
    "a frame without end": opened() + struct.pack(">I", LARGEST) + b"\x02\x00\x00\x00" + b"x" * 999,
    "a frame of no size": opened() + b"\x00\x00\x00\x00\x02\x00\x00\x00",
    "a data offset beyond the frame": opened() + b"\x00\x00\x00\x08\xff\x00\x00\x00",
    "20,000 heartbeats": opened() + EMPTY_FRAME * 20_000,
    "a heartbeat each millisecond, please": opened(idle_time_out=UInt(1)),
    "frames of no size, please": opened(max_frame_size=UInt(0)) + begun() + sends_to("plain"),
    "a transfer before open": AMQP_HEADER + frame(p.Transfer(UInt(0), UInt(0), b"t")),
    "open twice": opened() + frame(p.Open("again"), channel=0),
    "begin twice": started() + begun(),
    "a channel too high": opened() + begun(channel=65535),
    "a handle too high": started() + sends_to("plain", LARGEST),
    "a handle twice": started() + sends_to("plain") + sends_to("plain"),
    "an unknown handle": started() + credit(9),
    "a composite named by a list": started() + raw(b"\x00\x45\x45"),
    "a composite named by a map": started() + raw(b"\x00\xc1\x01\x00\x45"),
    "a composite named by a composite": started() + raw(b"\x00" + b"\x00\x53\x10\x45" + b"\x45"),
    "a map with a list for a key": sent(in_properties(b"\xc1\x03\x02\x45\x40")),
    "a list without its elements": started() + raw(b"\x00\x53\x12\xd0" + b"\xff" * 8),
    "a string longer than its frame": started()
    + raw(b"\x00\x53\x12\xc0\x06\x01\xb1\xff\xff\xff\xff"),
    "a hundred thousand levels": started() + raw(b"\x00\x53\x12" + b"\xc0\xff\x01" * 20_000),
    "descriptors of descriptors": started() + raw(b"\x00" * 60_000 + b"\x40"),
    "arrays of nothing": sent(BOMB),
    "an array of maps": sent(in_properties(array(0xC1, 1))),
    "text that is no UTF-8": started() + raw(b"\x00\x53\x10\xc0\x04\x01\xa1\x01\xff", channel=0),
    "an attach to a number": started()
    + frame(p.Attach("l", UInt(0), role=False, target=p.Target())).replace(
        b"\x00\x53\x29\x45", b"\x00\x53\x29\xc0\x03\x01\x52\x05"
    ),
    "no address": started() + frame(p.Attach("l", UInt(0), role=True)),
    "an endless address": started() + sends_to("amqp://" + "x/" * 25_000),
    "a queue that is not there": started() + sends_to("nowhere") + transfer(a_message()),
    "a session where there are none": started()
    + receives_from("plain", filter={SESSION_FILTER: None}),
    "a session by number": started() + receives_from("sessions", filter={SESSION_FILTER: 5}),
    "a wait of ten thousand years": started()
    + frame(
        p.Attach(
            "l",
            UInt(1),
            role=True,
            source=p.Source("sessions", filter={SESSION_FILTER: None}),
            properties={Symbol("com.microsoft:timeout"): ULong(2**64 - 1)},
        )
    ),
    "a wait that is over": started()
    + frame(
        p.Attach(
            "l",
            UInt(1),
            role=True,
            source=p.Source("sessions", filter={SESSION_FILTER: None}),
            properties={Symbol("com.microsoft:timeout"): -(2**63)},
        )
    ),
    "a coordinator": started()
    + frame(p.Attach("tx", UInt(0), role=False, target=p.Coordinator()))
    + transfer(value_body(Described(ULong(0x31), []))),
    "a message in a transaction": started()
    + sends_to("plain")
    + transfer(a_message(), state=p.TransactionalState(b"tx")),
    "numbers that start at the end": opened()
    + begun(LARGEST)
    + frame(
        p.Attach(
            "l", UInt(0), role=False, target=p.Target("plain"), initial_delivery_count=UInt(LARGEST)
        )
    )
    + transfer(a_message())
    + transfer(a_message())
    + frame(p.Flow(UInt(0), WINDOW, UInt(0), WINDOW, UInt(0), UInt(LARGEST), echo=True)),
    "all the credit there is": started()
    + receives_from("plain")
    + frame(
        p.Flow(
            UInt(LARGEST),
            UInt(LARGEST),
            UInt(LARGEST),
            UInt(LARGEST),
            UInt(1),
            UInt(LARGEST),
            UInt(LARGEST),
            drain=True,
            echo=True,
        )
    )
    * 3,
    "no window": opened()
    + frame(p.Begin(None, UInt(0), UInt(0), UInt(0)))
    + receives_from("plain")
    + credit(),
    "a settlement of everything": started()
    + receives_from("plain")
    + credit()
    + frame(p.Disposition(role=True, first=UInt(0), last=UInt(LARGEST), state=p.Accepted())),
    "a settlement backwards": started()
    + receives_from("plain")
    + credit()
    + frame(p.Disposition(role=True, first=UInt(LARGEST), last=UInt(0), state=p.Accepted())),
    "a transfer to a receiver": started()
    + receives_from("plain")
    + transfer(a_message(), handle=1),
    "a delivery without a number": started()
    + sends_to("plain")
    + frame(p.Transfer(UInt(0)), a_message()),
    "a message without end": started()
    + sends_to("plain")
    + transfer(b"x" * 60_000, more=True) * 10,
    "a message of no sections": sent(b"\xff\xff\xff"),
    "a message of an unknown section": sent(encode(Described(ULong(0x99), []))),
    "a header with too many fields": sent(encode(Described(ULong(0x70), [None] * 9))),
    "a session that is a number": started()
    + sends_to("sessions")
    + transfer(encode(Described(ULong(0x73), [None] * 10 + [5]))),
    "scheduled at the end of time": sent(
        encode_message(
            Message(annotations={Symbol("x-opt-scheduled-enqueue-time"): Timestamp(2**63 - 1)})
        )
    ),
    "scheduled before all time": sent(
        encode_message(
            Message(annotations={Symbol("x-opt-scheduled-enqueue-time"): Timestamp(-(2**63))})
        )
    ),
    "a time to live of less than nothing": sent(encode(Described(ULong(0x70), [None, None, -1]))),
    "a batch of no messages": started()
    + sends_to("plain")
    + transfer(a_message(), message_format=UInt(0x80013700)),
    "properties by number": sent(encode(Described(ULong(0x74), {5: "x"}))),
    "an id made of lists": sent(encode(Described(ULong(0x73), [[[1], {2: [3]}]]))),
    "a request without an operation": asks("", None),
    "a request whose body is cut": started()
    + sends_to("plain/$management")
    + receives_from("plain/$management")
    + credit()
    + transfer(
        encode_message(Message(application_properties={"operation": "com.microsoft:peek-message"}))
        + b"\x00\x53\x77\xd1\xff"
    ),
    "a request without anyone to answer": started() + sends_to("$cbs") + transfer(a_message()),
    "a peek of less than nothing": asks(
        "peek-message", {"from-sequence-number": -(2**63), "message-count": -(2**63)}
    ),
    "a peek of everything": asks(
        "peek-message", {"from-sequence-number": 0, "message-count": 2**63 - 1}
    ),
    "a page before the first": asks(
        "get-message-sessions",
        {"last-updated-time": Timestamp(-(2**63)), "skip": -5, "top": -5},
        "sessions",
    ),
    "numbers of another kind": asks("cancel-scheduled-message", {"sequence-numbers": Array([1.5])}),
    "a schedule without a message": asks("schedule-message", {"messages": [{"message": b"\xff"}]}),
    "answers that nobody reads": started()
    + sends_to("plain/$management")
    + receives_from("plain/$management")
    + transfer(a_message()) * 300,
}
