"""A span for each run and each call: whose trace it is in, what came of it, and what it hides."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from hasten.adapters import telemetry
from hasten.adapters.telemetry.failures import FunctionFailedError
from hasten.adapters.telemetry.traces import TRACER, carried, continued
from hasten.domain.changes import FoundBy
from hasten.domain.verdicts import Result
from hasten.telemetry.provision import CallEnded
from hasten.telemetry.watch import GroupRead
from hasten.telemetry.work import MessageGivenUp
from tests.support.graph_wire import ALICE, GROUP, Wire, ok

TRACE_ID = 0x4BF92F3577B34DA6A3CE929D0E0E4736
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    "properties",
    [
        {"traceparent": PARENT},
        {b"traceparent": PARENT.encode()},
        {"traceparent": PARENT, "result": "succeeded", "tries": 3, b"empty": None},
    ],
)
def test_a_run_goes_on_in_the_trace_its_message_came_from(
    spans: InMemorySpanExporter, properties: Mapping[Any, Any]
) -> None:
    with continued("provisioning", properties):
        pass

    [span] = spans.get_finished_spans()
    assert (span.name, span.kind) == ("provisioning", SpanKind.INTERNAL)
    assert span.context.trace_id == TRACE_ID
    assert span.parent is not None
    assert span.parent.span_id == 0x00F067AA0BA902B7


@pytest.mark.parametrize("properties", [None, {}, {"traceparent": "not one"}, {"traceparent": ""}])
def test_a_message_without_a_trace_begins_one(
    spans: InMemorySpanExporter, properties: Mapping[Any, Any] | None
) -> None:
    with continued("provisioning", properties):
        pass

    [span] = spans.get_finished_spans()
    assert span.parent is None


def test_the_span_of_the_host_stays_the_parent_where_it_is_in_the_same_trace(
    spans: InMemorySpanExporter,
) -> None:
    with TRACER.start_as_current_span("host") as host:
        sent = carried()
        with continued("provisioning", sent):
            pass

    [run, _] = spans.get_finished_spans()
    assert run.parent == host.get_span_context()
    assert run.links == ()


def test_a_host_that_began_a_trace_of_its_own_is_linked(spans: InMemorySpanExporter) -> None:
    with TRACER.start_as_current_span("host") as host, continued("look", {"traceparent": PARENT}):
        pass

    [run, _] = spans.get_finished_spans()
    assert run.context.trace_id == TRACE_ID
    assert [link.context for link in run.links] == [host.get_span_context()]


def test_outside_of_a_trace_a_message_carries_none() -> None:
    assert carried() == {}


def answered(*, code: str, reason: str) -> CallEnded:
    return CallEnded(
        result=Result.FAILED,
        target="TOTAL",
        group=None,
        code=code,
        reason=reason,
        next_action="",
        seconds=2.5,
    )


def test_a_call_is_a_span_as_long_as_the_call_with_what_came_of_it(
    spans: InMemorySpanExporter,
) -> None:
    with continued("provisioning"):
        telemetry.emit(answered(code="DuplicateTargetEntries", reason="two accounts"))

    [call, run] = spans.get_finished_spans()
    assert (call.name, call.kind) == ("provisionOnDemand", SpanKind.CLIENT)
    assert call.parent == run.context
    assert call.start_time is not None
    assert call.end_time is not None
    assert call.end_time - call.start_time == 2_500_000_000
    assert call.attributes == {
        "hasten.result": "failed",
        "hasten.target": "TOTAL",
        "hasten.code": "DuplicateTargetEntries",
        "hasten.reason": "two accounts",
        "hasten.next_action": "",
        "hasten.seconds": 2.5,
    }
    assert call.status.status_code is StatusCode.ERROR


def test_a_run_says_what_was_decided_in_it(spans: InMemorySpanExporter) -> None:
    with continued("directory_changes"):
        telemetry.emit(
            GroupRead(result="changed", group=GROUP, found_by=FoundBy.NOTIFICATION, changes=1)
        )

    [run] = spans.get_finished_spans()
    assert run.attributes == {"hasten.look": "changed"}
    assert run.status.status_code is StatusCode.UNSET


def test_a_problem_marks_its_run_as_failed(spans: InMemorySpanExporter) -> None:
    with continued("provisioning"):
        telemetry.emit(MessageGivenUp(queue="provisioning", reason="no", next_action=""))

    [run] = spans.get_finished_spans()
    assert (run.status.status_code, run.status.description) == (StatusCode.ERROR, "given_up")


def test_a_bug_surfaces_and_its_text_stays_out_of_the_span(spans: InMemorySpanExporter) -> None:
    with pytest.raises(FunctionFailedError, match="is no id"), continued("provisioning"):
        raise ValueError("jane@contoso.com is no id")

    [run] = spans.get_finished_spans()
    assert (run.status.status_code, run.status.description) == (StatusCode.ERROR, "ValueError")
    assert "jane" not in run.to_json()


def test_names_and_secrets_within_a_text_stay_out_of_the_spans(
    spans: InMemorySpanExporter,
) -> None:
    text = "jane@contoso.com refused, clientState=c2VjcmV0, Bearer abc.def"
    with continued("provisioning"):
        telemetry.emit(answered(code=ALICE, reason=text))

    told = " ".join(span.to_json() for span in spans.get_finished_spans())
    assert ALICE in told
    for secret in ("jane", "contoso", "c2VjcmV0", "abc.def"):
        assert secret not in told


async def test_spans_of_the_graph_sdk_carry_no_address_that_may_name_a_person(
    spans: InMemorySpanExporter,
) -> None:
    jane = {"id": ALICE, "accountEnabled": True, "userPrincipalName": "jane@contoso.com"}
    wire = Wire(ok({"value": [jane]}))
    directory = wire.directory()

    with continued("onboarding"):
        await directory.users(upn="jane@contoso.com")
        here = trace.get_current_span().get_span_context()
    await directory.users(upn="jane@contoso.com")
    await directory.close()

    assert "jane" in str(wire.requests[0].url)
    [run] = spans.get_finished_spans()
    assert run.context == here
    assert "jane" not in json.dumps(run.to_json())
