"""Changes for tests: built by hand, or drawn by hypothesis."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from hasten.domain.changes import DIRECT, OWN_ACCOUNT, Action, Change
from hasten.domain.planning import AssignmentStatus

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
USERS = tuple(f"0000cccc-0000-4000-8000-{number:012}" for number in range(14))
GROUPS = ("0000bbbb-0000-4000-8000-000000000001", "0000bbbb-0000-4000-8000-000000000002")


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def change(user: int = 0, group: str = GROUPS[0], *, age: float = 0, **fields: Any) -> Change:
    """A grant of user number `user`, found `age` seconds before NOW, unless `fields` differ."""
    found = NOW - seconds(age)
    base = Change(
        target="TOTAL",
        group=group,
        user=USERS[user],
        action=Action.ADDED,
        origin=1,
        noticed_at=found,
        found_at=found,
        seen_at=found,
        due_at=found,
    )
    return replace(base, **fields)


def removal(user: int = 0, group: str = GROUPS[0], *, age: float = 0, **fields: Any) -> Change:
    return change(user, group, age=age, action=Action.REMOVED, **fields)


def of_person(action: Action, user: int = 0, *, age: float = 0, **fields: Any) -> Change:
    """A change of the user's own account."""
    return change(user, OWN_ACCOUNT, age=age, action=action, **fields)


@st.composite
def _change(draw: st.DrawFn) -> Change:
    group = draw(st.sampled_from([*GROUPS, DIRECT, OWN_ACCOUNT]))
    of_membership = (Action.ADDED, Action.REMOVED)
    actions = [action for action in Action if (action in of_membership) is (group != OWN_ACCOUNT)]
    action = draw(st.sampled_from(actions))
    routes = [(DIRECT,), GROUPS] if action.gives_access_again else [()]
    return change(
        draw(st.integers(0, len(USERS) - 1)),
        group,
        age=draw(st.integers(0, 9)),
        action=action,
        route=draw(st.sampled_from(routes)),
        alone=draw(st.sampled_from([False, False, False, True])),
        user_called=draw(st.booleans()),
    )


def ledgers() -> st.SearchStrategy[list[Change]]:
    """Rows of one target: the ledger holds one for each group and user."""
    return st.lists(_change(), max_size=40, unique_by=lambda row: (row.group, row.user))


def standings() -> st.SearchStrategy[Mapping[str, AssignmentStatus]]:
    """Where some of the users stand; of the others it is not known."""
    known = st.sampled_from(
        [AssignmentStatus.ASSIGNED, AssignmentStatus.UNASSIGNED, *AssignmentStatus]
    )
    return st.dictionaries(st.sampled_from(USERS), known)
