"""Puts states, times and texts into the words of the pages."""

from datetime import UTC, datetime

from hasten.domain.changes import Action
from hasten.object_ids import is_object_id

STATE_WORDS = {
    "pending": "in the queue",
    "calling": "being called",
    "waiting": "waiting",
    "held": "held",
    "succeeded": "done, not yet proven",
    "confirmed": "done and proven",
    "in_sync": "was so already",
    "done_by_cycle": "done by Entra's cycle",
    "left_to_cycle": "left to Entra's cycle",
    "failed": "failed",
    "superseded": "replaced by a newer change",
    "rejected": "refused",
    "stale": "out of date",
}
GOOD_STATES = frozenset({"succeeded", "confirmed", "in_sync", "done_by_cycle"})
ALERTS = (
    "revocation_not_taken",
    "revocation_overdue",
    "revocation_unproven",
    "membership_unproven",
    "grant_unproven",
)
BAD_STATES = frozenset({"failed", "rejected", *ALERTS})
WAITING_STATES = frozenset({"held", "waiting", "left_to_cycle"})

ACTION_WORDS = {
    Action.ADDED: "joined",
    Action.REMOVED: "left",
    Action.DISABLED: "disabled",
    Action.DELETED: "deleted",
    Action.ENABLED: "enabled again",
    Action.RESTORED: "restored",
    Action.UPDATED: "changed",
}


def words(state: str) -> str:
    return STATE_WORDS.get(state, state.replace("_", " "))


def tone(state: str) -> str:
    """Returns the class of the chip of a state. The chip also names the state."""
    if state in GOOD_STATES:
        return "good"
    if state in BAD_STATES:
        return "bad"
    return "wait" if state in WAITING_STATES else "calm"


def action(name: str) -> str:
    return ACTION_WORDS.get(Action(name), name) if name in {*Action} else name.replace("_", " ")


def at(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def iso(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def span(seconds: float) -> str:
    """Spells a duration in the unit that fits it."""
    if seconds < 10:  # noqa: PLR2004 - a digit more for what is short
        return f"{seconds:.1f} s"
    if seconds < 2 * 60:
        return f"{seconds:.0f} s"
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} min"
    if seconds < 2 * 86400:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86400:.0f} days"


def sentence(text: str) -> str:
    """Returns the text as a sentence: it begins with a capital and ends with a stop."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".")


FILTERS = {
    "words": words,
    "tone": tone,
    "action": action,
    "at": at,
    "iso": iso,
    "span": span,
    "sentence": sentence,
    "is_id": is_object_id,
}
