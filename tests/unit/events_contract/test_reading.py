"""Whatever is posted is either an event or refused with reasons: reading it never fails."""

import contextlib
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hasten.events.envelope import ID_MAX_CHARS, STRUCTURED, encode, parse
from hasten.events.faults import FIELD_MAX_CHARS, MAX_FAULTS, InvalidEventError
from hasten.events.models import EVENT_TYPES
from tests.support.posting import event
from tests.support.virtual_time import START

KEYS = "specversion id source type time data target users group groups members rule name upn mail"
TIMES = (
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00",
    "2026-11-24T09:00:00Z",
    "2026-11-24",
)
WORDS = [
    *EVENT_TYPES,
    *TIMES,
    "1.0",
    "",
    "TOTAL",
    "0000cccc-0000-4000-8000-000000000001",
    "\ud800",
    "\x00",
]

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(WORDS),
)
keys = st.one_of(
    st.sampled_from([*KEYS.split(), "startAt", "endAt", "employeeId"]), st.text(max_size=5)
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=20,
)

ALMOST = {
    "specversion": "1.0",
    "id": "1",
    "source": "/hr",
    "type": "hasten.user.onboard.v1",
    "time": START.isoformat(),
    "data": {"target": "TOTAL", "users": [{"upn": "a@b"}], "group": {"name": "G"}},
}


def refused(body: bytes, content_type: str = STRUCTURED, **properties: str) -> None:
    """Or read; what was read can be written and read again."""
    with contextlib.suppress(InvalidEventError):
        event = parse(body, content_type, properties, START)
        assert parse(encode(event), STRUCTURED, {}, START) == event


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(body: bytes) -> None:
    with pytest.raises(InvalidEventError):
        parse(body, "", {}, START)


@given(values)
def test_any_json_is_an_event_or_refused(value: Any) -> None:
    refused(json.dumps(value).encode())


@given(st.sampled_from(sorted(ALMOST)), values)
def test_an_event_with_anything_in_one_attribute_is_read_or_refused(name: str, value: Any) -> None:
    refused(json.dumps({**ALMOST, name: value}).encode())


@given(keys, values, st.sampled_from(sorted(EVENT_TYPES)))
def test_an_event_with_anything_in_its_data_is_read_or_refused(
    key: str, value: Any, kind: str
) -> None:
    data = {**ALMOST["data"], key: value}  # type: ignore[dict-item]

    refused(json.dumps({**ALMOST, "type": kind, "data": data}).encode())


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("start", TIMES)
@pytest.mark.parametrize("end", TIMES)
def test_times_at_either_end_of_the_calendar_are_read_or_refused(
    time: str, start: str, end: str
) -> None:
    data = {**ALMOST["data"], "startAt": start, "endAt": end}  # type: ignore[dict-item]

    refused(json.dumps({**ALMOST, "time": time, "data": data}).encode())


@given(st.text(max_size=8), st.text(max_size=8))
def test_any_attributes_of_binary_mode_are_read_or_refused(name: str, value: str) -> None:
    attributes = {f"cloudEvents:{key}": str(text) for key, text in ALMOST.items() if key != "data"}

    refused(
        json.dumps(ALMOST["data"]).encode(),
        "application/json",
        **{**attributes, f"cloudEvents:{name}": value},
    )


@pytest.mark.parametrize("depth", [500, *range(850, 1_000), 5_000, 90_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    nested = "[" * depth + "]" * depth
    body = json.dumps(ALMOST).replace('"TOTAL"', nested)

    with pytest.raises(InvalidEventError):
        parse(body.encode(), STRUCTURED, {}, START)


def test_faults_of_an_event_are_bounded() -> None:
    users = [{"x" * 5_000: 1} for _ in range(500)]
    body = json.dumps({**ALMOST, "data": {"target": "T", "users": users[:30]}})

    with pytest.raises(InvalidEventError) as error:
        parse(body.encode(), STRUCTURED, {}, START)

    assert len(error.value.faults) == MAX_FAULTS
    assert max(len(fault.field) for fault in error.value.faults) <= FIELD_MAX_CHARS


def test_an_extension_attribute_is_let_through() -> None:
    body = json.dumps({**ALMOST, "traceparent": "00-1-2-03", "subject": "people"})

    assert parse(body.encode(), STRUCTURED, {}, START).id == "1"


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(minutes=5)])
def test_clocks_may_differ_by_five_minutes(ahead: timedelta) -> None:
    body = json.dumps({**ALMOST, "time": (START + ahead).isoformat()})

    assert parse(body.encode(), STRUCTURED, {}, START).time == START + ahead


def test_an_id_may_be_as_long_as_it_may_be() -> None:
    body = json.dumps({**ALMOST, "id": "x" * ID_MAX_CHARS})

    assert len(parse(body.encode(), STRUCTURED, {}, START).id) == ID_MAX_CHARS


def test_an_event_that_a_broker_put_into_another_is_named_with_its_place() -> None:
    inner = event(users=[{"employeeId": "E1"}], time=START.isoformat())
    outer = {**inner, "type": "com.dapr.event.sent", "data": inner}

    with pytest.raises(InvalidEventError) as error:
        parse(json.dumps(outer).encode(), STRUCTURED, {}, START)

    [fault] = error.value.faults
    assert (fault.code, fault.field) == ("wrapped", "data")
    assert error.value.identity.type == inner["type"]


@pytest.mark.parametrize("key", ["datacontenttype", "subject", "dataschema"])
@pytest.mark.parametrize(("value", "is_taken"), [("text", True), (None, True), (7, False)])
def test_an_attribute_of_cloudevents_that_is_no_text_is_refused(
    key: str,
    value: object,
    is_taken: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    posted = {**event(users=[{"employeeId": "E1"}], time=START.isoformat()), key: value}

    try:
        parse(json.dumps(posted).encode(), STRUCTURED, {}, START)
        fields = []
    except InvalidEventError as error:
        fields = [fault.field for fault in error.faults]

    assert fields == ([] if is_taken else [key])
