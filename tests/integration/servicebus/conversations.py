"""What well-behaved clients say to the bus, from the first byte on, by name."""

from collections.abc import Mapping
from typing import Any

from emulator.amqp import performatives as p
from emulator.amqp.encode import encode
from emulator.amqp.frames import AMQP_HEADER, EMPTY_FRAME, SASL_HEADER, encode_frame
from emulator.amqp.messages import Header, Message, Properties, encode_message, value_body
from emulator.amqp.types import Array, Described, Symbol, Timestamp, UInt, ULong

SESSION_FILTER = Symbol("com.microsoft:session-filter")
TIMEOUT = {Symbol("com.microsoft:timeout"): UInt(50)}
BATCH_FORMAT = UInt(0x80013700)

WINDOW = UInt(100)


def frame(performative: Any, payload: bytes = b"", *, channel: int = 1) -> bytes:
    return encode_frame(channel, performative, payload)


def opened(**options: Any) -> bytes:
    return AMQP_HEADER + frame(p.Open("client", **options), channel=0)


def begun(first: int = 0, *, channel: int = 1) -> bytes:
    return frame(p.Begin(None, UInt(first), WINDOW, WINDOW), channel=channel)


def started() -> bytes:
    return opened() + begun()


def sends_to(address: str, handle: int = 0) -> bytes:
    return frame(p.Attach(f"to {handle}", UInt(handle), role=False, target=p.Target(address)))


def receives_from(address: str, handle: int = 1, **source: Any) -> bytes:
    at = p.Source(address, **source)
    return frame(p.Attach(f"from {handle}", UInt(handle), role=True, source=at, properties=TIMEOUT))


def credit(handle: int = 1, amount: int = 10) -> bytes:
    flow = p.Flow(UInt(0), WINDOW, UInt(0), WINDOW, UInt(handle), UInt(0))
    return frame(flow._replace(link_credit=UInt(amount)))


def transfer(payload: bytes, handle: int = 0, number: int = 0, **more: Any) -> bytes:
    told = p.Transfer(UInt(handle), UInt(number), b"tag", UInt(0), settled=True)
    return frame(told._replace(**more), payload)


def a_message(session: str | None = None) -> bytes:
    return encode_message(
        Message(
            header=Header(ttl=UInt(60_000)),
            annotations={Symbol("x-opt-partition-key"): "k"},
            properties=Properties(message_id="m", group_id=session),
            application_properties={"color": "red", "tries": 1},
            body=value_body({"a": [1, 2.5, None, "text"]}),
        )
    )


def a_request(operation: str, body: Any) -> bytes:
    return encode_message(
        Message(
            properties=Properties(message_id="r", reply_to="me"),
            application_properties={"operation": f"com.microsoft:{operation}"},
            body=value_body(body),
        )
    )


def asks(operation: str, body: Any, path: str = "plain") -> bytes:
    node = f"{path}/$management"
    pair = sends_to(node) + receives_from(node) + credit()
    return started() + pair + transfer(a_request(operation, body))


def _section(payload: bytes) -> bytes:
    """One message of a batch."""
    return encode(Described(ULong(0x75), payload))


CONVERSATIONS: Mapping[str, bytes] = {
    "sasl": SASL_HEADER + encode_frame(0, p.SaslInit(Symbol("ANONYMOUS")), sasl=True) + started(),
    "heartbeats": opened(idle_time_out=UInt(60_000)) + EMPTY_FRAME * 3,
    "token": started()
    + sends_to("$cbs")
    + receives_from("$cbs")
    + transfer(a_request("put-token", "token"))
    + credit(),
    "send": started() + sends_to("plain") + transfer(a_message()),
    "send in pieces": started()
    + sends_to("plain")
    + transfer(a_message()[:30], more=True)
    + frame(p.Transfer(UInt(0), more=False), a_message()[30:]),
    "send and abort": started()
    + sends_to("plain")
    + transfer(a_message()[:30], more=True)
    + frame(p.Transfer(UInt(0), aborted=True)),
    "send a batch": started()
    + sends_to("plain")
    + transfer(_section(a_message()) * 3, message_format=BATCH_FORMAT),
    "send to a session": started() + sends_to("sessions") + transfer(a_message("s")),
    "send to a topic": started() + sends_to("news") + transfer(a_message()),
    "receive": started() + receives_from("plain") + credit(amount=1),
    "receive and settle": started()
    + receives_from("plain")
    + credit(amount=2)
    + frame(p.Disposition(role=True, first=UInt(0), last=UInt(1), state=p.Released())),
    "wait for a session": started()
    + receives_from("sessions", filter={SESSION_FILTER: None})
    + credit(),
    "take a session": started()
    + receives_from("sessions", filter={SESSION_FILTER: "mine"})
    + credit(),
    "drain": started()
    + receives_from("news/Subscriptions/a")
    + frame(
        p.Flow(UInt(0), WINDOW, UInt(0), WINDOW, UInt(1), UInt(0), link_credit=UInt(5), drain=True)
    ),
    "detach": started() + sends_to("plain") + frame(p.Detach(UInt(0), closed=True)),
    "end and begin": started() + frame(p.End()) + begun(),
    "two sessions": started() + begun(channel=7) + frame(p.End(), channel=7),
    "peek": asks("peek-message", {"from-sequence-number": 0, "message-count": 3}),
    "list sessions": asks(
        "get-message-sessions",
        {"last-updated-time": Timestamp(253402300800000), "skip": 0, "top": 9},
        "sessions",
    ),
    "schedule": asks(
        "schedule-message", {"messages": [{"message": a_message(), "message-id": "m"}]}
    ),
    "cancel": asks("cancel-scheduled-message", {"sequence-numbers": Array([99])}),
}
