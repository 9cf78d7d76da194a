"""Whom of a part of an event a cancellation or a decision is about."""

import pytest

from hasten.domain.event_parts import Part

ANN, BOB = "id of Ann", "id of Bob"


@pytest.mark.parametrize(
    ("users", "named", "people", "among"),
    [
        ([ANN, BOB], ["ann@x", BOB], {"ann@x"}, {ANN}),
        ([ANN, BOB], [ANN, BOB], {ANN, BOB, "another"}, {ANN, BOB}),
        ([ANN, BOB], [ANN, BOB], {"another"}, set()),
        ([ANN], [ANN, "ann@x"], {ANN, "ann@x"}, {ANN}),
        ([ANN], [ANN, "ann@x"], {ANN, "ann@x", "another"}, {ANN}),
        ([ANN], [ANN, "ann@x"], {ANN}, set()),
        ([ANN], [ANN, "ann@x"], {ANN, "another"}, set()),
        ([ANN], [ANN, "ann@x"], set(), set()),
    ],
    ids=[
        "by another name",
        "all",
        "nobody",
        "named twice",
        "named twice, and others",
        "one of two names",
        "one of two names, and others",
        "named twice, nobody",
    ],
)
def test_the_users_of_a_part_are_found_by_the_names_of_the_event(
    users: list[str], named: list[str], people: set[str], among: set[str]
) -> None:
    part = Part(b"", b"", named)

    assert part.among(users, people) == among


def test_parts_of_one_event_differ_in_their_people_alone() -> None:
    one, other = Part(b"1", b"event", [ANN]), Part(b"2", b"event", [BOB])

    assert one.event_digest == other.event_digest
    assert one.event_digest != Part(b"1", b"another", [ANN]).event_digest
    assert one.people_digest != other.people_digest
    assert one.people_digest == Part(b"3", b"another", [ANN]).people_digest
