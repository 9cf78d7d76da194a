"""Says in words what each step of Entra's answer reported, as the portal shows it."""

from collections.abc import Iterable, Mapping
from typing import Any

from hasten.domain.account import steps
from hasten.domain.redaction import redacted

MOST_STEPS = 10
STEP_TEXT_MAX_CHARS = 240
CODES = ("ErrorCode", "SkipReason", "errorCode")


def steps_said(records: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Returns one line for each step, without addresses and names: its type, its status, what it
    says, and a code if it has one."""
    return tuple(_said(step) for step, _ in zip(steps(records), range(MOST_STEPS), strict=False))


def _said(step: Mapping[str, Any]) -> str:
    kind = str(step.get("type") or step.get("name") or "Step")
    status = str(step.get("status") or "unknown")
    described = redacted(str(step.get("description") or ""))
    details = step.get("details")
    found = [details.get(name) for name in CODES] if isinstance(details, Mapping) else []
    code = next((f" ({redacted(str(one))})" for one in found if one), "")
    text = f"{redacted(kind)}: {redacted(status)}{code}" + (f": {described}" if described else "")
    return text if len(text) <= STEP_TEXT_MAX_CHARS else text[: STEP_TEXT_MAX_CHARS - 1] + "…"
