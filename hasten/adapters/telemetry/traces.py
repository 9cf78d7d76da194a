"""Keeps one trace from the webhook to the verdict: its context travels with each message (W3C)."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from hasten.adapters.telemetry.failures import FunctionFailedError
from hasten.adapters.telemetry.record import TelemetryRecord

TRACER = trace.get_tracer("hasten")
W3C = TraceContextTextMapPropagator()

DIAGNOSTIC_ID = b"Diagnostic-Id"
"""The older name of `traceparent` in Service Bus; its SDKs write it and the Functions host reads
it."""

PLACEHOLDER_CONTEXT = SpanContext(trace_id=1, span_id=1, is_remote=False)


@contextmanager
def continued(name: str, properties: Mapping[Any, Any] | None = None) -> Iterator[None]:
    """Opens a span for the run of one function, in the trace that the message came from. Raises
    FunctionFailedError in place of any other exception: the runtime logs its text and its causes.

    `properties` are the message's; names and values may be bytes. If the host has attached a
    context of the same trace, that is the parent; a context of another trace is linked.
    """
    attributes = {_text(key): _text(value) for key, value in (properties or {}).items()}
    sent = W3C.extract(attributes, Context())
    origin = trace.get_current_span(sent).get_span_context()
    here = trace.get_current_span().get_span_context()
    is_elsewhere = origin.is_valid and origin.trace_id != here.trace_id
    # Of kind INTERNAL, because the host reports the request itself.
    with TRACER.start_as_current_span(
        name,
        context=sent if is_elsewhere else None,
        links=[Link(here)] if is_elsewhere and here.is_valid else [],
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield
        except BaseException as error:
            # An exception's message may name people; its type does not.
            span.set_status(StatusCode.ERROR, type(error).__name__)
            if isinstance(error, Exception):
                raise FunctionFailedError.of(error) from None
            raise


def carried() -> dict[str | bytes, str]:
    """Returns the application properties that carry the current trace, or none outside a trace.

    Names are bytes, as the SDK writes them: the SDK keeps an existing property of that name, and
    two of one name would make the message invalid.
    """
    headers: dict[str, str] = {}
    W3C.inject(headers)
    properties: dict[str | bytes, str] = {key.encode(): value for key, value in headers.items()}
    if "traceparent" in headers:
        properties[DIAGNOSTIC_ID] = headers["traceparent"]
    return properties


def carried_by_name() -> dict[str, str]:
    """Returns the same properties for the store, where names are text."""
    return {
        name.decode() if isinstance(name, bytes) else name: text for name, text in carried().items()
    }


@contextmanager
def untraced() -> Iterator[None]:
    """Stops libraries from recording spans in this block. The Graph SDK's spans contain whole
    addresses, and a filter in an address may name a person."""
    here = trace.get_current_span().get_span_context()
    seen = here if here.is_valid else PLACEHOLDER_CONTEXT
    with trace.use_span(
        NonRecordingSpan(SpanContext(seen.trace_id, seen.span_id, is_remote=False))
    ):
        yield


def annotate(event: TelemetryRecord) -> None:
    """Sets the result on the current span. A call, which has a duration, gets a span of its own."""
    if event.name == "call" and "seconds" in event.fields:
        _call(event)
        return
    span = trace.get_current_span()
    span.set_attribute(f"hasten.{event.name}", event.result)
    if event.problem:
        span.set_status(StatusCode.ERROR, event.result)


def _call(event: TelemetryRecord) -> None:
    end = time.time_ns()
    attributes = {
        f"hasten.{name}": value for name, value in event.fields.items() if value is not None
    }
    span = TRACER.start_span(
        "provisionOnDemand",
        kind=SpanKind.CLIENT,
        start_time=end - int(event.fields["seconds"] * 1e9),
        attributes={"hasten.result": event.result, **attributes},
    )
    if event.problem:
        span.set_status(StatusCode.ERROR, event.result)
    span.end(end)


def _text(value: Any) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
