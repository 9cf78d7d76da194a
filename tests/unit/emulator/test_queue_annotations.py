"""What Service Bus reads from a message and writes on it."""

import uuid

import pytest

from emulator.amqp.errors import AmqpError
from emulator.amqp.messages import Header, Message, Properties, decode_message, encode_message
from emulator.amqp.types import Int, Symbol, Timestamp, UInt
from emulator.servicebus.annotations import to_payload, to_post
from emulator.servicebus.entries import DeadLettered, Entry, EntryState, Lock, Post


def an_entry(message: Message, **changes: object) -> Entry:
    entry = Entry(
        sequence_number=7, post=Post(content=message), enqueued_at=1.5, expires_at=float("inf")
    )
    for name, value in changes.items():
        setattr(entry, name, value)
    return entry


def test_a_post_has_what_the_queue_needs_to_know() -> None:
    message = Message(
        header=Header(ttl=UInt(1500)),
        annotations={Symbol("x-opt-scheduled-enqueue-time"): Timestamp(2500)},
        properties=Properties(message_id="m", group_id="s"),
    )

    post = to_post(encode_message(message))

    assert (post.message_id, post.session) == ("m", "s")
    assert (post.time_to_live, post.scheduled_at) == (1.5, 2.5)
    assert post.content == message


@pytest.mark.parametrize(
    "message",
    [
        Message(properties=Properties(group_id=5)),  # type: ignore[arg-type]  # a peer may send it
        Message(annotations={Symbol("x-opt-scheduled-enqueue-time"): "soon"}),
    ],
)
def test_a_message_that_makes_no_sense_is_refused(message: Message) -> None:
    with pytest.raises(AmqpError):
        to_post(encode_message(message))


def test_a_delivery_carries_its_number_times_and_count() -> None:
    lock = Lock(token=uuid.UUID(int=1), session=None, own_until=3.0)

    told = decode_message(to_payload(an_entry(Message(), lock=lock, delivery_count=2)))

    assert told.header.delivery_count == 2
    assert told.annotations == {
        "x-opt-sequence-number": 7,
        "x-opt-enqueue-sequence-number": 7,
        "x-opt-enqueued-time": Timestamp(1500),
        "x-opt-locked-until": Timestamp(3000),
    }


def test_annotations_of_a_former_life_are_replaced() -> None:
    resent = Message(annotations={Symbol("x-opt-sequence-number"): 1, Symbol("mine"): "kept"})

    told = decode_message(to_payload(an_entry(resent)))

    assert told.annotations["x-opt-sequence-number"] == 7  # type: ignore[index]  # a str will do
    assert told.annotations["mine"] == "kept"  # type: ignore[index]  # the same


def test_a_browsed_message_carries_its_state() -> None:
    entry = an_entry(Message(), state=EntryState.SCHEDULED)

    told = decode_message(to_payload(entry, browsed=True))

    assert told.annotations[Symbol("x-opt-message-state")] == Int(2)


def test_a_dead_letter_carries_its_reason_in_application_properties() -> None:
    reason = DeadLettered(source="q", reason="bad", description=None)
    entry = an_entry(Message(application_properties={"own": 1}), dead_lettered=reason)

    told = decode_message(to_payload(entry))

    assert told.application_properties == {"own": 1, "DeadLetterReason": "bad"}
