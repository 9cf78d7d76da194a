"""What a function gets from a message, a timer and the input of a run by hand."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from emulator.functions import decoding

if TYPE_CHECKING:
    from azure.functions import ServiceBusMessage, TimerRequest

ENQUEUED = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)


def received(**changes: Any) -> Any:
    """As the SDK gives it, with nothing set but what a queue always sets."""
    names = (
        "session_id correlation_id content_type subject to reply_to reply_to_session_id "
        "partition_key dead_letter_reason dead_letter_error_description dead_letter_source "
        "enqueued_sequence_number scheduled_enqueue_time_utc application_properties"
    )
    return SimpleNamespace(
        **{
            **dict.fromkeys(names.split()),
            "body": iter([b"he", b"llo"]),
            "message_id": "m1",
            "lock_token": "0a1b",
            "locked_until_utc": ENQUEUED + timedelta(minutes=1),
            "delivery_count": 0,
            "sequence_number": 7,
            "enqueued_time_utc": ENQUEUED,
            "expires_at_utc": ENQUEUED + timedelta(days=14),
            **changes,
        }
    )


def test_a_message_has_its_body_and_what_the_queue_says_of_it() -> None:
    message: ServiceBusMessage = decoding.service_bus(received(session_id="TOTAL"))

    assert message.get_body() == b"hello"
    assert (message.message_id, message.session_id) == ("m1", "TOTAL")
    assert (message.sequence_number, message.lock_token) == (7, "0a1b")


def test_times_keep_their_zone_and_their_fractions() -> None:
    message: ServiceBusMessage = decoding.service_bus(received())

    assert message.enqueued_time_utc == ENQUEUED
    assert message.locked_until == ENQUEUED + timedelta(minutes=1)
    assert message.expires_at_utc == ENQUEUED + timedelta(days=14)


@pytest.mark.parametrize(("on_the_wire", "seen"), [(0, 1), (None, 1), (4, 5)])
def test_deliveries_are_counted_from_one_as_azure_does(on_the_wire: int | None, seen: int) -> None:
    message: ServiceBusMessage = decoding.service_bus(received(delivery_count=on_the_wire))

    assert message.delivery_count == seen


def test_application_properties_are_text_whatever_the_sdk_makes_of_them() -> None:
    properties = {b"attempt": 2, "by": b"look"}

    message: ServiceBusMessage = decoding.service_bus(received(application_properties=properties))

    assert message.application_properties == {"attempt": 2, "by": "look"}
    assert message.user_properties == message.application_properties


def test_the_input_of_a_run_by_hand_is_the_body_of_a_message() -> None:
    message: ServiceBusMessage = decoding.message('{"group": "g"}')

    assert message.get_body() == b'{"group": "g"}'
    assert message.message_id
    assert message.delivery_count == 1


@pytest.mark.parametrize("past_due", [True, False])
def test_a_timer_says_whether_it_is_past_due(*, past_due: bool) -> None:
    timer: TimerRequest = decoding.timer(past_due=past_due)

    assert timer.past_due is past_due
