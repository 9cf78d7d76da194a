"""What differs between two versions of what targets.yaml says about a target."""

from typing import Any

import pytest

from hasten.domain.policy_difference import differences


@pytest.mark.parametrize(
    ("before", "now", "lines"),
    [
        ({"brake_removals": 10}, {"brake_removals": 20}, ["brake_removals: 10 -> 20"]),
        ({}, {"mode": "act"}, ['mode: - -> "act"']),
        ({"mode": "act"}, {}, ['mode: "act" -> -']),
        ({"name": "Köln"}, {"name": "Łódź"}, ['name: "Köln" -> "Łódź"']),
        ({"scim": {"url": "a"}}, {"scim": {"url": "b"}}, ['scim.url: "a" -> "b"']),
        (
            {"groups": [{"name": "A", "member": True}]},
            {"groups": [{"name": "A", "member": False}]},
            ["groups[A].member: true -> false"],
        ),
        (
            {"groups": [{"id": "7", "member": True}]},
            {"groups": [{"id": "7", "member": False}]},
            ["groups[7].member: true -> false"],
        ),
        (
            {"rules": [{"member": True}]},
            {"rules": [{"member": False}]},
            ["rules[0].member: true -> false"],
        ),
        ({"also": ["A"]}, {"also": ["A", "B"]}, ['also[B]: - -> "B"']),
        ({"also": ["A", "B"]}, {"also": ["B", "A"]}, []),
        ({"groups": [{"id": "1"}, {"id": "2"}]}, {"groups": [{"id": "2"}, {"id": "1"}]}, []),
    ],
)
def test_each_value_that_differs_is_a_line_and_a_moved_item_is_none(
    before: dict[str, Any], now: dict[str, Any], lines: list[str]
) -> None:
    assert differences(before, now) == lines
