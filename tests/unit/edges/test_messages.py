"""The messages that Hasten sends itself survive the wire, and count how often they were tried."""

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from hasten.domain.changes import FoundBy
from hasten.json import Json
from hasten.messages import Look, Wake
from hasten.ports.bus import DIRECTORY_CHANGES, PROVISIONING, Message

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ids = st.frozensets(st.uuids().map(str), max_size=4)
zones = st.timezones()

any_look = st.builds(
    Look,
    group=st.uuids().map(str),
    noticed_at=st.datetimes(timezones=zones, allow_imaginary=False).map(
        lambda time: time.astimezone(UTC)
    ),
    found_by=st.sampled_from(FoundBy),
    added=ids,
    removed=ids,
    looks=st.integers(0, 9),
    tries=st.integers(0, 9),
)
any_wake = st.builds(Wake, target=st.text(min_size=1), tries=st.integers(0, 9))


def wired(message: Message) -> Json:
    """The body as the other end reads it."""
    body: Json = json.loads(json.dumps(message.body))
    return body


@given(any_look)
def test_a_look_reads_back_as_it_was_sent(look: Look) -> None:
    assert Look.parse(wired(look.message("id"))) == look


@given(any_wake)
def test_a_wake_reads_back_as_it_was_sent(wake: Wake) -> None:
    assert Wake.parse(wired(wake.message("id"))) == wake


@given(any_look | any_wake, st.none() | st.just(AT))
def test_a_message_carries_the_id_and_the_time_it_was_given(
    sent: Look | Wake, at: datetime | None
) -> None:
    message = sent.message("an id", at)

    assert (message.message_id, message.at) == ("an id", at)


@given(any_look | any_wake)
def test_trying_again_counts_and_changes_nothing_else(sent: Look | Wake) -> None:
    again = sent.tried_again()

    assert again.tries == sent.tries + 1
    assert wired(again.message("id")) == {**wired(sent.message("id")), "tries": sent.tries + 1}


def test_looks_and_wakes_have_queues_of_their_own() -> None:
    assert (Look.queue, Wake.queue) == (DIRECTORY_CHANGES, PROVISIONING)


def test_a_message_of_equal_content_is_written_alike() -> None:
    one = Look(
        group="g", noticed_at=AT, found_by=FoundBy.RECONCILE, added=frozenset({"a", "b", "c"})
    )
    other = Look(
        group="g", noticed_at=AT, found_by=FoundBy.RECONCILE, added=frozenset({"c", "b", "a"})
    )

    assert json.dumps(one.message("id").body) == json.dumps(other.message("id").body)
    assert one.message("id").body["added"] == ["a", "b", "c"]
