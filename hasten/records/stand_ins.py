"""Makes the rows that readers get in place of those that cannot be read. Each is safe whatever its
row may be about: Hasten calls, writes and grants nothing for it."""

from hasten.domain.changes import Action, Cause, Change, HeldBy, State
from hasten.domain.intents import UNREADABLE_INTENT, Intent, Wanted, key
from hasten.domain.long_ago import LONG_AGO
from hasten.records.unreadable import HOW_TO_MEND, UnreadableRow


def change(bad: UnreadableRow, name: str) -> Change:
    """Returns a removal, because access that has to be taken is worse to miss."""
    group, _, user = name.partition("|")
    return Change(
        target=bad.partition,
        group=group,
        user=user,
        action=Action.REMOVED,
        origin=0,
        noticed_at=LONG_AGO,
        found_at=LONG_AGO,
        seen_at=LONG_AGO,
        due_at=LONG_AGO,
        state=State.HELD,
        held_by=HeldBy.UNREADABLE,
        reason=f"the row in the store cannot be read ({bad.reason}): {bad.place}",
        next_action=HOW_TO_MEND,
    )


def intent(bad: UnreadableRow, name: str) -> Intent:
    group, _, of_user = name.partition("|")
    user, _, _ = of_user.partition("|")
    is_in_step = name == key(group, user, in_step=True)
    return Intent(
        target=bad.partition,
        group=group,
        user=user,
        wanted=Wanted.IN_STEP if is_in_step else Wanted.ABSENT,
        time=LONG_AGO,
        cause=Cause("", ""),
        recorded_at=LONG_AGO,
        held=UNREADABLE_INTENT,
    )
