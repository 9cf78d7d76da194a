"""Whom a call on a group left out, by the provisioning log."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.changes import DIRECT, Change
from hasten.domain.named_members import leaves_out, members_named
from hasten.limits import LOG_SETTLED_AFTER
from tests.unit.domain.rows import GROUPS, NOW, USERS, change, removal
from tests.unit.domain.test_proof import entry, member

LATER = NOW + LOG_SETTLED_AFTER
JOINED = change(called_at=NOW)
KEEPS = removal(called_at=NOW, keeps_assignment=True)
CREATED = entry("create", about=GROUPS[0])


@pytest.mark.parametrize(
    ("row", "told", "expected"),
    [
        (JOINED, [member(new=USERS[1])], True),
        (JOINED, [CREATED], True),
        (JOINED, [member(new=USERS[1]), member(new=USERS[0])], False),
        (JOINED, [member(new=USERS[1], about=GROUPS[1])], False),
        (JOINED, [entry("update", "failure", about=GROUPS[0])], False),
        (JOINED, [entry("other", "skipped", about=GROUPS[0])], False),
        (JOINED, [], False),
        (replace(JOINED, group=DIRECT), [member(new=USERS[1], about=DIRECT)], False),
        (replace(JOINED, called_at=None), [member(new=USERS[1])], False),
        (replace(JOINED, called_at=NOW + timedelta(minutes=1)), [member(new=USERS[1])], False),
        (KEEPS, [member(old=USERS[1])], True),
        (KEEPS, [member(new=USERS[1])], False),
        (KEEPS, [member(old=USERS[1]), member(old=USERS[0])], False),
        (KEEPS, [CREATED], False),
        (replace(KEEPS, keeps_assignment=False), [member(old=USERS[1])], False),
    ],
)
def test_a_user_is_left_out_where_entries_since_the_call_name_others_only(
    row: Change, told: list[dict[str, Any]], expected: object
) -> None:
    assert leaves_out(row, told, LATER) is expected


def test_nobody_is_left_out_while_entries_may_still_become_visible() -> None:
    assert not leaves_out(JOINED, [member(new=USERS[1])], LATER - timedelta(seconds=1))


def test_ids_among_the_members_of_successful_entries_are_named_in_any_form() -> None:
    listed = member(old=f'["{USERS[0]}"]', new=f'[{{"value": "{USERS[1].upper()}"}}]')
    others = [member(new=USERS[2], of="owners"), entry("update", "failure", about=GROUPS[0])]

    named = members_named([listed, CREATED, *others])

    assert named == {(GROUPS[0], USERS[0]), (GROUPS[0], USERS[1])}
