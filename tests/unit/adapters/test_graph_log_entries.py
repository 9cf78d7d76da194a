"""One garbled entry of a provisioning log hurts no other entry."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hasten.adapters.graph.log_entries import entry_of, log_of
from hasten.domain.account import about
from hasten.ports.directory_values import ProvisioningLog, UnreadEntry
from tests.support.graph_answers import AT, ENTRY, JOB, SINCE, spoiled
from tests.support.graph_wire import ALICE, BASE, BOB, Wire, ok
from tests.support.virtual_time import virtual

GOOD = {**ENTRY, "id": "good", "sourceIdentity": {"id": BOB}}
SPOILED = dict(spoiled(ENTRY))
SECRET = "jane@contoso.com"

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*ENTRY, "status", "id", "details"]), inner, max_size=4)
    ),
    max_leaves=12,
)


def of_job(listed: Sequence[object]) -> ProvisioningLog:
    everybody = {about(one) for one in listed if isinstance(one, dict)}
    return log_of(entry_of(JOB, everybody, one) for one in listed)


@pytest.mark.parametrize("name", SPOILED)
def test_the_other_entries_are_read_whatever_is_wrong_with_one(name: str) -> None:
    found = of_job([GOOD, SPOILED[name], GOOD])

    assert [entry for entry in found.entries if entry.get("id") == "good"] == [GOOD, GOOD]
    assert len(found.entries) + len(found.unread) in {2, 3}, "an entry of another job is left out"


@given(listed=st.lists(ANYTHING, max_size=5))
def test_no_entry_is_lost_without_being_counted(listed: list[Any]) -> None:
    of_others = [one for one in listed if isinstance(one, dict) and _is_of_another_job(one)]

    found = of_job([*listed, GOOD])

    assert GOOD in found.entries
    assert len(found.entries) + len(found.unread) == len(listed) + 1 - len(of_others)


def test_the_job_of_an_entry_does_not_depend_on_case() -> None:
    found = of_job([{**GOOD, "jobId": JOB.upper()}, {**GOOD, "jobId": f"{JOB}2"}])

    assert [entry["jobId"] for entry in found.entries] == [JOB.upper()]


def _is_of_another_job(entry: dict[str, Any]) -> bool:
    return isinstance(entry.get("jobId"), str) and entry["jobId"] not in {"", JOB}


@given(name=st.sampled_from(sorted(SPOILED)))
def test_what_is_said_of_an_unreadable_entry_names_no_value(name: str) -> None:
    text = json.dumps(SPOILED[name]).replace("x y", SECRET)

    for one in of_job([json.loads(text)]).unread:
        assert one.problem
        assert SECRET not in one.problem
        assert one.about in {"", ALICE}


@pytest.mark.parametrize(
    ("wrong", "about", "at"),
    [
        ({"provisioningAction": 5}, ALICE, datetime.fromisoformat(AT)),
        ({"activityDateTime": "yesterday"}, ALICE, None),
        ({"activityDateTime": "0001-01-01T00:00:00Z"}, ALICE, None),
        ({"sourceIdentity": [ALICE]}, "", datetime.fromisoformat(AT)),
        ({"sourceIdentity": {"id": 7}}, "", datetime.fromisoformat(AT)),
    ],
)
def test_an_unreadable_entry_keeps_its_subject_and_time_as_far_as_it_says_them(
    wrong: dict[str, Any], about: str, at: datetime | None
) -> None:
    [one] = of_job([{**ENTRY, **wrong}]).unread

    assert (one.about, one.at) == (about, at)


@virtual
async def test_a_garbled_entry_costs_one_request_and_is_counted() -> None:
    wire = Wire(ok({"value": [{**ENTRY, "modifiedProperties": "x"}, "x", GOOD]}))

    found = await wire.directory().provisioning_log(JOB, SINCE, {BOB})

    assert found.entries == [GOOD]
    assert [one.about for one in found.unread] == [ALICE, ""]
    assert isinstance(found.unread[0], UnreadEntry)
    assert len(wire.requests) == 1


@virtual
async def test_of_a_large_log_only_the_entries_that_somebody_asked_for_stay_in_memory() -> None:
    listed = [{**GOOD, "sourceIdentity": {"id": f"{number}"}} for number in range(999)]
    after = f"{BASE}/auditLogs/provisioning?$skiptoken=2"
    garbled = {**ENTRY, "provisioningAction": 5}
    wire = Wire(ok({"value": [*listed, garbled], "@odata.nextLink": after}), ok({"value": [GOOD]}))

    found = await wire.directory().provisioning_log(JOB, SINCE, {BOB})

    assert found.entries == [GOOD]
    assert [one.about for one in found.unread] == [ALICE]
