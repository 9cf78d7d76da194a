"""Recognises JSON bodies that senders post in place of a CloudEvent, so that the rejection names
the actual mistake instead of the attributes that happen to be missing."""

from collections.abc import Mapping
from typing import Any

from hasten.events.fault_codes import FaultCode
from hasten.events.faults import Fault, fault
from hasten.events.wire import inner_json

_LOGIC_APPS = {
    "$content": "$content, as Logic Apps and Power Automate hold a body that they do not take for "
    "JSON",
    "ContentData": "ContentData, as the Service Bus connector of Logic Apps has it",
}
_LOGIC_APPS_FIX = (
    "post the event itself as Content: in Logic Apps and Power Automate set the content type of "
    "the source to application/json, or use json(base64ToString(…))"
)


def foreign(found: Any) -> tuple[list[Fault], Any]:
    """Returns the fault of a body that is not a CloudEvent, and the event inside it, if any.
    Returns no fault if the body may be a CloudEvent."""
    if isinstance(found, list):
        first = found[0] if found else None
        return [fault(FaultCode.BATCH, "body")], first if len(found) == 1 else None
    if isinstance(found, str):
        inner = inner_json(found)
        if inner is not None:
            return [fault(FaultCode.DOUBLE_ENCODED, "body")], inner
    if not isinstance(found, dict):
        return [fault(FaultCode.MALFORMED, "body", f": it is {_kind(found)}")], None
    if "specversion" in found:
        return [], found
    return _object(found)


def _object(found: Mapping[str, Any]) -> tuple[list[Fault], Any]:
    if "eventType" in found and "eventTime" in found:
        as_cloud_event = {**found, "source": found.get("topic"), "type": found["eventType"]}
        return [fault(FaultCode.EVENT_GRID, "body")], as_cloud_event
    for key, said in _LOGIC_APPS.items():
        if isinstance(found.get(key), (str, dict)):
            inner = found[key]
            inner = inner_json(inner) if isinstance(inner, str) else inner
            return [fault(FaultCode.WRAPPED, "body", said, _LOGIC_APPS_FIX)], inner
    for key, value in found.items():
        inner = inner_json(value) if isinstance(value, str) else value
        if isinstance(inner, dict) and "specversion" in inner:
            return [fault(FaultCode.WRAPPED, key, "this key")], inner
    if "target" in found and "data" not in found:
        return [fault(FaultCode.NO_ENVELOPE, "body")], {"data": found, **found}
    return [], found


def _kind(found: Any) -> str:
    match found:
        case None:
            return "null"
        case bool():
            return "true or false"
        case str():
            return "text"
    return "a number"
