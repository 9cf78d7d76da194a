"""The parts of OData that the emulated Graph understands."""

import pytest

from emulator.graph.errors import GraphError
from emulator.graph.odata import matches, page, wanted_ids

ITEM = {
    "displayName": "Ada O'Neil",
    "accountEnabled": True,
    "activityDateTime": "2026-03-01T10:00:00.5000000Z",
    "servicePrincipal": {"id": "abc"},
    "resourceId": "11111111-1111-4111-8111-111111111111",
}
A, B = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("displayName eq 'ada o''neil'", True),
        ("displayName eq 'someone else'", False),
        ("startswith(displayName,'Ada')", True),
        ("accountEnabled eq true", True),
        ("accountEnabled eq false", False),
        ("activityDateTime ge 2026-03-01T10:00:00Z", True),
        ("activityDateTime lt 2026-03-01T10:00:00Z", False),
        ("servicePrincipal/id eq 'abc' and activityDateTime gt 2026-03-01T09:00:00Z", True),
        ("servicePrincipal/id eq 'x' or displayName eq 'Ada O''Neil'", True),
        ("resourceId eq 11111111-1111-4111-8111-111111111111", True),
        ("missing eq 'x'", False),
    ],
)
def test_a_filter_is_compared_with_the_item(expression: str, holds: bool) -> None:  # noqa: FBT001 - a parameter of the table
    assert matches(expression, ITEM) is holds


@pytest.mark.parametrize(
    "expression", ["nonsense", "a eq 'b' and c eq 'd' or e eq 'f'", "contains(displayName,'a')"]
)
def test_a_filter_that_is_not_understood_is_refused_and_not_ignored(expression: str) -> None:
    with pytest.raises(GraphError):
        matches(expression, ITEM)


def test_a_delta_filter_names_objects_by_id_only() -> None:
    assert wanted_ids(f"id eq '{A}' or id eq '{B}'", 50) == [A, B]
    with pytest.raises(GraphError):
        wanted_ids("displayName eq 'x'", 50)
    with pytest.raises(GraphError, match="at most 1"):
        wanted_ids(f"id eq '{A}' or id eq '{B}'", 1)


def test_pages_follow_each_other_by_their_links() -> None:
    first, link = page(range(5), {"$top": "3", "$select": "id"}, "http://graph/v1.0/users")

    assert list(first) == [0, 1, 2]
    assert link == "http://graph/v1.0/users?$top=3&$select=id&$skiptoken=3"
    second, end = page(range(5), {"$top": "3", "$skiptoken": "3"}, "http://graph/v1.0/users")
    assert list(second) == [3, 4]
    assert end is None


@pytest.mark.parametrize("top", ["0", "1000", "many"])
def test_a_page_has_between_1_and_999_items(top: str) -> None:
    with pytest.raises(GraphError):
        page(range(5), {"$top": top}, "http://graph/v1.0/users")
