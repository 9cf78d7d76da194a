"""What happened to a user's own account between two reads of it."""

from datetime import timedelta

import pytest

from hasten.domain.changes import Action
from hasten.domain.sightings import Presence, Sighting, happened, milliseconds
from hasten.limits import REPLICATION_SETTLED_AFTER
from tests.unit.domain.rows import NOW

PRESENT, DISABLED, DELETED = Presence.PRESENT, Presence.DISABLED, Presence.DELETED
ONE, OTHER, OTHER_KEY = "m.1", "m.2", "n.1"
MILLISECOND = timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("before", "after", "action"),
    [
        (PRESENT, DISABLED, Action.DISABLED),
        (PRESENT, DELETED, Action.DELETED),
        (DISABLED, PRESENT, Action.ENABLED),
        (DELETED, PRESENT, Action.RESTORED),
        (DISABLED, DELETED, None),
        (DELETED, DISABLED, None),
        (DISABLED, DISABLED, None),
        (DELETED, DELETED, None),
    ],
)
@pytest.mark.parametrize("is_named", [False, True])
@pytest.mark.parametrize("digest", ["", ONE, OTHER])
def test_who_leaves_or_comes_back_has_lost_or_got_access(
    before: Presence, after: Presence, action: Action | None, digest: str, *, is_named: bool
) -> None:
    assert (
        happened(Sighting(presence=before, digest=ONE), after, digest, is_named=is_named) is action
    )


@pytest.mark.parametrize(
    ("known", "digest", "is_named", "action"),
    [
        ("", ONE, False, None),
        ("", ONE, True, Action.UPDATED),
        (ONE, ONE, True, None),
        (ONE, OTHER, False, Action.UPDATED),
        (ONE, OTHER_KEY, True, None),
    ],
)
def test_an_account_is_updated_if_a_value_that_was_read_before_differs(
    known: str, digest: str, action: Action | None, *, is_named: bool
) -> None:
    assert happened(Sighting(digest=known), PRESENT, digest, is_named=is_named) is action


@pytest.mark.parametrize("presence", [DISABLED, DELETED])
def test_a_lagging_replica_may_show_somebody_as_present_until_all_have_settled(
    presence: Presence,
) -> None:
    seen = Sighting(presence=presence, origin=milliseconds(NOW))
    settled = NOW + REPLICATION_SETTLED_AFTER

    assert seen.may_lag(PRESENT, settled - MILLISECOND)
    assert not seen.may_lag(PRESENT, settled)
    assert not seen.may_lag(DELETED, NOW)
    assert not Sighting(origin=milliseconds(NOW)).may_lag(PRESENT, NOW)
    assert seen.age(settled) == REPLICATION_SETTLED_AFTER


def test_each_change_of_a_person_has_a_higher_number_than_the_one_before() -> None:
    known = Sighting(digest=ONE, origin=milliseconds(NOW))

    assert known.moved(DISABLED, "", NOW) == Sighting(
        presence=DISABLED, digest=ONE, origin=known.origin + 1
    )
    later = known.moved(PRESENT, OTHER, NOW + timedelta(seconds=1))
    assert (later.origin, later.digest) == (known.origin + 1000, OTHER)
    assert Sighting().origin == 0
