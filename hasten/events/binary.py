"""Reads binary mode, in which application properties hold the attributes of a CloudEvent."""

from collections.abc import Mapping

from hasten.events.fault_codes import FaultCode
from hasten.events.faults import Fault, fault

ATTRIBUTE_PREFIXES = ("cloudevents:", "cloudevents_", "ce_", "ce-")
"""Prefixes of attribute names. The first two belong to the AMQP binding of CloudEvents; `ce_` and
`ce-` belong to the bindings of Kafka and HTTP, which gateways forward. Case does not matter."""

CONTEXT_ATTRIBUTES = frozenset({"specversion", "id", "source", "type", "time"})
"""The attributes that Hasten reads."""


def attribute(name: str) -> str | None:
    """Returns the attribute that a property of this name holds, or None."""
    lower = name.lower()
    for prefix in ATTRIBUTE_PREFIXES:
        if lower.startswith(prefix) and len(lower) > len(prefix):
            return lower.removeprefix(prefix)
    return None


def attributes(properties: Mapping[str, str]) -> tuple[dict[str, str], list[Fault]]:
    """Returns the attributes by name, and a fault for each one that two properties give
    differently."""
    found: dict[str, str] = {}
    faults = []
    for name, value in properties.items():
        key = attribute(name)
        if key is None:
            continue
        if found.setdefault(key, value) != value:
            faults.append(fault(FaultCode.DUPLICATE_KEY, key))
    return found, faults
